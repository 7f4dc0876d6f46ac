// Bytes of any origin as text for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gristmill {

// The length of the UTF-8 character that `text`, which is not empty, begins with; 0 if it begins
// with none.
std::size_t CharacterBytes(std::string_view text);

// Messages are UTF-8: what is not becomes '?'.
std::string ReadableText(std::string_view bytes);

// UTF-8 text, or its beginning with an ellipsis: at most `bytes_max` of its bytes, and no part of a
// character.
std::string ShortenedText(std::string_view text, std::size_t bytes_max);

// The bytes in quotes on one line: what does not print becomes \n, \t or \x1f. `cut` says that
// there are more of them, of which the quote tells by an ellipsis.
std::string Quoted(std::string_view bytes, bool cut);

}  // namespace gristmill
