// What a value holds on the heap, for memory budgets: an estimate that costs nothing to make.
#pragma once

#include <concepts>
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

// Of a value of any type, with itself. What it owns outside of vectors and strings is not seen,
// unless it says so: std::size_t heap_bytes() const.
template <typename T>
std::size_t BytesOf(const T& value) {
  if constexpr (requires {
                  { value.heap_bytes() } -> std::convertible_to<std::size_t>;
                }) {
    return sizeof(T) + value.heap_bytes();
  } else if constexpr (Encodable<T>) {
    return sizeof(T) + HeapBytes(value);
  } else if constexpr (Vector<T>) {
    std::size_t bytes = sizeof(T);
    for (const auto& element : value) bytes += BytesOf(element);
    return bytes;
  } else {
    return sizeof(T);
  }
}

}  // namespace gristmill::internal
