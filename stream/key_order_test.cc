#include "stream/key_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace gristmill::stream {
namespace {

std::string Encode(std::string_view part, bool numeric, bool reverse) {
  std::string encoded;
  AppendOrdered(part, numeric, reverse, &encoded);
  return encoded;
}

// Each is less than the one behind it, whatever follows it in the key.
void ExpectOrder(const std::vector<std::string>& rising, bool numeric) {
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      const std::string a = Encode(rising[i], numeric, false),
                        b = Encode(rising[j], numeric, false);
      EXPECT_EQ(a + "\xff" < b, i < j) << rising[i] << " and " << rising[j];
      EXPECT_EQ(Encode(rising[i], numeric, true) + "\xff" < Encode(rising[j], numeric, true), i > j)
          << rising[i] << " and " << rising[j];
    }
  }
}

TEST(KeyOrder, OfNumbersIsThatOfTheirValues) {
  ExpectOrder({"-123456789012345678901234567890",
               "-1000",
               "-999.5",
               "-999",
               "-10",
               "-9.01",
               "-9",
               "-1",
               "-0.5",
               "-0.05",
               "0",
               "0.05",
               "0.5",
               "0.51",
               "1",
               "9",
               "9.01",
               "10",
               "99",
               "100",
               "999999999999",
               "123456789012345678901234567890",
               std::string(200, '8'),
               std::string(300, '1'),
               std::string(300, '2')},
              /*numeric=*/true);
}

TEST(KeyOrder, NumbersOfOneValueAreEqual) {
  for (const std::vector<const char*>& equal :
       {std::vector<const char*>{"7", "007", " 7", "\t7.0", "7.", "7apples", "7.000x", "7-3"},
        std::vector<const char*>{"0", "", "-0", "0.0", ".", "-", "none", "+5", "-.0"},
        std::vector<const char*>{"-.5", "-0.5", "-00.500", " -.5e9"}}) {
    for (const char* text : equal)
      EXPECT_EQ(Encode(text, true, false), Encode(equal[0], true, false)) << text;
  }
}

TEST(KeyOrder, OfTextIsThatOfItsBytes) {
  ExpectOrder({"", std::string(1, '\0'), std::string("\0\0", 2), std::string("\0\1", 2),
               std::string("\0\xff", 2), "\1", "a", std::string("a\0", 2), "aa", "ab", "b", "\xff",
               "\xff\xff"},
              /*numeric=*/false);
}

// An oracle that parses the fields again at every comparison.
TEST(KeyOrder, OfSeveralPartsComparesThemOneByOne) {
  const std::vector<KeyPart> parts = ParseKeyParts("", "-k2,2nr -k1,1 -k3.2r");
  std::mt19937 random(1);
  const auto digit = [&random] { return std::string(1, static_cast<char>('0' + random() % 3)); };
  std::vector<std::string> keys(500);
  for (std::string& key : keys) key = digit() + "\t" + digit() + digit() + "\t" + digit() + digit();
  const auto before = [](const std::string& a, const std::string& b) {
    if (a.substr(2, 2) != b.substr(2, 2)) return a.substr(2, 2) > b.substr(2, 2);
    if (a[0] != b[0]) return a[0] < b[0];
    if (a[6] != b[6]) return a[6] > b[6];
    return a < b;
  };
  std::vector<std::string> expected = keys;
  std::sort(expected.begin(), expected.end(), before);
  std::sort(keys.begin(), keys.end(), [&parts](const std::string& a, const std::string& b) {
    std::string encoded_a, encoded_b;
    AppendOrdered(a, '\t', parts, &encoded_a);
    AppendOrdered(b, '\t', parts, &encoded_b);
    return encoded_a + a < encoded_b + b;
  });
  EXPECT_EQ(keys, expected);
}

}  // namespace
}  // namespace gristmill::stream
