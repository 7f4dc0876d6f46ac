#include "worker/runner/thread_stderr.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <streambuf>

namespace gristmill::worker {
namespace {

int log_socket = -1;  // constant once threads run
thread_local LogOrigin origin_of_thread;
thread_local bool attempt_wrote = false;  // the worker has text of the thread's attempt

void WritePlainly(const char* text, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = write(STDERR_FILENO, text, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody can be told
    text += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

// Waits while the worker has much to read. False if there is no such socket (any more).
bool Send(const LogOrigin& origin, const char* text, std::size_t bytes) {
  iovec parts[] = {{const_cast<LogOrigin*>(&origin), sizeof origin},
                   {const_cast<char*>(text), bytes}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  while (sendmsg(log_socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

void WriteOfThread(const char* text, std::size_t bytes) {
  const LogOrigin& origin = origin_of_thread;
  while (bytes > 0 && origin.attempt != 0) {
    const std::size_t piece = std::min(bytes, kLogTextBytesMax);
    if (!Send(origin, text, piece)) break;
    attempt_wrote = true;
    text += piece;
    bytes -= piece;
  }
  WritePlainly(text, bytes);
}

ssize_t WriteCookie(void*, const char* text, std::size_t bytes) {
  WriteOfThread(text, bytes);
  return static_cast<ssize_t>(bytes);
}

class ThreadStderr final : public std::streambuf {
 private:
  std::streamsize xsputn(const char* text, std::streamsize bytes) override {
    WriteOfThread(text, static_cast<std::size_t>(bytes));
    return bytes;
  }
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    if (!traits_type::eq_int_type(c, traits_type::eof())) WriteOfThread(&byte, 1);
    return traits_type::not_eof(c);
  }
};

}  // namespace

void TellStderrByThread(int socket) {
  log_socket = socket;
  cookie_io_functions_t functions{};
  functions.write = WriteCookie;
  if (FILE* const file = fopencookie(nullptr, "w", functions); file != nullptr) {
    // Unbuffered: text of several threads must not meet in one buffer.
    std::setvbuf(file, nullptr, _IONBF, 0);
    stderr = file;
  }
  static auto* const buffer = new ThreadStderr;  // streams use it until the process is gone
  std::cerr.rdbuf(buffer);
  std::clog.rdbuf(buffer);
}

WritesOfAttempt::WritesOfAttempt(const LogOrigin& origin) {
  origin_of_thread = origin;
  attempt_wrote = false;
}

WritesOfAttempt::~WritesOfAttempt() {
  const LogOrigin origin = origin_of_thread;
  origin_of_thread = {};
  // Few attempts write, and a thread that sends faster than the worker reads has to wait for it.
  if (attempt_wrote) Send(origin, nullptr, 0);
}

}  // namespace gristmill::worker
