#include "coordinator/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "coordinator/output_place.h"
#include "coordinator/test_jobs.h"
#include "storage/test_directory.h"

namespace gristmill::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const bool kRegistered = RegisterTestJobs();

class Admission : public ::testing::Test {
 protected:
  v1::JobRequest Request(const std::string& job) const {
    v1::JobRequest request;
    request.set_job(job);
    request.set_output(temp_.path("out"));
    return request;
  }
  v1::JobRequest FileRequest(const std::string& job, const std::string& bytes) const {
    v1::JobRequest request = Request(job);
    request.add_inputs(temp_.Write("input", bytes));
    return request;
  }
  static absl::StatusOr<v1::JobPlan> Plan(const v1::JobRequest& request) {
    absl::StatusOr<AdmittedJob> job = Admit(request, "a test");
    if (!job.ok()) return job.status();
    return std::move(job->plan);
  }
  // The sentence with which the request is refused. Nothing may be left behind.
  std::string Refusal(const v1::JobRequest& request, absl::StatusCode code) const {
    const auto plan = Plan(request);
    EXPECT_FALSE(plan.ok());
    EXPECT_EQ(plan.status().code(), code) << plan.status();
    EXPECT_FALSE(std::filesystem::exists(temp_.path("out")));
    return std::string(plan.status().message());
  }
  std::string Invalid(const v1::JobRequest& request) const {
    return Refusal(request, absl::StatusCode::kInvalidArgument);
  }

  TestDirectory temp_;
};

TEST_F(Admission, ParametersAndRequestsThatAreTooLargeAreRefused) {
  v1::JobRequest request = Request("test-range");
  (*request.mutable_params())["text"] = std::string(70'000, 'x');
  EXPECT_EQ(Invalid(request),
            "the parameters take 68 KiB, and 64 KiB is the most; put what is large into an input "
            "file");
  request.clear_params();
  for (int i = 0; i < 120'000; ++i) request.add_inputs("/a/directory/with/a/name/of/its/own");
  EXPECT_THAT(Invalid(request), HasSubstr("name directories or globs as input"));
}

TEST_F(Admission, WhatATaskTakesIsPlannedAndWhatIsImpossibleIsRefused) {
  v1::JobRequest request = Request("test-range");
  EXPECT_EQ(Plan(request)->request().task_cpus(), 1u);
  std::filesystem::remove_all(temp_.path("out"));
  request.set_task_cpus(0);
  EXPECT_EQ(Invalid(request), "a task needs at least one CPU; leave --task-cpus out for one");
  request.set_task_cpus(20'000);
  EXPECT_THAT(Invalid(request), HasSubstr("more than the 10000 slots that a worker may have"));
  request.set_task_cpus(2);
  request.set_task_gpus(2'000);
  EXPECT_THAT(Invalid(request), HasSubstr("--task-gpus 2000 is more than the 1024"));
  request.set_task_gpus(1);
  request.add_required_labels("fast disk");
  EXPECT_THAT(Invalid(request), HasSubstr("--require: the label \"fast disk\" is none"));
  request.set_required_labels(0, "ssd");
  request.add_required_labels("avx2");
  request.set_task_memory_bytes(5);
  EXPECT_EQ(ShapeOf(*Plan(request)).needs, (TaskNeeds{2, 5, 1, {"avx2", "ssd"}}));
}

TEST_F(Admission, LimitsOfFailureAreOneEachAndStopCuts) {
  v1::JobRequest request = Request("test-range");
  request.set_task_timeout_ms(5);
  request.set_task_timeout_percent(300);
  EXPECT_THAT(Invalid(request), HasSubstr("give one of the two"));
  request.set_task_timeout_ms(0);
  request.set_task_timeout_percent(90);
  EXPECT_THAT(Invalid(request), HasSubstr("would stop every second task"));
  request.set_task_timeout_percent(300);
  request.set_halt_failures(2);
  request.set_halt_percent(5);
  EXPECT_THAT(Invalid(request), HasSubstr("give one of the two"));
  request.set_halt_failures(0);
  const JobShape shape = ShapeOf(*Plan(request));
  EXPECT_EQ(shape.halt, (Halt{1, 5}));
  EXPECT_EQ(shape.timeout_percent, 300u);
  for (const StageShape& stage : shape.stages) EXPECT_FALSE(stage.may_be_cut);
  (*request.mutable_params())["caches"] = "";
  request.set_output(temp_.path("out-2"));
  EXPECT_THAT(Plan(request).status().message(), HasSubstr("make what the job caches"));
}

TEST_F(Admission, AJobIsHeldForAMonthAtMost) {
  v1::JobRequest request = Request("test-range");
  constexpr DurationMs kMonthMs = DurationMs{30} * 24 * 3'600'000;
  request.set_hold_ms(kMonthMs + 1);
  EXPECT_THAT(Invalid(request), HasSubstr("longer than the 720h"));
  request.set_hold_ms(kMonthMs);
  EXPECT_EQ(ShapeOf(*Plan(request)).hold_ms, kMonthMs);
}

TEST_F(Admission, ADryRunMakesNothing) {
  const v1::JobRequest request = Request("test-range");
  const absl::StatusOr<v1::JobPlan> plan = PlanDryRun(request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->staging_directory(), "");
  EXPECT_FALSE(std::filesystem::exists(temp_.path("out")));
  std::filesystem::create_directories(temp_.path("out/mine"));
  EXPECT_TRUE(absl::IsAlreadyExists(PlanDryRun(request).status()));
}

std::vector<std::uint32_t> TaskCounts(const v1::JobPlan& plan) {
  std::vector<std::uint32_t> counts;
  for (const auto& stage : plan.stages()) counts.push_back(stage.task_count());
  return counts;
}

TEST_F(Admission, FillsInTheDefaultsAndPreparesTheOutput) {
  const auto plan = Plan(FileRequest("test-lines", "a\nb\n"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->request().partitions(), 4);
  EXPECT_EQ(plan->request().split_bytes(), 64 << 20);
  EXPECT_EQ(plan->request().memory_bytes(), 1 << 30);
  EXPECT_EQ(plan->request().max_attempts(), 4);
  EXPECT_EQ(plan->output_format(), v1::OUTPUT_FORMAT_TEXT);
  EXPECT_EQ(plan->output_files(), 4);
  EXPECT_EQ(plan->inputs(0).files_size(), 1);
  EXPECT_TRUE(std::filesystem::is_directory(plan->staging_directory()));
}

TEST_F(Admission, PlansMapAndReduceAroundAShuffle) {
  v1::JobRequest request = FileRequest("test-lines", std::string(5'000, '\n'));
  request.set_split_bytes(1'024);
  request.set_partitions(3);
  const auto plan = Plan(request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(TaskCounts(*plan), ElementsAre(5, 3));
  const JobShape shape = ShapeOf(*plan);
  EXPECT_EQ(shape.name, "test-lines");
  EXPECT_TRUE(shape.has_output);
  EXPECT_THAT(shape.stages,
              ElementsAre(StageShape{5, {}, true}, StageShape{3, {{0, EdgeKind::kShuffle}}}));
}

TEST_F(Admission, PlansASampleStageThatBroadcastsToATotalOrdersMaps) {
  v1::JobRequest request = FileRequest("test-sort", std::string(5'000, 'x'));
  request.set_split_bytes(1'024);
  const auto plan = Plan(request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(TaskCounts(*plan), ElementsAre(5, 5, 4));
  EXPECT_THAT(ShapeOf(*plan).stages,
              ElementsAre(StageShape{5, {}}, StageShape{5, {{0, EdgeKind::kBroadcast}}, true},
                          StageShape{4, {{1, EdgeKind::kShuffle}}}));
}

TEST_F(Admission, MapsMayBeCutUnlessTheJobOrItsInputForbidsIt) {
  const auto may_be_cut = [&](v1::JobRequest request) {
    request.set_overwrite(true);  // of the one before
    const auto plan = Plan(request);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return ShapeOf(*plan).stages.at(0).may_be_cut;
  };
  EXPECT_TRUE(may_be_cut(Request("test-range")));
  EXPECT_FALSE(may_be_cut(FileRequest("test-copy", "a\n"))) << "a file per split";
  EXPECT_FALSE(may_be_cut(FileRequest("test-one-task", "a\n")));
  v1::JobRequest compressed = Request("test-lines");
  compressed.add_inputs(temp_.Write("input.gz", "\x1f\x8b\x08 and more"));
  EXPECT_FALSE(may_be_cut(compressed));
}

TEST_F(Admission, AMapOnlyJobWritesOneFilePerSplit) {
  v1::JobRequest request = FileRequest("test-copy", std::string(3'000, '\n'));
  request.set_split_bytes(1'024);
  const auto plan = Plan(request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(TaskCounts(*plan), ElementsAre(3));
  EXPECT_EQ(plan->output_files(), 3);
}

TEST_F(Admission, TheParametersMayTellWhetherThereIsAShuffle) {
  v1::JobRequest request = FileRequest("test-lines", std::string(3'000, '\n'));
  request.set_split_bytes(1'024);
  (*request.mutable_params())["map-only"] = "true";
  const auto plan = Plan(request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(TaskCounts(*plan), ElementsAre(3));
}

TEST_F(Admission, EmptyInputGivesAJobWithoutMapsThatStillWritesItsPartitions) {
  const auto plan = Plan(FileRequest("test-lines", ""));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(TaskCounts(*plan), ElementsAre(0, 4));
}

TEST_F(Admission, SplitsARangeInto64) {
  const auto plan = Plan(Request("test-range"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(TaskCounts(*plan), ElementsAre(64, 4));
  EXPECT_EQ(plan->inputs(0).range_end(), 1'000);
}

TEST_F(Admission, NamesTheNearestJobForAMisspeltOne) {
  EXPECT_THAT(Refusal(Request("test-lnies"), absl::StatusCode::kNotFound),
              AllOf(HasSubstr("no job 'test-lnies'"), HasSubstr("did you mean 'test-lines'?")));
}

TEST_F(Admission, PassesOnWhatTheJobSaysOfItsParameters) {
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  (*request.mutable_params())["wrong"] = "1";
  EXPECT_EQ(Invalid(request), "there is no parameter 'wrong'");
}

TEST_F(Admission, AnExceptionOfTheJobsCodeIsARefusal) {
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  (*request.mutable_params())["throws"] = "1";
  EXPECT_THAT(Invalid(request), HasSubstr("the moon is full"));
}

TEST_F(Admission, TakesTheOutputFormatFromTheRequestElseFromTheJobsParameters) {
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  (*request.mutable_params())["records"] = "1";
  const auto declared = Plan(request);
  ASSERT_TRUE(declared.ok()) << declared.status();
  EXPECT_EQ(declared->output_format(), v1::OUTPUT_FORMAT_RECORD_FILE);
  request.set_output(temp_.path("other"));
  request.set_output_format(v1::OUTPUT_FORMAT_TEXT);
  const auto asked = Plan(request);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->output_format(), v1::OUTPUT_FORMAT_TEXT);
}

TEST_F(Admission, RefusesInputsThatDoNotSuitTheJob) {
  EXPECT_THAT(Invalid(Request("test-lines")), HasSubstr("name some with --input"));
  v1::JobRequest range = Request("test-range");
  range.add_inputs("/etc/hostname");
  EXPECT_THAT(Invalid(range), HasSubstr("reads no files"));
  v1::JobRequest missing = Request("test-lines");
  missing.add_inputs(temp_.path("missing"));
  EXPECT_THAT(Refusal(missing, absl::StatusCode::kNotFound), HasSubstr("missing"));
  v1::JobRequest relative = Request("test-lines");
  relative.add_inputs("input");
  EXPECT_THAT(Invalid(relative), HasSubstr("'input' is not an absolute path"));
}

TEST_F(Admission, RefusesARecordFileWhoseSizeIsNoMultiple) {
  EXPECT_THAT(Invalid(FileRequest("test-sort", "123456789012345")),
              AllOf(HasSubstr("15 bytes"), HasSubstr("10-byte records")));
}

TEST_F(Admission, RefusesInputBelowTheOutputItWouldReplace) {
  const auto first = Plan(FileRequest("test-lines", "a\n"));
  ASSERT_TRUE(first.ok());
  v1::JobRequest request = Request("test-lines");
  request.set_overwrite(true);
  request.add_inputs(temp_.Write("out/data", "a\n"));
  const auto plan = Plan(request);
  EXPECT_THAT(std::string(plan.status().message()), HasSubstr("inside the output directory"));
}

TEST_F(Admission, RefusesANameThatIsNotText) {
  v1::JobRequest request = Request("test-lines");
  request.add_inputs(temp_.Write("\xff\xfe", "a\n"));
  EXPECT_THAT(Invalid(request), HasSubstr("not UTF-8"));
}

TEST_F(Admission, RefusesSizesThatCanNotWork) {
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  request.set_partitions(0);
  EXPECT_THAT(Invalid(request), HasSubstr("at least one partition"));
  request.set_partitions(100'001);
  EXPECT_THAT(Invalid(request), HasSubstr("100001 partitions"));
  request.clear_partitions();
  request.set_memory_bytes(1 << 20);
  EXPECT_THAT(Invalid(request), HasSubstr("at least 16"));
  request.clear_memory_bytes();
  request.set_split_bytes(10);
  EXPECT_THAT(Invalid(request), HasSubstr("too small"));
  request.clear_split_bytes();
  request.set_splits(3);
  EXPECT_THAT(Invalid(request), HasSubstr("--split-size"));
}

TEST_F(Admission, RefusesToSkipRecordsWhereThatCanNotWork) {
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  request.set_skip_bad_records(1'001);
  EXPECT_THAT(Invalid(request), HasSubstr("1001 bad records are more than the 1000"));
  request.set_skip_bad_records(1);
  request.set_max_attempts(1);
  EXPECT_THAT(Invalid(request), HasSubstr("--max-attempts 1 allows but one"));
  v1::JobRequest programs = FileRequest("test-programs", "a\n");
  programs.set_skip_bad_records(1);
  EXPECT_THAT(Invalid(programs), HasSubstr("can't be told at which record it fails"));
  request.set_max_attempts(2);
  EXPECT_EQ(ShapeOf(Plan(request).value()).skip_bad_records, 1u);
}

TEST_F(Admission, RefusesAnOutputThatIsMissingOrRelative) {
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  request.clear_output();
  EXPECT_THAT(Invalid(request), HasSubstr("--output"));
  request.set_output("out");
  EXPECT_THAT(Invalid(request), HasSubstr("not an absolute path"));
}

TEST_F(Admission, RefusesAnOutputThatHoldsSomething) {
  std::filesystem::create_directory(temp_.path("full"));
  temp_.Write("full/letter", "dear");
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  request.set_output(temp_.path("full"));
  EXPECT_FALSE(Plan(request).ok());
  EXPECT_TRUE(std::filesystem::exists(temp_.path("full/letter")));
}

TEST_F(Admission, SeesThroughSymlinksThatTheOutputHoldsTheInput) {
  std::filesystem::create_directory(temp_.path("run-7"));
  const std::string part = temp_.Write("run-7/part-00000-of-00001", "a\n");
  std::filesystem::create_symlink(temp_.path("run-7"), temp_.path("latest"));
  std::filesystem::create_symlink(part, temp_.path("one"));
  for (const char* input : {"latest", "one"}) {
    v1::JobRequest request = Request("test-lines");
    request.add_inputs(temp_.path(input));
    request.set_output(temp_.path("run-7"));
    request.set_overwrite(true);
    EXPECT_THAT(Invalid(request),
                AnyOf(HasSubstr("inside the output directory"), HasSubstr("both input and output")))
        << input;
  }
}

TEST_F(Admission, RefusesAnOutputInsideOfAnInputDirectoryByAnyName) {
  temp_.Write("books/one", "a\n");
  std::filesystem::create_directory_symlink(temp_.path("books"), temp_.path("alias"));
  for (const char* output : {"books/counts", "alias/deep/counts", "alias/../books/counts"}) {
    v1::JobRequest request = Request("test-lines");
    request.add_inputs(temp_.path("books"));
    request.set_output(temp_.path(output));
    EXPECT_THAT(Invalid(request), HasSubstr("lies inside the input")) << output;
  }
  v1::JobRequest both = Request("test-lines");
  both.add_inputs(temp_.path("books"));
  both.set_output(temp_.path("alias"));
  both.set_overwrite(true);
  EXPECT_THAT(Invalid(both), HasSubstr("is both input and output"));
  EXPECT_THAT(temp_.Files(), ElementsAre("books/one"));
}

TEST_F(Admission, RefusesAnOutputThatTheInputsGlobWillMatch) {
  temp_.Write("books/one", "a\n");
  for (const char* output : {"books/counts", "books/counts/of-today"}) {
    v1::JobRequest request = Request("test-lines");
    request.add_inputs(temp_.path("books/*"));
    request.set_output(temp_.path(output));
    EXPECT_THAT(Invalid(request), HasSubstr("matches the output directory")) << output;
  }
  v1::JobRequest other = Request("test-lines");
  other.add_inputs(temp_.path("books/o*"));
  other.set_output(temp_.path("books/counts"));
  EXPECT_TRUE(Plan(other).ok());
}

TEST_F(Admission, AllowsAnOutputBesideTheFilesThatAreRead) {
  v1::JobRequest request = Request("test-lines");
  request.add_inputs(temp_.Write("books/one", "a\n"));
  request.set_output(temp_.path("books/counts"));
  const auto plan = Plan(request);
  EXPECT_TRUE(plan.ok()) << plan.status();
}

TEST_F(Admission, ClimbsOutOfASymlinkAsTheFileSystemDoes) {
  std::filesystem::create_directories(temp_.path("deep/target"));
  std::filesystem::create_directory_symlink(temp_.path("deep/target"), temp_.path("link"));
  v1::JobRequest request = FileRequest("test-lines", "a\n");
  request.set_output(temp_.path("link/../counts"));
  EXPECT_EQ(Plan(request).value().request().output(), temp_.path("deep/counts"));
}

TEST_F(Admission, WritesEqualDirectoriesAsEqualText) {
  EXPECT_EQ(NormalOutputPath("/a//b/../c/"), "/a/c");
  EXPECT_EQ(NormalOutputPath("/"), "/");
}

}  // namespace
}  // namespace gristmill::coordinator
