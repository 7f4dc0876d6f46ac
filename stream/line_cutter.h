// Cuts what comes in pieces into lines.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gristmill::stream {

class LineCutter {
 public:
  // Calls `take(line)` for every line that is whole by now, without its LF.
  template <typename Take>
  void Add(std::string_view bytes, Take&& take) {
    if (!begun_.empty()) {
      const std::size_t end = bytes.find('\n');
      begun_.append(bytes.substr(0, end));
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
    begun_.assign(p, static_cast<std::size_t>(end - p));
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
  std::string begun_;
};

}  // namespace gristmill::stream
