#include "worker/job_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "storage/test_directory.h"

namespace gristmill::worker {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

class JobLogsTest : public testing::Test {
 protected:
  // All lines that the log gives from `position` on.
  std::vector<std::string> Lines(const JobLogs& logs, std::uint64_t job, v1::ReadLog asked = {}) {
    asked.set_job(job);
    std::vector<std::string> lines;
    gone_ = 0;
    while (true) {
      const v1::LogPage page = logs.Read(asked);
      for (const v1::LogLine& line : page.lines()) lines.push_back(line.text());
      gone_ += page.bytes_gone();
      asked.set_position(page.next_position());
      position_ = page.next_position();
      if (page.at_end()) return lines;
    }
  }
  static v1::ReadLog OfTask(std::uint32_t stage, std::uint32_t task) {
    v1::ReadLog asked;
    asked.set_stage(stage);
    asked.set_task(task);
    return asked;
  }

  const TestDirectory directory_;
  const std::string path_ = directory_.path("logs");
  std::uint64_t gone_ = 0;
  std::uint64_t position_ = 0;
};

TEST_F(JobLogsTest, LinesOfARunnerAreThoseOfItsJob) {
  JobLogs logs(path_);
  logs.Bind(RunnerId(1), JobId(7));
  logs.Append(RunnerId(1), {17, 0, 3}, "one", 1);
  logs.Append(RunnerId(1), {}, "two", 2);
  logs.Append(RunnerId(2), {18, 0, 4}, "of no job", 3);
  EXPECT_THAT(Lines(logs, 7), ElementsAre("one", "two"));
  EXPECT_THAT(Lines(logs, 8), IsEmpty());
  const v1::LogLine first = logs.Read([] {
                                  v1::ReadLog asked;
                                  asked.set_job(7);
                                  return asked;
                                }())
                                .lines(0);
  EXPECT_EQ(first.attempt(), 17u);
  EXPECT_EQ(first.task(), 3u);
  EXPECT_EQ(first.runner(), 1u);
  EXPECT_EQ(first.unix_ms(), 1);
}

TEST_F(JobLogsTest, OfATaskOnlyItsLinesAreRead) {
  JobLogs logs(path_);
  logs.Bind(RunnerId(1), JobId(7));
  logs.Append(RunnerId(1), {17, 0, 3}, "map 3", 1);
  logs.Append(RunnerId(1), {18, 1, 3}, "reduce 3", 1);
  logs.Append(RunnerId(1), {}, "nobody knows", 1);
  EXPECT_THAT(Lines(logs, 7, OfTask(1, 3)), ElementsAre("reduce 3"));
  EXPECT_THAT(Lines(logs, 7, OfTask(0, 0)), IsEmpty());
}

TEST_F(JobLogsTest, ALogGoesOnWhereItWasRead) {
  JobLogs logs(path_);
  logs.Bind(RunnerId(1), JobId(7));
  logs.Append(RunnerId(1), {}, "one", 1);
  EXPECT_THAT(Lines(logs, 7), ElementsAre("one"));
  logs.Append(RunnerId(1), {}, "two", 1);
  v1::ReadLog asked;
  asked.set_position(position_);
  EXPECT_THAT(Lines(logs, 7, asked), ElementsAre("two"));
}

TEST_F(JobLogsTest, OfALongLogBeginningAndEndAreKept) {
  JobLogs logs(path_, {.segment_bytes = 1'000, .segments_max = 3});
  logs.Bind(RunnerId(1), JobId(7));
  for (int i = 0; i < 1'000; ++i) logs.Append(RunnerId(1), {}, std::to_string(i), 1);
  const std::vector<std::string> lines = Lines(logs, 7);
  EXPECT_EQ(lines.front(), "0");
  EXPECT_EQ(lines.back(), "999");
  EXPECT_LT(lines.size(), 400u);
  EXPECT_GT(gone_, 1'000u);
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(path_ + "/job-7")) {
    bytes += file.file_size();
  }
  EXPECT_LE(bytes, 3'000u);
}

TEST_F(JobLogsTest, LogsOfJobsThatEndedStayUntilThereAreTooMany) {
  JobLogs logs(path_, {.ended_jobs_max = 2});
  for (std::uint64_t job = 1; job <= 3; ++job) {
    logs.Bind(RunnerId(job), JobId(job));
    logs.Append(RunnerId(job), {}, "hello", 1);
    logs.EndJob(JobId(job));
  }
  EXPECT_THAT(Lines(logs, 1), IsEmpty());
  EXPECT_GT(gone_, 0u);
  EXPECT_THAT(Lines(logs, 4), IsEmpty()) << "there was none";
  EXPECT_EQ(gone_, 0u);
  EXPECT_THAT(Lines(logs, 2), ElementsAre("hello"));
  EXPECT_THAT(Lines(logs, 3), ElementsAre("hello"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/job-1"));
}

TEST_F(JobLogsTest, WhoHasReadALogThatWentMissesNothingOfIt) {
  JobLogs logs(path_, {.ended_jobs_max = 1});
  for (std::uint64_t job = 1; job <= 2; ++job) {
    logs.Bind(RunnerId(job), JobId(job));
    logs.Append(RunnerId(job), {}, "hello", 1);
  }
  EXPECT_THAT(Lines(logs, 1), ElementsAre("hello"));
  v1::ReadLog further;
  further.set_position(position_);
  for (std::uint64_t job = 1; job <= 2; ++job) logs.EndJob(JobId(job));
  EXPECT_THAT(Lines(logs, 1, further), IsEmpty());
  EXPECT_EQ(gone_, 0u);
  EXPECT_EQ(position_, further.position());
}

TEST_F(JobLogsTest, OfTooManyLogsThatWentTheOldestJobsAreForgotten) {
  JobLogs logs(path_, {.ended_jobs_max = 1, .gone_jobs_max = 1});
  for (std::uint64_t job = 1; job <= 3; ++job) {
    logs.Bind(RunnerId(job), JobId(job));
    logs.Append(RunnerId(job), {}, "hello", 1);
    logs.EndJob(JobId(job));
  }
  EXPECT_THAT(Lines(logs, 1), IsEmpty());
  EXPECT_EQ(gone_, 0u);
  EXPECT_THAT(Lines(logs, 2), IsEmpty());
  EXPECT_GT(gone_, 0u);
}

TEST_F(JobLogsTest, WhatADamagedFileLacksIsPassedOver) {
  JobLogs logs(path_);
  logs.Bind(RunnerId(1), JobId(7));
  logs.Append(RunnerId(1), {}, "one", 1);
  std::filesystem::resize_file(path_ + "/job-7/0", 0);
  EXPECT_THAT(Lines(logs, 7), IsEmpty());
  EXPECT_GT(gone_, 0u);
}

TEST_F(JobLogsTest, WhatCantBeWrittenIsToldLater) {
  std::filesystem::create_directories(path_);
  const std::string in_the_way = path_ + "/job-7";
  std::filesystem::create_symlink("nowhere/at/all", in_the_way);
  JobLogs logs(path_);
  logs.Bind(RunnerId(1), JobId(7));
  logs.Append(RunnerId(1), {}, "lost", 1);
  std::filesystem::remove(in_the_way);
  logs.Append(RunnerId(1), {}, "heard", 1);
  EXPECT_THAT(Lines(logs, 7),
              ElementsAre("… 1 lines could not be written to the worker's disk", "heard"));
}

}  // namespace
}  // namespace gristmill::worker
