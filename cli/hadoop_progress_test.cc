#include "cli/hadoop_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gristmill::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

v1::JobStatus HalfDone() {
  v1::JobStatus status;
  status.set_id(7);
  status.set_submitted_unix_ms(1'764'126'000'000);
  status.set_state(v1::JOB_STATE_RUNNING);
  status.set_output("/data/counts");
  v1::StageStatus& map = *status.add_stages();
  map.set_kind(v1::STAGE_KIND_MAP);
  map.set_tasks_total(2);
  map.set_tasks_succeeded(1);
  v1::StageStatus& reduce = *status.add_stages();
  reduce.set_kind(v1::STAGE_KIND_REDUCE);
  reduce.set_tasks_total(1);
  return status;
}

std::vector<v1::Counter> Counters() {
  std::vector<v1::Counter> counters;
  for (const auto& [name, value] : {std::pair("input_bytes", 100),
                                    {"input_records", 10},
                                    {"map_output_pairs", 9},
                                    {"output_records", 5},
                                    {"time_map_us", 77},
                                    {"words.a, long one", 3}}) {
    v1::Counter& counter = counters.emplace_back();
    counter.set_name(name);
    counter.set_value(static_cast<std::uint64_t>(value));
  }
  return counters;
}

class HadoopProgressTest : public testing::Test {
 protected:
  // What was logged, without the time.
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    for (const std::string& line : std::exchange(lines_, {})) {
      EXPECT_THAT(line.substr(0, 24), MatchesRegex("....-..-.. ..:..:..,... "));
      lines.push_back(line.substr(24));
    }
    return lines;
  }

  std::vector<std::string> lines_;
  HadoopProgress progress_{[this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(HadoopProgressTest, LogsAsHadoopsClientDoes) {
  v1::JobStatus status = HalfDone();
  progress_.Update(status);
  progress_.Update(status);
  EXPECT_THAT(
      Lines(),
      ElementsAre("INFO mapreduce.Job: Running job: job_1764126000000_0007\n",
                  "INFO streaming.StreamJob: It is job-7: 'gristmill explain job-7' tells why it "
                  "waits or is slow\n",
                  "INFO mapreduce.Job: Job job_1764126000000_0007 running in uber mode : false\n",
                  "INFO mapreduce.Job:  map 50% reduce 0%\n"));
  status.set_state(v1::JOB_STATE_SUCCEEDED);
  status.mutable_stages(0)->set_tasks_succeeded(2);
  status.mutable_stages(1)->set_tasks_succeeded(1);
  progress_.End(status, Counters());
  EXPECT_THAT(
      Lines(),
      ElementsAre("INFO mapreduce.Job:  map 100% reduce 100%\n",
                  "INFO mapreduce.Job: Job job_1764126000000_0007 completed successfully\n",
                  "INFO mapreduce.Job: Counters: 8\n"
                  "\tJob Counters \n\t\tLaunched map tasks=2\n\t\tLaunched reduce tasks=1\n"
                  "\tMap-Reduce Framework\n\t\tMap input records=10\n\t\tMap output records=9\n"
                  "\t\tReduce output records=5\n"
                  "\tFile Input Format Counters \n\t\tBytes Read=100\n"
                  "\tGristmill\n\t\ttime_map_us=77\n"
                  "\twords\n\t\ta, long one=3\n",
                  "INFO streaming.StreamJob: Output directory: /data/counts\n"));
}

TEST_F(HadoopProgressTest, OfAFailureTellsStateAndReason) {
  v1::JobStatus status = HalfDone();
  status.set_state(v1::JOB_STATE_FAILED);
  status.set_message("map task 1 failed 4 times");
  progress_.Update(status);
  lines_.clear();
  progress_.End(status, {});
  ASSERT_EQ(lines_.size(), 4u);
  EXPECT_THAT(lines_[0], HasSubstr("Job job_1764126000000_0007 failed with state FAILED due to: "
                                   "map task 1 failed 4 times\n"));
  EXPECT_THAT(lines_[2], HasSubstr("ERROR streaming.StreamJob: Job not successful!"));
  EXPECT_EQ(lines_[3], "Streaming Command Failed!\n");
}

}  // namespace
}  // namespace gristmill::cli
