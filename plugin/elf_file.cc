#include "plugin/elf_file.h"

#include <elf.h>

#include <bit>
#include <cstring>
#include <optional>

#include "base/status.h"
#include "storage/file.h"

namespace gristmill::plugin {
namespace {

// Dynamic sections and notes are small; more than that is damage.
constexpr std::uint64_t kPartBytesMax = 1 << 20;

class Reader {
 public:
  static absl::StatusOr<Reader> Open(const std::string& path) {
    GM_ASSIGN_OR_RETURN(File file, File::OpenForReading(path));
    return Reader(std::move(file));
  }

  // None if the file does not reach so far.
  std::optional<std::string> Part(std::uint64_t offset, std::uint64_t bytes) const {
    if (bytes > kPartBytesMax) return std::nullopt;
    std::string part(bytes, '\0');
    const absl::StatusOr<std::size_t> read = file_.ReadAt(offset, part.data(), bytes);
    if (!read.ok() || *read != bytes) return std::nullopt;
    return part;
  }

  absl::Status Damaged() const {
    return InvalidArgument("'{}' is a damaged shared object; build or copy it again", file_.path());
  }

 private:
  explicit Reader(File file) : file_(std::move(file)) {}
  File file_;
};

// The `index`th of the values in `table`.
template <class T>
T At(std::string_view table, std::size_t index) {
  T value;
  std::memcpy(&value, table.data() + index * sizeof(T), sizeof(T));
  return value;
}

std::size_t Aligned(std::uint64_t bytes) { return (bytes + 3) / 4 * 4; }

// Adds the descriptors of the notes with that name.
bool TakeNotes(std::string_view segment, std::string_view wanted, std::vector<std::string>* notes) {
  while (segment.size() >= sizeof(Elf64_Nhdr)) {
    const auto header = At<Elf64_Nhdr>(segment, 0);
    segment.remove_prefix(sizeof header);
    const std::size_t name_bytes = Aligned(header.n_namesz);
    if (name_bytes > segment.size()) return false;
    const std::string_view name = segment.substr(0, header.n_namesz);
    segment.remove_prefix(name_bytes);
    if (header.n_descsz > segment.size()) return false;
    const std::string_view text = segment.substr(0, header.n_descsz);
    segment.remove_prefix(std::min<std::size_t>(Aligned(header.n_descsz), segment.size()));
    if (name.substr(0, name.find('\0')) == wanted) {
      notes->emplace_back(text.substr(0, text.find('\0')));
    }
  }
  return true;
}

// A program that can be moved in memory looks like a shared object but for this flag.
bool IsProgram(std::string_view dynamic) {
  for (std::size_t i = 0; i < dynamic.size() / sizeof(Elf64_Dyn); ++i) {
    const auto entry = At<Elf64_Dyn>(dynamic, i);
    if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE) != 0) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<ElfFile> ReadElfFile(const std::string& path, std::string_view note_name) {
  GM_ASSIGN_OR_RETURN(const Reader file, Reader::Open(path));
  const auto ident = file.Part(0, EI_NIDENT + 4);  // with e_type and e_machine
  if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0) {
    return InvalidArgument(
        "'{}' is no shared object; build one with gristmill_add_job or g++ -shared -fPIC", path);
  }
  ElfFile elf;
  elf.bits = (*ident)[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  elf.little_endian = (*ident)[EI_DATA] == ELFDATA2LSB;
  const auto type_byte = [&](int high) {
    return static_cast<unsigned char>((*ident)[EI_NIDENT + (elf.little_endian ? high : 1 - high)]);
  };
  const auto machine_byte = [&](int high) {
    return static_cast<unsigned char>(
        (*ident)[EI_NIDENT + 2 + (elf.little_endian ? high : 1 - high)]);
  };
  elf.machine = static_cast<std::uint16_t>(machine_byte(0) | machine_byte(1) << 8);
  elf.is_shared_object = (type_byte(0) | type_byte(1) << 8) == ET_DYN;
  const bool like_ours =
      elf.bits == 64 && elf.little_endian == (std::endian::native == std::endian::little);
  if (!like_ours) return elf;
  const auto header_bytes = file.Part(0, sizeof(Elf64_Ehdr));
  if (!header_bytes) return file.Damaged();
  const auto header = At<Elf64_Ehdr>(*header_bytes, 0);
  if (header.e_phentsize != sizeof(Elf64_Phdr) && header.e_phnum > 0) return file.Damaged();
  const auto segments =
      file.Part(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr));
  if (!segments) return file.Damaged();
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = At<Elf64_Phdr>(*segments, i);
    if (segment.p_type != PT_NOTE && segment.p_type != PT_DYNAMIC) continue;
    const auto bytes = file.Part(segment.p_offset, segment.p_filesz);
    if (!bytes) return file.Damaged();
    if (segment.p_type == PT_DYNAMIC && IsProgram(*bytes)) elf.is_shared_object = false;
    if (segment.p_type == PT_NOTE && !TakeNotes(*bytes, note_name, &elf.notes)) {
      return file.Damaged();
    }
  }
  return elf;
}

std::string MachineName(std::uint16_t machine, std::uint8_t bits) {
  switch (machine) {
    case EM_X86_64:
      return bits == 64 ? "x86-64" : "x32";
    case EM_386:
      return "32-bit x86";
    case EM_AARCH64:
      return "AArch64";
    case EM_ARM:
      return "32-bit Arm";
    case EM_RISCV:
      return fmt::format("{}-bit RISC-V", bits);
    case EM_PPC64:
      return "64-bit POWER";
    case EM_S390:
      return "s390x";
    default:
      return fmt::format("another processor (ELF machine {})", machine);
  }
}

}  // namespace gristmill::plugin
