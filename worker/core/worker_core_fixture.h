// A worker's core whose outputs are lines of text.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "worker/core/worker_core.h"

namespace gristmill::worker {

struct Named : Payload {
  explicit Named(std::string name) : name(std::move(name)) {}
  std::string name;
};
inline PayloadPtr Say(std::string name) { return std::make_shared<Named>(std::move(name)); }

inline std::string Text(const std::vector<AttemptId>& ids) {
  std::string text;
  for (const AttemptId id : ids) text += fmt::format(" {}", id.value());
  return text;
}

struct Printer {
  std::string operator()(const SendRegister& o) {
    std::string text = "register" + Text(o.running);
    if (!o.jobs.empty()) text += " jobs";
    for (const JobId job : o.jobs) text += fmt::format(" {}", job.value());
    return text;
  }
  std::string operator()(const SendHeartbeat& o) {
    std::string text = o.short_of_disk ? "heartbeat short-of-disk" : "heartbeat";
    for (const Progress& p : o.progress) {
      text += fmt::format(" {}:{}", p.attempt.value(), p.records);
      if (p.cut_at) text += fmt::format(" cut at {}", *p.cut_at);
      if (!p.status.empty()) text += fmt::format(" says \"{}\"", p.status);
      if (p.notes != nullptr) text += " " + static_cast<const Named&>(*p.notes).name;
    }
    return text;
  }
  std::string operator()(const SendReports& o) {
    std::string text = "report";
    for (const Report& r : o.reports) {
      constexpr const char* kOutcomes[] = {"ok", "failed", "fetch-failed", "handed-back"};
      text += fmt::format(" {} {}", r.attempt.value(), kOutcomes[static_cast<int>(r.outcome)]);
      if (r.run_alone) text += " run-alone";
      if (r.bad_record) text += fmt::format(" at {}", *r.bad_record);
      if (!r.message.empty()) text += fmt::format(" \"{}\"", r.message);
    }
    return text;
  }
  std::string operator()(const SendDrain&) { return "drain"; }
  std::string operator()(const SendGoodbye&) { return "goodbye"; }
  std::string operator()(const ResetSession& o) { return "reset \"" + o.reason + "\""; }
  std::string operator()(const StartRunner& o) {
    if (!o.job) return fmt::format("start-spare {}", o.runner.value());
    return fmt::format("start-runner {} job {}{}", o.runner.value(), o.job.value(),
                       o.alone ? " alone" : "");
  }
  std::string operator()(const GiveRunner& o) {
    return fmt::format("give {} to job {}", o.runner.value(), o.job.value());
  }
  std::string operator()(const ForwardToRunner& o) {
    std::string text =
        fmt::format("forward {} {}", o.runner.value(), static_cast<const Named&>(*o.payload).name);
    if (!o.gpus.empty()) text += " gpus";
    for (const std::uint32_t gpu : o.gpus) text += fmt::format(" {}", gpu);
    return text;
  }
  std::string operator()(const CancelOnRunner& o) {
    return fmt::format("cancel-on {}:{}", o.runner.value(), Text(o.attempts));
  }
  std::string operator()(const CutOnRunner& o) {
    return fmt::format("cut-on {}:{}", o.runner.value(), Text(o.attempts));
  }
  std::string operator()(const StopRunner& o) { return fmt::format("stop {}", o.runner.value()); }
  std::string operator()(const KillRunner& o) { return fmt::format("kill {}", o.runner.value()); }
  std::string operator()(const DeleteAttemptFiles& o) {
    return fmt::format("delete-attempts of {}:{}", o.job.value(), Text(o.attempts));
  }
  std::string operator()(const DeleteJobFiles& o) {
    return fmt::format("delete-job {}", o.job.value());
  }
  std::string operator()(const DeleteAllFiles&) { return "delete-all"; }
  std::string operator()(const Exit& o) {
    return o.reason.empty() ? "exit" : "exit \"" + o.reason + "\"";
  }
};

class WorkerCoreTest : public testing::Test {
 protected:
  explicit WorkerCoreTest(WorkerLimits limits = {.slots = 2}) : core_(limits) {}
  // Every output of the input, one per line.
  std::string Do(const Input& input) {
    std::string text;
    for (const Output& output : core_.Step(input, now_)) {
      text += (text.empty() ? "" : "\n") + std::visit(Printer{}, output);
    }
    return text;
  }
  // Goes to the next deadline, which must be `ms` away.
  std::string WaitExactly(DurationMs ms) {
    EXPECT_EQ(core_.next_deadline() - now_, ms);
    now_ = core_.next_deadline();
    return Do(Tick{});
  }
  void Register() {
    Do(SessionOpened{});
    Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false});
  }
  std::string Assign(std::uint64_t job, std::uint64_t attempt, bool alone = false) {
    return Do(AttemptAssigned{JobId(job), AttemptId(attempt), Say(fmt::format("task{}", attempt)),
                              alone});
  }
  std::string Finish(std::uint64_t runner, std::uint64_t attempt,
                     Outcome outcome = Outcome::kSucceeded) {
    return Do(RunnerReported{RunnerId(runner), {{AttemptId(attempt), outcome, "", nullptr}}});
  }
  // Job 7 with runner 1 connected and the attempts running on it.
  void RunningJob(std::initializer_list<std::uint64_t> attempts, DurationMs task_timeout_ms = 0) {
    Register();
    Do(JobStarted{JobId(7), Say("plan7"), task_timeout_ms});
    for (const std::uint64_t attempt : attempts) Assign(7, attempt);
    Do(RunnerConnected{RunnerId(1)});
  }

  // Rare enough that no heartbeat comes between the deadlines under test.
  static constexpr DurationMs kHeartbeatMs = 1'000'000;
  static constexpr DurationMs kLeaseMs = 10'000;
  WorkerCore core_;
  Instant now_{50'000};
};

}  // namespace gristmill::worker
