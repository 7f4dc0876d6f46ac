#include "worker/runner/elf_symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/file_descriptor.h"

namespace gristmill::worker {
namespace {

// A file in memory, whose parts are asked for by offset.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    // The path is what user code made of it: it may lead to a pipe.
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status = {};
    if (!file.valid() || fstat(file.get(), &status) != 0) return;
    if (!S_ISREG(status.st_mode) || status.st_size <= 0) return;
    void* memory = mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE,
                        file.get(), 0);
    if (memory == MAP_FAILED) return;
    bytes_ = {static_cast<const char*>(memory), static_cast<std::size_t>(status.st_size)};
  }
  ~MappedFile() {
    if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Empty if the file does not reach so far.
  std::string_view Part(std::uint64_t offset, std::uint64_t bytes) const {
    if (offset > bytes_.size() || bytes > bytes_.size() - offset) return {};
    return bytes_.substr(offset, bytes);
  }

 private:
  std::string_view bytes_;
};

// The `index`th of the values in `table`, which may lie at any address.
template <class T>
T At(std::string_view table, std::size_t index) {
  T value;
  std::memcpy(&value, table.data() + index * sizeof(T), sizeof(T));
  return value;
}

struct SymbolTable {
  std::string_view symbols;
  std::string_view names;
};

// The full table, else that of the dynamic linker, which a stripped file still has.
SymbolTable FindSymbols(const MappedFile& file) {
  const std::string_view header_bytes = file.Part(0, sizeof(Elf64_Ehdr));
  if (header_bytes.empty()) return {};
  const auto header = At<Elf64_Ehdr>(header_bytes, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_shentsize != sizeof(Elf64_Shdr)) {
    return {};
  }
  const std::string_view sections =
      file.Part(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
  SymbolTable found;
  for (std::size_t i = 0; i < sections.size() / sizeof(Elf64_Shdr); ++i) {
    const auto section = At<Elf64_Shdr>(sections, i);
    const bool full = section.sh_type == SHT_SYMTAB;
    if (!full && (section.sh_type != SHT_DYNSYM || !found.symbols.empty())) continue;
    if (section.sh_link >= header.e_shnum) continue;
    const auto names = At<Elf64_Shdr>(sections, section.sh_link);
    found = {file.Part(section.sh_offset, section.sh_size),
             file.Part(names.sh_offset, names.sh_size)};
  }
  return found;
}

std::string NameAt(std::string_view names, std::size_t offset) {
  if (offset >= names.size()) return {};
  const std::string_view name = names.substr(offset);
  return std::string(name.substr(0, name.find('\0')));
}

}  // namespace

std::vector<std::string> FunctionsAt(const std::string& file,
                                     const std::vector<std::uint64_t>& addresses) {
  std::vector<std::string> functions(addresses.size());
  const MappedFile mapped(file);
  const SymbolTable table = FindSymbols(mapped);
  for (std::size_t i = 0; i < table.symbols.size() / sizeof(Elf64_Sym); ++i) {
    const auto symbol = At<Elf64_Sym>(table.symbols, i);
    const bool defined = symbol.st_shndx != SHN_UNDEF;
    if (!defined || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
    for (std::size_t k = 0; k < addresses.size(); ++k) {
      const bool inside =
          addresses[k] >= symbol.st_value && addresses[k] - symbol.st_value < symbol.st_size;
      if (inside && functions[k].empty()) functions[k] = NameAt(table.names, symbol.st_name);
    }
  }
  return functions;
}

}  // namespace gristmill::worker
