// Parts of a line's key, named as sort(1) names them: -k2,2nr.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gristmill::stream {

// From one place in the key to another. Fields and bytes count from 1.
struct KeyPart {
  std::uint32_t first_field = 1;
  std::uint32_t first_byte = 1;
  std::uint32_t last_field = 0;  // 0: to the end of the key
  std::uint32_t last_byte = 0;   // 0: to the end of the last field
  bool numeric = false;
  bool reverse = false;
  friend bool operator==(const KeyPart&, const KeyPart&) = default;
};

// `text` is options between blanks: "-k1,1 -k2.3,2nr", and -n, -r and -nr for parts that have none
// of their own. The dash and the k may be left out: "1,1 2,2nr". No part at all is the whole key.
// Throws TaskError with one sentence, in which the text is called `name`.
std::vector<KeyPart> ParseKeyParts(std::string_view name, std::string_view text);

// Empty where the key has no such field.
std::string_view PartOf(std::string_view key, char separator, const KeyPart& part);

struct KeyAndValue {
  std::string_view key, value;
};

// The first `key_fields` fields of the line, and what comes behind the separator after them; a line
// that has no more fields than that is a key with an empty value.
inline KeyAndValue SplitLine(std::string_view line, char separator, std::uint32_t key_fields) {
  std::size_t end = line.find(separator);
  for (std::uint32_t i = 1; i < key_fields && end != line.npos; ++i) {
    end = line.find(separator, end + 1);
  }
  if (end == line.npos) return {line, {}};
  return {line.substr(0, end), line.substr(end + 1)};
}

}  // namespace gristmill::stream
