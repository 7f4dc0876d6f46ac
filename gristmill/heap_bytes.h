// What a value holds on the heap, for memory budgets: an estimate that costs nothing to make.
#pragma once

#include <cstddef>
#include <tuple>

#include "gristmill/types.h"

namespace gristmill::internal {

template <typename T>
inline constexpr bool kOwnsHeap = String<T> || Vector<T>;
template <typename A, typename B>
inline constexpr bool kOwnsHeap<std::pair<A, B>> = kOwnsHeap<A> || kOwnsHeap<B>;
template <typename... Ts>
inline constexpr bool kOwnsHeap<std::tuple<Ts...>> = (kOwnsHeap<Ts> || ...);

// The elements of a vector are taken to be like its last.
template <Encodable T>
std::size_t HeapBytes(const T& value) {
  if constexpr (String<T>) {
    return value.capacity() < sizeof(T) ? 0 : value.capacity();
  } else if constexpr (std::same_as<T, std::vector<bool>>) {
    return value.capacity() / 8;
  } else if constexpr (Vector<T>) {
    std::size_t bytes = value.capacity() * sizeof(typename T::value_type);
    if constexpr (kOwnsHeap<typename T::value_type>) {
      if (!value.empty()) bytes += value.size() * HeapBytes(value.back());
    }
    return bytes;
  } else if constexpr (Tuple<T>) {
    return std::apply(
        [](const auto&... parts) { return (HeapBytes(parts) + ... + std::size_t{0}); }, value);
  } else {
    return 0;
  }
}

}  // namespace gristmill::internal
