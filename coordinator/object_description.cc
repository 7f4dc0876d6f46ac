#include "coordinator/object_description.h"

#include <filesystem>
#include <system_error>

#include "base/status.h"
#include "plugin/description.h"
#include "plugin/job_object.h"
#include "storage/shipped_files.h"

namespace gristmill::coordinator {
namespace {

absl::StatusOr<InputFormat> FormatOf(v1::InputFormat format) {
  switch (format) {
    case v1::INPUT_FORMAT_TEXT_LINES:
      return InputFormat::kTextLines;
    case v1::INPUT_FORMAT_FIXED_RECORDS:
      return InputFormat::kFixedRecords;
    case v1::INPUT_FORMAT_WHOLE_FILES:
      return InputFormat::kWholeFiles;
    case v1::INPUT_FORMAT_INTEGER_RANGE:
      return InputFormat::kIntegerRange;
    default:
      return InvalidArgument("the job reads input of a format unknown to this coordinator");
  }
}

OutputFormat FormatOf(v1::OutputFormat format) {
  switch (format) {
    case v1::OUTPUT_FORMAT_FIXED_RECORDS:
      return OutputFormat::kFixedRecords;
    case v1::OUTPUT_FORMAT_RECORD_FILE:
      return OutputFormat::kRecordFile;
    default:
      return OutputFormat::kText;
  }
}

// Gone with everything in it at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  ScratchDirectory(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

 private:
  const std::string path_;
};

}  // namespace

absl::StatusOr<DescribedJob> DescribeObject(const v1::JobRequest& request, BlobStore* files,
                                            const std::string& directory) {
  const ScratchDirectory scratch(directory);
  GM_RETURN_IF_ERROR(MakeFilesDirectory(request, files, directory));
  v1::DescribeRequest question;
  question.set_object(directory + "/" + request.object());
  question.set_job(request.job());
  *question.mutable_params() = request.params();
  GM_RETURN_IF_ERROR(plugin::CheckJobObject(question.object(), request.object()));
  GM_ASSIGN_OR_RETURN(const v1::DescribeResponse answer,
                      plugin::DescribeInChild("/proc/self/exe", directory, question));
  DescribedJob job;
  job.name = answer.job();
  job.writes_output = answer.writes_output();
  GM_ASSIGN_OR_RETURN(job.declared.input.format, FormatOf(answer.input_format()));
  job.declared.input.record_bytes = answer.record_bytes();
  job.declared.input.range = {answer.range_begin(), answer.range_end()};
  job.declared.output_format = FormatOf(answer.output_format());
  job.declared.has_shuffle = answer.has_shuffle();
  job.declared.total_order = answer.total_order();
  job.declared.one_task_per_split = answer.one_task_per_split();
  job.declared.knows_records = answer.knows_records();
  job.declared.partitions = answer.partitions();
  return job;
}

}  // namespace gristmill::coordinator
