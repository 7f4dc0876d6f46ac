#include "coordinator/rpc/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/rpc/fake_session.h"

namespace gristmill::coordinator {
namespace {

using ::testing::ElementsAre;

v1::TaskAssignment Assignment(std::uint64_t attempt) {
  v1::TaskAssignment assignment;
  assignment.set_attempt(attempt);
  return assignment;
}

TEST(Outbox, JoinsNeighboursKeepsTheOrderAndAcknowledgesLast) {
  Outbox outbox;
  outbox.Acknowledge(AttemptId(7));
  outbox.Assign(Assignment(1));
  outbox.Assign(Assignment(2));
  outbox.Cancel(AttemptId(3));
  outbox.Cancel(AttemptId(4));
  outbox.EndJob(JobId(1));
  outbox.EndJob(JobId(2));
  outbox.Acknowledge(AttemptId(8));
  outbox.Assign(Assignment(5));
  FakeSession session;
  outbox.SendTo(session);
  EXPECT_THAT(session.TakeSent(),
              ElementsAre("assign 1 2", "cancel 3 4", "job end 1 2", "assign 5", "ack 7 8"));
  EXPECT_TRUE(outbox.empty());
}

}  // namespace
}  // namespace gristmill::coordinator
