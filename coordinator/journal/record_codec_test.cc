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
  shape.skip_bad_records = 2;
  shape.needs = {1, 3, 1, {"ssd"}};
  shape.halt.percent = 50;
  shape.timeout_percent = 300;
  shape.hold_ms = 60'000;
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
  return {
      JobSubmittedRecord{.job = JobId(1), .shape = ShapeOf(Plan()), .queued = true},
      JobStateRecord{JobId(1), JobState::kRunning, ""},
      WorkerJoinedRecord{
          WorkerId(1), "instance", "host:7", {3, 64, 2, {"ssd"}}, "host:9", "/spill"},
      WorkerJoinedRecord{WorkerId(2), "other", "host:8", {1}, "host:10", "/spill2"},
      AttemptAssignedRecord{AttemptId(1), {JobId(1), 0, 0}, WorkerId(1)},
      AttemptAssignedRecord{AttemptId(2), {JobId(1), 0, 1}, WorkerId(1), true},
      TaskCutRecord{{JobId(1), 0, 1}, 77},
      AttemptSucceededRecord{AttemptId(1), {{"words", 5}}, std::string("r\0s", 3)},
      AttemptEndedRecord{AttemptId(2), true, "boom", true, 60},
      RecordSkippedRecord{{JobId(1), 0, 1}, {"/in", 60}, "boom"},
      TaskLeftOutRecord{{JobId(1), 0, 2}, "boom"},
      OutputLostRecord{{JobId(1), 0, 0}},
      JobStateRecord{JobId(1), JobState::kSuspended, "boom"},
      JobStateRecord{JobId(1), JobState::kQueued, ""},
      JobStateRecord{JobId(1), JobState::kRunning, ""},
      WorkerDrainedRecord{WorkerId(1)},
      WorkerLostRecord{WorkerId(2), "left"},
      JobStateRecord{JobId(1), JobState::kCommitting, ""},
      JobStateRecord{JobId(1), JobState::kFailed, "no space"},
      TasksForgottenRecord{JobId(1)},
      JobForgottenRecord{JobId(1)},
      JobSubmittedRecord{JobId(7), ShapeOf(Plan())},
      StageRestoredRecord{JobId(7),
                          0,
                          1,
                          1,
                          2,
                          3,
                          5,
                          4,
                          3,
                          {{1, {WorkerId(2)}}},
                          {0},
                          {{1, 50}, {1, 70}},
                          {{1, 50}, {2, 70}},
                          {{1, 60}}},
      TasksRestoredRecord{JobId(7),
                          0,
                          0,
                          {{AttemptId(9), WorkerId(1), 0, TaskState::kSucceeded, true, false, 3},
                           {AttemptId(8), WorkerId(1), 2, TaskState::kRunning, false, true, 0},
                           {AttemptId(), WorkerId(), 4, TaskState::kLeftOut, false, false, 0}}},
      ResultRestoredRecord{{JobId(7), 0, 0}, std::string("r\0s", 3)},
      JobRestoredRecord{JobId(7),
                        AttemptId(9),
                        {WorkerId(1), WorkerId(2)},
                        {{"words", 6}},
                        {{0, 1, {AttemptId(10), WorkerId(1)}}},
                        {AttemptId(8)},
                        {{{"/in", 60}, {0, 1, "boom"}}},
                        {{0, 2, "boom"}}},
      FinishedRestoredRecord{WorkerId(1), JobId(7), 0, 1, {5, 0, 7}},
      IdsRestoredRecord{JobId(11), WorkerId(12), AttemptId(13)},
      JobSubmittedRecord{JobId(11), ShapeOf(Plan()), /*without_tasks=*/true},
      JobSubmittedRecord{JobId(12), ShapeOf(Plan())},
      JobStateRecord{JobId(12), JobState::kSuspended, "boom"},
      JobSubmittedRecord{JobId(13), ShapeOf(Plan())},
      WorkerJoinedRecord{WorkerId(12), "third", "host:11", {1, 3, 1, {"ssd"}}, "host:12", "/spill"},
      AttemptAssignedRecord{AttemptId(13), {JobId(13), 0, 0}, WorkerId(12)},
      AttemptEndedRecord{AttemptId(13), true, "boom"},
      JobStateRecord{JobId(13), JobState::kSuspended, "boom"},
      JobStateRecord{JobId(13), JobState::kQueued, ""}};
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

// A snapshot decoded from its messages gives the state that it was taken of.
TEST(RecordCodec, ASnapshotFoldsToTheStateItWasTakenOf) {
  const v1::JobPlan plan = Plan();
  Coordinator direct{Limits{}}, restored{Limits{}};
  for (const Record& record : History()) direct.Apply(record);
  direct.Snapshot([&](const Record& record) {
    const auto back = DecodeRecord(EncodeRecord(record, {5, &plan}), ShapeOf);
    EXPECT_TRUE(back.ok()) << back.status();
    if (back.ok()) restored.Apply(*back);
    return back.ok();
  });
  EXPECT_EQ(restored.Fingerprint(), direct.Fingerprint());
}

TEST(RecordCodec, TasksThatContradictThemselvesAreDataLoss) {
  v1::JournalRecord record;
  v1::TasksRestored& tasks = *record.mutable_tasks_restored();
  const auto refused = [&] { return absl::IsDataLoss(DecodeRecord(record, ShapeOf).status()); };
  tasks.set_states(std::string("\2\1", 2));
  tasks.add_attempt_steps(5);
  tasks.add_workers(1);
  EXPECT_TRUE(refused()) << "an assigned task without attempt";
  tasks.add_attempt_steps(-1);
  tasks.add_workers(2);
  EXPECT_FALSE(refused());
  tasks.add_troubles()->set_task(2);
  EXPECT_TRUE(refused()) << "a failed task that is not there";
  tasks.clear_troubles();
  tasks.set_states(std::string("\2\x10", 2));
  EXPECT_TRUE(refused()) << "an unknown state";
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
