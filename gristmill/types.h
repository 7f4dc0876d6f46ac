// The types a job may use for keys and values: bool, integers, float, double, std::string, None,
// and std::pair, std::tuple and std::vector of these, nested as one likes.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace gristmill {

// A value that says nothing: the type of Value when the key is the whole result.
struct None {
  friend constexpr auto operator<=>(None, None) = default;
};

namespace internal {

template <typename T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <typename T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !Character<T>;

template <typename T>
concept Float = std::same_as<T, float> || std::same_as<T, double>;

template <typename T>
concept Scalar = std::same_as<T, bool> || Integer<T> || Float<T>;

template <typename T>
concept String = std::same_as<T, std::string>;

template <typename T>
inline constexpr bool kIsVector = false;
template <typename T>
inline constexpr bool kIsVector<std::vector<T>> = true;

template <typename T>
inline constexpr bool kIsTuple = false;
template <typename A, typename B>
inline constexpr bool kIsTuple<std::pair<A, B>> = true;
template <typename... Ts>
inline constexpr bool kIsTuple<std::tuple<Ts...>> = true;

template <typename T>
concept Vector = kIsVector<T>;
// A pair is a tuple of two.
template <typename T>
concept Tuple = kIsTuple<T>;

// True if an encoded T can't be empty: the elements of vectors must not be, or a damaged count
// could not be told from a large vector.
template <typename T>
inline constexpr bool kHasBytes = !std::same_as<T, None>;
template <typename A, typename B>
inline constexpr bool kHasBytes<std::pair<A, B>> = kHasBytes<A> || kHasBytes<B>;
template <typename... Ts>
inline constexpr bool kHasBytes<std::tuple<Ts...>> = (kHasBytes<Ts> || ...);

template <typename T>
inline constexpr bool kEncodable = Scalar<T> || String<T> || std::same_as<T, None>;
template <typename A, typename B>
inline constexpr bool kEncodable<std::pair<A, B>> = kEncodable<A>&& kEncodable<B>;
template <typename... Ts>
inline constexpr bool kEncodable<std::tuple<Ts...>> = (kEncodable<Ts> && ...);
template <typename T>
inline constexpr bool kEncodable<std::vector<T>> = kEncodable<T>&& kHasBytes<T>;

}  // namespace internal

// What a key or value may be.
template <typename T>
concept Encodable = internal::kEncodable<T>;

// How a T is handed in and out without a copy: a std::string_view of a string, a scalar itself, a
// reference to anything else.
template <typename T>
using View = std::conditional_t<
    internal::String<T>, std::string_view,
    std::conditional_t<internal::Scalar<T> || std::same_as<T, None>, T, const T&>>;

// What decoding makes of the bytes of a T; converts to View<T>. A string stays where it is.
template <typename T>
using Decoded = std::conditional_t<internal::String<T>, std::string_view, T>;

// "u64", "string", "pair<string,u64>": the names in the header of a record file.
template <Encodable T>
std::string TypeName() {
  if constexpr (std::same_as<T, None>) {
    return "none";
  } else if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (internal::String<T>) {
    return "string";
  } else if constexpr (internal::Scalar<T>) {
    const char* kind = internal::Float<T> ? "f" : std::is_signed_v<T> ? "i" : "u";
    return kind + std::to_string(8 * sizeof(T));
  } else if constexpr (internal::Vector<T>) {
    return "vector<" + TypeName<typename T::value_type>() + ">";
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      std::string names;
      ((names += (I == 0 ? "" : ",") + TypeName<std::tuple_element_t<I, T>>()), ...);
      return (requires(T t) { t.first; } ? "pair<" : "tuple<") + names + ">";
    }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  }
}

}  // namespace gristmill
