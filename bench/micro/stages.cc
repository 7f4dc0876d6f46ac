#include "bench/micro/stages.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "bench/micro/made_data.h"
#include "coordinator/core/coordinator.h"
#include "gristmill/pair_codec.h"
#include "gristmill/registry.h"
#include "worker/pipeline/block_source.h"
#include "worker/pipeline/merge_plan.h"
#include "worker/pipeline/output_writer.h"
#include "worker/pipeline/run_file_writer.h"

namespace gristmill::bench {
namespace {

constexpr std::size_t kTextBytes = 4 << 20;
constexpr std::size_t kRecords = 40'000;
constexpr std::uint64_t kTaskMemoryBytes = 256 << 20;

// What a task reads, in blocks of about the size in which it would come from a file.
class TextInput final : public InputSource {
 public:
  // Lines, or records of `record_bytes` if that is not zero.
  explicit TextInput(std::string_view bytes, std::size_t record_bytes = 0)
      : bytes_(bytes), record_bytes_(record_bytes) {}

  bool NextBlock(InputBlock* block) override {
    if (bytes_.empty()) return false;
    std::size_t end = std::min(worker::kInputBlockBytes, bytes_.size());
    if (record_bytes_ > 0) {
      end -= end % record_bytes_;
    } else {
      end = bytes_.rfind('\n', end - 1) + 1;
    }
    *block = {bytes_.substr(0, end), offset_, {}};
    bytes_.remove_prefix(end);
    offset_ += end;
    return true;
  }

 private:
  std::string_view bytes_;
  const std::size_t record_bytes_;
  std::uint64_t offset_ = 0;
};

// Takes everything and keeps nothing: what is left is the job's side.
class NoRuns final : public RunSink {
 public:
  void BeginRun() override {}
  void Append(std::uint32_t, std::string_view, std::uint64_t) override {}
  void EndRun() override {}
};
class NoOutput final : public OutputSink {
 public:
  void Append(std::string_view, std::uint64_t) override {}
};

// Pairs that lie in memory, encoded, in batches as a merge gives them.
class EncodedPairs final : public PairSource {
 public:
  explicit EncodedPairs(const std::vector<EncodedPair>& pairs) : pairs_(pairs) {}

  std::span<const EncodedPair> NextBatch() override {
    const std::size_t count = std::min<std::size_t>(1024, pairs_.size() - next_);
    next_ += count;
    return {pairs_.data() + next_ - count, count};
  }

 private:
  const std::vector<EncodedPair>& pairs_;
  std::size_t next_ = 0;
};

std::unique_ptr<TaskRunner> MakeTask(std::string_view job, const ParamMap& params,
                                     std::vector<std::string> broadcast = {}) {
  const JobInfo* const info = FindJob(job);
  GM_CHECK(info != nullptr);
  TaskInfo task;
  task.partitions = 4;
  task.memory_bytes = kTaskMemoryBytes;
  task.output_format = info->declare(params).output_format;
  task.broadcasts = {std::make_shared<const std::vector<std::string>>(std::move(broadcast))};
  return info->make_task(params, task);
}

// The map of a job over lines.
Stage::Pass MapOf(std::string_view job, ParamMap params, std::uint64_t vocabulary) {
  return [=, text = MakeText(kTextBytes, vocabulary)] {
    TextInput input(text);
    NoRuns runs;
    MakeTask(job, params)->RunMap(input, runs);
    return std::uint64_t{text.size()};
  };
}

Stage::Pass PrepareMapWords() { return MapOf("wordcount", {}, 50'000); }
Stage::Pass PrepareMapDistinctWords() { return MapOf("wordcount", {}, 100'000'000); }
Stage::Pass PrepareMapLetters() {
  return MapOf("wordcount", {{"letters", "true"}, {"lower", "true"}}, 50'000);
}
Stage::Pass PrepareMapGrep() { return MapOf("grep", {{"pattern", "qu[aeiou]+z"}}, 50'000); }

Stage::Pass PrepareMapSort() {
  constexpr std::size_t kRecordBytes = 100;
  const ParamMap params{{"records", "terasort"}};
  const std::string records = MakeRecords(kRecords);
  TextInput sampled(records, kRecordBytes);
  const std::string keys = MakeTask("sort", params)->RunSample(sampled, 64 << 10);
  return [=] {
    TextInput input(records, kRecordBytes);
    NoRuns runs;
    MakeTask("sort", params, {keys})->RunMap(input, runs);
    return std::uint64_t{kRecords};
  };
}

Stage::Pass PrepareRead() {
  const auto directory = std::make_shared<ScratchDirectory>();
  std::ofstream(directory->path("text"), std::ios::binary) << MakeText(kTextBytes, 50'000);
  return [directory] {
    v1::Split split;
    split.set_path(directory->path("text"));
    split.set_file_bytes(std::filesystem::file_size(split.path()));
    split.set_length(split.file_bytes());
    const std::atomic<bool> cancelled{false};
    const auto source = worker::MakeBlockSource(split, {.record_bytes_max = 1 << 20}, cancelled);
    std::uint64_t bytes = 0;
    for (InputBlock block; source->NextBlock(&block);) bytes += block.bytes.size();
    return bytes >> 10;
  };
}

// Sorted pairs of words and counts, and the bytes that they point into.
struct SortedPairs {
  std::deque<std::string> bytes;
  std::vector<EncodedPair> pairs;
};

std::shared_ptr<const SortedPairs> MakePairs(std::size_t count, std::uint64_t repetitions) {
  const auto made = std::make_shared<SortedPairs>();
  std::vector<std::string> keys;
  MadeNumbers numbers(3);
  for (std::size_t i = 0; i < count / repetitions; ++i) {
    keys.push_back("key-" + std::to_string(numbers.Next() >> 40));
  }
  std::sort(keys.begin(), keys.end());
  for (const std::string& key : keys) {
    for (std::uint64_t r = 0; r < repetitions; ++r) {
      std::string& pair = made->bytes.emplace_back();
      AppendPair(&pair, key, "\x01");
      EncodedPair decoded;
      GM_CHECK(GetPair(pair.data(), pair.data() + pair.size(), &decoded) != nullptr);
      made->pairs.push_back(decoded);
    }
  }
  return made;
}

Stage::Pass PrepareReduce() {
  return [pairs = MakePairs(100'000, 8)] {
    EncodedPairs source(pairs->pairs);
    NoOutput output;
    MakeTask("wordcount", {})->RunReduce(source, output);
    return std::uint64_t{pairs->pairs.size()};
  };
}

// Writes the pairs as one run of usual blocks.
worker::SegmentRef WriteRun(const SortedPairs& sorted, const std::string& path,
                            std::uint32_t task) {
  const worker::RunFileId id{{JobId(1), 0, task}, AttemptId(task + 1)};
  worker::RunFileWriter writer(path, id, 1);
  writer.BeginRun();
  std::string block;
  std::uint64_t pairs = 0;
  for (const EncodedPair& pair : sorted.pairs) {
    AppendPair(&block, pair.key_view(), pair.value_view());
    ++pairs;
    if (block.size() < (250 << 10) && &pair != &sorted.pairs.back()) continue;
    writer.Append(0, block, std::exchange(pairs, 0));
    block.clear();
  }
  writer.EndRun();
  writer.Finish();
  return {path, id.attempt, writer.index().front(), id.task};
}

Stage::Pass PrepareSpill() {
  const auto directory = std::make_shared<ScratchDirectory>();
  return [directory, pairs = MakePairs(100'000, 1)] {
    WriteRun(*pairs, directory->path("run"), 0);
    return std::uint64_t{pairs->pairs.size()};
  };
}

Stage::Pass PrepareMerge() {
  constexpr std::uint32_t kRuns = 16;
  const auto directory = std::make_shared<ScratchDirectory>();
  const auto pairs = MakePairs(20'000, 1);
  std::vector<worker::SegmentRef> segments;
  for (std::uint32_t i = 0; i < kRuns; ++i) {
    segments.push_back(WriteRun(*pairs, directory->path("run-" + std::to_string(i)), i));
  }
  return [directory, segments] {
    const std::atomic<bool> cancelled{false};
    std::atomic<std::uint64_t> records{0};
    worker::MergeStatistics statistics;
    worker::MergeOptions options;
    options.memory_bytes = kTaskMemoryBytes;
    const auto merged = worker::MergeSegments(segments, options, cancelled, &records, &statistics);
    while (!merged->NextBatch().empty()) {
    }
    return records.load();
  };
}

Stage::Pass PrepareWrite() {
  const auto directory = std::make_shared<ScratchDirectory>();
  return [directory, text = MakeText(256 << 10, 50'000)] {
    worker::OutputWriter output(directory->path("part"), v1::OUTPUT_FORMAT_TEXT, {"string", "u64"});
    for (int i = 0; i < 16; ++i) output.Append(text, 1'000);
    output.Finish();
    return 16 * std::uint64_t{text.size()} >> 10;
  };
}

// A job of many tasks on many slots, from its submission to its end.
std::uint64_t RunCore() {
  using namespace coordinator;
  constexpr std::uint32_t kTasks = 4'000, kWorkers = 16, kSlots = 8;
  Coordinator core{Limits{}};
  std::deque<StartAttempt> running;
  std::uint64_t events = 0;
  const auto step = [&](const Event& event) {
    const Output output = core.Step(event, Instant{static_cast<std::int64_t>(events++ / 500)});
    for (const Action& action : output.actions) {
      if (const auto* start = std::get_if<StartAttempt>(&action)) running.push_back(*start);
    }
  };
  JobShape shape{"measured", {}, 4, true};
  shape.stages.push_back({kTasks, {}});
  shape.stages.push_back({kTasks / 16, {{0, EdgeKind::kShuffle}}});
  step(SubmitJob{shape});
  for (std::uint32_t i = 0; i < kWorkers; ++i) {
    step(WorkerRegistered{
        "instance-" + std::to_string(i), "worker", {.slots = kSlots}, "host:1", "/s", {}});
  }
  while (!running.empty()) {
    const StartAttempt attempt = running.front();
    running.pop_front();
    step(AttemptSucceeded{
        attempt.worker, attempt.attempt, {{"input_records", 1'000}, {"output_bytes", 9}}, {}});
  }
  return events;
}

Stage::Pass PrepareCore() { return RunCore; }

}  // namespace

const std::vector<Stage>& Stages() {
  static const std::vector<Stage> stages = {
      {"read-lines", "KiB", PrepareRead},
      {"map-words", "byte", PrepareMapWords},
      {"map-distinct-words", "byte", PrepareMapDistinctWords},
      {"map-letters", "byte", PrepareMapLetters},
      {"map-grep", "byte", PrepareMapGrep},
      {"map-sort", "record", PrepareMapSort},
      {"spill", "pair", PrepareSpill},
      {"merge", "pair", PrepareMerge},
      {"reduce", "pair", PrepareReduce},
      {"write", "KiB", PrepareWrite},
      {"core-step", "event", PrepareCore},
  };
  return stages;
}

}  // namespace gristmill::bench
