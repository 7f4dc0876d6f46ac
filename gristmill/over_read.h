// Reading whole words or vectors where fewer bytes belong to the object, as the C library's string
// functions do: what is behind it is masked away afterwards.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gristmill::internal {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GRISTMILL_EXACT_READS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define GRISTMILL_EXACT_READS 1
#endif
#endif

// Whether `kBytes` bytes may be read at `p`, of which at least the first is known to be there: that
// can't fault unless they cross a page. Never under a sanitizer, which knows better.
template <std::size_t kBytes>
inline bool MayOverRead(const char* p) {
#ifdef GRISTMILL_EXACT_READS
  return false;
#else
  constexpr std::uintptr_t kPageBytes = 4096;  // the smallest page anywhere
  return (reinterpret_cast<std::uintptr_t>(p) & (kPageBytes - 1)) <= kPageBytes - kBytes;
#endif
}

// `p`, about which the compiler forgets how large its object is: it would warn of reads behind it.
inline const char* Unbounded(const char* p) {
  asm("" : "+r"(p));
  return p;
}

}  // namespace gristmill::internal
