#include "worker/runner/crash_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <thread>

#include "worker/runner/crash_text.h"

namespace gristmill::worker {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitizers = true;  // they handle these signals themselves
#else
constexpr bool kSanitizers = false;
#endif

// What a child process does on a thread of its pool, and what the page tells of it afterwards.
class CrashHandlerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitizers) GTEST_SKIP() << "sanitizers handle fatal signals themselves";
    recorder_ = *FlightRecorder::Create(2);
  }

  // The status of a child of which thread 1 is at attempt 20 and does `deed`.
  int Crash(const std::function<void(RecordMark&)>& deed) {
    const pid_t child = fork();
    if (child == 0) {
      signal(SIGSEGV, SIG_DFL);
      InstallCrashHandler(recorder_->crash_note());
      recorder_->Begin(0, AttemptId(10), "/data/other");
      std::thread([&] {
        FlightRecorder::Place* const place = recorder_->Begin(1, AttemptId(20), "/data/in");
        SetPlaceOfThread(place);
        deed(place->mark);
      }).join();
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
  std::string Text() const { return DescribeCrash(*recorder_->crash_note(), "/proc/self/exe"); }

  std::unique_ptr<FlightRecorder> recorder_;
};

__attribute__((noinline)) void WriteTo(volatile int* p) { *p = 1; }
volatile bool go_on = true;
__attribute__((noinline)) int Recurse(volatile char* above) {
  volatile char frame[4096];
  frame[0] = above == nullptr ? 0 : above[0];
  return go_on ? Recurse(frame) + frame[0] : 0;
}

__attribute__((noinline)) int CallNothing() {
  int (*volatile nothing)() = nullptr;
  return nothing() + 1;
}

TEST_F(CrashHandlerTest, ABadAccessIsNotedWithAddressStackAttemptAndRecord) {
  const int status = Crash([](RecordMark& mark) {
    const std::string_view block = "one\ntwo\tdos\n";
    mark.EnterBlock(block, 100);
    mark.At(block.substr(4, 7));
    WriteTo(reinterpret_cast<volatile int*>(16));
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  EXPECT_THAT(Text(), StartsWith("at address 0x10 in gristmill::worker::WriteTo < "));
  const auto in_flight = recorder_->InFlight();
  ASSERT_EQ(in_flight.size(), 2u);
  EXPECT_EQ(in_flight[0].record, "");
  EXPECT_FALSE(in_flight[0].crashed);
  EXPECT_EQ(in_flight[1].record, R"(record at /data/in offset 104 "two\tdos")");
  EXPECT_TRUE(in_flight[1].crashed);
}

TEST_F(CrashHandlerTest, AStackOverflowIsNotedAsSuch) {
  EXPECT_EQ(WTERMSIG(Crash([](RecordMark&) { Recurse(nullptr); })), SIGSEGV);
  EXPECT_THAT(Text(), StartsWith("of a stack overflow in gristmill::worker::Recurse ("));
}

TEST_F(CrashHandlerTest, AnAbortIsNotedWithoutAnAddress) {
  EXPECT_EQ(WTERMSIG(Crash([](RecordMark&) { std::abort(); })), SIGABRT);
  EXPECT_THAT(Text(), StartsWith("in "));
  EXPECT_THAT(Text(), HasSubstr("abort < "));
}

TEST_F(CrashHandlerTest, ACallOfNothingIsNoted) {
  EXPECT_EQ(WTERMSIG(Crash([](RecordMark&) { CallNothing(); })), SIGSEGV);
  EXPECT_THAT(Text(), StartsWith("at address 0x0 in 0x0 < gristmill::worker::CallNothing"));
}

TEST_F(CrashHandlerTest, ASignalFromOutsideIsNobodysFault) {
  const int status = Crash([](RecordMark&) {
    if (fork() == 0) {
      kill(getppid(), SIGSEGV);
      _exit(0);
    }
    for (;;) pause();
  });
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  EXPECT_EQ(Text(), "");
}

TEST_F(CrashHandlerTest, ASignalThatKillsAtOnceLeavesThePosition) {
  EXPECT_EQ(WTERMSIG(Crash([](RecordMark& mark) {
              const std::string_view block = "one\n";
              mark.EnterBlock(block, 7);
              mark.At(block.substr(0, 3));
              raise(SIGKILL);
            })),
            SIGKILL);
  EXPECT_EQ(Text(), "");
  EXPECT_EQ(recorder_->InFlight().at(1).record, "record at /data/in offset 7");
}

}  // namespace
}  // namespace gristmill::worker
