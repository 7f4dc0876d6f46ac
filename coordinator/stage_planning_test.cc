#include "coordinator/stage_planning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/status.h"
#include "coordinator/admission.h"
#include "coordinator/test_jobs.h"
#include "storage/task_input.h"
#include "storage/test_directory.h"

namespace gristmill::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Stages = std::vector<StageDeclaration>;

constexpr StageKind kMap = StageKind::kMap;
constexpr StageKind kReduce = StageKind::kReduce;

std::string Refusal(Stages stages, std::size_t inputs = 1) {
  JobDeclaration declared;
  declared.inputs.resize(inputs, {.name = "in"});
  declared.stages = std::move(stages);
  const absl::Status status = CheckStages(declared, "odd");
  return status.ok() ? "" : Message(status);
}

TEST(StageCheck, AnyStageMayReadThoseBeforeIt) {
  EXPECT_EQ(Refusal(StagesOfOneInput(false)), "");
  EXPECT_EQ(Refusal(StagesOfOneInput(true, true)), "");
  EXPECT_EQ(Refusal(JoinDeclaration().stages, 2), "");
}

TEST(StageCheck, AnEdgeMustLeadBack) {
  EXPECT_EQ(
      Refusal({{.kind = kMap}, {.kind = kReduce, .edges = {{1}}}}),
      "stage 1 of job 'odd' reads stage 1, which does not come before it: a cycle in a chain");
  EXPECT_EQ(
      Refusal(
          {{.kind = kMap, .edges = {{1, ReadBy::kBroadcast}}}, {.kind = kReduce, .edges = {{0}}}}),
      "stage 0 of job 'odd' reads stage 1, which does not come before it: a cycle in a chain");
  EXPECT_EQ(Refusal({{.kind = kMap}, {.kind = kReduce, .edges = {{7}}}}),
            "stage 1 of job 'odd' reads stage 7, which it does not have");
}

TEST(StageCheck, AStageReadsWhatItsKindNeeds) {
  EXPECT_EQ(Refusal({}), "job 'odd' declares no stage");
  EXPECT_EQ(Refusal({{.kind = kReduce}}),
            "stage 0 of job 'odd' reduces, but reads no stage by a "
            "shuffle");
  EXPECT_EQ(Refusal({{.kind = kMap}, {.kind = kMap, .edges = {{0}}}}),
            "stage 1 of job 'odd' maps an input and can't read a shuffle, too");
  EXPECT_EQ(Refusal({{.kind = kMap, .input = 1}}),
            "stage 0 of job 'odd' reads input 1, and there "
            "are 1");
  EXPECT_EQ(Refusal({{.kind = kMap}, {.kind = kReduce, .input = 7, .edges = {{0}}}}),
            "stage 1 of job 'odd' reads input 7, and there are 1");
  EXPECT_EQ(Refusal({{.kind = kMap}, {.kind = kReduce, .edges = {{0}}, .whole_inputs = {9}}}),
            "stage 1 of job 'odd' reduces and can't read an input whole");
  EXPECT_EQ(Refusal({{.kind = kMap}, {.kind = kReduce, .edges = {{0}, {0}}}}),
            "stage 1 of job 'odd' reads stage 0 twice; once is enough");
  EXPECT_EQ(Refusal({{.kind = kMap}}, 2), "no stage of job 'odd' reads its input 'in'");
  EXPECT_EQ(Refusal({{.kind = kMap, .whole_inputs = {1}}}, 2), "") << "read whole, it is read";
  EXPECT_EQ(Refusal({{.kind = kMap, .whole_inputs = {2}}}, 2),
            "stage 0 of job 'odd' reads input 2 whole, which is its own or none of the 2");
}

TEST(StageCheck, EveryStageLeadsToTheLastOne) {
  EXPECT_EQ(Refusal({{.kind = kMap}, {.kind = kMap}}),
            "stage 0 of job 'odd' leads nowhere: no later stage reads it");
  EXPECT_EQ(Refusal({{.kind = StageKind::kSample}}),
            "stage 0 of job 'odd' is its last one and samples; only map and reduce stages write "
            "output");
  EXPECT_EQ(Refusal({{.kind = kMap},
                     {.kind = kReduce, .edges = {{0}}},
                     {.kind = kReduce, .edges = {{0}, {1}}, .one_task = true}}),
            "stage 2 of job 'odd' and stage 1 read stage 0 by a shuffle and differ in partitions; "
            "let both have one task or neither");
  EXPECT_EQ(
      Refusal(Stages(1'001)),
      "job 'odd' has 1001 stages, more than the 1000 that a job may have; give it fewer steps "
      "or rounds");
}

class SeveralInputs : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(kRegistered); }

  v1::JobRequest Request(const std::vector<std::pair<std::string, std::string>>& inputs) const {
    v1::JobRequest request;
    request.set_job("test-join");
    request.set_output(temp_.path("out"));
    request.set_split_bytes(1'024);
    for (const auto& [name, path] : inputs) {
      v1::NamedInput& named = *request.add_named_inputs();
      named.set_name(name);
      named.set_path(path);
      named.set_whole("/here/" + name + "=" + path);
      request.add_inputs(named.whole());
    }
    return request;
  }
  static std::string Refusal(const v1::JobRequest& request) {
    const auto job = Admit(request, "a test");
    return job.ok() ? "" : Message(job.status());
  }
  std::string left() const { return temp_.Write("in/left", std::string(3'000, '\n')); }
  std::string right() const { return temp_.Write("in/right", std::string(5'000, 'x')); }

  static const bool kRegistered;
  const TestDirectory temp_;
};
const bool SeveralInputs::kRegistered = FindJob("test-join") != nullptr || RegisterTestJobs();

TEST_F(SeveralInputs, EachStageReadsItsOwn) {
  const auto job = Admit(Request({{"right", right()}, {"left", left()}}), "a test");
  ASSERT_TRUE(job.ok()) << job.status();
  const v1::JobPlan& plan = job->plan;
  ASSERT_EQ(plan.inputs_size(), 2);
  EXPECT_EQ(plan.inputs(0).name(), "left");
  EXPECT_EQ(plan.inputs(0).files(0).bytes(), 3'000u);
  EXPECT_EQ(plan.inputs(1).record_bytes(), 10u);
  EXPECT_THAT(plan.request().inputs(), IsEmpty());
  EXPECT_EQ(plan.request().named_inputs(0).whole(), "");
  std::vector<std::string> names;
  for (const v1::StagePlan& stage : plan.stages()) names.push_back(stage.name());
  EXPECT_THAT(names, ElementsAre("map.1", "map.2", "reduce", "total"));
  EXPECT_THAT(ShapeOf(plan).stages,
              ElementsAre(StageShape{3, {}, true}, StageShape{5, {}, false},
                          StageShape{4, {{0, EdgeKind::kShuffle}, {1, EdgeKind::kShuffle}}},
                          StageShape{1, {{2, EdgeKind::kShuffle}, {1, EdgeKind::kBroadcast}}}));
  EXPECT_EQ(plan.output_files(), 1u);
  const SplitTable splits(plan);
  EXPECT_EQ(DescribeTaskInput(plan, splits, 1, {.planned = 4}), right() + ":4000+1000");
  EXPECT_EQ(InputBytes(plan), 8'000u);
}

TEST_F(SeveralInputs, WhereTasksReadOneWholeTheirMedianLimitsNone) {
  v1::JobRequest request = Request({{"left", left()}, {"right", right()}});
  request.set_task_timeout_percent(300);
  EXPECT_EQ(Refusal(request), "");
  std::filesystem::remove_all(temp_.path("out"));
  (*request.mutable_params())["right-whole"] = "";
  EXPECT_THAT(Refusal(request), HasSubstr("read an input whole, which later ones find done"));
}

TEST_F(SeveralInputs, ANameThatIsWrongOrMissingIsASentence) {
  EXPECT_EQ(Refusal(Request({{"left", left()}, {"rihgt", right()}})),
            "job 'test-join' has no input 'rihgt' (it has 'left' and 'right'); did you mean "
            "'right'?");
  EXPECT_EQ(Refusal(Request({{"left", left()}})),
            "job 'test-join' reads an input 'right'; name its files with --input right=PATH");
  v1::JobRequest unnamed = Request({{"left", left()}, {"right", right()}});
  unnamed.add_inputs("/some/where");
  EXPECT_EQ(
      Refusal(unnamed),
      "job 'test-join' has the inputs 'left' and 'right'; say of which '/some/where' is, as in "
      "--input left=PATH");
}

TEST_F(SeveralInputs, OfAJobWithOneInputANameIsPartOfThePath) {
  v1::JobRequest request;
  request.set_job("test-lines");
  request.set_output(temp_.path("out"));
  const std::string path = temp_.Write("day=1/log", "a\n");
  v1::NamedInput& named = *request.add_named_inputs();
  named.set_name("day");
  named.set_path("/here/1/log");
  named.set_whole(path);
  request.add_inputs(path);
  const auto job = Admit(request, "a test");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->plan.inputs(0).files(0).path(), path);
  EXPECT_THAT(job->plan.request().named_inputs(), IsEmpty());
  named.clear_whole();
  EXPECT_EQ(
      Refusal(request),
      "job 'test-lines' has one input, which has no name; say --input PATH instead of --input "
      "day=PATH");
}

TEST_F(SeveralInputs, AFileOfTwoKindsOfRecordsHasNoneToSkip) {
  v1::JobRequest request = Request({{"left", right()}, {"right", right()}});
  request.set_skip_bad_records(1);
  EXPECT_EQ(Refusal(request), "'" + right() +
                                  "' is read as records of two kinds, by the inputs "
                                  "'left' and 'right', so none of them could be skipped; leave out "
                                  "--skip-bad-records");
}

TEST_F(SeveralInputs, NoInputMayHoldTheOutput) {
  v1::JobRequest request = Request({{"left", left()}, {"right", right()}});
  request.set_output(temp_.path("in/out"));
  request.mutable_named_inputs(1)->set_path(temp_.path("in"));
  EXPECT_EQ(Refusal(request).find("the output directory"), 0u) << Refusal(request);
}

}  // namespace
}  // namespace gristmill::coordinator
