// What a thread of a runner wrote to stderr, on its way to the worker: a datagram for each write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace gristmill::worker {

// Who wrote a text. Without an attempt: nobody knows.
struct LogOrigin {
  std::uint64_t attempt = 0;
  std::uint32_t stage = 0;
  std::uint32_t task = 0;
  friend bool operator==(const LogOrigin&, const LogOrigin&) = default;
};

// A message is the origin, as this host has it in memory, and then the text. An empty text says
// that the attempt, which wrote something, has ended.
inline constexpr std::size_t kLogTextBytesMax = 4 << 10;
inline constexpr std::size_t kLogMessageBytesMax = sizeof(LogOrigin) + kLogTextBytesMax;

struct LogMessage {
  LogOrigin origin;
  std::string_view text;  // in the datagram
};

// None if it is no such message: user code may write what it likes.
inline std::optional<LogMessage> ParseLogMessage(std::string_view datagram) {
  LogMessage message;
  if (datagram.size() < sizeof message.origin) return std::nullopt;
  std::memcpy(&message.origin, datagram.data(), sizeof message.origin);
  if (message.origin.attempt == 0) return std::nullopt;
  message.text = datagram.substr(sizeof message.origin);
  return message;
}

}  // namespace gristmill::worker
