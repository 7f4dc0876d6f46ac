// SHA-256, by which files that come with jobs are known.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace gristmill {

inline constexpr std::size_t kSha256Bytes = 32;

class Sha256 {
 public:
  Sha256();
  void Update(std::string_view bytes);
  // The 32 bytes; the last call.
  std::string Finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

// Two lower-case digits for each byte.
std::string HexOf(std::string_view bytes);

}  // namespace gristmill
