#include "coordinator/rpc/log_queries.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace gristmill::coordinator {

void LogQueries::Ask(v1::ReadLog asked, WorkerId worker, WorkerLink* link, Instant now,
                     Reply reply) {
  if (closed_ || waiting_.size() >= kWaitingMax) {
    return reply(
        ResourceExhausted("too many logs are being read, or the coordinator stops; try "
                          "again"));
  }
  asked.set_query(++last_);
  waiting_[last_] = {worker, now + kAnswerMs, std::move(reply)};
  v1::CoordinatorMessage message;
  *message.mutable_read_log() = std::move(asked);
  link->outbox.Add(std::move(message));
}

void LogQueries::OnAnswer(WorkerId worker, const v1::LogRead& answer) {
  const auto found = waiting_.find(answer.query());
  if (found == waiting_.end() || found->second.worker != worker) return;  // given up
  const Reply reply = std::move(found->second.reply);
  waiting_.erase(found);
  reply(answer.page());
}

void LogQueries::GiveUp(Instant now, WorkerLinks& links) {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    Waiting& waiting = next->second;
    const bool is_gone = links.Find(waiting.worker) == nullptr;
    if (!is_gone && now < waiting.until) {
      ++next;
      continue;
    }
    const Reply reply = std::move(waiting.reply);
    next = waiting_.erase(next);
    reply(is_gone ? NotFound("the worker went away while its log was read")
                  : DeadlineExceeded("the worker did not answer within {} s; try again",
                                     kAnswerMs / 1'000));
  }
}

void LogQueries::Close(const absl::Status& status) {
  closed_ = true;
  for (auto& [query, waiting] : std::exchange(waiting_, {})) waiting.reply(status);
}

Instant LogQueries::next_deadline() const {
  Instant next = kNever;
  for (const auto& [query, waiting] : waiting_) next = std::min(next, waiting.until);
  return next;
}

}  // namespace gristmill::coordinator
