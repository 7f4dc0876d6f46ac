#include "coordinator/object_description.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/status.h"
#include "plugin/declaration_message.h"
#include "plugin/description.h"
#include "plugin/job_object.h"
#include "storage/shipped_files.h"

namespace gristmill::coordinator {
namespace {

// Gone with everything in it at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  ScratchDirectory(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { RemoveDescribing(path_); }

 private:
  const std::string path_;
};

// The object and the libraries beside it: what else comes with a job may be large, and is not
// needed to tell what the job is.
v1::JobRequest ObjectsOf(const v1::JobRequest& request) {
  v1::JobRequest objects;
  objects.set_object(request.object());
  for (const v1::ShippedFile& file : request.files()) {
    const bool is_library = file.name().find(".so") != std::string::npos;
    if (file.name() == request.object() || is_library) *objects.add_files() = file;
  }
  return objects;
}

// For the owner of this process alone: what comes with a job may be private.
absl::Status MakePrivateDirectory(const std::string& path) {
  RemoveDescribing(path);
  if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("can't make '{}'", path));
}

// What is damaged in the store is removed there, so that it comes anew.
absl::Status CheckContents(const v1::JobRequest& request, const std::string& directory,
                           BlobStore* files) {
  for (const v1::ShippedFile& file : request.files()) {
    GM_ASSIGN_OR_RETURN(const LocalFile copy,
                        DescribeLocalFile(directory + "/" + file.name(), file.name()));
    if (copy.file.sha256() == file.sha256()) continue;
    files->Discard(file.sha256());
    return Aborted(
        "'{}' was damaged where the coordinator keeps it, and is removed there; submit "
        "the job again",
        file.name());
  }
  return absl::OkStatus();
}

}  // namespace

void RemoveDescribing(const std::string& directory) {
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
}

absl::StatusOr<DescribedJob> DescribeObject(const v1::JobRequest& request, BlobStore* files,
                                            const std::string& directory) {
  const ScratchDirectory scratch(directory);
  GM_RETURN_IF_ERROR(MakePrivateDirectory(directory));
  const std::string place = directory + "/files";
  const v1::JobRequest objects = ObjectsOf(request);
  GM_RETURN_IF_ERROR(MakeFilesDirectory(objects, files, place));
  GM_RETURN_IF_ERROR(CheckContents(objects, place, files));
  v1::DescribeRequest question;
  question.set_object(place + "/" + request.object());
  question.set_job(request.job());
  *question.mutable_params() = request.params();
  GM_RETURN_IF_ERROR(plugin::CheckJobObject(question.object(), request.object()));
  GM_ASSIGN_OR_RETURN(const v1::DescribeResponse answer,
                      plugin::DescribeInChild("/proc/self/exe", place, question));
  DescribedJob job;
  job.name = answer.job();
  job.writes_output = answer.writes_output();
  std::optional<JobDeclaration> declared = plugin::DeclarationOf(answer.declared());
  if (!declared) {
    return InvalidArgument("'{}' is for formats unknown to this coordinator", request.object());
  }
  job.declared = *std::move(declared);
  return job;
}

}  // namespace gristmill::coordinator
