#include "jobs/line_finder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gristmill::jobs {
namespace {

// The lines without their line ends, and where they begin.
std::vector<std::pair<std::size_t, std::string>> LinesOf(const std::string& text) {
  std::vector<std::pair<std::size_t, std::string>> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (end < text.size() && line.ends_with('\r')) line.pop_back();
    lines.emplace_back(begin, std::move(line));
    begin = end + 1;
  }
  return lines;
}

// The lines worth a look must hold those that match. Returns how many are worth one.
std::size_t ExpectNoMatchIsPassedOver(const std::string& pattern, const std::string& text) {
  const LineFinder finder(pattern);
  const re2::RE2 expression(pattern, re2::RE2::Quiet);
  std::size_t next = finder.Find(text, 0), worth_a_look = 0;
  for (const auto& [begin, line] : LinesOf(text)) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const bool found = next <= end && next < text.size();
    if (re2::RE2::PartialMatch(line, expression)) {
      EXPECT_TRUE(found) << pattern << " passes over '" << line << "'";
    }
    if (!found) continue;
    ++worth_a_look;
    next = finder.Find(text, std::min(end + 1, text.size()));
  }
  return worth_a_look;
}

const char* const kPatterns[] = {
    "abc",
    "a",
    "ab|ba",
    "(ab|cb)c*a",
    "^ab",
    "ab$",
    "^$",
    "",
    "a*",
    "b+$|c",
    "[^a]b",
    "a\\sb",
    "a.b",
    "(?s)a.b",
    "a\\nb",
    "\\bab\\b",
    "(?i)ABC",
    "(?i)k",
    "abc|ABC",
    "ab.*(ca|bc)",
    "(?:abc|cab)b?",
    "\\Aab",
    "ab\\z",
    "(?-m)^ab",
    "(?m)b$",
    "\\x{212a}",
    "[\\x{212a}]bc",
    "\\460bc",
    "a\\Cb",
    "\\Qab.c\\E",
    "(?P<n>abc)",
    "(abc|bca|cab|aab|aac|bba|bbc|cca|ccb)",
    "\\pLbc",
    "[[:upper:]]{3}",
    "caf\xc3\xa9",
};

TEST(LineFinder, PassesOverNoLineThatMatches) {
  std::mt19937_64 random(11);
  const std::vector<std::string> parts = {
      "a",        "b",           "c", "A", "BC", "k", "\n", "\n", " ", "\r\n", "\xe2\x84\xaa",
      "\xc4\xb0", "caf\xc3\xa9", "."};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (std::uint64_t left = random() % 300; left > 0; --left) {
      text += parts[random() % (round % 2 == 0 ? 4 : parts.size())];
      if (random() % 20 == 0) text += '\n';
    }
    for (const char* pattern : kPatterns) ExpectNoMatchIsPassedOver(pattern, text);
  }
}

TEST(LineFinder, LooksAtTheLinesOnlyThatHoldARequiredString) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "nothing to be seen here\n";
  text += "the thouatrain\n";
  for (const char* pattern : {"thouatr", "(st|th)ou[a-z]*tr[aeiou]+n", "thou.*(in|on)$",
                              "thou|stou", "(?i)THOU[a-t]", "o[u-w]a"}) {
    EXPECT_EQ(ExpectNoMatchIsPassedOver(pattern, text), 1u) << pattern;
  }
}

}  // namespace
}  // namespace gristmill::jobs
