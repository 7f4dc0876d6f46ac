#include "simulation/history_text.h"

#include <fmt/format.h>

#include <variant>

namespace gristmill::simulation {
namespace {

std::string Text(const std::vector<AttemptId>& attempts) {
  std::string text;
  for (const AttemptId attempt : attempts) text += fmt::format(" {}", attempt.value());
  return text;
}

std::string Text(const std::vector<worker::Report>& reports) {
  constexpr const char* kOutcomes[] = {"succeeded", "failed", "fetch-failed", "handed-back"};
  std::string text;
  for (const worker::Report& report : reports) {
    text += fmt::format(" {} {}", report.attempt.value(),
                        kOutcomes[static_cast<std::size_t>(report.outcome)]);
  }
  return text;
}

std::string Text(const TaskRef& task) {
  return fmt::format("job {} stage {} task {}", task.job.value(), task.stage, task.task);
}

struct RecordText {
  std::string operator()(const coordinator::JobSubmittedRecord& r) const {
    std::string text = fmt::format("submitted job {} with tasks", r.job.value());
    for (const auto& stage : r.shape.stages) text += fmt::format(" {}", stage.task_count);
    return text;
  }
  std::string operator()(const coordinator::JobStateRecord& r) const {
    constexpr const char* kStates[] = {"queued",    "running", "suspended", "committing",
                                       "succeeded", "failed",  "cancelled"};
    return fmt::format("job {} is {} {}", r.job.value(), kStates[static_cast<std::size_t>(r.state)],
                       r.message);
  }
  std::string operator()(const coordinator::WorkerJoinedRecord& r) const {
    return fmt::format("joined worker {} as {} with {} slots", r.worker.value(), r.instance,
                       r.resources.slots);
  }
  std::string operator()(const coordinator::WorkerLostRecord& r) const {
    return fmt::format("lost worker {}, which {}", r.worker.value(), r.reason);
  }
  std::string operator()(const coordinator::WorkerDrainedRecord& r) const {
    return fmt::format("drained worker {}", r.worker.value());
  }
  std::string operator()(const coordinator::AttemptAssignedRecord& r) const {
    return fmt::format("assigned attempt {} of {} to worker {}", r.attempt.value(), Text(r.task),
                       r.worker.value());
  }
  std::string operator()(const coordinator::AttemptSucceededRecord& r) const {
    return fmt::format("succeeded attempt {}", r.attempt.value());
  }
  std::string operator()(const coordinator::AttemptEndedRecord& r) const {
    return fmt::format("ended attempt {}{} ({})", r.attempt.value(),
                       r.counts_as_failure ? ", which counts" : "", r.message);
  }
  std::string operator()(const coordinator::OutputLostRecord& r) const {
    return fmt::format("lost the output of {}", Text(r.task));
  }
  std::string operator()(const coordinator::RecordSkippedRecord& r) const {
    return fmt::format("skipped record {} of {} for {}", r.record.offset, r.record.path,
                       Text(r.task));
  }
  std::string operator()(const coordinator::TaskCutRecord& r) const {
    return fmt::format("cut {} at {}", Text(r.task), r.at);
  }
  std::string operator()(const coordinator::TaskLeftOutRecord& r) const {
    return fmt::format("left out {} ({})", Text(r.task), r.reason);
  }
  std::string operator()(const coordinator::TasksForgottenRecord& r) const {
    return fmt::format("forgot the tasks of job {}", r.job.value());
  }
  std::string operator()(const coordinator::JobForgottenRecord& r) const {
    return fmt::format("forgot job {}", r.job.value());
  }
  template <class Restored>
  std::string operator()(const Restored&) const {
    return "restored";
  }
};

struct InputText {
  std::string operator()(const worker::SessionOpened&) const { return "opened"; }
  std::string operator()(const worker::SessionRegistered& i) const {
    return fmt::format("registered as worker {}{}", i.worker.value(),
                       i.forget_everything ? ", forgetting everything" : "");
  }
  std::string operator()(const worker::SessionBroken&) const { return "broken"; }
  std::string operator()(const worker::SessionLost&) const { return "lost"; }
  std::string operator()(const worker::DiskSpaceChanged& i) const {
    return i.is_short ? "short of disk" : "disk space";
  }
  std::string operator()(const worker::JobStarted& i) const {
    return fmt::format("job {} started", i.job.value());
  }
  std::string operator()(const worker::SourcesChanged& i) const {
    return fmt::format("sources of job {} stage {}", i.job.value(), i.stage);
  }
  std::string operator()(const worker::BroadcastMade& i) const {
    return fmt::format("broadcast of job {} stage {}", i.job.value(), i.stage);
  }
  std::string operator()(const worker::AttemptAssigned& i) const {
    return fmt::format("assigned {} of job {}", i.attempt.value(), i.job.value());
  }
  std::string operator()(const worker::AttemptsCancelled& i) const {
    return "cancelled" + Text(i.attempts);
  }
  std::string operator()(const worker::CutsAsked& i) const { return "to cut" + Text(i.attempts); }
  std::string operator()(const worker::AttemptsOverdue& i) const {
    std::string text = "overdue";
    for (const auto& overdue : i.attempts) text += fmt::format(" {}", overdue.attempt.value());
    return text;
  }
  std::string operator()(const worker::JobEnded& i) const {
    return fmt::format("job {} ended", i.job.value());
  }
  std::string operator()(const worker::ReportsAcknowledged& i) const {
    return "acknowledged" + Text(i.attempts);
  }
  std::string operator()(const worker::DrainCompleted&) const { return "may leave"; }
  std::string operator()(const worker::RunnerSpawned& i) const {
    return fmt::format("runner {} spawned", i.runner.value());
  }
  std::string operator()(const worker::RunnerConnected& i) const {
    return fmt::format("runner {} connected", i.runner.value());
  }
  std::string operator()(const worker::RunnerReported& i) const {
    return fmt::format("runner {} reported{}", i.runner.value(), Text(i.reports));
  }
  std::string operator()(const worker::RunnerProgressed&) const { return "progress"; }
  std::string operator()(const worker::RunnerDetached& i) const {
    return fmt::format("runner {} detached", i.runner.value());
  }
  std::string operator()(const worker::RunnerDied& i) const {
    return fmt::format("runner {} died (status or signal {})", i.runner.value(), i.code);
  }
  std::string operator()(const worker::DrainRequested&) const { return "drain"; }
  std::string operator()(const worker::Tick&) const { return "tick"; }
};

struct OutputText {
  std::string operator()(const worker::SendRegister& o) const {
    return "register" + Text(o.running);
  }
  std::string operator()(const worker::SendHeartbeat&) const { return "heartbeat"; }
  std::string operator()(const worker::SendReports& o) const { return "report" + Text(o.reports); }
  std::string operator()(const worker::SendDrain&) const { return "drain"; }
  std::string operator()(const worker::SendGoodbye&) const { return "goodbye"; }
  std::string operator()(const worker::ResetSession& o) const { return "reset, as " + o.reason; }
  std::string operator()(const worker::StartRunner& o) const {
    return fmt::format("start runner {} of job {}", o.runner.value(), o.job.value());
  }
  std::string operator()(const worker::GiveRunner& o) const {
    return fmt::format("give runner {} to job {}", o.runner.value(), o.job.value());
  }
  std::string operator()(const worker::ForwardToRunner& o) const {
    return fmt::format("forward to runner {}", o.runner.value());
  }
  std::string operator()(const worker::CancelOnRunner& o) const {
    return fmt::format("cancel on runner {}:{}", o.runner.value(), Text(o.attempts));
  }
  std::string operator()(const worker::CutOnRunner& o) const {
    return fmt::format("cut on runner {}:{}", o.runner.value(), Text(o.attempts));
  }
  std::string operator()(const worker::StopRunner& o) const {
    return fmt::format("stop runner {}", o.runner.value());
  }
  std::string operator()(const worker::KillRunner& o) const {
    return fmt::format("kill runner {}", o.runner.value());
  }
  std::string operator()(const worker::DeleteAttemptFiles& o) const {
    return "delete files of attempts" + Text(o.attempts);
  }
  std::string operator()(const worker::DeleteJobFiles& o) const {
    return fmt::format("delete files of job {}", o.job.value());
  }
  std::string operator()(const worker::DeleteAllFiles&) const { return "delete all files"; }
  std::string operator()(const worker::Exit&) const { return "exit"; }
};

}  // namespace

std::string Describe(const coordinator::Record& record) { return std::visit(RecordText{}, record); }

std::string Describe(const worker::Input& input, const std::vector<worker::Output>& outputs) {
  std::string text = std::visit(InputText{}, input);
  const char* separator = " -> ";
  for (const worker::Output& output : outputs) {
    text += separator + std::visit(OutputText{}, output);
    separator = ", ";
  }
  return text;
}

}  // namespace gristmill::simulation
