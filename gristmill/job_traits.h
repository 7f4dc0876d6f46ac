// What a job class declares, found by name: whether each is right is checked in job_concepts.h.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gristmill/types.h"

namespace gristmill {

template <typename J>
class Emitter;
template <typename J>
class Values;
template <typename J>
class Output;

namespace internal {

// A class that inherits from a job and from a class with a member of that name can't name the
// member if the job has one too, whatever its signature, overloads or access.
#define GRISTMILL_DECLARES(name)                      \
  struct Member##name {                               \
    int name;                                         \
  };                                                  \
  template <typename J>                               \
  struct Probe##name : J, Member##name {};            \
  template <typename J>                               \
  inline constexpr bool kDeclares##name = !requires { \
    &Probe##name<J>::name;                            \
  };

GRISTMILL_DECLARES(Declare)
GRISTMILL_DECLARES(Validate)
GRISTMILL_DECLARES(Input)
GRISTMILL_DECLARES(Format)
GRISTMILL_DECLARES(Setup)
GRISTMILL_DECLARES(Combine)
GRISTMILL_DECLARES(Reduce)
GRISTMILL_DECLARES(Partition)
GRISTMILL_DECLARES(TearDown)
GRISTMILL_DECLARES(kTotalOrder)
GRISTMILL_DECLARES(kOneTaskPerSplit)
GRISTMILL_DECLARES(kPartitions)
GRISTMILL_DECLARES(kGroupFields)
#undef GRISTMILL_DECLARES

template <typename J>
consteval bool Caches() {
  if constexpr (requires { requires std::same_as<decltype(J::kCaches), const bool>; }) {
    return J::kCaches;
  }
  return false;
}

template <typename J>
inline constexpr bool kMapOnly = !kDeclaresCombine<J> && !kDeclaresReduce<J>;

// A job without Combine and Reduce whose keys and values say nothing is run for its counters or
// its side effects: it has no output directory.
template <typename J>
inline constexpr bool kWritesNothing =
    kMapOnly<J>&& std::same_as<typename J::Key, None>&& std::same_as<typename J::Value, None>;

template <typename J>
consteval bool TotalOrder() {
  if constexpr (requires { requires std::same_as<decltype(J::kTotalOrder), const bool>; }) {
    return J::kTotalOrder;
  }
  return false;
}
template <typename J>
inline constexpr bool kIsTotalOrder = TotalOrder<J>();

// How many leading fields of the key make a group; 0 for the whole key.
template <typename J>
consteval std::size_t GroupFields() {
  if constexpr (requires { requires std::same_as<decltype(J::kGroupFields), const std::size_t>; }) {
    return J::kGroupFields;
  }
  return 0;
}
template <typename J>
inline constexpr std::size_t kGroupFieldsOf = GroupFields<J>();

template <typename T>
inline constexpr std::size_t kFieldsOf = 1;
template <Tuple T>
inline constexpr std::size_t kFieldsOf<T> = std::tuple_size_v<T>;

// The first field of T by itself, several as a tuple, T itself for none or what T does not have.
template <typename T, std::size_t kFields>
consteval auto LeadingFields() {
  if constexpr (kFields == 0 || kFields >= kFieldsOf<T>) {
    return std::type_identity<T>();
  } else if constexpr (kFields == 1) {
    return std::type_identity<std::tuple_element_t<0, T>>();
  } else {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::type_identity<std::tuple<std::tuple_element_t<I, T>...>>();
    }
    (std::make_index_sequence<kFields>());
  }
}

template <typename J>
struct OutputKeyOf {
  using Type = typename J::Key;
};
template <typename J>
requires requires { typename J::OutputKey; }
struct OutputKeyOf<J> {
  using Type = typename J::OutputKey;
};

template <typename J>
struct OutputValueOf {
  using Type = typename J::Value;
};
template <typename J>
requires requires { typename J::OutputValue; }
struct OutputValueOf<J> {
  using Type = typename J::OutputValue;
};

}  // namespace internal

// What Reduce emits, or Map where there is no shuffle: Key and Value unless the job says otherwise.
template <typename J>
using OutputKey = typename internal::OutputKeyOf<J>::Type;
template <typename J>
using OutputValue = typename internal::OutputValueOf<J>::Type;

// By what Reduce groups, and Partition decides: Key, or its leading kGroupFields.
template <typename J>
using GroupKey = typename decltype(internal::LeadingFields<typename J::Key,
                                                           internal::kGroupFieldsOf<J>>())::type;

}  // namespace gristmill
