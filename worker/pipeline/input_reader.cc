#include "worker/pipeline/input_reader.h"

#include <algorithm>
#include <utility>

#include "base/units.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

// Cancellation is looked at between reads of this size.
constexpr std::size_t kReadBytesMax = 8 << 20;

[[noreturn]] void ThrowChanged(const std::string& path, std::uint64_t planned_bytes) {
  throw TaskError(fmt::format(
      "'{}' changed since the job was submitted, when it had {} bytes; submit the job again", path,
      planned_bytes));
}

}  // namespace

InputReader::InputReader(const v1::Split& split, std::uint64_t offset,
                         const std::atomic<bool>& cancelled)
    : path_(split.path()),
      file_bytes_(split.file_bytes()),
      compressed_(split.compression() != v1::COMPRESSION_NONE),
      cancelled_(cancelled),
      position_(offset) {
  ThrowIfCancelled(cancelled_);
  File file = ValueOrThrow(File::OpenForReading(path_));
  if (ValueOrThrow(file.Size()) != file_bytes_) ThrowChanged(path_, file_bytes_);
  stream_ = ValueOrThrow(MakeByteStream(std::move(file), split.compression(), offset));
}

std::size_t InputReader::Read(char* out, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    ThrowIfCancelled(cancelled_);
    const std::size_t got =
        ValueOrThrow(stream_->Read(out + done, std::min(bytes - done, kReadBytesMax)));
    if (got == 0) break;
    done += got;
  }
  position_ += done;
  const bool cut_off = done < bytes && position_ < file_bytes_;
  if (!compressed_ && cut_off) ThrowChanged(path_, file_bytes_);
  return done;
}

}  // namespace gristmill::worker
