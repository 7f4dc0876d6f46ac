// Between the core's records and the journal's messages.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "coordinator/core/record.h"
#include "gristmill/v1/journal.pb.h"

namespace gristmill::coordinator {

// What the journal keeps of a record beside what the core knows.
struct RecordContext {
  std::int64_t unix_ms = 0;           // when it was decided; kept for job records
  const v1::JobPlan* plan = nullptr;  // of the job; only for JobSubmittedRecord, where it must be
};

v1::JournalRecord EncodeRecord(const Record& record, const RecordContext& context);

// `shape_of` is coordinator::ShapeOf (admission.h). Plan and unix_ms stay in `record` for the
// caller. DataLoss if the message is of no known kind or misses what its kind needs.
// WorkersNamed is nothing to the core: the caller takes it before.
absl::StatusOr<Record> DecodeRecord(const v1::JournalRecord& record,
                                    const std::function<JobShape(const v1::JobPlan&)>& shape_of);

}  // namespace gristmill::coordinator
