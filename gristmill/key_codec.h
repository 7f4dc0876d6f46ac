// Order-preserving bytes of keys: memcmp of two encodings orders as operator< orders the keys,
// a shorter encoding first on a tie.
//
//   integers   big-endian, the sign bit flipped
//   floats     IEEE bits, all flipped if negative, else the sign bit; -0.0 as 0.0, NaN last
//   string     its bytes; inside a compound 0x00 becomes 0x00 0xFF and 0x00 0x01 ends it
//   vector     0x01 before each element, 0x00 at the end
//   pair, tuple  their parts; None no bytes
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "gristmill/byte_reader.h"
#include "gristmill/types.h"

namespace gristmill {

namespace internal {

template <std::size_t kBytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using Type = std::uint8_t;
};
template <>
struct UnsignedOf<2> {
  using Type = std::uint16_t;
};
template <>
struct UnsignedOf<4> {
  using Type = std::uint32_t;
};
template <>
struct UnsignedOf<8> {
  using Type = std::uint64_t;
};
// The unsigned integer as wide as T.
template <typename T>
using Bits = typename UnsignedOf<sizeof(T)>::Type;

template <typename T>
inline constexpr Bits<T> kSignBit = static_cast<Bits<T>>(Bits<T>{1} << (8 * sizeof(T) - 1));

inline std::uint64_t ByteSwapIfLittle(std::uint64_t v) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(v) : v;
}

// Unsigned bits that order as `value` does.
template <Scalar T>
Bits<T> OrderedBits(T value) {
  if constexpr (Float<T>) {
    if (value == 0) value = 0;  // -0.0
    if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
    const auto bits = std::bit_cast<Bits<T>>(value);
    return (bits & kSignBit<T>) != 0 ? ~bits : bits | kSignBit<T>;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Bits<T>>(static_cast<Bits<T>>(value) ^ kSignBit<T>);
  } else {
    return static_cast<Bits<T>>(value);
  }
}

template <Scalar T>
T FromOrderedBits(Bits<T> bits) {
  if constexpr (Float<T>) {
    return std::bit_cast<T>((bits & kSignBit<T>) != 0 ? bits & ~kSignBit<T> : ~bits);
  } else if constexpr (std::same_as<T, bool>) {
    if (bits > 1) ByteReader::Fail();
    return bits == 1;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(static_cast<Bits<T>>(bits ^ kSignBit<T>));
  } else {
    return bits;
  }
}

// Writes the sizeof(T) bytes of `value` at `out`.
template <Scalar T>
void PutOrdered(char* out, T value) {
  const std::uint64_t big_endian =
      ByteSwapIfLittle(std::uint64_t{OrderedBits(value)} << (64 - 8 * sizeof(T)));
  std::memcpy(out, &big_endian, sizeof(T));
}

template <Scalar T>
T GetOrdered(const char* bytes) {
  std::uint64_t big_endian = 0;
  std::memcpy(&big_endian, bytes, sizeof(T));
  return FromOrderedBits<T>(
      static_cast<Bits<T>>(ByteSwapIfLittle(big_endian) >> (64 - 8 * sizeof(T))));
}

inline void AppendEscaped(std::string* out, std::string_view text) {
  for (std::size_t zero; (zero = text.find('\0')) != std::string_view::npos;) {
    out->append(text.substr(0, zero + 1));
    out->push_back('\xff');
    text.remove_prefix(zero + 1);
  }
  out->append(text);
  out->append("\0\1", 2);
}

inline std::string TakeEscaped(ByteReader* reader) {
  std::string text;
  for (;;) {
    const auto byte = static_cast<char>(reader->TakeByte());
    if (byte != '\0') {
      text.push_back(byte);
      continue;
    }
    const std::uint8_t mark = reader->TakeByte();
    if (mark == 0x01) return text;
    if (mark != 0xff) ByteReader::Fail();
    text.push_back('\0');
  }
}

inline void SkipEscaped(ByteReader* reader) {
  for (;;) {
    if (reader->TakeByte() != 0) continue;
    const std::uint8_t mark = reader->TakeByte();
    if (mark == 0x01) return;
    if (mark != 0xff) ByteReader::Fail();
  }
}

// `part` may be all of a key or stand within a compound; only a whole string is encoded elsewhere.
template <Encodable T>
void AppendKeyPart(std::string* out, const T& part) {
  if constexpr (Scalar<T>) {
    char bytes[sizeof(T)];
    PutOrdered(bytes, part);
    out->append(bytes, sizeof(T));
  } else if constexpr (String<T>) {
    AppendEscaped(out, part);
  } else if constexpr (Vector<T>) {
    for (const typename T::value_type& element : part) {
      out->push_back('\1');
      AppendKeyPart(out, element);
    }
    out->push_back('\0');
  } else if constexpr (Tuple<T>) {
    std::apply([out](const auto&... parts) { (AppendKeyPart(out, parts), ...); }, part);
  }
}

template <Encodable T>
T TakeKeyPart(ByteReader* reader) {
  T part{};
  if constexpr (Scalar<T>) {
    part = GetOrdered<T>(reader->Take(sizeof(T)));
  } else if constexpr (String<T>) {
    part = TakeEscaped(reader);
  } else if constexpr (Vector<T>) {
    for (std::uint8_t mark; (mark = reader->TakeByte()) != 0;) {
      if (mark != 1) ByteReader::Fail();
      part.push_back(TakeKeyPart<typename T::value_type>(reader));
    }
  } else if constexpr (Tuple<T>) {
    std::apply(
        [reader](auto&... parts) {
          ((parts = TakeKeyPart<std::remove_reference_t<decltype(parts)>>(reader)), ...);
        },
        part);
  }
  return part;
}

}  // namespace internal

// Appends the encoding of a whole key.
template <Encodable T>
void AppendKey(std::string* out, View<T> key) {
  if constexpr (internal::String<T>) {
    out->append(key);
  } else {
    internal::AppendKeyPart<T>(out, key);
  }
}

// Throws TaskError if `bytes` are no encoding of a T. A string is a view of `bytes`.
template <Encodable T>
Decoded<T> DecodeKey(std::string_view bytes) {
  if constexpr (internal::String<T>) {
    return bytes;
  } else {
    internal::ByteReader reader(bytes);
    T key = internal::TakeKeyPart<T>(&reader);
    reader.ExpectEnd();
    return key;
  }
}

// Encodes keys one after the other: strings where they are, scalars in place, others into a buffer
// that is used again.
template <Encodable T>
class KeyEncoder {
 public:
  // Valid until the next call and while `key` is.
  std::string_view Encode(View<T> key) {
    if constexpr (internal::String<T>) {
      return key;
    } else if constexpr (internal::Scalar<T>) {
      internal::PutOrdered(scratch_, key);
      return {scratch_, sizeof(T)};
    } else {
      scratch_.clear();
      internal::AppendKeyPart<T>(&scratch_, key);
      return scratch_;
    }
  }

 private:
  struct Nothing {};
  [[no_unique_address]] std::conditional_t<
      internal::Scalar<T>, char[sizeof(std::uint64_t)],
      std::conditional_t<internal::String<T>, Nothing, std::string>>
      scratch_;
};

}  // namespace gristmill
