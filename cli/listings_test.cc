#include "cli/listings.h"

#include <gmock/gmock.h>

#include "cli/json.h"
#include "cli/names.h"
#include "cli/table.h"

namespace gristmill::cli {
namespace {

v1::JobStatus RunningJob() {
  v1::JobStatus job;
  job.set_id(7);
  job.set_name("wordcount");
  job.set_state(v1::JOB_STATE_RUNNING);
  job.set_output("/data/counts");
  job.set_submitted_unix_ms(1'000);
  job.set_workers(2);
  job.set_slots(4);
  v1::StageStatus& map = *job.add_stages();
  map.set_kind(v1::STAGE_KIND_MAP);
  map.set_tasks_total(1'200);
  map.set_tasks_succeeded(400);
  map.set_tasks_running(4);
  return job;
}

TEST(JobList, SaysHowManyJobsAreAheadOfOneThatWaits) {
  v1::ListResponse jobs;
  v1::JobStatus& job = *jobs.add_jobs() = RunningJob();
  job.set_state(v1::JOB_STATE_QUEUED);
  job.set_jobs_ahead(3);
  EXPECT_THAT(RenderJobList(jobs, 2'000), ::testing::HasSubstr("waiting (3 ahead)"));
}

TEST(JobList, SaysWhyAJobIsSuspended) {
  v1::ListResponse jobs;
  v1::JobStatus& job = *jobs.add_jobs() = RunningJob();
  job.set_state(v1::JOB_STATE_SUSPENDED);
  job.set_message("a user suspended it");
  EXPECT_THAT(RenderJobList(jobs, 2'000),
              ::testing::HasSubstr("job-7 wordcount is suspended: a user suspended it; "));
  EXPECT_THAT(RenderJob(job, 2'000),
              ::testing::HasSubstr("\n'gristmill submit --resume 7 --wait'"));
}

TEST(Table, AlignsColumnsAndLeavesNoBlanksAtLineEnds) {
  Table table({"NAME", ">SIZE", "WHERE"});
  table.AddRow({"a", "1,000", "here"});
  table.AddRow({"müsli", "7", ""});
  EXPECT_EQ(table.Render(),
            "NAME    SIZE  WHERE\n"
            "a      1,000  here\n"
            "müsli      7\n");
}

TEST(Table, ShowsControlCharactersAsQuestionMarks) {
  Table table({"NAME"});
  table.AddRow({"a\x1b[2Jb\n"});
  EXPECT_EQ(table.Render(), "NAME\na?[2Jb?\n");
}

TEST(WrapText, BreaksAtBlanksAndKeepsParagraphsAndIndentedLines) {
  EXPECT_EQ(WrapText("one two three\n\n  kept as it is, however long\nfour", 8),
            "one two\nthree\n\n  kept as it is, however long\nfour\n");
}

TEST(RenderJobList, HasARowForEachJob) {
  v1::ListResponse list;
  *list.add_jobs() = RunningJob();
  EXPECT_EQ(RenderJobList(list, 4'500),
            "JOB    NAME       STATE        TASKS   TIME  OUTPUT\n"
            "job-7  wordcount  running  400/1,200  3.5 s  /data/counts\n");
}

TEST(RenderJobList, SaysWhatAJobThatRunsWaitsFor) {
  v1::ListResponse list;
  *list.add_jobs() = RunningJob();
  list.mutable_jobs(0)->set_message("it waits: no worker has the label 'ssd'");
  EXPECT_THAT(RenderJobList(list, 4'500),
              testing::EndsWith("/data/counts\njob-7: it waits: no worker has the label 'ssd'\n"));
}

TEST(RenderJobList, SaysWhatToDoWhenThereIsNone) {
  EXPECT_EQ(RenderJobList({}, 0), "no jobs yet; 'gristmill submit' starts one\n");
}

TEST(RenderJob, ShowsStagesAndCluster) {
  EXPECT_EQ(RenderJob(RunningJob(), 4'500),
            "job-7 wordcount: running for 3.5 s\n"
            "output  /data/counts\n"
            "cluster 2 workers with 4 slots\n"
            "STAGE  DONE  TASKS  RUNNING  FAILED ATTEMPTS  LOST OUTPUTS\n"
            "map     400  1,200        4                0             0\n");
}

TEST(RenderTasks, NamesStagesAndShowsWhatIsMissingAsADash) {
  v1::TasksResponse tasks;
  v1::TaskStatus& task = *tasks.add_tasks();
  task.mutable_id()->set_task(3);
  task.set_state(v1::TASK_STATE_RUNNING);
  task.set_attempt(19);
  task.set_worker("host:42");
  task.set_split("/a:0+64");
  tasks.add_tasks()->set_state(v1::TASK_STATE_WAITING);
  for (v1::TaskStatus& t : *tasks.mutable_tasks()) t.set_stage_kind(v1::STAGE_KIND_MAP);
  EXPECT_EQ(RenderTasks(tasks),
            "STAGE  TASK  STATE    ATTEMPT  FAILURES  WORKER   WHAT\n"
            "map       3  running       19         0  host:42  /a:0+64\n"
            "map       0  waiting        -         0  -        -\n");
}

TEST(RenderCounters, GroupsDigits) {
  v1::CountersResponse counters;
  counters.add_counters()->set_name("input_records");
  counters.mutable_counters(0)->set_value(1'234'567);
  EXPECT_EQ(RenderCounters(counters),
            "COUNTER            VALUE\n"
            "input_records  1,234,567\n");
}

TEST(RenderWorkers, ShowsSlotsAndWhenItWasHeard) {
  v1::WorkersResponse workers;
  v1::WorkerStatus& worker = *workers.add_workers();
  worker.set_id(1);
  worker.set_name("host:42");
  worker.set_slots(4);
  worker.set_slots_used(3);
  worker.set_state(v1::WORKER_STATE_READY);
  worker.set_shuffle_address("10.0.0.1:4000");
  worker.set_last_heartbeat_ms(250);
  EXPECT_EQ(RenderWorkers(workers),
            "WORKER  NAME     STATE  SLOTS USED  SHUFFLE ADDRESS  LAST HEARD\n"
            "     1  host:42  ready         3/4  10.0.0.1:4000    250 ms ago\n");
  worker.set_memory_bytes(std::uint64_t{64} << 30);
  worker.set_memory_bytes_used(std::uint64_t{8} << 30);
  worker.set_gpus(2);
  worker.set_gpus_used(1);
  worker.add_labels("avx2");
  worker.add_labels("ssd");
  EXPECT_THAT(RenderWorkers(workers),
              testing::StartsWith("WORKER  NAME     STATE  SLOTS USED     MEMORY USED  GPUS USED  "
                                  "LABELS    SHUFFLE ADDRESS"));
  EXPECT_THAT(RenderWorkers(workers), testing::HasSubstr("8.0 GiB/64 GiB        1/2  avx2,ssd  "));
  worker.set_state(v1::WORKER_STATE_QUARANTINED);
  worker.set_note("no tasks for 59 s: two other workers could not fetch its map output");
  EXPECT_THAT(RenderWorkers(workers),
              testing::EndsWith("worker 1 gets no tasks for 59 s: two other workers could not "
                                "fetch its map output\n"));
}

TEST(ToJson, UsesProtobufsMappingWithEveryField) {
  v1::Counter counter;
  counter.set_name("a");
  EXPECT_EQ(ToJson(counter), "{\n \"name\": \"a\",\n \"value\": \"0\"\n}\n");
}

TEST(ParseJobId, TakesNumbersWithAndWithoutPrefix) {
  EXPECT_EQ(ParseJobId("7").value(), 7u);
  EXPECT_EQ(ParseJobId("job-7").value(), 7u);
}

TEST(ParseJobId, RefusesAllElse) {
  for (const char* text :
       {"", "0", "job-", "job-0", "-7", "+7", "7x", "seven", "99999999999999999999"}) {
    EXPECT_EQ(ParseJobId(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace gristmill::cli
