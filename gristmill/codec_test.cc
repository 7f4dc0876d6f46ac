#include "gristmill/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace gristmill {
namespace {

using Random = std::mt19937_64;

// Small alphabets and short lengths, so that equal values and prefixes of each other are common.
template <typename T>
T RandomValue(Random& random) {
  if constexpr (std::same_as<T, None>) {
    return {};
  } else if constexpr (std::same_as<T, bool>) {
    return random() % 2 == 0;
  } else if constexpr (internal::Integer<T>) {
    return static_cast<T>(random() >> (random() % 64));
  } else if constexpr (internal::Float<T>) {
    constexpr T kSpecial[] = {0,
                              1,
                              -1,
                              std::numeric_limits<T>::infinity(),
                              -std::numeric_limits<T>::infinity(),
                              std::numeric_limits<T>::denorm_min(),
                              std::numeric_limits<T>::max(),
                              std::numeric_limits<T>::lowest()};
    if (random() % 4 == 0) return kSpecial[random() % std::size(kSpecial)];
    return static_cast<T>(std::normal_distribution<double>(0, 1e3)(random));
  } else if constexpr (internal::String<T>) {
    constexpr std::string_view kLetters(
        "\0\1\xff\xfe"
        "a",
        5);
    std::string text(random() % 5, 'x');
    for (char& c : text) c = kLetters[random() % kLetters.size()];
    return text;
  } else if constexpr (internal::Vector<T>) {
    T elements;
    for (std::uint64_t n = random() % 4; n > 0; --n) {
      elements.push_back(RandomValue<typename T::value_type>(random));
    }
    return elements;
  } else {
    T parts;
    std::apply(
        [&](auto&... p) { ((p = RandomValue<std::remove_reference_t<decltype(p)>>(random)), ...); },
        parts);
    return parts;
  }
}

int Sign(int order) { return (order > 0) - (order < 0); }

template <typename T>
std::string KeyBytes(const T& key) {
  std::string bytes;
  AppendKey<T>(&bytes, key);
  return bytes;
}
template <typename T>
std::string ValueBytes(const T& value) {
  std::string bytes;
  AppendValue<T>(&bytes, value);
  return bytes;
}

template <typename T>
class CodecTest : public testing::Test {};
using Types = testing::Types<
    None, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
    std::int64_t, std::uint64_t, long long, float, double, std::string,
    std::pair<std::string, std::uint64_t>, std::pair<std::string, std::string>,
    std::tuple<std::int64_t, std::string, double>, std::vector<std::string>, std::vector<bool>,
    std::vector<std::vector<std::int16_t>>, std::pair<std::vector<std::string>, std::string>,
    std::vector<std::pair<std::string, None>>, std::tuple<>,
    std::tuple<bool, std::vector<std::tuple<std::string, float>>, std::int8_t>>;
TYPED_TEST_SUITE(CodecTest, Types);

TYPED_TEST(CodecTest, EncodedKeysOrderAsKeysDo) {
  Random random(1);
  for (int i = 0; i < 4000; ++i) {
    const auto a = RandomValue<TypeParam>(random), b = RandomValue<TypeParam>(random);
    const int expected = a < b ? -1 : b < a ? 1 : 0;
    ASSERT_EQ(Sign(KeyBytes(a).compare(KeyBytes(b))), expected);
  }
}

TYPED_TEST(CodecTest, KeysAndValuesComeBackAsTheyWere) {
  Random random(2);
  KeyEncoder<TypeParam> keys;
  ValueEncoder<TypeParam> values;
  for (int i = 0; i < 4000; ++i) {
    const auto value = RandomValue<TypeParam>(random);
    ASSERT_EQ(TypeParam(DecodeKey<TypeParam>(KeyBytes(value))), value);
    ASSERT_EQ(TypeParam(DecodeValue<TypeParam>(ValueBytes(value))), value);
    ASSERT_EQ(keys.Encode(value), KeyBytes(value));
    ASSERT_EQ(values.Encode(value), ValueBytes(value));
  }
}

// Cut, extended or changed bytes either decode to something or throw TaskError; what they must not
// do is for the sanitizers to see.
TYPED_TEST(CodecTest, DamagedBytesNeverReadOutOfBounds) {
  Random random(3);
  for (int i = 0; i < 4000; ++i) {
    const auto value = RandomValue<TypeParam>(random);
    for (std::string bytes : {KeyBytes(value), ValueBytes(value)}) {
      if (!bytes.empty()) bytes[random() % bytes.size()] = static_cast<char>(random());
      bytes.resize(random() % (bytes.size() + 2));
      const std::vector<char> exact(bytes.begin(), bytes.end());
      const std::string_view view(exact.data(), exact.size());
      try {
        (void)DecodeKey<TypeParam>(view);
      } catch (const TaskError&) {
      }
      try {
        (void)DecodeValue<TypeParam>(view);
      } catch (const TaskError&) {
      }
    }
  }
}

TEST(KeyCodec, NegativeAndPositiveZeroAreOneKey) {
  EXPECT_EQ(KeyBytes(-0.0), KeyBytes(0.0));
  EXPECT_EQ(KeyBytes(-0.0f), KeyBytes(0.0f));
}

TEST(KeyCodec, EveryNanIsTheSameLastKey) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(KeyBytes(nan), KeyBytes(-nan));
  EXPECT_LT(KeyBytes(std::numeric_limits<double>::infinity()), KeyBytes(nan));
  EXPECT_TRUE(std::isnan(DecodeKey<double>(KeyBytes(nan))));
}

TEST(KeyCodec, BytesAreTheDocumentedOnes) {
  EXPECT_EQ(KeyBytes(std::int16_t{-2}), "\x7f\xfe");
  EXPECT_EQ(KeyBytes(std::uint32_t{0x01020304}), "\1\2\3\4");
  EXPECT_EQ(KeyBytes(std::pair(std::string("a\0", 2), std::uint8_t{7})),
            std::string("a\0\xff\0\1\7", 6));
  EXPECT_EQ(KeyBytes(std::vector<std::uint8_t>{5, 6}), std::string("\1\5\1\6\0", 5));
}

TEST(ValueCodec, SmallNumbersAreOneByte) {
  EXPECT_EQ(ValueBytes(std::uint64_t{127}).size(), 1u);
  EXPECT_EQ(ValueBytes(std::int64_t{-64}).size(), 1u);
  EXPECT_EQ(ValueBytes(std::uint64_t{128}), "\x80\1");
}

template <typename T>
void ExpectCorruptValue(std::string_view bytes) {
  EXPECT_THROW((void)DecodeValue<T>(bytes), TaskError);
}

TEST(ValueCodec, BytesThatAreNoValueAreRefused) {
  ExpectCorruptValue<std::uint64_t>("");
  ExpectCorruptValue<std::uint64_t>("\x80");
  ExpectCorruptValue<std::uint64_t>("\1\1");
  ExpectCorruptValue<std::uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\2");  // 65 bits
  ExpectCorruptValue<std::uint16_t>("\x80\x80\4");                              // 65536
  ExpectCorruptValue<bool>("\2");
  ExpectCorruptValue<None>("x");
  ExpectCorruptValue<std::vector<std::string>>("\xff\xff\xff\xff\x0f");  // more elements than bytes
}

TEST(TypeName, NamesNestedTypes) {
  EXPECT_EQ(TypeName<std::string>(), "string");
  EXPECT_EQ((TypeName<std::pair<std::string, std::uint64_t>>()), "pair<string,u64>");
  EXPECT_EQ((TypeName<std::tuple<double, std::vector<std::int8_t>, None>>()),
            "tuple<f64,vector<i8>,none>");
  EXPECT_EQ(TypeName<long long>(), "i64");
  EXPECT_EQ(TypeName<bool>(), "bool");
}

}  // namespace
}  // namespace gristmill
