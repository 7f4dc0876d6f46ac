// What an ELF file says of itself, read without loading it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace gristmill::plugin {

struct ElfFile {
  std::uint8_t bits = 0;  // 32 or 64
  bool little_endian = true;
  std::uint16_t machine = 0;      // EM_…
  bool is_shared_object = false;  // and no program
  // Of each note with the given name; only of files for machines like this one.
  std::vector<std::string> notes;
};

// InvalidArgument with a sentence about the file if it is no ELF file or a damaged one. Reads
// nothing outside of it, whatever it says.
absl::StatusOr<ElfFile> ReadElfFile(const std::string& path, std::string_view note_name);

// "x86-64", "AArch64", …
std::string MachineName(std::uint16_t machine, std::uint8_t bits);

}  // namespace gristmill::plugin
