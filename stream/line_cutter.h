// Cuts what comes in pieces into lines.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "gristmill/run_writer.h"
#include "gristmill/task.h"

namespace gristmill::stream {

class LineCutter {
 public:
  // As much as a pair may hold, or what a test says.
  explicit LineCutter(std::size_t line_bytes_max = internal::kPairBytesMax)
      : line_bytes_max_(line_bytes_max) {}

  // Calls `take(line)` for every line that is whole by now, without its LF. Throws TaskError at a
  // line that grows too long.
  template <typename Take>
  void Add(std::string_view bytes, Take&& take) {
    if (!begun_.empty()) {
      const std::size_t end = bytes.find('\n');
      Begin(bytes.substr(0, end));
      if (end == bytes.npos) return;
      bytes.remove_prefix(end + 1);
      take(std::string_view(begun_));
      begun_.clear();
    }
    const char* p = bytes.data();
    const char* const end = p + bytes.size();
    while (p != end) {
      const auto* line_end =
          static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
      if (line_end == nullptr) break;
      take(std::string_view(p, static_cast<std::size_t>(line_end - p)));
      p = line_end + 1;
    }
    Begin({p, static_cast<std::size_t>(end - p)});
  }

  // The last line may lack its LF.
  template <typename Take>
  void End(Take&& take) {
    if (!begun_.empty()) take(std::string_view(begun_));
    begun_.clear();
  }

  // Of the line that is not whole yet.
  std::size_t begun_bytes() const { return begun_.size(); }

 private:
  void Begin(std::string_view bytes) {
    if (bytes.size() > line_bytes_max_ - begun_.size()) {
      throw TaskError("a program wrote a line of more than " + std::to_string(line_bytes_max_) +
                      " bytes, which is more than a pair may hold; let it write shorter lines");
    }
    begun_.append(bytes);
  }

  const std::size_t line_bytes_max_;
  std::string begun_;
};

}  // namespace gristmill::stream
