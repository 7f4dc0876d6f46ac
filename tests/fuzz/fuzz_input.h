// What every fuzzer is made of: values drawn from the bytes that the fuzzer chose, damage drawn
// likewise, a place for files, and the check that ends a run.
#pragma once

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

namespace gristmill::fuzz {

// A property that does not hold: says so and aborts, which the fuzzer reports with its input.
template <class... Args>
void Expect(bool holds, fmt::format_string<Args...> otherwise, Args&&... args) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n",
               fmt::format(otherwise, std::forward<Args>(args)...).c_str());
  std::abort();
}

// Draws from the front. When the bytes run out all numbers are zero and all strings empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}
  explicit Input(std::string_view bytes) : left_(bytes) {}

  bool empty() const { return left_.empty(); }
  template <std::unsigned_integral T>
  T Number() {
    T value = 0;
    const std::string_view bytes = Bytes(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  std::uint8_t Byte() { return Number<std::uint8_t>(); }
  bool Flag() { return (Byte() & 1) != 0; }
  // Less than `count`, which is at least 1.
  std::uint32_t Below(std::uint32_t count) {
    return (count <= 256 ? Number<std::uint8_t>() : Number<std::uint16_t>()) % count;
  }
  // At most `bytes_max`.
  std::string_view Bytes(std::size_t bytes_max) {
    const std::string_view taken = left_.substr(0, bytes_max);
    left_.remove_prefix(taken.size());
    return taken;
  }
  // As long as the byte before it says.
  std::string_view Text() { return Bytes(Byte()); }
  // The part up to 64 bytes at the front, apart from the rest: changes there don't shift the rest.
  Input Split() { return Input(Bytes(64)); }
  std::string_view Rest() { return Bytes(left_.size()); }

 private:
  std::string_view left_;
};

// `bytes` with up to seven changes that `input` draws: bytes flipped, cut off, left out, put in or
// repeated.
inline std::string Damaged(std::string bytes, Input& input) {
  for (std::uint32_t changes = input.Below(8); changes > 0; --changes) {
    const std::uint32_t kind = input.Below(5);
    const auto at = input.Number<std::uint16_t>() % (bytes.size() + 1);
    const std::uint8_t what = input.Byte();
    if (kind == 0 && at < bytes.size()) {
      bytes[at] = static_cast<char>(bytes[at] ^ what);
    } else if (kind == 1) {
      bytes.resize(at);
    } else if (kind == 2) {
      bytes.erase(at, what);
    } else if (kind == 3) {
      bytes.insert(at, input.Bytes(what));
    } else if (kind == 4) {
      bytes.insert(at, bytes.substr(input.Number<std::uint16_t>() % (bytes.size() + 1), what));
    }
  }
  return bytes;
}

// A directory of this process, below $TMPDIR or in memory; removed at the process's end, but not
// after a finding.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    const char* const chosen = ::getenv("TMPDIR");
    path_ = chosen != nullptr ? chosen : ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    path_ += "/gristmill-fuzz-XXXXXX";
    Expect(::mkdtemp(path_.data()) != nullptr, "can't make the directory '{}'", path_);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
  std::string Write(std::string_view name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }
  std::string Read(std::string_view name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
};

}  // namespace gristmill::fuzz
