#include "coordinator/rpc/job_insight.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/readable_text.h"

namespace gristmill::coordinator {
namespace {

v1::HeavyKey Checked(v1::HeavyKey key) {
  key.set_key(ShortenedText(key.key(), JobInsight::kKeyBytesMax));
  return key;
}

void AddPeers(const v1::TaskReport& report, std::map<std::string, v1::PeerFetch>* peers) {
  constexpr int kPeersOfReportMax = 8;
  constexpr std::size_t kAddressBytesMax = 256;
  for (int i = 0; i < std::min(report.peers_size(), kPeersOfReportMax); ++i) {
    const v1::PeerFetch& told = report.peers(i);
    if (told.address().size() > kAddressBytesMax) continue;
    if (peers->size() >= JobInsight::kPeersMax && !peers->contains(told.address())) continue;
    v1::PeerFetch& sum = (*peers)[told.address()];
    sum.set_address(told.address());
    sum.set_bytes(sum.bytes() + told.bytes());
    sum.set_us(sum.us() + told.us());
    sum.set_others_bytes(sum.others_bytes() + told.others_bytes());
    sum.set_others_us(sum.others_us() + told.others_us());
  }
}

}  // namespace

void JobInsight::Fold(const Record& record, Instant now) {
  if (const auto* assigned = std::get_if<AttemptAssignedRecord>(&record)) {
    const auto job = jobs_.find(assigned->task.job);
    if (job == jobs_.end()) return;
    Instant& start = job->second.stages[assigned->task.stage].first_start;
    start = std::min(start, now);
    std::vector<WorkerId>& workers = job->second.workers;
    const auto place = std::ranges::lower_bound(workers, assigned->worker);
    const bool is_known = place != workers.end() && *place == assigned->worker;
    if (!is_known && workers.size() < kWorkersMax) workers.insert(place, assigned->worker);
  } else if (const auto* succeeded = std::get_if<AttemptSucceededRecord>(&record)) {
    notes_.erase(succeeded->attempt);
  } else if (const auto* ended = std::get_if<AttemptEndedRecord>(&record)) {
    notes_.erase(ended->attempt);
  } else if (const auto* submitted = std::get_if<JobSubmittedRecord>(&record)) {
    jobs_[submitted->job].submitted = now;
  } else if (const auto* changed = std::get_if<JobStateRecord>(&record)) {
    if (changed->state > JobState::kCommitting) EndJob(changed->job);
  } else if (const auto* forgotten = std::get_if<JobForgottenRecord>(&record)) {
    jobs_.erase(forgotten->job);
  }
}

void JobInsight::EndJob(JobId id) {
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return;
  for (auto& [index, stage] : job->second.stages) {
    stage.run_times.Settle();
    stage.input_bytes.Settle();
  }
  ended_.push_back(id);
  if (ended_.size() <= kEndedJobsMax) return;
  jobs_.erase(ended_.front());
  ended_.pop_front();
}

void JobInsight::OnProgress(const v1::AttemptProgress& progress, Instant now) {
  if (!Tells(progress)) return;
  std::unique_ptr<AttemptNotes>& notes = notes_[AttemptId(progress.attempt())];
  if (notes == nullptr) notes = std::make_unique<AttemptNotes>();
  if (progress.has_status()) notes->status = ShortenedText(progress.status(), kStatusBytesMax);
  if (progress.has_spent()) notes->spent = progress.spent();
  if (progress.has_heavy_key()) notes->heavy_key = Checked(progress.heavy_key());
  if (progress.input_bytes() > 0) notes->input_bytes = progress.input_bytes();
  if (progress.run_ms() == 0) return;
  notes->run_ms = progress.run_ms();
  notes->told_at = now;
}

void JobInsight::OnSuccess(const TaskRef& task, WorkerId worker, const v1::TaskReport& report,
                           Instant now) {
  const auto job = jobs_.find(task.job);
  if (job == jobs_.end()) return;
  FinishedAttempt finished{.task = task,
                           .attempt = AttemptId(report.attempt()),
                           .worker = worker,
                           .run_ms = report.run_us() / 1'000,
                           .records = report.records(),
                           .input_bytes = report.input_bytes()};
  StageInsight& stage = job->second.stages[task.stage];
  stage.last_end = std::max(stage.last_end, now);
  ++stage.finished;
  stage.run_ms += finished.run_ms;
  stage.run_times.Add(finished.run_ms);
  if (finished.input_bytes > 0) stage.input_bytes.Add(finished.input_bytes);
  AddPeers(report, &job->second.peers);
  const bool is_full = stage.slowest.size() >= kSlowestMax;
  if (is_full && stage.slowest.back().run_ms >= finished.run_ms) return;
  if (is_full) stage.slowest.pop_back();
  finished.heavy_key = Checked(report.heavy_key());
  const auto place = std::ranges::find_if(
      stage.slowest, [&](const FinishedAttempt& other) { return other.run_ms < finished.run_ms; });
  stage.slowest.insert(place, std::move(finished));
}

const AttemptNotes* JobInsight::Find(AttemptId attempt) const {
  const auto found = notes_.find(attempt);
  return found == notes_.end() ? nullptr : found->second.get();
}

const JobInsightEntry* JobInsight::Find(JobId job) const {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : &found->second;
}

}  // namespace gristmill::coordinator
