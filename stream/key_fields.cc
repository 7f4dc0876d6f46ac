#include "stream/key_fields.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "gristmill/task.h"

namespace gristmill::stream {
namespace {

// Reads "F[.C]" and the letters behind it.
class PartReader {
 public:
  explicit PartReader(std::string_view text) : rest_(text) {}

  bool TakeNumber(std::uint32_t* number) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), *number);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Whether there were any.
  bool TakeLetters(KeyPart* part) {
    bool any = false;
    for (;; any = true) {
      if (Take('n')) {
        part->numeric = true;
      } else if (Take('r')) {
        part->reverse = true;
      } else {
        return any;
      }
    }
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// "F[.C][nr][,F[.C][nr]]"; false if it is nothing of the kind.
bool ParsePart(std::string_view text, KeyPart* part, bool* has_letters) {
  PartReader reader(text);
  if (!reader.TakeNumber(&part->first_field) || part->first_field == 0) return false;
  if (reader.Take('.') && (!reader.TakeNumber(&part->first_byte) || part->first_byte == 0)) {
    return false;
  }
  *has_letters = reader.TakeLetters(part);
  if (reader.Take(',')) {
    if (!reader.TakeNumber(&part->last_field) || part->last_field == 0) return false;
    if (reader.Take('.') && !reader.TakeNumber(&part->last_byte)) return false;
    *has_letters |= reader.TakeLetters(part);
  }
  return reader.at_end();
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!word.empty()) words.push_back(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return words;
}

// Where field `field` begins, or the end of the key.
std::size_t BeginOf(std::string_view key, char separator, std::uint32_t field) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < field; ++i) {
    const std::size_t end = key.find(separator, begin);
    if (end == key.npos) return key.size();
    begin = end + 1;
  }
  return begin;
}

}  // namespace

std::vector<KeyPart> ParseKeyParts(std::string_view name, std::string_view text) {
  std::vector<KeyPart> parts;
  std::vector<bool> have_letters;
  KeyPart defaults;
  bool any_default = false;
  const std::vector<std::string_view> words = Words(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    const bool dash = word.starts_with('-');
    if (dash) word.remove_prefix(1);
    PartReader letters(word);
    if (letters.TakeLetters(&defaults) && letters.at_end()) {
      any_default = true;
      continue;
    }
    if (word.starts_with('k')) word.remove_prefix(1);
    if (word.empty() && dash && i + 1 < words.size()) word = words[++i];
    KeyPart part;
    bool has_letters = false;
    if (!ParsePart(word, &part, &has_letters)) {
      throw TaskError(std::string(name) + " '" + std::string(text) + "' is not understood at '" +
                      std::string(words[i]) +
                      "'; write it as for sort(1), with the letters n and r: -k1,1 -k2,2nr");
    }
    parts.push_back(part);
    have_letters.push_back(has_letters);
  }
  if (parts.empty() && any_default) return {defaults};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (have_letters[i]) continue;
    parts[i].numeric = defaults.numeric;
    parts[i].reverse = defaults.reverse;
  }
  return parts;
}

std::string_view PartOf(std::string_view key, char separator, const KeyPart& part) {
  const std::size_t begin =
      std::min(BeginOf(key, separator, part.first_field) + part.first_byte - 1, key.size());
  std::size_t end = key.size();
  if (part.last_field > 0) {
    const std::size_t field = BeginOf(key, separator, part.last_field);
    end = part.last_byte > 0 ? std::min(field + part.last_byte, key.size())
                             : std::min(key.find(separator, field), key.size());
  }
  return key.substr(begin, end > begin ? end - begin : 0);
}

}  // namespace gristmill::stream
