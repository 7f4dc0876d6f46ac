// Bytes before a key by which memcmp orders keys as sort(1) would order them.
//
//   text      its bytes, 0x00 as 0x00 0xFF, then 0x00 0x01
//   number    0x80 if it is zero or none; else a byte that tells sign and number of integer digits
//             (behind it four more, most significant first, where it does not fit), the digits
//             without leading zeros, those behind the point without trailing ones, 0x00; all
//             inverted if it is negative
//   reverse   all of that inverted
//
// Keys that are equal in all parts follow each other in the order of their own bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stream/key_fields.h"

namespace gristmill::stream {

// Appends what stands for the part. As in sort -n a number may have blanks before it, a minus and a
// point; what follows it does not count.
void AppendOrdered(std::string_view part, bool numeric, bool reverse, std::string* out);

inline void AppendOrdered(std::string_view key, char separator, const std::vector<KeyPart>& parts,
                          std::string* out) {
  for (const KeyPart& part : parts) {
    AppendOrdered(PartOf(key, separator, part), part.numeric, part.reverse, out);
  }
}

}  // namespace gristmill::stream
