// What admission asks a job in a shared object, without loading it here.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "coordinator/admission.h"
#include "gristmill/v1/job.pb.h"
#include "storage/blob_store.h"

namespace gristmill::coordinator {

// Puts the object, and the libraries that come with it, into `directory`, which is made and
// removed, and has a child process of this program's binary load the object there. InvalidArgument
// or NotFound with one sentence for the one who submits it; Aborted if the store's copy was
// damaged: it is removed, so the client is to send it again. Blocks, at most for some ten seconds.
absl::StatusOr<DescribedJob> DescribeObject(const v1::JobRequest& request, BlobStore* files,
                                            const std::string& directory);

// What one that ended in the middle may have left there.
void RemoveDescribing(const std::string& directory);

}  // namespace gristmill::coordinator
