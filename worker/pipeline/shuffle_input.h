// Finds the map outputs of one reduce task and makes all of them local files.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "gristmill/v1/insight.pb.h"
#include "gristmill/v1/worker_service.pb.h"
#include "worker/pipeline/segment_reader.h"
#include "worker/pipeline/shuffle_port.h"

namespace gristmill::worker {

struct ShuffleInput {
  std::vector<SegmentRef> segments;  // in the order of (stage, map task's input, run)
  std::uint64_t bytes = 0;           // of the segments
  // Of the workers from which some were fetched, those that took most time, a few.
  std::vector<v1::PeerFetch> peers;
};

struct ShuffleOptions {
  std::uint32_t partition = 0;
  std::string scratch_directory;  // for what is fetched; exists
  ShufflePort* port = nullptr;    // null: everything must be a local file
};

// The outputs of all tasks of the stage, each once, in the order of `sources`: that of what the
// tasks read. TaskError if the message contradicts itself, lacks one or names a path that must not
// be followed.
std::vector<MapOutput> MapOutputsOf(const v1::ShuffleSources& sources);

// Opens the run file of each output, or fetches the partition if it lies on another host. Throws
// LostOutputError, TaskCancelled, and TaskError if the fault is this host's own.
ShuffleInput CollectShuffleInput(const std::vector<MapOutput>& outputs,
                                 const ShuffleOptions& options, const std::atomic<bool>& cancelled);

}  // namespace gristmill::worker
