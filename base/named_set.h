// Sets of things that a user names in a list: "kill,stop".
#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status.h"

namespace gristmill {

// Of an enumeration whose values are 0 to kCount - 1.
template <typename Enum, std::size_t kCount>
class NamedSet {
 public:
  using Names = std::array<std::string_view, kCount>;

  static NamedSet All() {
    NamedSet all;
    all.bits_.set();
    return all;
  }
  static NamedSet None() { return {}; }

  bool contains(Enum element) const { return bits_[static_cast<std::size_t>(element)]; }
  bool empty() const { return bits_.none(); }
  void Insert(Enum element) { bits_.set(static_cast<std::size_t>(element)); }
  void Erase(Enum element) { bits_.reset(static_cast<std::size_t>(element)); }
  friend bool operator==(const NamedSet&, const NamedSet&) = default;

  // "all" or names separated by commas. InvalidArgument, which calls an element `what` and says
  // that `flag` takes them, for another name.
  static absl::StatusOr<NamedSet> Parse(std::string_view text, std::string_view what,
                                        std::string_view flag, const Names& names) {
    if (text == "all") return All();
    NamedSet set;
    while (true) {
      const std::size_t comma = text.find(',');
      const std::string_view name = text.substr(0, comma);
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        return InvalidArgument("there is no {} '{}'; {} takes all, or some of {}", what, name, flag,
                               fmt::join(names, ","));
      }
      set.Insert(static_cast<Enum>(found - names.begin()));
      if (comma == std::string_view::npos) return set;
      text.remove_prefix(comma + 1);
    }
  }
  // In the order of the enumeration; Parse reads it unless it is empty.
  std::string Format(const Names& names) const {
    std::vector<std::string_view> chosen;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (bits_[i]) chosen.push_back(names[i]);
    }
    return fmt::format("{}", fmt::join(chosen, ","));
  }

 private:
  std::bitset<kCount> bits_;
};

}  // namespace gristmill
