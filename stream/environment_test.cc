#include "stream/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gristmill::stream {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

TEST(Environment, TellsAMapTaskWhatItIs) {
  TaskInfo info;
  info.job = 7;
  info.task = 3;
  info.attempt = 19;
  info.partitions = 4;
  info.input_path = "/in/a";
  info.input_offset = 64;
  info.input_bytes = 32;
  EXPECT_THAT(
      TaskVariables(info, Stage::kMap, 4),
      ElementsAre(
          "GRISTMILL_JOB=7", "GRISTMILL_TASK=3", "GRISTMILL_ATTEMPT=19", "GRISTMILL_STAGE=map",
          "GRISTMILL_INPUT_FILE=/in/a", "GRISTMILL_PARTITIONS=4", "mapreduce_job_id=job_0_0007",
          "mapred_job_id=job_0_0007", "mapreduce_job_name=stream", "mapred_job_name=stream",
          "mapreduce_task_id=task_0_0007_m_000003", "mapred_tip_id=task_0_0007_m_000003",
          "mapreduce_task_attempt_id=attempt_0_0007_m_000003_19",
          "mapred_task_id=attempt_0_0007_m_000003_19", "mapreduce_task_partition=3",
          "mapred_task_partition=3", "mapreduce_task_ismap=true", "mapred_task_is_map=true",
          "mapreduce_job_reduces=4", "mapred_reduce_tasks=4", "mapreduce_map_input_file=/in/a",
          "map_input_file=/in/a", "mapreduce_map_input_start=64", "map_input_start=64",
          "mapreduce_map_input_length=32", "map_input_length=32"));
}

TEST(Environment, TellsATaskItsGpusAndATaskWithoutNothing) {
  TaskInfo info;
  EXPECT_THAT(TaskVariables(info, Stage::kMap, 4), Not(Contains(StartsWith("CUDA_"))));
  info.gpus = {1, 3};
  EXPECT_THAT(TaskVariables(info, Stage::kMap, 4), Contains("CUDA_VISIBLE_DEVICES=1,3"));
}

TEST(Environment, CountsGpusAmongThoseThatTheWorkerSees) {
  EXPECT_EQ(VisibleGpus({0, 2}, ""), "0,2");
  EXPECT_EQ(VisibleGpus({0, 2}, "4,5,GPU-6a"), "4,GPU-6a");
}

TEST(Environment, TellsAReduceTaskItsPartition) {
  TaskInfo info;
  info.task = 2;
  const std::vector<std::string> variables = TaskVariables(info, Stage::kReduce, 4);
  EXPECT_THAT(variables, Contains("GRISTMILL_STAGE=reduce"));
  EXPECT_THAT(variables, Contains("GRISTMILL_PARTITION=2"));
  EXPECT_THAT(variables, Contains("mapreduce_task_id=task_0_0000_r_000002"));
  EXPECT_THAT(variables, Not(Contains(StartsWith("map_input_file="))));
}

TEST(Environment, LaterVariablesCount) {
  const char* const base[] = {"A=1", "PATH=/bin", "broken", "B=2", nullptr};
  EXPECT_THAT(MakeEnvironment(base, {"A=3", "C=4", "C=x=y"}, ""),
              ElementsAre("A=3", "B=2", "C=x=y", "PATH=/bin"));
}

TEST(Environment, HasNoSecretsOfTheRunner) {
  const char* const base[] = {"GRISTMILL_RUNNER_TOKEN=secret", "GRISTMILL_RUNNER_SOCKET=unix:/s",
                              "GRISTMILL_RUNNER_MARK=1-2", "GRISTMILL_X=1", nullptr};
  EXPECT_THAT(MakeEnvironment(base, {}, ""),
              ElementsAre("GRISTMILL_RUNNER_MARK=1-2", "GRISTMILL_X=1"));
}

TEST(Environment, TheJobsFilesComeFirstInThePath) {
  const char* const base[] = {"PATH=/bin", nullptr};
  EXPECT_THAT(MakeEnvironment(base, {}, "/job/files"), ElementsAre("PATH=/job/files:/bin"));
  EXPECT_THAT(MakeEnvironment(nullptr, {}, "/job/files"), ElementsAre("PATH=/job/files"));
}

}  // namespace
}  // namespace gristmill::stream
