// Names of functions, from the symbol table of the file that holds them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gristmill::worker {

// The (mangled) names of the functions in which the addresses lie, as the file numbers addresses;
// empty where the file has no symbol for it, or is no 64-bit ELF file, or a damaged one.
std::vector<std::string> FunctionsAt(const std::string& file,
                                     const std::vector<std::uint64_t>& addresses);

}  // namespace gristmill::worker
