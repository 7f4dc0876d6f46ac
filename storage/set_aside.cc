#include "storage/set_aside.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "storage/buffered_writer.h"
#include "storage/byte_stream.h"
#include "storage/file.h"

namespace gristmill {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;

// Goes forward through one input file.
class InputCursor {
 public:
  static absl::StatusOr<InputCursor> Open(const SetAsideRecord& record) {
    const bool whole = record.compression != v1::COMPRESSION_NONE;
    const std::uint64_t position = whole ? 0 : record.offset;
    GM_ASSIGN_OR_RETURN(File file, File::OpenForReading(record.path));
    GM_ASSIGN_OR_RETURN(auto stream, MakeByteStream(std::move(file), record.compression, position));
    return InputCursor(std::move(stream), position);
  }

  std::uint64_t position() const { return position_; }
  // Bytes from the position on, some at least; none at the end.
  absl::StatusOr<std::string_view> Look() {
    if (begin_ == end_) {
      buffer_.resize(kReadBytes);
      GM_ASSIGN_OR_RETURN(end_, stream_->Read(buffer_.data(), buffer_.size()));
      begin_ = 0;
    }
    return std::string_view(buffer_).substr(begin_, end_ - begin_);
  }
  // Of those.
  void Pass(std::size_t bytes) {
    begin_ += bytes;
    position_ += bytes;
  }

 private:
  InputCursor(std::unique_ptr<ByteStream> stream, std::uint64_t position)
      : stream_(std::move(stream)), position_(position) {}

  std::unique_ptr<ByteStream> stream_;
  std::uint64_t position_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

absl::Status GoTo(const SetAsideRecord& record, InputCursor* cursor) {
  while (cursor->position() < record.offset) {
    GM_ASSIGN_OR_RETURN(const std::string_view bytes, cursor->Look());
    if (bytes.empty()) {
      return DataLoss("'{}' has no record at offset {} any more; it changed since the job read it",
                      record.path, record.offset);
    }
    cursor->Pass(static_cast<std::size_t>(
        std::min<std::uint64_t>(bytes.size(), record.offset - cursor->position())));
  }
  return absl::OkStatus();
}

absl::Status CopyBytes(InputCursor* cursor, std::uint64_t most, BufferedWriter* out) {
  while (most > 0) {
    GM_ASSIGN_OR_RETURN(std::string_view bytes, cursor->Look());
    if (bytes.empty()) return absl::OkStatus();
    bytes = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, bytes.size())));
    GM_RETURN_IF_ERROR(out->Append(bytes));
    cursor->Pass(bytes.size());
    most -= bytes.size();
  }
  return absl::OkStatus();
}

// With its line end, which the last line of a file may lack: then it gets one.
absl::Status CopyLine(InputCursor* cursor, BufferedWriter* out) {
  while (true) {
    GM_ASSIGN_OR_RETURN(const std::string_view bytes, cursor->Look());
    if (bytes.empty()) return out->Append("\n");
    const std::size_t line_end = bytes.find('\n');
    const std::size_t taken = std::min(line_end, bytes.size() - 1) + 1;
    GM_RETURN_IF_ERROR(out->Append(bytes.substr(0, taken)));
    cursor->Pass(taken);
    if (line_end != std::string_view::npos) return absl::OkStatus();
  }
}

// The input that has the file; they are of one format if several do.
const v1::InputPlan& InputOf(const std::string& path, const v1::JobPlan& plan) {
  for (const v1::InputPlan& input : plan.inputs()) {
    for (const v1::InputFile& file : input.files()) {
      if (file.path() == path) return input;
    }
  }
  return plan.inputs(0);
}

absl::Status CopyRecord(const v1::InputPlan& input, InputCursor* cursor, BufferedWriter* out) {
  switch (input.format()) {
    case v1::INPUT_FORMAT_TEXT_LINES:
      return CopyLine(cursor, out);
    case v1::INPUT_FORMAT_FIXED_RECORDS:
      return CopyBytes(cursor, input.record_bytes(), out);
    default:
      return CopyBytes(cursor, std::numeric_limits<std::uint64_t>::max(), out);
  }
}

// A field is on one line and has no tab.
std::string Field(std::string_view text) {
  std::string field;
  for (const char c : text) {
    if (c == '\\') {
      field += "\\\\";
    } else if (c == '\t') {
      field += "\\t";
    } else if (c == '\n') {
      field += "\\n";
    } else if (c == '\r') {
      field += "\\r";
    } else {
      field += c;
    }
  }
  return field;
}

std::string PathIn(const std::string& directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

}  // namespace

absl::Status WriteSetAside(const std::string& directory, const std::vector<SetAsideRecord>& records,
                           const v1::JobPlan& plan) {
  GM_RETURN_IF_ERROR(MakeDirectories(directory));
  GM_ASSIGN_OR_RETURN(BufferedWriter bytes,
                      BufferedWriter::Create(PathIn(directory, kSetAsideRecordsName)));
  GM_ASSIGN_OR_RETURN(BufferedWriter index,
                      BufferedWriter::Create(PathIn(directory, kSetAsideIndexName)));
  std::optional<InputCursor> cursor;
  const SetAsideRecord* before = nullptr;
  for (const SetAsideRecord& record : records) {
    // A compressed file is read once for all of its records.
    const bool goes_on = before != nullptr && before->path == record.path &&
                         record.compression != v1::COMPRESSION_NONE;
    if (!goes_on) {
      GM_ASSIGN_OR_RETURN(InputCursor opened, InputCursor::Open(record));
      cursor.emplace(std::move(opened));
    }
    before = &record;
    const std::uint64_t begin = bytes.bytes();
    GM_RETURN_IF_ERROR(GoTo(record, &*cursor));
    GM_RETURN_IF_ERROR(CopyRecord(InputOf(record.path, plan), &*cursor, &bytes));
    GM_RETURN_IF_ERROR(
        index.Append(fmt::format("{}\t{}\t{}\t{}\t{}\n", Field(record.path), record.offset,
                                 bytes.bytes() - begin, Field(record.task), Field(record.reason))));
  }
  GM_RETURN_IF_ERROR(bytes.Close());
  return index.Close();
}

bool IsSetAside(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator it(directory, error), end;
  for (; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name != kSetAsideRecordsName && name != kSetAsideIndexName) return false;
  }
  return !error;
}

absl::Status RemoveSetAside(const std::string& directory) {
  GM_RETURN_IF_ERROR(RemoveFile(PathIn(directory, kSetAsideRecordsName)));
  GM_RETURN_IF_ERROR(RemoveFile(PathIn(directory, kSetAsideIndexName)));
  if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("can't remove '{}'", directory));
}

}  // namespace gristmill
