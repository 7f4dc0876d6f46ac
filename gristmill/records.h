// Cuts input blocks into records.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "gristmill/record_mark.h"
#include "gristmill/task.h"

namespace gristmill {

// The record of a job that reads whole files. Both views are valid during Map.
struct WholeFile {
  std::string_view path;
  std::string_view contents;
};

// The record of a job that need not be handed each line by itself: whole lines, one at least and as
// many as the framework likes. All views are valid during Map.
class Lines {
 public:
  // For the framework.
  Lines(std::string_view bytes, RecordMark& mark) : bytes_(bytes), mark_(mark) {}

  // Each with its line end, which the last may lack.
  std::string_view bytes() const { return bytes_; }

  // The line that byte `position` belongs to, without the LF or CRLF. If the job fails from now on,
  // this is the line it failed at.
  std::string_view At(std::size_t position) const {
    const std::size_t before = position == 0 ? bytes_.npos : bytes_.rfind('\n', position - 1);
    const std::size_t begin = before == bytes_.npos ? 0 : before + 1;
    const std::size_t end = bytes_.find('\n', position);
    std::string_view line = bytes_.substr(begin, end == bytes_.npos ? end : end - begin);
    if (end != bytes_.npos && line.ends_with('\r')) line.remove_suffix(1);
    mark_.At(line);
    return line;
  }

  // Where the line after that of byte `position` begins, or would begin.
  std::size_t NextLine(std::size_t position) const {
    const std::size_t end = bytes_.find('\n', position);
    return end == bytes_.npos ? bytes_.size() : end + 1;
  }

 private:
  const std::string_view bytes_;
  RecordMark& mark_;
};

namespace internal {

// In sums of one byte as long as these can't overflow: the compiler then adds 16 at once.
inline std::uint64_t CountLines(std::string_view bytes) {
  constexpr std::size_t kStepBytes = 240;
  const bool last_is_open = !bytes.empty() && bytes.back() != '\n';
  std::uint64_t lines = last_is_open ? 1 : 0;
  while (!bytes.empty()) {
    const std::string_view step = bytes.substr(0, kStepBytes);
    std::uint8_t step_lines = 0;
    for (const char c : step) step_lines = static_cast<std::uint8_t>(step_lines + (c == '\n'));
    lines += step_lines;
    bytes.remove_prefix(step.size());
  }
  return lines;
}

// Calls `take(lines)` for pieces of `bytes` that are whole lines and have about `piece_bytes`.
template <typename Take>
void ForEachPiece(std::string_view bytes, std::size_t piece_bytes, Take&& take) {
  while (!bytes.empty()) {
    const std::size_t end =
        bytes.size() <= piece_bytes ? bytes.npos : bytes.find('\n', piece_bytes - 1);
    const std::string_view piece = bytes.substr(0, end == bytes.npos ? end : end + 1);
    take(piece);
    bytes.remove_prefix(piece.size());
  }
}

// Calls `take(line)` without the LF or CRLF; the last line may lack it. Returns the lines.
template <typename Take>
std::uint64_t ForEachLine(std::string_view bytes, Take&& take) {
  std::uint64_t lines = 0;
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  for (; p != end; ++lines) {
    const auto* newline =
        static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    const char* stop = newline == nullptr ? end : newline;
    const char* next = newline == nullptr ? end : newline + 1;
    if (newline != nullptr && stop != p && stop[-1] == '\r') --stop;
    take(std::string_view(p, static_cast<std::size_t>(stop - p)));
    p = next;
  }
  return lines;
}

// Calls `take(record)` for every `record_bytes` of `bytes`. Returns the records.
template <typename Take>
std::uint64_t ForEachFixedRecord(std::string_view bytes, std::size_t record_bytes, Take&& take) {
  if (record_bytes == 0 || bytes.size() % record_bytes != 0) {
    throw TaskError("the input ends inside a record of " + std::to_string(record_bytes) +
                    " bytes; give files that consist of whole records");
  }
  for (std::size_t at = 0; at < bytes.size(); at += record_bytes) {
    take(bytes.substr(at, record_bytes));
  }
  return bytes.size() / record_bytes;
}

}  // namespace internal
}  // namespace gristmill
