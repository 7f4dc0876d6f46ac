#include "coordinator/rpc/outbox.h"

#include <utility>

namespace gristmill::coordinator {

void Outbox::Assign(v1::TaskAssignment assignment) {
  if (messages_.empty() || !messages_.back().has_assign()) messages_.emplace_back();
  *messages_.back().mutable_assign()->add_assignments() = std::move(assignment);
}

void Outbox::Cancel(AttemptId attempt) {
  if (messages_.empty() || !messages_.back().has_cancel()) messages_.emplace_back();
  messages_.back().mutable_cancel()->add_attempts(attempt.value());
}

void Outbox::AskCut(AttemptId attempt) {
  if (messages_.empty() || !messages_.back().has_cut()) messages_.emplace_back();
  messages_.back().mutable_cut()->add_attempts(attempt.value());
}

void Outbox::StopOverdue(AttemptId attempt, DurationMs limit_ms) {
  if (messages_.empty() || !messages_.back().has_overdue()) messages_.emplace_back();
  v1::OverdueAttempt& overdue = *messages_.back().mutable_overdue()->add_attempts();
  overdue.set_attempt(attempt.value());
  overdue.set_limit_ms(static_cast<std::uint64_t>(limit_ms));
}

void Outbox::EndJob(JobId job) {
  if (messages_.empty() || !messages_.back().has_job_end()) messages_.emplace_back();
  messages_.back().mutable_job_end()->add_jobs(job.value());
}

void Outbox::SendTo(SessionPort& session) {
  if (!acknowledged_.empty()) {
    v1::CoordinatorMessage message;
    message.mutable_ack()->mutable_attempts()->Add(acknowledged_.begin(), acknowledged_.end());
    messages_.push_back(std::move(message));
    acknowledged_.clear();
  }
  for (v1::CoordinatorMessage& message : messages_) session.Send(std::move(message));
  messages_.clear();
}

}  // namespace gristmill::coordinator
