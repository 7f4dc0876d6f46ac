// Secondary sort: a job with kGroupFields = n groups by the first n fields of its compound key, and
// the others order the values within a group. Each field's encoding tells where it ends, so the
// encodings of keys of one group, and of no others, begin with the encoded group.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

#include "gristmill/codec.h"
#include "gristmill/job_traits.h"

namespace gristmill::internal {

// Goes past an encoded part of a compound key.
template <Encodable T>
void SkipKeyPart(ByteReader* reader) {
  if constexpr (Scalar<T>) {
    reader->Take(sizeof(T));
  } else if constexpr (String<T>) {
    SkipEscaped(reader);
  } else if constexpr (Vector<T>) {
    for (std::uint8_t mark; (mark = reader->TakeByte()) != 0;) {
      if (mark != 1) ByteReader::Fail();
      SkipKeyPart<typename T::value_type>(reader);
    }
  } else if constexpr (Tuple<T>) {
    [reader]<std::size_t... I>(std::index_sequence<I...>) {
      (SkipKeyPart<std::tuple_element_t<I, T>>(reader), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  }
}

// How a job's keys make groups: each is its own, or that of its leading fields.
template <typename J, bool kByFields = (kGroupFieldsOf<J> > 0)>
struct Grouping {
  static constexpr bool kWholeKey = true;
  static std::string_view EncodedGroup(std::string_view encoded_key) { return encoded_key; }
  static View<typename J::Key> GroupOf(View<typename J::Key> key) { return key; }
  static Decoded<typename J::Key> Decode(std::string_view encoded_group) {
    return DecodeKey<typename J::Key>(encoded_group);
  }
};

template <typename J>
struct Grouping<J, true> {
  static constexpr bool kWholeKey = false;
  using Key = typename J::Key;
  static constexpr auto kFields = std::make_index_sequence<kGroupFieldsOf<J>>();

  static std::string_view EncodedGroup(std::string_view encoded_key) {
    ByteReader reader(encoded_key);
    SkipFields(&reader, kFields);
    return encoded_key.substr(0, encoded_key.size() - reader.bytes_left());
  }

  // The leading field where it is, or a tuple of several.
  static decltype(auto) GroupOf(const Key& key) {
    if constexpr (kGroupFieldsOf<J> == 1) {
      return (std::get<0>(key));
    } else {
      return TupleOf(key, kFields);
    }
  }

  static GroupKey<J> Decode(std::string_view encoded_group) {
    ByteReader reader(encoded_group);
    return TakeKeyPart<GroupKey<J>>(&reader);
  }

 private:
  template <std::size_t... I>
  static void SkipFields(ByteReader* reader, std::index_sequence<I...>) {
    (SkipKeyPart<std::tuple_element_t<I, Key>>(reader), ...);
  }
  template <std::size_t... I>
  static GroupKey<J> TupleOf(const Key& key, std::index_sequence<I...>) {
    return {std::get<I>(key)...};
  }
};

}  // namespace gristmill::internal
