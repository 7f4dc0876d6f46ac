#include "coordinator/journal/record_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "coordinator/core/coordinator.h"

namespace gristmill::coordinator {
namespace {

JobShape ShapeOf(const v1::JobPlan& plan) {
  JobShape shape;
  shape.name = plan.request().job();
  shape.stages = {{plan.output_files(), {}}};
  return shape;
}

v1::JobPlan Plan() {
  v1::JobPlan plan;
  plan.mutable_request()->set_job("wordcount");
  plan.set_output_files(2);
  return plan;
}

// Every kind of record, such that each can follow the ones before it.
std::vector<Record> History() {
  return {JobSubmittedRecord{JobId(1), ShapeOf(Plan())},
          WorkerJoinedRecord{WorkerId(1), "instance", "host:7", 3, "host:9", "/spill"},
          WorkerJoinedRecord{WorkerId(2), "other", "host:8", 1, "host:10", "/spill2"},
          AttemptAssignedRecord{AttemptId(1), {JobId(1), 0, 0}, WorkerId(1)},
          AttemptAssignedRecord{AttemptId(2), {JobId(1), 0, 1}, WorkerId(1)},
          AttemptSucceededRecord{AttemptId(1), {{"words", 5}}, std::string("r\0s", 3)},
          AttemptEndedRecord{AttemptId(2), true, "boom"},
          OutputLostRecord{{JobId(1), 0, 0}},
          WorkerDrainedRecord{WorkerId(1)},
          WorkerLostRecord{WorkerId(2), "left"},
          JobStateRecord{JobId(1), JobState::kCommitting, ""},
          JobStateRecord{JobId(1), JobState::kFailed, "no space"}};
}

TEST(RecordCodec, AHistoryFoldsTheSameAfterEncodingAndDecoding) {
  const v1::JobPlan plan = Plan();
  Coordinator direct{Limits{}}, decoded{Limits{}};
  for (const Record& record : History()) {
    const v1::JournalRecord message = EncodeRecord(record, {5, &plan});
    const auto back = DecodeRecord(message, ShapeOf);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->index(), record.index());
    EXPECT_EQ(EncodeRecord(*back, {5, &plan}).SerializeAsString(), message.SerializeAsString());
    direct.Apply(record);
    decoded.Apply(*back);
    EXPECT_EQ(direct.Fingerprint(), decoded.Fingerprint());
  }
}

TEST(RecordCodec, TheHistoryHasEveryKindOfRecord) {
  std::set<std::size_t> kinds;
  for (const Record& record : History()) kinds.insert(record.index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<Record>);
}

TEST(RecordCodec, JobRecordsCarryPlanAndTime) {
  const v1::JobPlan plan = Plan();
  const auto submitted = EncodeRecord(JobSubmittedRecord{JobId(1), {}}, {1234, &plan});
  EXPECT_EQ(submitted.job_submitted().unix_ms(), 1234);
  EXPECT_EQ(submitted.job_submitted().plan().request().job(), "wordcount");
  const auto state = EncodeRecord(JobStateRecord{JobId(1), JobState::kCancelled, ""}, {1235});
  EXPECT_EQ(state.job_state_changed().unix_ms(), 1235);
  EXPECT_EQ(state.job_state_changed().state(), v1::JOB_STATE_CANCELLED);
}

TEST(RecordCodec, AnUnknownKindOrStateIsDataLoss) {
  EXPECT_EQ(DecodeRecord({}, ShapeOf).status().code(), absl::StatusCode::kDataLoss);
  v1::JournalRecord state;
  state.mutable_job_state_changed()->set_job(1);
  EXPECT_EQ(DecodeRecord(state, ShapeOf).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace gristmill::coordinator
