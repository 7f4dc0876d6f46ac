#include "worker/pipeline/shuffle_input.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/file.h"
#include "worker/pipeline/run_reader.h"
#include "worker/pipeline/task_error.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::worker {
namespace {

// Fetches of one task at a time: enough to hide the latency of a round trip.
constexpr std::size_t kFetchThreadsMax = 4;
// More than a stage has, so that no damaged message asks for all memory.
constexpr std::uint32_t kStageTasksMax = 50'000'000;
// Of so many workers a task tells how long it fetched from them.
constexpr std::size_t kPeersTold = 3;

using SegmentsOr = absl::StatusOr<std::vector<SegmentRef>>;

SegmentsOr OpenSegments(const MapOutput& output, std::uint32_t partition, const std::string& path) {
  GM_ASSIGN_OR_RETURN(const RunFile run,
                      OpenRunFile(path, {output.task, output.attempt}, partition));
  std::vector<SegmentRef> segments;
  for (const IndexEntry& entry : run.entries) {
    segments.push_back({path, output.attempt, entry, output.task});
  }
  return segments;
}

SegmentsOr OpenLocally(const MapOutput& output, std::uint32_t partition) {
  if (output.spill_directory.empty()) return NotFound("the output lies on another host");
  return OpenSegments(output, partition,
                      RunFilePath(output.spill_directory, output.task.job.value(),
                                  output.task.stage, output.task.task, output.attempt.value()));
}

// Fetches outputs on a few threads. A host that can't be reached is tried once per task: all that
// lies there is then given up together.
class Fetcher {
 public:
  Fetcher(const std::vector<MapOutput>& outputs, const std::vector<std::size_t>& wanted,
          const ShuffleOptions& options, const std::atomic<bool>& cancelled)
      : outputs_(outputs), wanted_(wanted), options_(options), cancelled_(cancelled) {}

  // Fills `results` at the wanted indexes.
  void Run(std::vector<SegmentsOr>* results) {
    std::vector<std::thread> threads;
    const std::size_t count = std::min(kFetchThreadsMax, wanted_.size());
    for (std::size_t i = 1; i < count; ++i) {
      threads.emplace_back([this, results] { FetchSome(results); });
    }
    FetchSome(results);
    for (std::thread& thread : threads) thread.join();
  }

  // Those from which fetching took longest.
  std::vector<v1::PeerFetch> TakePeers() {
    const absl::MutexLock lock(&mutex_);
    std::vector<v1::PeerFetch> peers;
    std::uint64_t bytes = 0;
    std::uint64_t us = 0;
    for (auto& [address, peer] : peers_) {
      peer.set_address(address);
      bytes += peer.bytes();
      us += peer.us();
      peers.push_back(std::move(peer));
    }
    std::ranges::sort(
        peers, [](const v1::PeerFetch& a, const v1::PeerFetch& b) { return a.us() > b.us(); });
    peers.resize(std::min(peers.size(), kPeersTold));
    for (v1::PeerFetch& peer : peers) {
      peer.set_others_bytes(bytes - peer.bytes());
      peer.set_others_us(us - peer.us());
    }
    return peers;
  }

 private:
  void FetchSome(std::vector<SegmentsOr>* results) {
    for (std::size_t i = next_++; i < wanted_.size() && !cancelled_; i = next_++) {
      (*results)[wanted_[i]] = Fetch(wanted_[i]);
    }
  }

  SegmentsOr Fetch(std::size_t index) {
    const MapOutput& output = outputs_[index];
    if (IsUnreachable(output.address)) {
      return Unavailable("the worker at {} can't be reached", output.address);
    }
    const std::string path = fmt::format("{}/fetch-{}-{}.runs", options_.scratch_directory,
                                         output.task.stage, output.task.task);
    const auto begin = std::chrono::steady_clock::now();
    const absl::Status fetched =
        options_.port->FetchToFile(output, options_.partition, path, cancelled_);
    CountFetch(output.address, path, std::chrono::steady_clock::now() - begin);
    if (absl::IsUnavailable(fetched) || absl::IsDeadlineExceeded(fetched)) {
      const absl::MutexLock lock(&mutex_);
      unreachable_.insert(output.address);
    }
    GM_RETURN_IF_ERROR(fetched);
    return OpenSegments(output, options_.partition, path);
  }

  void CountFetch(const std::string& address, const std::string& path,
                  std::chrono::steady_clock::duration time) {
    std::error_code error;
    const std::uint64_t bytes = std::filesystem::file_size(path, error);
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    const absl::MutexLock lock(&mutex_);
    v1::PeerFetch& peer = peers_[address];
    if (!error) peer.set_bytes(peer.bytes() + bytes);
    peer.set_us(peer.us() + static_cast<std::uint64_t>(us));
  }

  bool IsUnreachable(const std::string& address) {
    const absl::MutexLock lock(&mutex_);
    return unreachable_.contains(address);
  }

  const std::vector<MapOutput>& outputs_;
  const std::vector<std::size_t>& wanted_;
  const ShuffleOptions& options_;
  const std::atomic<bool>& cancelled_;
  std::atomic<std::size_t> next_{0};
  absl::Mutex mutex_;
  std::set<std::string> unreachable_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::PeerFetch> peers_ ABSL_GUARDED_BY(mutex_);  // by address
};

}  // namespace

std::vector<MapOutput> MapOutputsOf(const v1::ShuffleSources& sources) {
  const bool parallel = sources.attempts_size() == sources.tasks_size() &&
                        sources.peer_indexes_size() == sources.tasks_size();
  if (!parallel) throw TaskError("the list of map outputs contradicts itself");
  const auto count = static_cast<std::uint32_t>(sources.tasks_size());
  const std::uint32_t tasks = sources.stage_tasks();
  if (tasks > kStageTasksMax) throw TaskError("the list of map outputs is of too many tasks");
  if (sources.left_out() > tasks || count != tasks - sources.left_out()) {
    throw TaskError(
        fmt::format("the list of map outputs of stage {} is incomplete: it has {} of {}",
                    sources.stage(), count, tasks - std::min(tasks, sources.left_out())));
  }
  std::vector<MapOutput> outputs;
  outputs.reserve(count);
  std::vector<bool> named(tasks);
  for (int i = 0; i < sources.tasks_size(); ++i) {
    const std::uint32_t task = sources.tasks(i);
    if (task >= tasks || named[task]) {
      throw TaskError("the list of map outputs has a task twice or one too many");
    }
    named[task] = true;
    if (sources.peer_indexes(i) >= static_cast<std::uint32_t>(sources.peers_size())) {
      throw TaskError("the list of map outputs names a worker that it does not hold");
    }
    const v1::ShufflePeer& peer = sources.peers(static_cast<int>(sources.peer_indexes(i)));
    if (!peer.spill_directory().empty() && !IsPlainAbsolutePath(peer.spill_directory())) {
      throw TaskError(fmt::format("the spill directory '{}' is not a plain absolute path",
                                  peer.spill_directory()));
    }
    outputs.push_back({{JobId(sources.job()), sources.stage(), task},
                       AttemptId(sources.attempts(i)),
                       peer.address(),
                       peer.spill_directory()});
  }
  return outputs;
}

ShuffleInput CollectShuffleInput(const std::vector<MapOutput>& outputs,
                                 const ShuffleOptions& options,
                                 const std::atomic<bool>& cancelled) {
  std::vector<SegmentsOr> results;
  std::vector<std::size_t> remote;
  results.reserve(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ThrowIfCancelled(cancelled);
    results.push_back(OpenLocally(outputs[i], options.partition));
    const absl::Status& status = results.back().status();
    const bool fetch = !status.ok() && !absl::IsDataLoss(status) && options.port != nullptr &&
                       !outputs[i].address.empty();
    if (fetch) remote.push_back(i);
  }
  ShuffleInput input;
  if (!remote.empty()) {
    Fetcher fetcher(outputs, remote, options, cancelled);
    fetcher.Run(&results);
    input.peers = fetcher.TakePeers();
  }
  ThrowIfCancelled(cancelled);

  std::vector<TaskRef> lost;
  std::string message;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!results[i].ok()) {
      const std::string error =
          fmt::format("the output of task {} of stage {} can't be read: {}", outputs[i].task.task,
                      outputs[i].task.stage, Message(results[i].status()));
      if (!IsLostOutput(results[i].status())) throw TaskError(error);
      if (lost.empty()) message = error;
      lost.push_back(outputs[i].task);
      continue;
    }
    for (SegmentRef& segment : *results[i]) {
      input.bytes += segment.entry.bytes;
      input.segments.push_back(std::move(segment));
    }
  }
  if (!lost.empty()) throw LostOutputError(std::move(lost), message);
  return input;
}

}  // namespace gristmill::worker
