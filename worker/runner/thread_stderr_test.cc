#include "worker/runner/thread_stderr.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

namespace gristmill::worker {
namespace {

// "17:text" for each datagram that comes until the other end is closed.
std::string ReadAll(int socket) {
  std::string all;
  char buffer[kLogMessageBytesMax];
  for (ssize_t bytes; (bytes = recv(socket, buffer, sizeof buffer, 0)) > 0;) {
    const auto message = ParseLogMessage({buffer, static_cast<std::size_t>(bytes)});
    if (!message) return all + "broken";
    all += std::to_string(message->origin.attempt) + ":" +
           (message->text.empty() ? "end\n" : std::string(message->text));
  }
  return all;
}

// In a process of its own: it is for good.
TEST(ThreadStderr, WhatAThreadWritesHasItsAttempt) {
  int sockets[2], plain[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
  ASSERT_EQ(pipe(plain), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(plain[1], STDERR_FILENO);
    TellStderrByThread(sockets[1]);
    std::fprintf(stderr, "of nobody\n");
    std::thread([] {
      const WritesOfAttempt writes({17, 0, 3});
      std::fprintf(stderr, "%s %d\n", "stdio", 1);
      std::cerr << "cerr\n";
      std::clog << "clog\n";
      std::perror("perror");
      (void)!write(STDERR_FILENO, "plain\n", 6);
    }).join();
    std::thread([] { const WritesOfAttempt nothing({18, 0, 4}); }).join();
    std::cerr << "of nobody again\n";
    _exit(0);
  }
  close(sockets[1]);
  close(plain[1]);
  const std::string told = ReadAll(sockets[0]);
  EXPECT_EQ(told.substr(0, told.find("17:perror")), "17:stdio 1\n17:cerr\n17:clog\n");
  EXPECT_TRUE(told.ends_with("17:end\n")) << told << " of 18, which wrote nothing, too";
  char buffer[256];
  const ssize_t bytes = read(plain[0], buffer, sizeof buffer);
  ASSERT_GT(bytes, 0);
  std::string rest(buffer, static_cast<std::size_t>(bytes));
  for (ssize_t more; (more = read(plain[0], buffer, sizeof buffer)) > 0;) {
    rest.append(buffer, static_cast<std::size_t>(more));
  }
  EXPECT_EQ(rest, "of nobody\nplain\nof nobody again\n");
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  close(sockets[0]);
  close(plain[0]);
}

}  // namespace
}  // namespace gristmill::worker
