// Records at which a job's code dies are skipped, if the job says so.
#pragma once

#include <cstdint>
#include <string>

#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// Whether the job skips records and not yet this one. If it does already, the record is not what
// the task died of.
bool MaySkip(const Job& job, const InputRecord& record);

// The task's last death, before it ever succeeded since, was at that offset of its file.
bool DiedAt(const Job& job, const TaskRef& task, std::uint64_t offset);

// An attempt of the task ended at the record for the second time in a row. The record is set aside
// and the task begins anew; or the job fails, if it may skip no more of them.
void SkipRecord(Turn& turn, const TaskRef& task, const InputRecord& record,
                const std::string& reason);

}  // namespace gristmill::coordinator
