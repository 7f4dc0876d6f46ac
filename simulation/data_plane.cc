#include "simulation/data_plane.h"

#include <algorithm>

namespace gristmill::simulation {

AttemptTrace& DataPlane::Trace(AttemptId attempt) {
  if (attempt.value() >= traces_.size()) traces_.resize(attempt.value() + 1);
  return traces_[attempt.value()];
}

const AttemptTrace* DataPlane::Find(AttemptId attempt) const {
  return attempt.value() < traces_.size() ? &traces_[attempt.value()] : nullptr;
}

void DataPlane::Write(AttemptId attempt, std::uint32_t process, std::int64_t run_us) {
  AttemptTrace& trace = Trace(attempt);
  Process& holder = processes_[process];
  trace.process = process;
  trace.disk = holder.disk;
  trace.finished = true;
  trace.run_us = run_us;
  const auto same_job = [&](const auto& entry) { return entry.first == trace.task.job; };
  auto found = std::find_if(holder.files.begin(), holder.files.end(), same_job);
  if (found == holder.files.end()) {
    found = holder.files.insert(found, {trace.task.job, {}});
  }
  found->second.push_back(attempt);
}

void DataPlane::Delete(AttemptId attempt) {
  Trace(attempt).deleted = true;
  ++losses_;
}

void DataPlane::DeleteJob(std::uint32_t process, JobId job) {
  Process& holder = processes_[process];
  for (auto& [of_job, files] : holder.files) {
    if (of_job != job) continue;
    for (const AttemptId attempt : files) traces_[attempt.value()].deleted = true;
  }
  std::erase_if(holder.files, [&](const auto& entry) { return entry.first == job; });
  ++losses_;
}

void DataPlane::DeleteAll(std::uint32_t process) {
  ++processes_[process].disk;
  processes_[process].files.clear();
  ++losses_;
}

AttemptId DataPlane::AnyFile(std::uint32_t process, std::uint64_t choice) const {
  const auto& jobs = processes_[process].files;
  if (jobs.empty()) return AttemptId();
  const auto& files = jobs[choice % jobs.size()].second;
  return files[(choice >> 16) % files.size()];
}

std::vector<JobId> DataPlane::JobsOn(std::uint32_t process) const {
  std::vector<JobId> jobs;
  for (const auto& [job, files] : processes_[process].files) jobs.push_back(job);
  return jobs;
}

void DataPlane::SetServed(std::uint32_t process, bool served) {
  processes_[process].served = served;
  ++losses_;
}

bool DataPlane::IsReadable(AttemptId attempt) const {
  const AttemptTrace* trace = Find(attempt);
  if (trace == nullptr || !trace->finished || trace->deleted) return false;
  const Process& holder = processes_[trace->process];
  return holder.served && holder.disk == trace->disk;
}

const std::vector<std::uint32_t>& DataPlane::Missing(const Sources& sources) const {
  if (sources.checked_at == losses_) return sources.missing;
  sources.checked_at = losses_;
  sources.missing.clear();
  for (std::uint32_t index = 0; index < sources.attempts.size(); ++index) {
    if (!IsReadable(sources.attempts[index])) sources.missing.push_back(index);
  }
  return sources.missing;
}

}  // namespace gristmill::simulation
