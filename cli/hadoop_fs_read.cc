// -cat, -text, -head, -tail: what is in files.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/status.h"
#include "cli/hadoop_fs_command.h"
#include "storage/byte_stream.h"
#include "storage/file.h"

namespace gristmill::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 256 << 10;
constexpr std::uint64_t kEndBytes = 1 << 10;  // what head and tail show

// The file, whose kind was looked at; complains if there is none to read.
absl::StatusOr<File> OpenFile(FsCall& call, const FsPath& path) {
  std::error_code error;
  if (fs::is_directory(path.local, error)) {
    call.ComplainErrno(path.shown, EISDIR);
    return InvalidArgument("a directory");
  }
  absl::StatusOr<File> file = File::OpenForReading(path.local);
  if (!file.ok()) call.Complain(path.shown, Message(file.status()));
  return file;
}

bool Print(FsCall& call, std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return true;
  call.Complain("the output could not be written to stdout");
  return false;
}

void PrintStream(FsCall& call, const FsPath& path, ByteStream& stream) {
  const auto buffer = std::make_unique<char[]>(kPieceBytes);
  while (true) {
    const absl::StatusOr<std::size_t> bytes = stream.Read(buffer.get(), kPieceBytes);
    if (!bytes.ok()) return call.Complain(path.shown, Message(bytes.status()));
    if (*bytes == 0 || !Print(call, {buffer.get(), *bytes})) return;
  }
}

// By its first bytes.
v1::Compression CompressionOf(const File& file) {
  std::array<char, 4> begin{};
  const auto bytes = file.ReadAt(0, begin.data(), begin.size());
  const std::string_view text(begin.data(), bytes.ok() ? *bytes : 0);
  if (text.starts_with("\x1f\x8b")) return v1::COMPRESSION_GZIP;
  return text == "\x28\xb5\x2f\xfd" ? v1::COMPRESSION_ZSTD : v1::COMPRESSION_NONE;
}

void PrintFile(FsCall& call, const FsPath& path, bool decompress) {
  absl::StatusOr<File> file = OpenFile(call, path);
  if (!file.ok()) return;
  const v1::Compression compression = decompress ? CompressionOf(*file) : v1::COMPRESSION_NONE;
  const auto stream = MakeByteStream(*std::move(file), compression, 0);
  if (!stream.ok()) return call.Complain(path.shown, Message(stream.status()));
  PrintStream(call, path, **stream);
}

void Cat(FsCall& call) {
  for (const FsPath& path : call.ExpandAll(0, call.operands().size())) {
    PrintFile(call, path, /*decompress=*/false);
  }
}

void Text(FsCall& call) {
  for (const FsPath& path : call.ExpandAll(0, call.operands().size())) {
    PrintFile(call, path, /*decompress=*/true);
  }
}

void PrintRange(FsCall& call, const FsPath& path, bool end) {
  const absl::StatusOr<File> file = OpenFile(call, path);
  if (!file.ok()) return;
  const absl::StatusOr<std::uint64_t> size = file->Size();
  if (!size.ok()) return call.Complain(path.shown, Message(size.status()));
  std::array<char, kEndBytes> buffer;
  const std::uint64_t offset = end ? *size - std::min(*size, kEndBytes) : 0;
  const auto bytes = file->ReadAt(offset, buffer.data(), buffer.size());
  if (!bytes.ok()) return call.Complain(path.shown, Message(bytes.status()));
  Print(call, {buffer.data(), *bytes});
}

void Head(FsCall& call) {
  for (const FsPath& path : call.Expand(call.operands().front())) PrintRange(call, path, false);
}

void Tail(FsCall& call) {
  for (const FsPath& path : call.Expand(call.operands().front())) PrintRange(call, path, true);
}

constexpr FsCommand kCommands[] = {
    {"cat", "ignoreCrc", 1, kAnyNumber, "PATH …", Cat},
    {"text", "ignoreCrc", 1, kAnyNumber, "PATH …", Text},
    {"head", "", 1, 1, "PATH", Head},
    {"tail", "", 1, 1, "PATH", Tail},
};

}  // namespace

std::span<const FsCommand> FsReadCommands() { return kCommands; }

}  // namespace gristmill::cli
