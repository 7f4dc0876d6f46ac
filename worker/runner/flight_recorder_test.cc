#include "worker/runner/flight_recorder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace gristmill::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FlightRecorder, ShowsWhatBeganAndDidNotEnd) {
  auto recorder = FlightRecorder::Create(3);
  ASSERT_TRUE(recorder.ok());
  EXPECT_THAT((*recorder)->InFlight(), IsEmpty());
  const auto runner = FlightRecorder::Inherit(dup((*recorder)->descriptor()));
  ASSERT_NE(runner, nullptr);
  runner->Begin(0, AttemptId(20));
  runner->Begin(2, AttemptId(21));
  EXPECT_THAT((*recorder)->InFlight(), ElementsAre(AttemptId(20), AttemptId(21)));
  runner->End(0);
  runner->Begin(2, AttemptId(22));
  runner->Begin(3, AttemptId(23));  // there is no such place
  EXPECT_THAT((*recorder)->InFlight(), ElementsAre(AttemptId(22)));
}

TEST(FlightRecorder, IsNotInheritedFromWhatIsNoRecorder) {
  EXPECT_EQ(FlightRecorder::Inherit(-1), nullptr);
  const int null = open("/dev/null", O_RDWR);
  EXPECT_EQ(FlightRecorder::Inherit(null), nullptr);
  close(null);
}

}  // namespace
}  // namespace gristmill::worker
