#include "cli/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/units.h"
#include "cli/explained_attempts.h"
#include "cli/explained_times.h"
#include "cli/names.h"
#include "cli/progress.h"
#include "cli/progress_display.h"
#include "cli/table.h"
#include "gristmill/v1/job_service.pb.h"
#include "storage/task_input.h"

namespace gristmill::cli {
namespace {

constexpr std::size_t kWidth = 100;

void ExplainQueue(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  std::string names;
  for (const v1::JobStatus& ahead : facts.ahead()) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", JobName(ahead.id()), ahead.name());
  }
  findings->push_back(
      {100, "queued",
       fmt::format("It waits for its turn behind {}{}.",
                   CountOf(facts.status().jobs_ahead(), "job"),
                   names.empty() ? "" : fmt::format(", of which run {}", names)),
       "Wait, cancel one of them, or start the coordinator with a greater --running-jobs."});
}

// What a job says may have its own end.
std::string WithFullStop(std::string text) {
  const bool has_one = text.empty() || std::string_view(".!?\n").find(text.back()) != text.npos ||
                       text.ends_with("…");
  return has_one ? text : text + ".";
}

std::string Sentence(std::string clause) {
  clause.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(clause.front())));
  return WithFullStop(std::move(clause));
}

void ExplainEnd(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  const v1::JobStatus& job = facts.status();
  if (job.state() == v1::JOB_STATE_FAILED) {
    findings->push_back(
        {100, "failed", WithFullStop("It failed: " + job.message()),
         fmt::format("'gristmill logs {0}' shows what its tasks wrote, 'gristmill replay {0}' runs "
                     "the task again under your eyes.",
                     job.id())});
  } else if (job.state() == v1::JOB_STATE_CANCELLED) {
    findings->push_back({100, "cancelled", WithFullStop("It ended: " + job.message()), ""});
  }
}

void ExplainSuspension(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  const v1::JobStatus& job = facts.status();
  findings->push_back(
      {100, "suspended",
       WithFullStop("It is suspended, and keeps what it has done: " + job.message()),
       Sentence(RenderWaysOut(job))});
}

// Why nothing runs, in the coordinator's words.
void ExplainWaiting(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  const v1::JobStatus& job = facts.status();
  if (job.state() == v1::JOB_STATE_COMMITTING) {
    findings->push_back({70, "committing",
                         "All tasks are done; the coordinator is putting the output into place.",
                         job.message()});
  } else if (!job.message().empty()) {
    findings->push_back({100, "waits", Sentence(job.message()), ""});
  }
}

std::uint64_t WaitingTasks(const v1::JobFacts& facts) {
  for (const v1::StageStatus& stage : facts.status().stages()) {
    const std::uint64_t ended =
        stage.tasks_succeeded() + stage.tasks_running() + stage.tasks_left_out();
    // Later stages wait for this one.
    if (ended < stage.tasks_total()) return stage.tasks_total() - ended;
  }
  return 0;
}

std::string DescribeWaiting(std::uint64_t tasks) {
  return CountOf(tasks, "task") + (tasks == 1 ? " waits" : " wait");
}

void ExplainRoom(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  const std::uint64_t waiting = WaitingTasks(facts);
  const std::uint32_t free = facts.free_slots();
  if (waiting == 0 || free == 0 || !facts.lacks_room()) return;
  findings->push_back(
      {60, "room",
       fmt::format("{} of {} {} free, but not where a task of this job fits: the CPUs, the memory "
                   "or the GPUs that it asks for are taken, or the workers with its labels are, or "
                   "slots are kept for a job whose tasks take several; {}.",
                   GroupDigits(free), CountOf(facts.status().slots(), "slot"),
                   free == 1 ? "is" : "are", DescribeWaiting(waiting)),
       "'gristmill workers' shows what is taken; the job gets its turn as tasks end, and sooner if "
       "its tasks ask for less."});
}

void ExplainSlots(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  const v1::JobStatus& job = facts.status();
  const std::uint64_t waiting = WaitingTasks(facts);
  if (waiting == 0 || facts.free_slots() > 0 || job.slots() == 0) return;
  std::uint64_t own = 0;
  std::string others;
  for (const v1::SlotHolder& holder : facts.holders()) {
    if (holder.job() == job.id()) {
      own = holder.attempts();
    } else {
      others += fmt::format("{}{} ({}) runs {}", others.empty() ? "" : ", ", JobName(holder.job()),
                            holder.name(), CountOf(holder.attempts(), "task"));
    }
  }
  if (others.empty()) {
    findings->push_back({30, "busy",
                         fmt::format("All {} work on it, and {} for one.",
                                     CountOf(job.slots(), "slot"), DescribeWaiting(waiting)),
                         "More workers would make it faster."});
    return;
  }
  findings->push_back(
      {60, "slots",
       fmt::format("None of {} is free: {}, and this job {}; {} for one.",
                   CountOf(job.slots(), "slot"), others, own, DescribeWaiting(waiting)),
       "Slots are shared evenly as tasks end; more workers help all, and cancelling a job helps "
       "the others."});
}

// Most of them, and too many for chance where tasks fail anywhere.
bool FailsMoreThanOthers(const v1::WorkerFacts& worker, const v1::JobFacts& facts) {
  constexpr std::uint32_t kFailuresMin = 4;
  return facts.status().workers() > 1 && worker.failures() >= kFailuresMin &&
         4 * worker.failures() >= 3 * static_cast<std::uint32_t>(facts.failures_size());
}

void ExplainWorkers(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  for (const v1::WorkerFacts& worker : facts.workers()) {
    const auto state = static_cast<v1::WorkerState>(worker.state());
    if (state != v1::WORKER_STATE_READY) {
      findings->push_back({45, "worker",
                           fmt::format("Worker {} is {}{}.", worker.name(), NameOf(state),
                                       worker.note().empty() ? "" : ": it gets " + worker.note()),
                           "'gristmill workers' shows all of them."});
      continue;
    }
    if (worker.slow()) {
      findings->push_back(
          {65, "slow worker",
           fmt::format("Worker {} takes {:.1f} times as long as others for tasks like theirs.",
                       worker.name(), worker.pace_permille() / 1'000.0),
           "See what else runs on that host, and its disk; SIGTERM to the worker drains it."});
    }
    if (FailsMoreThanOthers(worker, facts)) {
      findings->push_back(
          {66, "failing worker",
           fmt::format("Worker {} had {} of the last {} attempts that failed.", worker.name(),
                       worker.failures(), facts.failures_size()),
           "If such tasks succeed elsewhere, see what that host lacks; SIGTERM to the worker "
           "drains it."});
    }
  }
}

void ExplainFailures(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  if (facts.failures().empty() || facts.status().state() == v1::JOB_STATE_FAILED) return;
  const v1::FailedAttempt& last = *facts.failures().rbegin();
  const std::string task = NameOfTask(facts, last.stage(), last.task());
  const bool is_suspended = facts.status().state() == v1::JOB_STATE_SUSPENDED;
  findings->push_back(
      {HasEnded(facts.status().state()) || is_suspended ? 50 : 85, "failures",
       WithFullStop(
           fmt::format("{} failed{}; last {} on {}: {}", CountOf(facts.failures_total(), "attempt"),
                       is_suspended ? "" : ", and their tasks ran again", task,
                       last.worker_name().empty() ? "a worker that is gone" : last.worker_name(),
                       last.message())),
       fmt::format("'gristmill logs {} {}' shows what that task wrote.", facts.status().id(),
                   task)});
}

void ExplainPeers(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  for (const v1::PeerFetch& peer : facts.peers()) {
    const double own = static_cast<double>(peer.us()) / static_cast<double>(peer.bytes());
    const double others =
        static_cast<double>(peer.others_us()) / static_cast<double>(peer.others_bytes());
    findings->push_back(
        {55, "slow peer",
         fmt::format("Fetching map output from {} takes {:.1f} times as long as from the others.",
                     peer.address(), own / others),
         "See what its network and its disk are doing."});
  }
}

}  // namespace

std::string NameOfTask(const v1::JobFacts& facts, std::uint32_t stage, std::uint32_t task) {
  return fmt::format("{}-{}", NameOfStage(facts, stage), task);
}

std::string NameOfStage(const v1::JobFacts& facts, std::uint32_t stage) {
  const auto index = static_cast<int>(stage);
  if (index >= facts.status().stages_size()) return fmt::format("stage {}", stage);
  return std::string(StageName(facts.status().stages(index)));
}

std::vector<Finding> ExplainFacts(const v1::JobFacts& facts) {
  std::vector<Finding> findings;
  if (facts.status().state() == v1::JOB_STATE_QUEUED) {
    ExplainQueue(facts, &findings);
    return findings;
  }
  if (HasEnded(facts.status().state())) {
    ExplainEnd(facts, &findings);
  } else if (facts.status().state() == v1::JOB_STATE_SUSPENDED) {
    ExplainSuspension(facts, &findings);
  } else {
    ExplainWaiting(facts, &findings);
    ExplainRoom(facts, &findings);
    ExplainSlots(facts, &findings);
    ExplainWorkers(facts, &findings);
  }
  ExplainFailures(facts, &findings);
  ExplainAttempts(facts, &findings);
  ExplainPeers(facts, &findings);
  ExplainTimes(facts, &findings);
  if (facts.partial() && !HasEnded(facts.status().state())) {
    findings.push_back({1, "partial",
                        "The coordinator was started after the job was submitted: what tasks took "
                        "before is not known.",
                        ""});
  }
  if (findings.empty()) {
    findings.push_back(
        {0, "nothing", "Nothing is out of the ordinary.",
         fmt::format("'gristmill watch {}' shows how it gets on.", facts.status().id())});
  }
  std::ranges::stable_sort(findings,
                           [](const Finding& a, const Finding& b) { return a.weight > b.weight; });
  return findings;
}

std::string RenderExplanation(const v1::JobFacts& facts, const std::vector<Finding>& findings) {
  const v1::JobStatus& job = facts.status();
  std::string text = fmt::format("{} {}: {} {} {}\n", JobName(job.id()), job.name(),
                                 NameOf(job.state()), HasEnded(job.state()) ? "after" : "for",
                                 FormatDuration(ElapsedMs(job, UnixNowMs())));
  for (const Finding& finding : findings) {
    text += "\n" +
            WrapText(finding.text + (finding.remedy.empty() ? "" : " " + finding.remedy), kWidth);
  }
  return text;
}

v1::ExplanationReport ExplanationReportOf(v1::JobFacts facts,
                                          const std::vector<Finding>& findings) {
  v1::ExplanationReport report;
  for (const Finding& finding : findings) {
    v1::FindingReport* reported = report.add_findings();
    reported->set_kind(finding.kind);
    reported->set_text(finding.text);
    reported->set_remedy(finding.remedy);
  }
  *report.mutable_facts() = std::move(facts);
  return report;
}

}  // namespace gristmill::cli
