// The files that come with a job: what they may be, and how they get to where its tasks run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gristmill/v1/job.pb.h"
#include "storage/blob_store.h"

namespace gristmill {

// A file of this host that is to come with a job.
struct LocalFile {
  std::string path;
  v1::ShippedFile file;
};

// Reads all of it. An empty name means that of the path. InvalidArgument, NotFound … with a
// sentence if it can't be shipped.
absl::StatusOr<LocalFile> DescribeLocalFile(const std::string& path, std::string name);

// That all of them may come with one job: plain names, each once, sizes within limits. Nothing is
// believed of what a request says.
absl::Status CheckShippedFiles(const v1::JobRequest& request);

// The contents that the job needs.
std::vector<std::string> BlobsOf(const v1::JobRequest& request);

// Copies the contents of a local file. DataLoss if it is not what was described any more.
absl::Status AddToStore(const LocalFile& file, BlobStore* store);

// Makes `directory` anew with all of the job's files in it, read-only. They are copies: root and
// chmod may write to them, and what is in the store serves later jobs too. NotFound names the first
// one that the store lacks.
absl::Status MakeFilesDirectory(const v1::JobRequest& request, BlobStore* store,
                                const std::string& directory);

}  // namespace gristmill
