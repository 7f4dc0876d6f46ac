#include "coordinator/rpc/worker_links.h"

#include "base/status.h"

namespace gristmill::coordinator {

void Told::Forget(JobId job) {
  const std::pair<JobId, std::uint32_t> first{job, 0};
  const std::pair<JobId, std::uint32_t> end{JobId(job.value() + 1), 0};
  jobs.erase(job);
  source_versions.erase(source_versions.lower_bound(first), source_versions.lower_bound(end));
  broadcast_versions.erase(broadcast_versions.lower_bound(first),
                           broadcast_versions.lower_bound(end));
}

void WorkerLinks::Open(const std::string& instance, std::shared_ptr<SessionPort> session) {
  opening_[instance] = std::move(session);
}

WorkerLink* WorkerLinks::Bind(const std::string& instance, WorkerId worker) {
  const auto found = opening_.find(instance);
  if (found == opening_.end()) return nullptr;
  if (auto old = links_.find(worker); old != links_.end()) {
    Retire(std::move(old->second), Unavailable("the worker opened a newer session"));
    links_.erase(old);
  }
  WorkerLink& link = links_[worker];
  link.session = std::move(found->second);
  opening_.erase(found);
  workers_[link.session.get()] = worker;
  return &link;
}

void WorkerLinks::Close(WorkerId worker, const absl::Status& status) {
  const auto found = links_.find(worker);
  if (found == links_.end()) return;
  Retire(std::move(found->second), status);
  links_.erase(found);
}

void WorkerLinks::Retire(WorkerLink link, const absl::Status& status) {
  workers_.erase(link.session.get());
  closing_.push_back({std::move(link.session), std::move(link.outbox), status});
}

WorkerId WorkerLinks::OnClosed(const SessionPort* session) {
  absl::erase_if(opening_, [&](const auto& item) { return item.second.get() == session; });
  const auto found = workers_.find(session);
  if (found == workers_.end()) return WorkerId();
  const WorkerId worker = found->second;
  workers_.erase(found);
  links_.erase(worker);
  return worker;
}

WorkerId WorkerLinks::WorkerOf(const SessionPort* session) const {
  const auto found = workers_.find(session);
  return found == workers_.end() ? WorkerId() : found->second;
}

WorkerLink* WorkerLinks::Find(WorkerId worker) {
  const auto found = links_.find(worker);
  return found == links_.end() ? nullptr : &found->second;
}

void WorkerLinks::Flush() {
  for (Closing& closing : closing_) {
    closing.outbox.SendTo(*closing.session);
    closing.session->Close(closing.status);
  }
  closing_.clear();
  for (auto& [worker, link] : links_) {
    if (!link.outbox.empty()) link.outbox.SendTo(*link.session);
  }
}

}  // namespace gristmill::coordinator
