// The people who submit the jobs. Each has one job; some change their minds.
#pragma once

#include <cstdint>
#include <vector>

#include "simulation/virtual_coordinator.h"
#include "simulation/world.h"

namespace gristmill::simulation {

class Clients {
 public:
  Clients(World* world, VirtualCoordinator* coordinator);

  void Start();
  // Submits, unless an earlier try was answered; tries again when no answer comes.
  void OnSubmit(std::uint32_t client);
  void OnReply(std::uint32_t client, JobId job);
  void OnCancel(std::uint32_t client);
  void OnSuspend(JobId job);
  // The client resumes the job if it is suspended, a few times; then he has enough of it.
  void OnLook(std::uint32_t client, JobId job);

  // Everybody knows the id of his job or does not care any more.
  bool satisfied() const { return waiting_ == 0; }

 private:
  struct Client {
    JobId job;
    int resumed = 0;
    bool waits = true;
    bool vanished = false;
  };

  void LookLater(std::uint32_t client, JobId job);

  World* const world_;
  VirtualCoordinator* const coordinator_;
  std::vector<Client> clients_;
  std::size_t waiting_;
};

}  // namespace gristmill::simulation
