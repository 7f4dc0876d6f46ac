#include "bench/micro/made_data.h"

#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace gristmill::bench {
namespace {

// The word of that number; different for each.
void AppendWord(std::string* text, std::uint64_t number) {
  for (std::uint64_t rest = number + 26; rest > 0; rest /= 26) {
    text->push_back(static_cast<char>('a' + rest % 26));
  }
}

}  // namespace

std::string MakeText(std::size_t bytes, std::uint64_t vocabulary) {
  MadeNumbers numbers(1);
  std::string text;
  text.reserve(bytes + 128);
  for (int word = 0; text.size() < bytes; ++word) {
    const std::size_t begin = text.size();
    // A product of two falls off about as the words of a language do.
    AppendWord(&text, numbers.Next() % vocabulary * (numbers.Next() % vocabulary) / vocabulary);
    if (word % 16 == 0) text[begin] = static_cast<char>(text[begin] - 'a' + 'A');
    text.push_back(word % 10 == 9 ? '\n' : ' ');
  }
  text.back() = '\n';
  return text;
}

std::string MakeRecords(std::size_t count) {
  MadeNumbers numbers(2);
  std::string records(100 * count, 'v');
  for (std::size_t i = 0; i < records.size(); i += 100) {
    for (std::size_t k = 0; k < 10; ++k) {
      records[i + k] = static_cast<char>(' ' + (numbers.Next() >> 32) % 95);
    }
  }
  return records;
}

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "gristmill-micro-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    std::perror(name.c_str());
    std::exit(1);
  }
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace gristmill::bench
