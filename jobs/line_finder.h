// Which lines of a text are worth a look at all.
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gristmill/literals.h"

namespace gristmill::jobs {

// For one regular expression in RE2 syntax that is to be matched against single lines. Seeks
// strings of which each match holds one, if the expression has such; else it runs the expression
// over many lines at once; where that could miss a line, every line is worth a look.
class LineFinder {
 public:
  // `pattern` is valid.
  explicit LineFinder(const std::string& pattern);

  // A position at `from` or later in the first line that may match, whole lines being sought from
  // there on; text.size() if there is none. No matching line is passed over.
  std::size_t Find(std::string_view text, std::size_t from) const;

 private:
  std::optional<LiteralSet> literals_;
  std::optional<re2::RE2> in_many_lines_;
};

}  // namespace gristmill::jobs
