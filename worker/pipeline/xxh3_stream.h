// XXH3 (64 bit) of bytes that come in parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct XXH3_state_s;

namespace gristmill::worker {

// Movable, not copyable, not thread-safe.
class Xxh3Stream {
 public:
  Xxh3Stream();
  void Reset(std::uint64_t seed);
  void Update(std::string_view bytes);
  std::uint64_t Digest() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace gristmill::worker
