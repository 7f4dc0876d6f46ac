// A table of text columns for listings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gristmill::cli {

class Table {
 public:
  // A title that begins with '>' belongs to a column of numbers: it is set flush right.
  explicit Table(std::vector<std::string> titles);
  // As many cells as titles. Control characters are shown as '?'.
  void AddRow(std::vector<std::string> cells);
  // Columns two blanks apart, each as wide as its widest cell; no blanks at line ends.
  std::string Render() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the titles first
};

// Breaks the paragraphs of `text` at blanks so that lines have at most `width` columns; lines that
// begin with a blank are kept as they are.
std::string WrapText(std::string_view text, std::size_t width);

// The number of columns of UTF-8 text, taking one for each code point.
std::size_t DisplayWidth(std::string_view text);

}  // namespace gristmill::cli
