// Measures how long a coordinator takes to come back with a large job, and how long writing the
// journal held it up before. Not a test:
//   ninja restart_time && obj/coordinator/rpc/restart_time [TASKS] [PERCENT_DONE] [DIRECTORY]
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>

#include "base/check.h"
#include "base/status.h"
#include "coordinator/journal/journal.h"
#include "coordinator/rpc/driver.h"

namespace {

using namespace gristmill;
using namespace gristmill::coordinator;

constexpr std::uint32_t kWorkers = 64;
constexpr std::uint32_t kEventsPerTurn = 256;

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class NoOutputs final : public OutputPort {
  void Reclaim(JobId job, Plan plan) override {}
  void Commit(JobId job, Plan plan, Finished finished) override {}
  void Abandon(Plan plan) override {}
};

std::shared_ptr<const v1::JobPlan> PlanOf(std::uint32_t tasks) {
  auto plan = std::make_shared<v1::JobPlan>();
  plan->mutable_request()->set_job("measured");
  plan->mutable_request()->set_output("/out");
  plan->mutable_request()->set_max_attempts(4);
  plan->mutable_request()->set_splits(tasks);
  plan->add_inputs()->set_format(v1::INPUT_FORMAT_INTEGER_RANGE);
  plan->mutable_inputs(0)->set_range_end(tasks);
  plan->set_staging_directory("/out/_temporary/t");
  v1::StagePlan* map = plan->add_stages();
  map->set_kind(v1::STAGE_KIND_MAP);
  map->set_task_count(tasks);
  v1::StagePlan* reduce = plan->add_stages();
  reduce->set_kind(v1::STAGE_KIND_REDUCE);
  reduce->set_task_count(256);
  reduce->add_inputs()->set_kind(v1::EDGE_KIND_SHUFFLE);
  return plan;
}

// The counters of a typical task.
Counters CountersOfTask() {
  Counters counters;
  for (const char* name :
       {"map_input_bytes", "map_input_records", "map_output_bytes", "map_output_records",
        "combine_input_records", "spilled_runs", "spilled_bytes", "words"}) {
    counters.emplace_back(name, 123'456);
  }
  return counters;
}

// A coordinator without network: turns as the shell makes them.
class Measured {
 public:
  explicit Measured(const std::string& path) : path_(path) {}

  void Write(std::uint32_t tasks, std::uint64_t successes) {
    auto journal = Journal::Open(path_);
    GM_CHECK(journal.ok());
    driver_.BeginTurn({0}, 0);
    for (std::uint32_t i = 0; i < kWorkers; ++i) {
      driver_.Step(
          WorkerRegistered{fmt::format("instance-{}", i), "worker", {16}, "host:1", "/s", {}});
    }
    driver_.Submit(PlanOf(tasks));
    EndTurn(**journal);
    const Counters counters = CountersOfTask();
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t done = 0; done < successes;) {
      driver_.BeginTurn({static_cast<std::int64_t>(done / kEventsPerTurn)}, 0);
      const std::uint64_t end = std::min<std::uint64_t>(successes, done + kEventsPerTurn);
      for (; done < end; ++done) {
        GM_CHECK(!running_.empty());
        const auto [attempt, worker] = running_.front();
        running_.pop_front();
        driver_.Step(AttemptSucceeded{worker, attempt, counters, {}});
      }
      EndTurn(**journal);
    }
    fmt::print(
        "{} of {} tasks done in {:.2f} s, the longest append took {:.3f} s; {} compactions, "
        "the longest took {:.3f} s\n",
        successes, tasks, SecondsSince(begin), appended_s_, compactions_, compacted_s_);
  }

  void Restart() const {
    const auto begin = std::chrono::steady_clock::now();
    auto journal = Journal::Open(path_);
    GM_CHECK(journal.ok());
    const double opened = SecondsSince(begin);
    NoOutputs outputs;
    Driver driver({}, &outputs);
    const absl::Status replayed =
        (*journal)->Replay([&](const v1::JournalRecord& record) { return driver.Replay(record); });
    GM_CHECK(replayed.ok());
    driver.BeginTurn({0}, 0);
    driver.Recover();
    const double took = SecondsSince(begin);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const v1::JobStatus status = driver.StatusOf(JobId(1));
    fmt::print(
        "restart: {:.2f} s ({:.2f} s to open), {} of {} tasks done, journal {:.1f} MiB, "
        "peak {} MiB\n",
        took, opened, status.stages(0).tasks_succeeded(), status.stages(0).tasks_total(),
        static_cast<double>(std::filesystem::file_size(path_)) / (1 << 20), usage.ru_maxrss / 1024);
  }

 private:
  void EndTurn(Journal& journal) {
    const std::vector<v1::JournalRecord> records = driver_.TakeRecords();
    for (const v1::JournalRecord& record : records) {
      if (!record.has_attempt_assigned()) continue;
      running_.emplace_back(AttemptId(record.attempt_assigned().attempt()),
                            WorkerId(record.attempt_assigned().worker()));
    }
    const auto begin = std::chrono::steady_clock::now();
    GM_CHECK(journal.Append(records).ok());
    appended_s_ = std::max(appended_s_, SecondsSince(begin));
    driver_.Speak();
    if (!journal.IsWorthCompacting()) return;
    const auto compaction = std::chrono::steady_clock::now();
    GM_CHECK(
        journal.Compact([&](const Journal::Records& add) { return driver_.Snapshot(add); }).ok());
    ++compactions_;
    compacted_s_ = std::max(compacted_s_, SecondsSince(compaction));
  }

  const std::string path_;
  NoOutputs outputs_;
  Driver driver_{{}, &outputs_};
  std::deque<std::pair<AttemptId, WorkerId>> running_;
  double appended_s_ = 0;  // the longest Append
  double compacted_s_ = 0;
  int compactions_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::warn);
  const auto tasks = argc > 1 ? static_cast<std::uint32_t>(std::atoi(argv[1])) : 1'000'000;
  const std::uint64_t percent = argc > 2 ? static_cast<std::uint64_t>(std::atoi(argv[2])) : 50;
  std::string directory = argc > 3 ? argv[3] : std::filesystem::temp_directory_path().string();
  directory += "/restart-time-XXXXXX";
  GM_CHECK(mkdtemp(directory.data()) != nullptr);
  Measured measured(directory + "/journal");
  measured.Write(tasks, tasks * percent / 100);
  measured.Restart();
  std::filesystem::remove_all(directory);
}
