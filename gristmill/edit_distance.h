// "Did you mean …?"
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gristmill {

// The fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
// (optimal string alignment).
std::size_t EditDistance(std::string_view a, std::string_view b);

// The candidate nearest to `name`, the first of equals; empty if none is near enough to be meant.
std::string_view NearestName(std::string_view name, std::span<const std::string> candidates);

}  // namespace gristmill
