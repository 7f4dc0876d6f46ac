#include "cli/job_control.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "base/status.h"

namespace gristmill::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ControlFlags Timeout(std::string text) {
  ControlFlags flags;
  flags.task_timeout = std::move(text);
  return flags;
}

ControlFlags Halt(std::string text) {
  ControlFlags flags;
  flags.halt = std::move(text);
  return flags;
}

ControlFlags Hold(std::string text) {
  ControlFlags flags;
  flags.hold = std::move(text);
  return flags;
}

ControlFlags KeepOrder() {
  ControlFlags flags;
  flags.keep_order = true;
  return flags;
}

v1::JobRequest RequestOf(const ControlFlags& flags) {
  v1::JobRequest request;
  const absl::Status added = AddControl(flags, &request);
  EXPECT_TRUE(added.ok()) << added;
  return request;
}

std::string RefusalOf(const ControlFlags& flags) {
  v1::JobRequest request;
  return Message(AddControl(flags, &request));
}

TEST(AddControl, LeavesWhatWasNotGivenToAdmission) {
  EXPECT_EQ(RequestOf({}).SerializeAsString(), v1::JobRequest().SerializeAsString());
}

TEST(AddControl, TakesATimeForWhichAJobIsHeld) {
  EXPECT_EQ(RequestOf(Hold("1h")).hold_ms(), 3'600'000u);
  EXPECT_THAT(RefusalOf(Hold("0s")), HasSubstr("--hold is zero; give it a time such as 1h"));
  EXPECT_THAT(RefusalOf(Hold("long")), HasSubstr("--hold: "));
}

TEST(AddControl, TakesResources) {
  ControlFlags flags;
  flags.task_cpus = 2;
  flags.task_memory = "4G";
  flags.task_gpus = 1;
  flags.require = {"ssd", "avx2", "ssd"};
  const v1::JobRequest request = RequestOf(flags);
  EXPECT_EQ(request.task_cpus(), 2u);
  EXPECT_EQ(request.task_memory_bytes(), std::uint64_t{4} << 30);
  EXPECT_EQ(request.task_gpus(), 1u);
  EXPECT_THAT(request.required_labels(), ElementsAre("avx2", "ssd"));
  flags.require = {"fast disk"};
  EXPECT_THAT(RefusalOf(flags), HasSubstr("--require: the label \"fast disk\" is none"));
}

TEST(AddControl, TakesATimeOrAShareOfTheMedian) {
  EXPECT_EQ(RequestOf(Timeout("1.5s")).task_timeout_ms(), 1'500u);
  EXPECT_EQ(RequestOf(Timeout("300%")).task_timeout_percent(), 300u);
  EXPECT_THAT(RefusalOf(Timeout("0%")), HasSubstr("is no percentage"));
  EXPECT_THAT(RefusalOf(Timeout("many%")), HasSubstr("is no percentage"));
  EXPECT_THAT(RefusalOf(Timeout("0s")), HasSubstr("is zero"));
  EXPECT_THAT(RefusalOf(Timeout("soon")), HasSubstr("is not a duration"));
}

TEST(AddControl, TakesTheFormsOfHaltThatItKeepsAndRefusesTheOthersByName) {
  EXPECT_EQ(RequestOf(Halt("fail=3")).halt_failures(), 3u);
  EXPECT_EQ(RequestOf(Halt("now,fail=1")).halt_failures(), 1u);
  EXPECT_EQ(RequestOf(Halt("now,fail=5%")).halt_percent(), 5u);
  EXPECT_THAT(RefusalOf(Halt("soon,fail=1")), HasSubstr("write --halt now,fail=N"));
  EXPECT_THAT(RefusalOf(Halt("never")), HasSubstr("write --halt fail=100%"));
  EXPECT_THAT(RefusalOf(Halt("now,success=1")), HasSubstr("only fail=N and fail=N% are known"));
  EXPECT_THAT(RefusalOf(Halt("done=1")), HasSubstr("only fail=N and fail=N% are known"));
  EXPECT_THAT(RefusalOf(Halt("fail=0")), HasSubstr("gives no number"));
  EXPECT_THAT(RefusalOf(Halt("fail=%")), HasSubstr("gives no number"));
  EXPECT_THAT(RefusalOf(Halt("3")), HasSubstr("is not of the form fail=N"));
}

TEST(CheckKeepOrder, HoldsForMapOnlyJobs) {
  v1::JobPlan plan;
  plan.add_stages()->set_kind(v1::STAGE_KIND_MAP);
  EXPECT_TRUE(CheckKeepOrder(KeepOrder(), plan).ok());
  plan.add_stages()->set_kind(v1::STAGE_KIND_REDUCE);
  EXPECT_TRUE(CheckKeepOrder({}, plan).ok());
  EXPECT_THAT(Message(CheckKeepOrder(KeepOrder(), plan)), HasSubstr("leave --keep-order out"));
}

}  // namespace
}  // namespace gristmill::cli
