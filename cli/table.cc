#include "cli/table.h"

#include <algorithm>

#include "base/check.h"

namespace gristmill::cli {
namespace {

void AppendPadded(std::string* line, std::string_view cell, std::size_t width, bool right) {
  const std::string padding(width - std::min(width, DisplayWidth(cell)), ' ');
  if (right) *line += padding;
  *line += cell;
  if (!right) *line += padding;
}

// Appends one line of text without line ends, broken at blanks.
void WrapLine(std::string_view line, std::size_t width, std::string* out) {
  std::size_t column = 0;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (word.empty()) continue;
    if (column > 0 && column + 1 + DisplayWidth(word) > width) {
      *out += '\n';
      column = 0;
    }
    if (column > 0) {
      *out += ' ';
      ++column;
    }
    *out += word;
    column += DisplayWidth(word);
  }
  *out += '\n';
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Table::Table(std::vector<std::string> titles) {
  for (std::string& title : titles) {
    right_.push_back(!title.empty() && title[0] == '>');
    if (right_.back()) title.erase(0, 1);
  }
  rows_.push_back(std::move(titles));
}

void Table::AddRow(std::vector<std::string> cells) {
  GM_CHECK(cells.size() == right_.size());
  for (std::string& cell : cells) {
    for (char& c : cell) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
  }
  rows_.push_back(std::move(cells));
}

std::string Table::Render() const {
  std::vector<std::size_t> widths(right_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      AppendPadded(&line, row[i], widths[i], right_[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string WrapText(std::string_view text, std::size_t width) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line[0] == ' ') {
      out += line;
      out += '\n';
    } else {
      WrapLine(line, width, &out);
    }
  }
  return out;
}

}  // namespace gristmill::cli
