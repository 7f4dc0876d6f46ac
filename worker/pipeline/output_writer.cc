#include "worker/pipeline/output_writer.h"

#include "base/units.h"
#include "worker/pipeline/run_file_format.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {

OutputWriter::OutputWriter(const std::string& path, v1::OutputFormat format,
                           const RecordTypes& types)
    : framed_(format == v1::OUTPUT_FORMAT_RECORD_FILE) {
  if (!path.empty()) file_ = ValueOrThrow(BufferedWriter::Create(path));
  if (framed_) Write(EncodeRecordFileHeader(types));
}

OutputWriter::~OutputWriter() {
  if (file_.has_value() && !finished_) RemoveFile(file_->path()).IgnoreError();
}

void OutputWriter::Write(std::string_view bytes) {
  if (file_.has_value()) ThrowIfError(file_->Append(bytes));
  bytes_ += bytes.size();
}

void OutputWriter::Append(std::string_view bytes, std::uint64_t records) {
  if (bytes.empty()) return;
  if (framed_) {
    if (bytes.size() > kBlockBytesMax) {
      refused_ = true;
      throw TaskError(fmt::format("a result pair has {}, and {} is the most; emit smaller values",
                                  FormatBytes(bytes.size()), FormatBytes(kBlockBytesMax)));
    }
    Write(EncodeRecordBlockHeader(bytes, records, totals_.blocks));
    totals_.blocks += 1;
    totals_.pairs += records;
  }
  Write(bytes);
}

void OutputWriter::Finish() {
  if (refused_) throw TaskError("an earlier result pair was refused");
  if (framed_) Write(EncodeRecordFileFooter(totals_));
  if (file_.has_value()) ThrowIfError(file_->Close());
  finished_ = true;
}

}  // namespace gristmill::worker
