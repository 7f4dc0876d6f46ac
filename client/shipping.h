// Brings the files of a job to its coordinator.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "gristmill/v1/blob_service.grpc.pb.h"
#include "storage/shipped_files.h"

namespace gristmill {

// Sends those that the coordinator lacks. Unavailable if it can't be reached, otherwise a sentence
// of its own or about the file.
absl::Status ShipFiles(v1::BlobService::Stub& stub, const std::vector<LocalFile>& files);

}  // namespace gristmill
