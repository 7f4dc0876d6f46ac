// Lets the faults of a run happen, each kind at random intervals, until calm begins.
#pragma once

#include <cstdint>
#include <vector>

#include "simulation/virtual_coordinator.h"
#include "simulation/virtual_worker.h"
#include "simulation/world.h"

namespace gristmill::simulation {

class FaultInjector {
 public:
  FaultInjector(World* world, VirtualCoordinator* coordinator, std::vector<VirtualWorker>* workers)
      : world_(world), coordinator_(coordinator), workers_(workers) {}

  void Start();
  // One fault of the kind; the next follows.
  void OnFault(Fault fault);
  // The end of a worker's slowness, full disk or unserved output.
  void OnHeal(std::uint32_t worker);
  // The end of all faults. What is dead starts again.
  void Calm();

  std::uint64_t injected() const { return injected_; }

 private:
  void Next(Fault fault);
  void Inject(Fault fault);
  void InjectIntoCoordinator(Fault fault);
  void HealLater(std::uint32_t worker);

  World* const world_;
  VirtualCoordinator* const coordinator_;
  std::vector<VirtualWorker>* const workers_;
  std::uint64_t injected_ = 0;
};

}  // namespace gristmill::simulation
