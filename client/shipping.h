// Brings the files of a job to its coordinator.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "base/instant.h"
#include "base/shipping_limits.h"
#include "gristmill/v1/blob_service.grpc.pb.h"
#include "storage/shipped_files.h"

namespace gristmill {

struct ShippingPatience {
  DurationMs ask_ms = 10'000;              // for the coordinator to say what it lacks
  DurationMs stall_ms = kShippingStallMs;  // for a file under way to get on
  DurationMs busy_ms = 60'000;             // for a coordinator that takes other files to take one
};

// Sends those that the coordinator lacks. Unavailable if it can't be reached, DeadlineExceeded if
// it does not say what it lacks, otherwise a sentence of its own or about the file.
absl::Status ShipFiles(v1::BlobService::Stub& stub, const std::vector<LocalFile>& files,
                       const ShippingPatience& patience);

}  // namespace gristmill
