#include "coordinator/rpc/shell.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/status.h"
#include "coordinator/rpc/clock.h"
#include "coordinator/rpc/stall_detector.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kQueuedTasksMax = 10'000;
constexpr DurationMs kWaitMaxMs = 60'000;

}  // namespace

absl::StatusOr<std::unique_ptr<Shell>> Shell::Recover(std::unique_ptr<Journal> journal,
                                                      std::unique_ptr<Driver> driver,
                                                      OnFatal on_fatal, DurationMs stall_ms) {
  GM_RETURN_IF_ERROR(
      journal->Replay([&](const v1::JournalRecord& record) { return driver->Replay(record); }));
  return std::unique_ptr<Shell>(
      new Shell(std::move(journal), std::move(driver), std::move(on_fatal), stall_ms));
}

Shell::Shell(std::unique_ptr<Journal> journal, std::unique_ptr<Driver> driver, OnFatal on_fatal,
             DurationMs stall_ms)
    : journal_(std::move(journal)),
      driver_(std::move(driver)),
      on_fatal_(std::move(on_fatal)),
      stall_ms_(stall_ms),
      queue_(kQueuedTasksMax) {
  queue_.Push([](Driver& recovered) { recovered.Recover(); });
}

Shell::~Shell() { Stop(); }

void Shell::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Shell::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void Shell::Loop() {
  StallDetector stalls(stall_ms_, Now());
  while (true) {
    const bool closed = queue_.closed();
    const DurationMs wait_ms = WaitMs();
    stalls.OnTurnEnd(Now(), wait_ms);
    std::deque<Task> tasks = queue_.TakeAll(wait_ms);
    if (closed && tasks.empty()) return;
    if (!RunTurn(std::move(tasks), stalls.OnTurnBegin(Now()))) return;
  }
}

DurationMs Shell::WaitMs() const {
  const Instant next = driver_->next_deadline();
  return next == kNever ? kWaitMaxMs : std::clamp<DurationMs>(next - Now(), 0, kWaitMaxMs);
}

bool Shell::RunTurn(std::deque<Task> tasks, DurationMs stalled_ms) {
  const double began_s = ThreadCpuSeconds(), journal_before_s = driver_->work().journal_cpu_s;
  driver_->BeginTurn(Now(), UnixMs());
  for (const Task& task : tasks) task(*driver_);
  if (stalled_ms > 0) {
    spdlog::warn("the coordinator stood still for {:.1f} s; its workers get fresh leases",
                 stalled_ms / 1'000.0);
    driver_->Step(CoordinatorStalled{});
  }
  // After the events: a heartbeat that waited in the queue still counts.
  if (driver_->core().next_deadline() <= driver_->now()) driver_->Step(Tick{});
  const std::vector<v1::JournalRecord> records = driver_->TakeRecords();
  if (!records.empty()) {
    ++driver_->work().batches;
    const absl::Status written = Timed([&] { return journal_->Append(records); });
    if (!written.ok()) {
      on_fatal_(written);
      return false;
    }
  }
  driver_->Speak();
  const bool goes_on = CompactIfWorth();
  WorkAccount& work = driver_->work();
  ++work.turns;
  work.deciding_s += ThreadCpuSeconds() - began_s - (work.journal_cpu_s - journal_before_s);
  return goes_on;
}

absl::Status Shell::Timed(const std::function<absl::Status()>& writes) {
  const double began_s = MonotonicSeconds(), cpu_s = ThreadCpuSeconds();
  const absl::Status status = writes();
  driver_->work().journal_s += MonotonicSeconds() - began_s;
  driver_->work().journal_cpu_s += ThreadCpuSeconds() - cpu_s;
  return status;
}

bool Shell::CompactIfWorth() {
  if (!journal_->IsWorthCompacting() || journal_size_to_try_ > journal_->bytes()) return true;
  const absl::Status compacted = Timed([&] {
    return journal_->Compact([&](const Journal::Records& add) { return driver_->Snapshot(add); });
  });
  if (compacted.ok()) return true;
  if (absl::IsResourceExhausted(compacted)) {
    // What there is can still be read, and appended to as long as that has room.
    spdlog::warn("{}; the journal stays long and a restart slow until there is room",
                 Message(compacted));
    journal_size_to_try_ = 2 * journal_->bytes();
    return true;
  }
  on_fatal_(compacted);
  return false;
}

void Shell::EndProcess(const absl::Status& status) {
  const std::string sentence = fmt::format(
      "the coordinator stops because it can't write its journal: {}; make room or repair the disk, "
      "then start it again with the same journal",
      Message(status));
  spdlog::critical(sentence);
  fmt::print(stderr, "gristmill: {}\n", sentence);
  std::fflush(nullptr);
  std::_Exit(1);
}

}  // namespace gristmill::coordinator
