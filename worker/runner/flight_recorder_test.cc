#include "worker/runner/flight_recorder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace gristmill::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<AttemptId> Attempts(const FlightRecorder& recorder) {
  std::vector<AttemptId> attempts;
  for (const AttemptInFlight& in_flight : recorder.InFlight()) {
    attempts.push_back(in_flight.attempt);
  }
  return attempts;
}

TEST(FlightRecorder, ShowsWhatBeganAndDidNotEnd) {
  auto recorder = FlightRecorder::Create(3);
  ASSERT_TRUE(recorder.ok());
  EXPECT_THAT(Attempts(**recorder), IsEmpty());
  const auto runner = FlightRecorder::Inherit(dup((*recorder)->descriptor()));
  ASSERT_NE(runner, nullptr);
  runner->Begin(0, AttemptId(20), "");
  runner->Begin(2, AttemptId(21), "");
  EXPECT_THAT(Attempts(**recorder), ElementsAre(AttemptId(20), AttemptId(21)));
  runner->End(0);
  runner->Begin(2, AttemptId(22), "");
  EXPECT_EQ(runner->Begin(3, AttemptId(23), ""), nullptr);  // there is no such place
  EXPECT_THAT(Attempts(**recorder), ElementsAre(AttemptId(22)));
}

TEST(FlightRecorder, TellsTheRecordOfAFileWithALongPathByItsEnd) {
  auto recorder = FlightRecorder::Create(1);
  ASSERT_TRUE(recorder.ok());
  auto* const place = (*recorder)->Begin(0, AttemptId(1), std::string(1000, 'x') + "/the/end");
  EXPECT_EQ((*recorder)->InFlight().at(0).record, "");
  const std::string_view block = "a line\n";
  place->mark.EnterBlock(block, 5);
  place->mark.At(block.substr(0, 6));
  EXPECT_THAT((*recorder)->InFlight().at(0).record, testing::EndsWith("x/the/end offset 5"));
  EXPECT_EQ((*recorder)->InFlight().at(0).offset, 5u);
  place->mark.EnterGroups();
  EXPECT_EQ((*recorder)->InFlight().at(0).offset, std::nullopt) << "a key";
  (*recorder)->Begin(0, AttemptId(2), "/next");
  EXPECT_EQ((*recorder)->InFlight().at(0).record, "");
}

TEST(FlightRecorder, IsNotInheritedFromWhatIsNoRecorder) {
  EXPECT_EQ(FlightRecorder::Inherit(-1), nullptr);
  const int null = open("/dev/null", O_RDWR);
  EXPECT_EQ(FlightRecorder::Inherit(null), nullptr);
  close(null);
}

}  // namespace
}  // namespace gristmill::worker
