// The sessions between workers and the coordinator. A stream keeps its order while it is unbroken;
// a broken one loses what was under way, and its ends notice at different times.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "base/xoshiro.h"
#include "coordinator/core/event.h"
#include "simulation/conditions.h"
#include "simulation/event_heap.h"
#include "worker/core/input.h"
#include "worker/core/output.h"

namespace gristmill::simulation {

using SessionId = std::uint32_t;  // 1, 2, … in order of dialling

// One message to the coordinator.
struct Heartbeat {
  std::vector<worker::Progress> progress;
  bool short_of_disk = false;
};
using Registration = std::shared_ptr<const coordinator::WorkerRegistered>;
using UpMessage = std::variant<Heartbeat, worker::SendReports, Registration, worker::SendDrain,
                               worker::SendGoodbye>;
// One message to a worker, as its shell translates it.
using DownMessage = std::vector<worker::Input>;

struct Session {
  std::uint32_t process = 0;
  std::uint32_t incarnation = 0;    // of the process that dialled
  std::uint64_t coordinator = 0;    // generation that it was dialled to; 0: there was none
  bool broken = false;              // nothing is delivered any more
  bool worker_closed = false;       // the worker knows
  bool coordinator_closed = false;  // the coordinator knows
  Microseconds up_until = 0, down_until = 0;  // the last message arrives then
};

class Network {
 public:
  Network(EventHeap* heap, Xoshiro* random, const Conditions* conditions, std::uint32_t processes)
      : heap_(heap), random_(random), conditions_(conditions), links_(processes) {}

  // The worker dials. The session may be stillborn; the worker hears of that later.
  SessionId Dial(std::uint32_t process, std::uint32_t incarnation);
  void SendUp(SessionId session, UpMessage message);
  void SendDown(SessionId session, DownMessage message);
  // The coordinator ends the session, after what it has sent.
  void CloseDown(SessionId session);
  // The worker cancels the session: what it sent may not arrive.
  void ResetUp(SessionId session);

  // The connection goes. Each end notices at once or, if `silently`, when its keepalive does.
  void Break(SessionId session, bool silently);
  void BreakAllOf(std::uint32_t process, bool silently);
  void BreakAll();

  // Nothing passes that way until then. Long ones break the sessions.
  void Cut(std::uint32_t process, bool up, bool down, Microseconds until);
  void HealAll();
  // Generation of the process that listens; 0: nobody does.
  void SetCoordinator(std::uint64_t generation) { coordinator_ = generation; }

  // The message of an event, if its session still delivers.
  bool TakeUp(std::uint64_t slot, UpMessage* message);
  bool TakeDown(std::uint64_t slot, DownMessage* message);

  Session& at(SessionId session) { return sessions_[session - 1]; }

 private:
  struct Link {
    Microseconds up_cut_until = 0, down_cut_until = 0;
    SessionId last_session = 0;
  };
  template <class Message>
  struct Mailbox {
    std::vector<Message> slots;
    std::vector<std::uint32_t> free;
    std::uint64_t Put(Message message);
    Message Take(std::uint64_t slot);
  };
  Microseconds Delay();

  EventHeap* const heap_;
  Xoshiro* const random_;
  const Conditions* const conditions_;
  std::vector<Link> links_;  // by process
  std::vector<Session> sessions_;
  Mailbox<std::pair<SessionId, UpMessage>> up_;
  Mailbox<std::pair<SessionId, DownMessage>> down_;
  std::uint64_t coordinator_ = 0;
};

}  // namespace gristmill::simulation
