#include "storage/buffered_writer.h"

#include "base/status.h"

namespace gristmill {

absl::StatusOr<BufferedWriter> BufferedWriter::Create(const std::string& path) {
  GM_ASSIGN_OR_RETURN(File file, File::Create(path));
  return BufferedWriter(std::move(file));
}

absl::Status BufferedWriter::Append(std::string_view bytes) {
  bytes_ += bytes.size();
  const bool direct = bytes.size() >= kBufferBytes / 2;
  if (direct || buffer_.size() + bytes.size() > kBufferBytes) GM_RETURN_IF_ERROR(Flush());
  if (direct) return Write(bytes);
  buffer_.append(bytes);
  return absl::OkStatus();
}

absl::Status BufferedWriter::Write(std::string_view bytes) {
  if (failure_.ok()) failure_ = file_.Write(bytes);
  return failure_;
}

absl::Status BufferedWriter::Flush() {
  GM_RETURN_IF_ERROR(Write(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status BufferedWriter::Close() {
  GM_RETURN_IF_ERROR(Flush());
  return file_.Close();
}

}  // namespace gristmill
