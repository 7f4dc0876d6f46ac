// Between a snapshot's records and the journal's messages: task by task would be too large, so
// tasks go in columns.
#pragma once

#include "absl/status/statusor.h"
#include "coordinator/core/record.h"
#include "gristmill/v1/journal.pb.h"

namespace gristmill::coordinator {

void EncodeInto(const IdsRestoredRecord& record, v1::JournalRecord* out);
void EncodeInto(const StageRestoredRecord& record, v1::JournalRecord* out);
void EncodeInto(const TasksRestoredRecord& record, v1::JournalRecord* out);
void EncodeInto(const ResultRestoredRecord& record, v1::JournalRecord* out);
void EncodeInto(const JobRestoredRecord& record, v1::JournalRecord* out);
void EncodeInto(const FinishedRestoredRecord& record, v1::JournalRecord* out);

// Of a decision, which snapshots hold, too.
v1::RecordSkipped Encode(const RecordSkippedRecord& record);
RecordSkippedRecord Decode(const v1::RecordSkipped& message);

// DataLoss if the message contradicts itself.
absl::StatusOr<Record> Decode(const v1::IdsRestored& message);
absl::StatusOr<Record> Decode(const v1::StageRestored& message);
absl::StatusOr<Record> Decode(const v1::TasksRestored& message);
absl::StatusOr<Record> Decode(const v1::ResultRestored& message);
absl::StatusOr<Record> Decode(const v1::JobRestored& message);
absl::StatusOr<Record> Decode(const v1::FinishedRestored& message);

}  // namespace gristmill::coordinator
