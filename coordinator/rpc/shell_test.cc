// The shell's thread with a real journal and without gRPC.
#include "coordinator/rpc/shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/synchronization/notification.h"
#include "coordinator/rpc/clock.h"
#include "coordinator/rpc/status_view.h"

namespace gristmill::coordinator {
namespace {

constexpr DurationMs kLeaseMs = 300;
constexpr DurationMs kStallMs = 100;

class NoOutputs final : public OutputPort {
  void Reclaim(JobId job, Plan plan) override {}
  void Commit(JobId job, Plan plan, Finished finished) override {}
  void Abandon(Plan plan) override {}
};

std::shared_ptr<const v1::JobPlan> PlanOf(std::uint32_t maps) {
  auto plan = std::make_shared<v1::JobPlan>();
  plan->mutable_request()->set_job("job");
  plan->mutable_request()->set_max_attempts(1);
  plan->mutable_request()->set_splits(maps);
  plan->add_inputs()->set_format(v1::INPUT_FORMAT_INTEGER_RANGE);
  plan->mutable_inputs(0)->set_range_end(maps);
  v1::StagePlan* map = plan->add_stages();
  map->set_kind(v1::STAGE_KIND_MAP);
  map->set_task_count(maps);
  return plan;
}

class ShellTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "shell-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override {
    shell_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Start(JournalOptions journal_options = {}) {
    shell_.reset();
    auto journal = Journal::Open(path(), journal_options);
    ASSERT_TRUE(journal.ok()) << journal.status();
    const Driver::Options options{.limits = {.lease_ms = kLeaseMs, .ended_jobs_max = 10}};
    auto shell = Shell::Recover(*std::move(journal), std::make_unique<Driver>(options, &outputs_),
                                Shell::EndProcess, kStallMs);
    ASSERT_TRUE(shell.ok()) << shell.status();
    shell_ = *std::move(shell);
    shell_->Start();
  }
  std::string path() const { return directory_ + "/journal"; }

  // Returns when the turn that ran `task` has spoken.
  void Run(const Shell::Task& task) {
    absl::Notification spoken;
    shell_->Post([&](Driver& driver) {
      task(driver);
      driver.Then([&] { spoken.Notify(); });
    });
    spoken.WaitForNotification();
  }
  std::size_t Workers() {
    std::size_t workers = 0;
    Run([&](Driver& driver) { workers = driver.core().workers().size(); });
    return workers;
  }

  NoOutputs outputs_;
  std::string directory_;
  std::unique_ptr<Shell> shell_;
};

TEST_F(ShellTest, ATurnLongerThanALeaseCostsNoWorkerItsLeaseButSilenceAfterItDoes) {
  Start();
  Run([](Driver& driver) {
    driver.Step(WorkerRegistered{"instance", "worker", {1}, "host:1", "/spill", {}});
  });
  Run([](Driver&) {
    const Instant begin = Now();  // a disk that takes its time
    while (Now() - begin <= kLeaseMs + kStallMs) {
    }
  });
  EXPECT_EQ(Workers(), 1u);
  const Instant deadline = Now() + 60'000;
  while (Workers() > 0 && Now() < deadline) {
  }
  EXPECT_EQ(Workers(), 0u);
}

TEST_F(ShellTest, EntersWhatItsTurnsDidAndTook) {
  Start();
  WorkAccount before, after;
  Run([&](Driver& driver) { before = driver.work(); });
  Run([](Driver& driver) {
    driver.Submit(PlanOf(5));
    const double began_s = ThreadCpuSeconds();
    while (ThreadCpuSeconds() < began_s + 0.05) {
    }
  });
  Run([&](Driver& driver) { after = driver.work(); });
  EXPECT_EQ(after.turns, before.turns + 2);
  EXPECT_EQ(after.batches, before.batches + 1);
  EXPECT_EQ(after.events, before.events + 1);
  EXPECT_GE(after.deciding_s, before.deciding_s + 0.05);
  EXPECT_GT(after.journal_s, before.journal_s);
  EXPECT_GE(after.journal_s, after.journal_cpu_s);
}

TEST_F(ShellTest, CompactsItsJournalAndGoesOnFromThere) {
  constexpr int kJobs = 300;
  Start({.compact_bytes_min = 1'000});
  std::uintmax_t largest = 0;
  for (int i = 0; i < kJobs; ++i) {
    Run([](Driver& driver) { driver.Step(CancelJob{driver.Submit(PlanOf(5)), "enough"}); });
    largest = std::max(largest, std::filesystem::file_size(path()));
  }
  const auto list = [&] {
    std::string text;
    Run([&](Driver& driver) {
      text = ViewJobs(driver.core(), driver.catalog(), kJobs, driver.now()).ShortDebugString();
    });
    return text;
  };
  const std::string before = list();
  Start({.compact_bytes_min = 1'000});
  EXPECT_EQ(list(), before);
  EXPECT_LT(largest, 100'000u) << "the journal grew with every job";
  Run([](Driver& driver) {
    EXPECT_EQ(driver.Submit(PlanOf(1)), JobId(kJobs + 1));
    EXPECT_EQ(driver.catalog().Find(JobId(1)), nullptr);
    EXPECT_TRUE(driver.core().was_forgotten(JobId(1)));
  });
}

}  // namespace
}  // namespace gristmill::coordinator
