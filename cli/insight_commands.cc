#include "cli/insight_commands.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "cli/exit_code.h"
#include "cli/explanation.h"
#include "cli/json.h"
#include "cli/log_text.h"
#include "cli/names.h"
#include "client/client.h"
#include "storage/task_input.h"

namespace gristmill::cli {
namespace {

constexpr absl::Duration kFollowPeriod = absl::Seconds(1);

// A task as typed: "map-3". Several stages may have that name.
struct TaskChoice {
  std::set<std::uint32_t> stages;
  std::uint32_t task = 0;
};

absl::StatusOr<TaskChoice> ParseTask(const std::string& text, const v1::JobStatus& job) {
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument("'{}' {}; write for example map-3, 'gristmill tasks {}' lists them",
                           text, why, job.id());
  };
  TaskChoice choice;
  const std::size_t dash = text.rfind('-');
  if (dash == std::string::npos) return refuse("is no task");
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + dash + 1, end, choice.task);
  if (error != std::errc() || stop != end) return refuse("is no task");
  bool has_stage = false;
  for (int i = 0; i < job.stages_size(); ++i) {
    if (StageName(job.stages(i)) != text.substr(0, dash)) continue;
    has_stage = true;
    if (choice.task < job.stages(i).tasks_total()) {
      choice.stages.insert(static_cast<std::uint32_t>(i));
    }
  }
  if (!has_stage) return refuse("names no stage of the job");
  if (choice.stages.empty()) return refuse("is not a task of the job");
  return choice;
}

// Reads on from where it was, worker by worker.
class LogReader {
 public:
  LogReader(Client& client, v1::JobStatus job, std::optional<TaskChoice> task, bool json)
      : client_(client), job_(std::move(job)), task_(std::move(task)), json_(json) {}

  // Workers that are there and did not answer when they were asked last.
  const std::set<std::string>& unheard() const { return unheard_; }

  // Prints what came since. True once the job had ended before.
  absl::StatusOr<bool> PrintNews() {
    GM_ASSIGN_OR_RETURN(const v1::LogSourcesResponse sources, client_.LogSources(job_.id()));
    for (const v1::LogSource& source : sources.workers()) {
      if (source.is_here()) {
        PrintOf(source);
      } else if (gone_.insert(source.worker()).second) {
        fmt::print(stderr, "gristmill: worker {} is gone, and with it what its tasks wrote\n",
                   source.name().empty() ? std::to_string(source.worker()) : source.name());
      }
    }
    PrintFailures(sources);
    std::fflush(stdout);
    return sources.ended();
  }

 private:
  bool IsChosen(std::uint32_t stage, std::uint32_t task) const {
    return !task_ || (task_->task == task && task_->stages.contains(stage));
  }

  void PrintOf(const v1::LogSource& source) {
    v1::LogsRequest request;
    request.set_job(job_.id());
    request.set_worker(source.worker());
    if (task_ && task_->stages.size() == 1) {
      request.set_stage(*task_->stages.begin());
      request.set_task(task_->task);
    }
    while (true) {
      request.set_position(positions_[source.worker()]);
      const absl::StatusOr<v1::LogPage> page = client_.Logs(request);
      if (!page.ok()) {
        fmt::print(stderr, "gristmill: {} could not be asked: {}\n", source.name(),
                   Message(page.status()));
        unheard_.insert(source.name());
        return;
      }
      const bool all_gone = page->at_end() && page->bytes_gone() == page->next_position();
      if (page->bytes_gone() > 0 && all_gone) {
        fmt::print(stderr, "gristmill: {} no longer keeps what this job's tasks wrote\n",
                   source.name());
      } else if (page->bytes_gone() > 0) {
        fmt::print(stderr, "gristmill: {} did not keep {} bytes of the log here\n", source.name(),
                   page->bytes_gone());
      }
      for (const v1::LogLine& line : page->lines()) {
        if (task_ && (line.attempt() == 0 || !IsChosen(line.stage(), line.task()))) continue;
        const std::string text = json_ ? ToJson(line) : RenderLogLine(line, job_, source.name());
        std::fwrite(text.data(), 1, text.size(), stdout);
      }
      positions_[source.worker()] = page->next_position();
      unheard_.erase(source.name());
      if (page->at_end()) return;
    }
  }

  void PrintFailures(const v1::LogSourcesResponse& sources) {
    for (const v1::FailedAttempt& failure : sources.failures()) {
      if (!IsChosen(failure.stage(), failure.task())) continue;
      if (!told_.insert(failure.attempt()).second) continue;
      const std::string text = json_ ? ToJson(failure) : RenderFailure(failure, job_);
      std::fwrite(text.data(), 1, text.size(), stdout);
    }
    const auto kept = static_cast<std::uint64_t>(sources.failures_size());
    if (sources.failures_total() > kept && !std::exchange(told_of_more_, true)) {
      fmt::print(stderr, "gristmill: of {} failures the last {} are kept\n",
                 sources.failures_total(), kept);
    }
  }

  Client& client_;
  const v1::JobStatus job_;
  const std::optional<TaskChoice> task_;
  const bool json_;
  std::map<std::uint64_t, std::uint64_t> positions_;  // by worker
  std::set<std::uint64_t> gone_;                      // workers
  std::set<std::string> unheard_;                     // workers
  std::set<std::uint64_t> told_;                      // failed attempts
  bool told_of_more_ = false;
};

absl::Status PrintLogs(const LogFlags& flags) {
  GM_ASSIGN_OR_RETURN(const std::uint64_t id, ParseJobId(flags.job));
  GM_ASSIGN_OR_RETURN(const std::string address, CoordinatorAddress(flags.cluster.coordinator));
  Client client(address);
  GM_ASSIGN_OR_RETURN(const v1::JobStatus job, client.Get(id));
  std::optional<TaskChoice> task;
  if (!flags.task.empty()) {
    GM_ASSIGN_OR_RETURN(task, ParseTask(flags.task, job));
  }
  LogReader reader(client, job, std::move(task), flags.cluster.json);
  while (true) {
    GM_ASSIGN_OR_RETURN(const bool ended, reader.PrintNews());
    if (ended || !flags.follow) break;
    absl::SleepFor(kFollowPeriod);  // workers can't be waited for
  }
  if (reader.unheard().empty()) return absl::OkStatus();
  return DataLoss("what the tasks on {} wrote is missing here; ask again",
                  *reader.unheard().begin());
}

}  // namespace

int ShowLogs(const LogFlags& flags) {
  const absl::Status status = PrintLogs(flags);
  return status.ok() ? static_cast<int>(kDone) : Fail(status);
}

int ExplainJob(const ClusterFlags& flags, const std::string& job) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<std::string> address = CoordinatorAddress(flags.coordinator);
  if (!address.ok()) return Fail(address.status());
  const absl::StatusOr<v1::JobFacts> facts = Client(*address).Explain(*id);
  if (!facts.ok()) return Fail(facts.status());
  const std::vector<Finding> findings = ExplainFacts(*facts);
  const std::string text = flags.json ? ToJson(ExplanationReportOf(*facts, findings))
                                      : RenderExplanation(*facts, findings);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

}  // namespace gristmill::cli
