#include "cli/placed_files.h"

#include <unistd.h>

#include <cerrno>

#include "base/status.h"
#include "plugin/job_object.h"
#include "storage/blob_store.h"

namespace gristmill::cli {

absl::StatusOr<const JobInfo*> PlaceFiles(const v1::JobRequest& request,
                                          const std::vector<LocalFile>& files,
                                          const std::string& parent, const std::string& directory) {
  GM_ASSIGN_OR_RETURN(const auto store, BlobStore::Open(parent + "/blobs", {}));
  for (const LocalFile& file : files) GM_RETURN_IF_ERROR(AddToStore(file, store.get()));
  GM_RETURN_IF_ERROR(MakeFilesDirectory(request, store.get(), directory));
  if (!files.empty() && chdir(directory.c_str()) != 0) {
    return ErrnoStatus(errno, fmt::format("can't work in '{}'", directory));
  }
  return plugin::LoadJobOf(request, directory);
}

}  // namespace gristmill::cli
