#include "simulation/network.h"

#include <algorithm>

namespace gristmill::simulation {
namespace {

// gRPC's: after so long without an answer a connection is given up.
constexpr Microseconds kKeepalive = 50 * kSecond;
constexpr Microseconds kConnectTimeout = 20 * kSecond;
constexpr Microseconds kReset = kMillisecond;  // a refusal or the FIN of a process that died

}  // namespace

template <class Message>
std::uint64_t Network::Mailbox<Message>::Put(Message message) {
  if (free.empty()) {
    slots.push_back(std::move(message));
    return slots.size() - 1;
  }
  const std::uint32_t slot = free.back();
  free.pop_back();
  slots[slot] = std::move(message);
  return slot;
}

template <class Message>
Message Network::Mailbox<Message>::Take(std::uint64_t slot) {
  free.push_back(static_cast<std::uint32_t>(slot));
  return std::move(slots[slot]);
}

Microseconds Network::Delay() {
  if (conditions_->may(Fault::kDelay) && random_->OneIn(64)) {
    return random_->Between(0, 5 * kSecond);
  }
  return random_->Between(conditions_->message_time / 2, conditions_->message_time * 3 / 2);
}

SessionId Network::Dial(std::uint32_t process, std::uint32_t incarnation) {
  Link& link = links_[process];
  Session session;
  session.process = process;
  session.incarnation = incarnation;
  session.coordinator = coordinator_;
  sessions_.push_back(session);
  const auto id = static_cast<SessionId>(sessions_.size());
  link.last_session = id;
  const bool cut = std::max(link.up_cut_until, link.down_cut_until) > heap_->now();
  if (coordinator_ != 0 && !cut) return id;
  at(id).broken = true;
  at(id).coordinator_closed = true;  // it never knew of it
  heap_->Push(heap_->now() + (cut ? kConnectTimeout : kReset), Happening::kWorkerSeesBreak, id);
  return id;
}

void Network::SendUp(SessionId id, UpMessage message) {
  Session& session = at(id);
  if (session.broken || session.worker_closed) return;
  const bool twice = conditions_->may(Fault::kDuplicate) &&
                     std::holds_alternative<worker::SendReports>(message) && random_->OneIn(8);
  Microseconds arrival = std::max(heap_->now() + Delay(), session.up_until);
  arrival = std::max(arrival, links_[session.process].up_cut_until);
  session.up_until = arrival;
  if (twice) {  // as if its sender had grown impatient
    heap_->Push(arrival + random_->Between(0, 20 * kSecond), Happening::kMessageToCoordinator, id,
                0, up_.Put({id, message}));
  }
  heap_->Push(arrival, Happening::kMessageToCoordinator, id, 0, up_.Put({id, std::move(message)}));
}

void Network::SendDown(SessionId id, DownMessage message) {
  Session& session = at(id);
  if (session.broken || session.coordinator_closed) return;
  Microseconds arrival = std::max(heap_->now() + Delay(), session.down_until);
  arrival = std::max(arrival, links_[session.process].down_cut_until);
  session.down_until = arrival;
  heap_->Push(arrival, Happening::kMessageToWorker, session.process, session.incarnation,
              down_.Put({id, std::move(message)}));
}

void Network::CloseDown(SessionId id) {
  Session& session = at(id);
  if (session.coordinator_closed) return;
  session.coordinator_closed = true;
  if (session.broken) return;
  const Microseconds arrival = std::max(heap_->now() + Delay(), session.down_until);
  heap_->Push(arrival, Happening::kSessionBreaks, id);
}

void Network::ResetUp(SessionId id) { Break(id, false); }

void Network::Break(SessionId id, bool silently) {
  Session& session = at(id);
  if (session.broken) return;
  session.broken = true;
  const auto notice = [&] {
    return silently ? random_->Between(kReset, kKeepalive) : random_->Between(kReset, 20 * kReset);
  };
  heap_->Push(heap_->now() + notice(), Happening::kWorkerSeesBreak, id);
  heap_->Push(heap_->now() + notice(), Happening::kCoordinatorSeesEnd, id);
}

void Network::BreakAllOf(std::uint32_t process, bool silently) {
  if (const SessionId last = links_[process].last_session; last != 0) Break(last, silently);
}

void Network::BreakAll() {
  for (std::uint32_t process = 0; process < links_.size(); ++process) BreakAllOf(process, false);
}

void Network::Cut(std::uint32_t process, bool up, bool down, Microseconds until) {
  Link& link = links_[process];
  if (up) link.up_cut_until = std::max(link.up_cut_until, until);
  if (down) link.down_cut_until = std::max(link.down_cut_until, until);
  if (until - heap_->now() > kKeepalive && link.last_session != 0) {
    heap_->Push(heap_->now() + kKeepalive, Happening::kSessionBreaks, link.last_session);
  }
}

void Network::HealAll() {
  for (Link& link : links_) link.up_cut_until = link.down_cut_until = 0;
}

bool Network::TakeUp(std::uint64_t slot, UpMessage* message) {
  auto [id, taken] = up_.Take(slot);
  if (at(id).broken) return false;
  *message = std::move(taken);
  return true;
}

bool Network::TakeDown(std::uint64_t slot, DownMessage* message) {
  auto [id, taken] = down_.Take(slot);
  if (at(id).broken) return false;
  *message = std::move(taken);
  return true;
}

}  // namespace gristmill::simulation
