#include "cli/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/log_text.h"
#include "gristmill/v1/job_service.pb.h"

namespace gristmill::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A job with a finished map stage and a reduce stage of which all but one task are done.
v1::JobFacts RunningFacts() {
  v1::JobFacts facts;
  v1::JobStatus& job = *facts.mutable_status();
  job.set_id(7);
  job.set_name("wordcount");
  job.set_state(v1::JOB_STATE_RUNNING);
  job.set_workers(2);
  job.set_slots(4);
  v1::StageFacts& map = *facts.add_stages();
  map.set_finished(100);
  map.set_median_run_ms(1'000);
  v1::StageFacts& reduce = *facts.add_stages();
  reduce.set_finished(3);
  reduce.set_median_run_ms(3'000);
  reduce.set_median_input_bytes(20 << 20);
  facts.set_free_slots(3);
  v1::StageStatus& map_status = *job.add_stages();
  map_status.set_kind(v1::STAGE_KIND_MAP);
  map_status.set_tasks_total(100);
  map_status.set_tasks_succeeded(100);
  v1::StageStatus& reduce_status = *job.add_stages();
  reduce_status.set_kind(v1::STAGE_KIND_REDUCE);
  reduce_status.set_tasks_total(4);
  reduce_status.set_tasks_succeeded(3);
  reduce_status.set_tasks_running(1);
  return facts;
}

v1::AttemptFacts& AddReduce(v1::JobFacts& facts, std::uint64_t run_ms) {
  v1::AttemptFacts& attempt = *facts.add_running();
  attempt.mutable_id()->set_job(7);
  attempt.mutable_id()->set_stage(1);
  attempt.mutable_id()->set_task(3);
  attempt.set_attempt(104);
  attempt.set_worker("host:1");
  attempt.set_split("partition 3");
  attempt.set_run_ms(run_ms);
  return attempt;
}

std::vector<std::string> Kinds(const std::vector<Finding>& findings) {
  std::vector<std::string> kinds;
  for (const Finding& finding : findings) kinds.push_back(finding.kind);
  return kinds;
}

TEST(Explanation, OfAJobThatWaitsForOthersNamesThem) {
  v1::JobFacts facts;
  facts.mutable_status()->set_state(v1::JOB_STATE_QUEUED);
  facts.mutable_status()->set_jobs_ahead(3);
  facts.add_ahead()->set_id(5);
  facts.mutable_ahead(0)->set_name("sort");
  const auto findings = ExplainFacts(facts);
  ASSERT_THAT(Kinds(findings), ElementsAre("queued"));
  EXPECT_THAT(findings[0].text, HasSubstr("behind 3 jobs, of which run job-5 (sort)"));
}

TEST(Explanation, WhyNothingRunsComesFirst) {
  v1::JobFacts facts = RunningFacts();
  facts.mutable_status()->set_message("it waits for a worker; start one with 'gristmill worker'");
  AddReduce(facts, 60'000);
  const auto findings = ExplainFacts(facts);
  EXPECT_EQ(findings[0].kind, "waits");
  EXPECT_THAT(findings[0].text, HasSubstr("It waits for a worker"));
}

TEST(Explanation, ASlowTaskIsNamedWithWhatIsKnownOfIt) {
  v1::JobFacts facts = RunningFacts();
  v1::AttemptFacts& slow = AddReduce(facts, 60'000);
  slow.set_status("chromosome 7");
  slow.set_records(5'000);
  slow.mutable_spent()->set_reduce_ms(57'000);
  slow.mutable_spent()->set_merge_ms(3'000);
  const auto findings = ExplainFacts(facts);
  ASSERT_THAT(Kinds(findings), ElementsAre("straggler"));
  EXPECT_EQ(findings[0].text,
            "reduce-3 runs for 1 min 00 s on host:1; the median of its stage is 3.0 s. It reads "
            "partition 3, 5,000 records so far. It says: 'chromosome 7'. 95 % of its time went "
            "into the job's reduce code.");
  EXPECT_THAT(findings[0].remedy, HasSubstr("gristmill logs 7 reduce-3"));
}

TEST(Explanation, ASlowTasksCodeIsToBlameOnlyIfThatTookTheTime) {
  for (const auto set_ms :
       {&v1::TimeSpent::set_read_ms, &v1::TimeSpent::set_sort_ms, &v1::TimeSpent::set_spill_ms,
        &v1::TimeSpent::set_fetch_ms, &v1::TimeSpent::set_merge_ms, &v1::TimeSpent::set_write_ms,
        &v1::TimeSpent::set_other_ms}) {
    v1::JobFacts facts = RunningFacts();
    (AddReduce(facts, 60'000).mutable_spent()->*set_ms)(57'000);
    const auto findings = ExplainFacts(facts);
    ASSERT_THAT(Kinds(findings), ElementsAre("straggler"));
    EXPECT_THAT(findings[0].remedy, Not(HasSubstr("replay"))) << findings[0].text;
    EXPECT_THAT(findings[0].remedy, Not(IsEmpty()));
  }
}

TEST(Explanation, ATaskThatIsALittleSlowerIsNotNamed) {
  v1::JobFacts facts = RunningFacts();
  AddReduce(facts, 4'500);
  EXPECT_THAT(Kinds(ExplainFacts(facts)), ElementsAre("nothing"));
}

TEST(Explanation, OfASkewedPartitionTheHeavyKeyIsNamed) {
  v1::JobFacts facts = RunningFacts();
  v1::AttemptFacts& skewed = AddReduce(facts, 5'500);
  skewed.set_input_bytes(200 << 20);
  skewed.set_records(1'000'000);
  skewed.mutable_heavy_key()->set_key("\"the\"");
  skewed.mutable_heavy_key()->set_pairs(610'000);
  const auto findings = ExplainFacts(facts);
  ASSERT_EQ(findings[0].kind, "skew");
  EXPECT_EQ(findings[0].text,
            "Partition 3 is much larger than the others: reduce-3 reads 200 MiB, and the median "
            "is 20 MiB; the key \"the\" has 610,000 of its 1,000,000 pairs, 61 %.");
  EXPECT_THAT(findings[0].remedy, HasSubstr("Combine"));
}

TEST(Explanation, ASkewedPartitionOfManyKeysWantsMorePartitions) {
  v1::JobFacts facts = RunningFacts();
  AddReduce(facts, 5'500).set_input_bytes(200 << 20);
  const auto findings = ExplainFacts(facts);
  ASSERT_EQ(findings[0].kind, "skew");
  EXPECT_THAT(findings[0].text, HasSubstr("no single key"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("--partitions"));
}

TEST(Explanation, WhoHasTheSlotsIsNamed) {
  v1::JobFacts facts = RunningFacts();
  facts.mutable_status()->mutable_stages(1)->set_tasks_succeeded(0);
  facts.set_free_slots(0);
  v1::SlotHolder& other = *facts.add_holders();
  other.set_job(5);
  other.set_name("sort");
  other.set_attempts(3);
  v1::SlotHolder& own = *facts.add_holders();
  own.set_job(7);
  own.set_attempts(1);
  const auto findings = ExplainFacts(facts);
  ASSERT_THAT(Kinds(findings), ElementsAre("slots"));
  EXPECT_THAT(findings[0].text, HasSubstr("None of 4 slots is free: job-5 (sort) runs 3 tasks, and "
                                          "this job 1; 3 tasks wait for one"));
}

TEST(Explanation, WhereSlotsAreFreeButNothingFitsThatIsSaid) {
  v1::JobFacts facts = RunningFacts();
  facts.mutable_status()->mutable_stages(1)->set_tasks_succeeded(0);
  facts.set_free_slots(1);
  EXPECT_THAT(Kinds(ExplainFacts(facts)), ElementsAre("nothing"));
  facts.set_lacks_room(true);
  const auto findings = ExplainFacts(facts);
  ASSERT_THAT(Kinds(findings), ElementsAre("room"));
  EXPECT_THAT(findings[0].text,
              AllOf(HasSubstr("1 of 4 slots is free, but not where a task of this job fits"),
                    HasSubstr("3 tasks wait")));
}

TEST(Explanation, SlowAndMissingWorkersAreNamed) {
  v1::JobFacts facts = RunningFacts();
  v1::WorkerFacts& slow = *facts.add_workers();
  slow.set_name("old:1");
  slow.set_state(v1::WORKER_STATE_READY);
  slow.set_pace_permille(2'300);
  slow.set_slow(true);
  v1::WorkerFacts& full = *facts.add_workers();
  full.set_name("full:1");
  full.set_state(v1::WORKER_STATE_SHORT_OF_DISK);
  full.set_note("no tasks: less disk space is free below its --dir than --spill-reserve");
  const auto findings = ExplainFacts(facts);
  ASSERT_THAT(Kinds(findings), ElementsAre("slow worker", "worker"));
  EXPECT_THAT(findings[0].text, HasSubstr("old:1 takes 2.3 times as long"));
  EXPECT_THAT(findings[1].text, HasSubstr("full:1 is short of disk: it gets no tasks"));
}

TEST(Explanation, AWorkerIsNamedOnWhichNearlyAllOfTheFailuresWere) {
  v1::JobFacts facts = RunningFacts();
  facts.set_failures_total(5);
  for (int i = 0; i < 5; ++i) facts.add_failures();
  v1::WorkerFacts& bad = *facts.add_workers();
  bad.set_name("bad:1");
  bad.set_state(v1::WORKER_STATE_READY);
  bad.set_failures(4);
  v1::WorkerFacts& good = *facts.add_workers();
  good.set_name("good:1");
  good.set_state(v1::WORKER_STATE_READY);
  good.set_failures(1);
  const auto findings = ExplainFacts(facts);
  ASSERT_THAT(Kinds(findings), ElementsAre("failures", "failing worker"));
  EXPECT_EQ(findings[1].text, "Worker bad:1 had 4 of the last 5 attempts that failed.");
  facts.mutable_status()->set_workers(1);  // there is nowhere else to fail
  EXPECT_THAT(Kinds(ExplainFacts(facts)), ElementsAre("failures"));
}

TEST(Explanation, OfRetriesTheLastFailureIsTold) {
  v1::JobFacts facts = RunningFacts();
  facts.set_failures_total(2);
  v1::FailedAttempt& failure = *facts.add_failures();
  failure.set_task(12);
  failure.set_worker_name("host:1");
  failure.set_message("bad line");
  const auto findings = ExplainFacts(facts);
  EXPECT_EQ(findings[0].kind, "failures");
  EXPECT_THAT(findings[0].text, HasSubstr("2 attempts failed"));
  EXPECT_THAT(findings[0].text, HasSubstr("last map-12 on host:1: bad line."));
  EXPECT_THAT(findings[0].remedy, HasSubstr("gristmill logs 7 map-12"));
  failure.set_message("bad line!");
  EXPECT_THAT(ExplainFacts(facts)[0].text, HasSubstr("last map-12 on host:1: bad line!"));
  EXPECT_FALSE(ExplainFacts(facts)[0].text.ends_with("!."));
}

TEST(Explanation, OfADoneJobTellsWhatItsTimeWentInto) {
  v1::JobFacts facts = RunningFacts();
  facts.mutable_status()->set_state(v1::JOB_STATE_SUCCEEDED);
  facts.mutable_stages(0)->set_last_end_ms(2'000);
  facts.mutable_stages(1)->set_first_start_ms(2'000);
  facts.mutable_stages(1)->set_last_end_ms(9'000);
  for (const auto& [name, us] : {std::pair("time_map_us", 3'000'000), {"time_read_us", 500'000}}) {
    v1::Counter& counter = *facts.add_times();
    counter.set_name(name);
    counter.set_value(static_cast<std::uint64_t>(us));
  }
  const auto findings = ExplainFacts(facts);
  ASSERT_THAT(Kinds(findings), ElementsAre("time"));
  EXPECT_THAT(findings[0].text,
              AllOf(HasSubstr("Of the 3.5 s that its finished tasks took together, 86 % went into "
                              "the job's map code"),
                    HasSubstr("reduce took longest: 7.0 s")));
}

TEST(Explanation, AFailedJobsOwnSentenceComesFirst) {
  v1::JobFacts facts = RunningFacts();
  facts.mutable_status()->set_state(v1::JOB_STATE_FAILED);
  facts.mutable_status()->set_message("map task 3 failed 4 times");
  EXPECT_EQ(ExplainFacts(facts)[0].text, "It failed: map task 3 failed 4 times.");
}

TEST(Explanation, ASuspendedJobSaysWhyAndHowToGoOn) {
  v1::JobFacts facts = RunningFacts();
  facts.mutable_status()->set_state(v1::JOB_STATE_SUSPENDED);
  facts.mutable_status()->set_message("map task 3 failed 4 times");
  facts.mutable_status()->set_kept_ms(60'000);
  const auto findings = ExplainFacts(facts);
  EXPECT_THAT(Kinds(findings), ElementsAre("suspended"));
  EXPECT_EQ(findings[0].text,
            "It is suspended, and keeps what it has done: map task 3 failed 4 times.");
  EXPECT_EQ(findings[0].remedy,
            "'gristmill submit --resume 7 --wait' goes on with it, 'gristmill cancel 7' gives it "
            "up; it is kept for 1 min 00 s.");
}

TEST(Explanation, AsAReportHasItsKindsAndFacts) {
  const v1::JobFacts facts = RunningFacts();
  const v1::ExplanationReport report = ExplanationReportOf(facts, ExplainFacts(facts));
  ASSERT_EQ(report.findings_size(), 1);
  EXPECT_EQ(report.findings(0).kind(), "nothing");
  EXPECT_EQ(report.facts().status().id(), facts.status().id());
}

TEST(LogText, SaysWhoWroteALine) {
  const v1::JobStatus job = [] {
    v1::JobStatus status;
    status.add_stages()->set_kind(v1::STAGE_KIND_MAP);
    return status;
  }();
  v1::LogLine line;
  line.set_attempt(17);
  line.set_task(3);
  line.set_text("hello \x1b[2J\xff");
  EXPECT_EQ(RenderLogLine(line, job, "host:1"), "map-3 attempt 17 | hello ?[2J?\n");
  line.set_attempt(0);
  line.set_runner(2);
  EXPECT_EQ(RenderLogLine(line, job, "host:1"), "runner 2 of host:1 | hello ?[2J?\n");
}

TEST(LogText, AFailureOfSeveralLinesIsIndented) {
  v1::FailedAttempt failure;
  failure.set_task(1);
  failure.set_attempt(9);
  failure.set_message("it exited with code 1; the end of its stderr:\nTraceback");
  v1::JobStatus job;
  job.add_stages()->set_kind(v1::STAGE_KIND_REDUCE);
  EXPECT_EQ(RenderFailure(failure, job),
            "reduce-1 attempt 9 on a worker that is gone failed: it exited with code 1; the end of "
            "its stderr:\n  Traceback\n");
}

}  // namespace
}  // namespace gristmill::cli
