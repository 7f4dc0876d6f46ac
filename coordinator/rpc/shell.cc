#include "coordinator/rpc/shell.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/status.h"
#include "coordinator/rpc/clock.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kQueuedTasksMax = 10'000;
constexpr DurationMs kWaitMaxMs = 60'000;
// A turn that takes so long or starts so late (a slow disk, a paused machine) leaves heartbeats
// unread in gRPC's buffers.
constexpr DurationMs kStallMs = 2'000;

}  // namespace

absl::StatusOr<std::unique_ptr<Shell>> Shell::Recover(std::unique_ptr<Journal> journal,
                                                      std::unique_ptr<Driver> driver,
                                                      OnFatal on_fatal) {
  GM_RETURN_IF_ERROR(
      journal->Replay([&](const v1::JournalRecord& record) { return driver->Replay(record); }));
  return std::unique_ptr<Shell>(
      new Shell(std::move(journal), std::move(driver), std::move(on_fatal)));
}

Shell::Shell(std::unique_ptr<Journal> journal, std::unique_ptr<Driver> driver, OnFatal on_fatal)
    : journal_(std::move(journal)),
      driver_(std::move(driver)),
      on_fatal_(std::move(on_fatal)),
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
  Instant turn_began = Now();
  while (true) {
    const bool closed = queue_.closed();
    const Instant turn_ended = Now();
    const DurationMs wait_ms = WaitMs();
    std::deque<Task> tasks = queue_.TakeAll(wait_ms);
    if (closed && tasks.empty()) return;
    const DurationMs took_ms = turn_ended - turn_began;
    turn_began = Now();
    const DurationMs late_ms = turn_began - (turn_ended + wait_ms);
    if (!RunTurn(std::move(tasks), std::max(took_ms, late_ms))) return;
  }
}

DurationMs Shell::WaitMs() const {
  const Instant next = driver_->next_deadline();
  return next == kNever ? kWaitMaxMs : std::clamp<DurationMs>(next - Now(), 0, kWaitMaxMs);
}

bool Shell::RunTurn(std::deque<Task> tasks, DurationMs stalled_ms) {
  driver_->BeginTurn(Now(), UnixMs());
  for (const Task& task : tasks) task(*driver_);
  if (stalled_ms > kStallMs) {
    spdlog::warn("the coordinator stood still for {:.1f} s; every worker gets a fresh lease",
                 stalled_ms / 1'000.0);
    driver_->Step(CoordinatorStalled{});
  }
  // After the events: a heartbeat that waited in the queue still counts.
  if (driver_->core().next_deadline() <= driver_->now()) driver_->Step(Tick{});
  const std::vector<v1::JournalRecord> records = driver_->TakeRecords();
  if (!records.empty()) {
    if (const absl::Status written = journal_->Append(records); !written.ok()) {
      on_fatal_(written);
      return false;
    }
  }
  driver_->Speak();
  return CompactIfWorth();
}

bool Shell::CompactIfWorth() {
  if (!journal_->IsWorthCompacting() || journal_size_to_try_ > journal_->bytes()) return true;
  const absl::Status compacted =
      journal_->Compact([&](const Journal::Records& add) { return driver_->Snapshot(add); });
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
