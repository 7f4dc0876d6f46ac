// Cuts input blocks into records.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "gristmill/task.h"

namespace gristmill {

// The record of a job that reads whole files. Both views are valid during Map.
struct WholeFile {
  std::string_view path;
  std::string_view contents;
};

namespace internal {

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
