// Shared objects with jobs, as their files say what they are. A good one with some bytes changed,
// or cut off, or any bytes at all, is read without a step outside of it: a description, or a
// sentence.
#include "gristmill/job_object.h"

#include <elf.h>

#include <cstring>

#include "plugin/elf_file.h"
#include "plugin/job_object.h"
#include "tests/fuzz/fuzz_input.h"

namespace gristmill::fuzz {
namespace {

const ScratchDirectory& Scratch() {
  static const ScratchDirectory scratch;
  return scratch;
}

template <class T>
void Append(std::string* bytes, const T& value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string Padded(std::string text) {
  text.resize((text.size() + 4) / 4 * 4, '\0');
  return text;
}

// Headers, a dynamic section and the note.
std::string SmallObject() {
  std::string note;
  const std::string name = Padded(GRISTMILL_NOTE_NAME), text = Padded(GRISTMILL_JOB_ABI);
  Append(&note, Elf64_Nhdr{sizeof GRISTMILL_NOTE_NAME, sizeof GRISTMILL_JOB_ABI, 1});
  note += name + text;
  std::string dynamic;
  Append(&dynamic, Elf64_Dyn{DT_FLAGS_1, {0}});
  Append(&dynamic, Elf64_Dyn{DT_NULL, {0}});
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr segments[2] = {};
  segments[0].p_type = PT_NOTE;
  segments[0].p_offset = sizeof header + sizeof segments;
  segments[0].p_filesz = note.size();
  segments[1].p_type = PT_DYNAMIC;
  segments[1].p_offset = segments[0].p_offset + note.size();
  segments[1].p_filesz = dynamic.size();
  std::string bytes;
  Append(&bytes, header);
  Append(&bytes, segments);
  return bytes + note + dynamic;
}

void Read(const std::string& bytes) {
  const std::string path = Scratch().Write("object", bytes);
  const auto elf = plugin::ReadElfFile(path, GRISTMILL_NOTE_NAME);
  Expect(elf.ok() || absl::IsInvalidArgument(elf.status()), "{}", elf.status().ToString());
  const absl::Status checked = plugin::CheckJobObject(path, "object");
  Expect(checked.ok() || absl::IsInvalidArgument(checked), "{}", checked.ToString());
  Expect(elf.ok() || !checked.ok(), "what can't be read is taken");
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill::fuzz;
  Input input(data, size);
  if (input.Flag()) {
    Read(std::string(input.Rest()));
    return 0;
  }
  std::string bytes = SmallObject();
  for (std::uint32_t changes = input.Below(8); changes > 0; --changes) {
    bytes[input.Below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<char>(input.Byte());
  }
  if (input.Flag()) bytes.resize(input.Below(static_cast<std::uint32_t>(bytes.size())));
  Read(bytes);
  return 0;
}
