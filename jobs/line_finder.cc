#include "jobs/line_finder.h"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace gristmill::jobs {
namespace {

constexpr std::size_t kLiteralsMax = 8;
constexpr int kLiteralBytesMin = 3;  // shorter ones are everywhere

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Whether one of `letters` follows a backslash.
bool Escapes(std::string_view pattern, std::string_view letters) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    if (letters.find(pattern[++i]) != letters.npos) return true;
  }
  return false;
}

// Whether a group, as (?i) does, sets flags other than those `allowed`.
bool SetsFlags(std::string_view pattern, std::string_view allowed = "") {
  for (std::size_t at = 0; (at = pattern.find("(?", at)) != pattern.npos; at += 2) {
    const std::string_view group = pattern.substr(at + 2);
    if (group.starts_with("P<")) continue;
    const std::string_view flags = group.substr(0, group.find_first_of(":)"));
    if (flags.find_first_not_of(allowed) != flags.npos) return true;
  }
  return false;
}

// Characters beyond ASCII may have small letters within it (the Kelvin sign's is k), by which they
// would be sought.
bool SpeaksOfAsciiOnly(std::string_view pattern) {
  return IsAscii(pattern) && !Escapes(pattern, "xpP01234567") && !SetsFlags(pattern);
}

// As few small-letter strings as possible, long ones rather than short ones, of which at least one
// is in every match; none if there are no such.
std::vector<std::string> RequiredLiterals(const std::string& pattern) {
  re2::FilteredRE2 filter(kLiteralBytesMin);
  int id = 0;
  std::vector<std::string> atoms;
  if (filter.Add(pattern, re2::RE2::Quiet, &id) != re2::RE2::NoError) return {};
  filter.Compile(&atoms);
  // Whether a text that has only these can match.
  const auto may_match = [&filter](const std::vector<int>& present) {
    std::vector<int> potential;
    filter.AllPotentials(present, &potential);
    return !potential.empty();
  };
  std::vector<int> absent(atoms.size()), present;
  for (std::size_t i = 0; i < atoms.size(); ++i) absent[i] = static_cast<int>(i);
  if (atoms.empty() || may_match({})) return {};
  const auto by_length = [&atoms](int a, int b) {
    return atoms[static_cast<std::size_t>(a)].size() < atoms[static_cast<std::size_t>(b)].size();
  };
  std::stable_sort(absent.begin(), absent.end(), by_length);
  std::vector<std::string> required;
  for (const int atom : absent) {
    present.push_back(atom);
    if (!may_match(present)) continue;
    present.pop_back();  // without this one, nothing matches
    required.push_back(atoms[static_cast<std::size_t>(atom)]);
  }
  return required;
}

// What looks beyond a line's text could see something else there: CR before LF, or no end at all.
bool MayRunOverManyLines(std::string_view pattern) {
  return pattern.find('$') == pattern.npos && !Escapes(pattern, "AzC") &&
         !SetsFlags(pattern, "isU");
}

}  // namespace

LineFinder::LineFinder(const std::string& pattern) {
  if (SpeaksOfAsciiOnly(pattern)) {
    std::vector<std::string> literals = RequiredLiterals(pattern);
    const bool few = !literals.empty() && literals.size() <= kLiteralsMax;
    if (few) literals_.emplace(std::move(literals));
  }
  if (!literals_ && MayRunOverManyLines(pattern)) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_never_nl(true);
    in_many_lines_.emplace("(?m)" + pattern, options);
    if (!in_many_lines_->ok()) in_many_lines_.reset();
  }
}

std::size_t LineFinder::Find(std::string_view text, std::size_t from) const {
  if (literals_) return literals_->Find(text, from);
  if (!in_many_lines_) return from;
  re2::StringPiece found;
  const bool any = in_many_lines_->Match({text.data(), text.size()}, from, text.size(),
                                         re2::RE2::UNANCHORED, &found, 1);
  return any ? static_cast<std::size_t>(found.data() - text.data()) : text.size();
}

}  // namespace gristmill::jobs
