// Compact bytes of values, in no particular order.
//
//   bool, 8-bit integers   one byte
//   wider integers         LEB128, signed ones zigzag
//   floats                 IEEE bits, little-endian
//   string                 its bytes; inside a compound a LEB128 length before them
//   vector                 LEB128 count, elements
//   pair, tuple            their parts; None no bytes
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "gristmill/byte_reader.h"
#include "gristmill/key_codec.h"
#include "gristmill/types.h"

namespace gristmill {

namespace internal {

inline constexpr std::size_t kScalarBytesMax = 10;

inline char* PutVarint64(char* out, std::uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

inline void AppendVarint64(std::string* out, std::uint64_t value) {
  char bytes[kScalarBytesMax];
  out->append(bytes, static_cast<std::size_t>(PutVarint64(bytes, value) - bytes));
}

template <typename B>
B SwapIfBig(B bits) {
  if constexpr (std::endian::native == std::endian::big) {
    return static_cast<B>(__builtin_bswap64(bits) >> (64 - 8 * sizeof(B)));
  }
  return bits;
}

// Writes `value` at `out` (kScalarBytesMax bytes of room); returns its end.
template <Scalar T>
char* PutScalar(char* out, T value) {
  if constexpr (Float<T>) {
    const auto bits = SwapIfBig(std::bit_cast<Bits<T>>(value));
    std::memcpy(out, &bits, sizeof(bits));
    return out + sizeof(bits);
  } else if constexpr (sizeof(T) == 1) {
    *out = static_cast<char>(value);
    return out + 1;
  } else if constexpr (std::is_signed_v<T>) {
    const auto wide = static_cast<std::int64_t>(value);
    return PutVarint64(
        out, (static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63));
  } else {
    return PutVarint64(out, value);
  }
}

template <Scalar T>
T TakeScalar(ByteReader* reader) {
  if constexpr (Float<T>) {
    Bits<T> bits;
    std::memcpy(&bits, reader->Take(sizeof(bits)), sizeof(bits));
    return std::bit_cast<T>(SwapIfBig(bits));
  } else if constexpr (std::same_as<T, bool>) {
    return FromOrderedBits<bool>(reader->TakeByte());
  } else if constexpr (sizeof(T) == 1) {
    return static_cast<T>(reader->TakeByte());
  } else {
    const std::uint64_t raw = reader->TakeVarint();
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    auto wide = static_cast<Wide>(raw);
    if constexpr (std::is_signed_v<T>) wide = static_cast<Wide>((raw >> 1) ^ (~(raw & 1) + 1));
    const auto value = static_cast<T>(wide);
    if (static_cast<Wide>(value) != wide) ByteReader::Fail();
    return value;
  }
}

template <Encodable T>
void AppendValuePart(std::string* out, const T& part) {
  if constexpr (Scalar<T>) {
    char bytes[kScalarBytesMax];
    out->append(bytes, static_cast<std::size_t>(PutScalar(bytes, part) - bytes));
  } else if constexpr (String<T>) {
    AppendVarint64(out, part.size());
    out->append(part);
  } else if constexpr (Vector<T>) {
    AppendVarint64(out, part.size());
    for (const typename T::value_type& element : part) AppendValuePart(out, element);
  } else if constexpr (Tuple<T>) {
    std::apply([out](const auto&... parts) { (AppendValuePart(out, parts), ...); }, part);
  }
}

template <Encodable T>
T TakeValuePart(ByteReader* reader) {
  T part{};
  if constexpr (Scalar<T>) {
    part = TakeScalar<T>(reader);
  } else if constexpr (String<T>) {
    const std::uint64_t bytes = reader->TakeVarint();
    part.assign(reader->Take(bytes), bytes);
  } else if constexpr (Vector<T>) {
    const std::uint64_t count = reader->TakeVarint();
    if (count > reader->bytes_left()) ByteReader::Fail();  // an element has a byte at least
    part.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      part.push_back(TakeValuePart<typename T::value_type>(reader));
    }
  } else if constexpr (Tuple<T>) {
    std::apply(
        [reader](auto&... parts) {
          ((parts = TakeValuePart<std::remove_reference_t<decltype(parts)>>(reader)), ...);
        },
        part);
  }
  return part;
}

}  // namespace internal

// Appends the encoding of a whole value.
template <Encodable T>
void AppendValue(std::string* out, View<T> value) {
  if constexpr (internal::String<T>) {
    out->append(value);
  } else {
    internal::AppendValuePart<T>(out, value);
  }
}

// Throws TaskError if `bytes` are no encoding of a T. A string is a view of `bytes`.
template <Encodable T>
Decoded<T> DecodeValue(std::string_view bytes) {
  if constexpr (internal::String<T>) {
    return bytes;
  } else {
    internal::ByteReader reader(bytes);
    T value = internal::TakeValuePart<T>(&reader);
    reader.ExpectEnd();
    return value;
  }
}

// As KeyEncoder, for values.
template <Encodable T>
class ValueEncoder {
 public:
  // Valid until the next call and while `value` is.
  std::string_view Encode(View<T> value) {
    if constexpr (internal::String<T>) {
      return value;
    } else if constexpr (internal::Scalar<T>) {
      const char* end = internal::PutScalar(scratch_, value);
      return {scratch_, static_cast<std::size_t>(end - scratch_)};
    } else {
      scratch_.clear();
      internal::AppendValuePart<T>(&scratch_, value);
      return scratch_;
    }
  }

 private:
  struct Nothing {};
  [[no_unique_address]] std::conditional_t<
      internal::Scalar<T>, char[internal::kScalarBytesMax],
      std::conditional_t<internal::String<T>, Nothing, std::string>>
      scratch_;
};

}  // namespace gristmill
