// Leaves out records at which the job's code died before.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gristmill/task.h"
#include "worker/pipeline/block_source.h"

namespace gristmill::worker {

// What `source`, made with these options to read the file `path`, gives, without the records that
// begin at `offsets`, which ascend. What lies between them comes as it lies in the source's own
// blocks, uncopied. TaskError if one of the offsets is not the beginning of a record.
std::unique_ptr<InputSource> SkipRecords(std::unique_ptr<InputSource> source,
                                         const SourceOptions& options, std::string path,
                                         std::vector<std::uint64_t> offsets);

}  // namespace gristmill::worker
