#include "simulation/clients.h"

namespace gristmill::simulation {
namespace {

constexpr int kResumesMax = 3;

}  // namespace

Clients::Clients(World* world, VirtualCoordinator* coordinator)
    : world_(world),
      coordinator_(coordinator),
      clients_(world->conditions.jobs.size()),
      waiting_(clients_.size()) {}

void Clients::Start() {
  for (std::uint32_t client = 0; client < clients_.size(); ++client) {
    const Microseconds at = client == 0
                                ? world_->conditions.first_submission
                                : world_->random.Between(0, world_->conditions.faults_until / 2);
    world_->heap.Push(at, Happening::kClientSubmits, client);
  }
}

void Clients::OnSubmit(std::uint32_t id) {
  Client& client = clients_[id];
  if (!client.waits) return;
  const bool reached = coordinator_->alive();
  if (reached) coordinator_->OnSubmit(id);
  if (reached && world_->conditions.may(Fault::kClient) && world_->random.OneIn(12)) {
    client.vanished = true;
    client.waits = false;
    --waiting_;
    return;
  }
  world_->heap.Push(world_->heap.now() + world_->random.Between(1, reached ? 15 : 2) * kSecond,
                    Happening::kClientSubmits, id);
}

void Clients::OnReply(std::uint32_t id, JobId job) {
  world_->checker.OnJobSpoken(job);
  Client& client = clients_[id];
  if (client.vanished) return;
  waiting_ -= client.waits;
  client.waits = false;
  client.job = job;
  if (!world_->conditions.may(Fault::kClient)) return;
  Xoshiro& random = world_->random;
  if (random.OneIn(2)) {
    world_->heap.Push(world_->heap.now() + random.Between(0, 10) * kSecond,
                      Happening::kClientSuspends, id, 0, job.value());
  }
  LookLater(id, job);
  if (random.OneIn(4)) {
    world_->heap.Push(world_->heap.now() + random.Between(0, 20) * kSecond,
                      Happening::kClientCancels, id);
  } else if (random.OneIn(8)) {  // once more
    client.waits = true;
    ++waiting_;
    world_->heap.Push(world_->heap.now() + random.Between(0, 5) * kSecond,
                      Happening::kClientSubmits, id);
  }
}

void Clients::OnSuspend(JobId job) {
  if (!coordinator_->alive()) return;  // it gives up
  world_->checker.OnSuspendAsked(job);
  coordinator_->OnSuspend(job);
}

void Clients::LookLater(std::uint32_t id, JobId job) {
  world_->heap.Push(world_->heap.now() + world_->random.Between(1, 30) * kSecond,
                    Happening::kClientLooks, id, 0, job.value());
}

void Clients::OnLook(std::uint32_t id, JobId job) {
  if (world_->checker.IsFinal(job)) return;
  LookLater(id, job);
  if (!coordinator_->alive() || !world_->checker.IsSuspended(job)) return;
  if (++clients_[id].resumed <= kResumesMax) return coordinator_->OnResume(job);
  world_->checker.OnCancelAsked(job);
  coordinator_->OnCancel(job);
}

void Clients::OnCancel(std::uint32_t id) {
  if (!coordinator_->alive()) return;  // it gives up
  world_->checker.OnCancelAsked(clients_[id].job);
  coordinator_->OnCancel(clients_[id].job);
}

}  // namespace gristmill::simulation
