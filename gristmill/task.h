// The port between a job's compiled code and the framework: blocks, never records.
//
// The templates of the job API (typed_task.h) implement TaskRunner; the framework implements the
// sources and sinks. Everything here is standard library only and is called from the one thread
// that runs the task. The framework's sides report trouble by throwing TaskError.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/record_mark.h"

namespace gristmill {

class TaskCache;

// A failure that is a sentence for the user.
class TaskError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown by sources when the attempt was cancelled; user code lets it pass.
class TaskCancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "the attempt was cancelled"; }
};

// A half-open range of integers: the record of a compute-only job.
struct IntegerRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const IntegerRange&, const IntegerRange&) = default;
};

enum class InputFormat : std::uint8_t { kTextLines, kFixedRecords, kWholeFiles, kIntegerRange };
enum class OutputFormat : std::uint8_t { kText, kFixedRecords, kRecordFile };

// Where a job reads from: text lines unless the job says otherwise.
struct InputSpec {
  InputFormat format = InputFormat::kTextLines;
  std::uint32_t record_bytes = 0;  // kFixedRecords
  IntegerRange range = {};         // kIntegerRange
};

// Whole records. `bytes` stays valid until the next call of the source.
struct InputBlock {
  std::string_view bytes;     // lines with their line ends (the last may lack one); fixed records
                              // back to back; the contents of one whole file
  std::uint64_t offset = 0;   // of bytes in the (decompressed) file
  IntegerRange range;         // kIntegerRange, then bytes is empty
  std::uint64_t records = 0;  // in bytes, or 0 if nobody counted them
};

class InputSource {
 public:
  virtual ~InputSource() = default;
  // False at the end of the split. Throws TaskError, TaskCancelled.
  virtual bool NextBlock(InputBlock* block) = 0;
};

// One encoded pair inside a run block. Keys compare with memcmp, shorter first on a tie.
struct EncodedPair {
  const char* key = nullptr;
  const char* value = nullptr;
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
  std::string_view key_view() const { return {key, key_bytes}; }
  std::string_view value_view() const { return {value, value_bytes}; }
};

// Takes sorted runs. Within a run the (partition, key) of appended pairs never goes down;
// equal keys keep the order of emission.
class RunSink {
 public:
  virtual ~RunSink() = default;
  virtual void BeginRun() = 0;
  // `block`: pairs encoded as in pair_codec.h, whole pairs only, at most ~256 KiB unless one pair
  // is larger.
  virtual void Append(std::uint32_t partition, std::string_view block, std::uint64_t pairs) = 0;
  virtual void EndRun() = 0;
};

// One partition's pairs in key order; equal keys in the order of (map task, emission).
class PairSource {
 public:
  virtual ~PairSource() = default;
  // Empty at the end. The pairs stay valid until the next call. Throws TaskError, TaskCancelled.
  virtual std::span<const EncodedPair> NextBatch() = 0;
};

// Takes the bytes of one partition file.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual void Append(std::string_view bytes, std::uint64_t records) = 0;
};

// Takes what a task writes beside its part of the output. Names are plain file names; one that is
// not, or was taken before, is a TaskError.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual void WriteFile(std::string_view name, std::string_view bytes) = 0;
  // Takes the bytes of the task's own file of that side output, which the first call makes.
  virtual OutputSink& SideOutput(std::string_view name) = 0;
};

// Where a task says what it is at, for people. Called on the task's thread.
class StatusSink {
 public:
  virtual ~StatusSink() = default;
  virtual void SetStatus(std::string_view text) = 0;
};

// Opens inputs of the job besides the task's own split. Of the task's own thread.
class InputOpener {
 public:
  virtual ~InputOpener() = default;
  virtual std::uint32_t CountSplits(std::uint32_t input) = 0;
  // The records of one split, and the path of its file. Throws TaskError.
  virtual std::unique_ptr<InputSource> Open(std::uint32_t input, std::uint32_t split,
                                            std::string* path) = 0;
};

// What the tasks of one stage left for those of a later one, by task; shared, since tasks pass on
// what they know.
using StageResults = std::shared_ptr<const std::vector<std::string>>;

// What a task knows of itself; also the job author's handle on counters. See context.h.
struct TaskInfo {
  std::uint64_t job = 0;
  std::uint32_t stage = 0;         // index in JobDeclaration::stages
  std::uint32_t task = 0;          // index within the stage
  std::uint64_t attempt = 0;       // of all attempts of all jobs
  std::uint32_t partitions = 1;    // of the shuffle this task writes, or partition count
  std::uint64_t memory_bytes = 0;  // this task's share of the runner's budget
  std::string input_path;          // empty for reduce tasks and integer ranges
  std::uint64_t input_offset = 0;  // of the split in its file
  std::uint64_t input_bytes = 0;
  OutputFormat output_format = OutputFormat::kText;
  std::vector<StageResults> broadcasts;  // one for each broadcast edge of the stage, in order
  bool lines_one_by_one = false;         // for jobs that map many: to find the one they crash at
  RecordMark* mark = nullptr;            // to be kept at the task's record, unless null
  // For code that waits for something else than its source or sink, unless null: once it is true,
  // throw TaskCancelled.
  const std::atomic<bool>* cancelled = nullptr;
  std::string directory;          // with the files that came with the job; may be empty
  TaskCache* cache = nullptr;     // of all tasks of the job in this process; null unless it caches
  FileSink* files = nullptr;      // null unless the task writes the job's output
  InputOpener* inputs = nullptr;  // StageDeclaration::whole_inputs
  std::vector<std::uint32_t> gpus = {};  // indices of the worker's that the task may use
  StatusSink* status = nullptr;          // null: nobody wants to know
};

// One (name, value) per counter used, sorted by name.
struct CounterValue {
  std::string name;
  std::uint64_t value = 0;
  friend bool operator==(const CounterValue&, const CounterValue&) = default;
};

// Runs one task. Made anew for every attempt by JobInfo::make_task.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  // Map into sorted runs. Where no shuffle follows, `runs` takes none: only the result counts.
  virtual void RunMap(InputSource& input, RunSink& runs) = 0;
  // Map straight to output: of the last stage.
  virtual void RunMapOnly(InputSource& input, OutputSink& output) = 0;
  // Of the last stage.
  virtual void RunReduce(PairSource& pairs, OutputSink& output) = 0;
  // Reduce into sorted runs; as RunMap. Of jobs with stages behind a reduce stage.
  virtual void RunReduceToRuns(PairSource& pairs, RunSink& runs);
  // What the tasks get that read this one's stage by a broadcast; called once, after a map or a
  // reduce. At most `bytes_max`.
  virtual std::string TakeResult(std::uint64_t bytes_max);
  // Keys of the records of `input`, thinned evenly to at most `bytes_max` encoded bytes.
  virtual std::string RunSample(InputSource& input, std::uint64_t bytes_max) = 0;
  virtual std::vector<CounterValue> counters() const = 0;
};

// Only called for stages that the job declares, where binaries agree.
inline void TaskRunner::RunReduceToRuns(PairSource&, RunSink&) {
  throw TaskError("the job was given a reduce task before another one, which it does not have");
}
inline std::string TaskRunner::TakeResult(std::uint64_t) {
  throw TaskError("the job was asked for a result, which its tasks do not have");
}

}  // namespace gristmill
