#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "worker/rpc/message_limits.h"
#include "worker/rpc/shuffle_client.h"
#include "worker/runner/crash_handler.h"
#include "worker/runner/flight_recorder.h"
#include "worker/runner/runner_processes.h"
#include "worker/runner/runner_session.h"
#include "worker/runner/thread_stderr.h"
#include "worker/worker.h"

namespace gristmill::worker {
namespace {

// A runner never outlives its worker. The worker may have died before the first line ran: then
// somebody else is the parent.
bool DieWithTheWorker() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char* parent = std::getenv(kRunnerParentVariable);
  return parent == nullptr || std::to_string(getppid()) == parent;
}

// When memory runs out, user code is to go, not the worker and the map output that it serves.
void PreferToBeKilledByTheKernel() { std::ofstream("/proc/self/oom_score_adj") << "500\n"; }

// stdout is a pipe to the worker's log: each line is to appear when it was written.
void LogByLine() { std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ); }

// If the worker gave this process a socket for it, which its children are not to have.
void TellStderrToTheWorker() {
  int type = 0;
  socklen_t bytes = sizeof type;
  if (getsockopt(kRunnerLogDescriptor, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0) return;
  fcntl(kRunnerLogDescriptor, F_SETFD, FD_CLOEXEC);
  TellStderrByThread(kRunnerLogDescriptor);
}

int ExitStatusOf(RunnerSession::Ending ending) {
  switch (ending) {
    case RunnerSession::Ending::kStopped:
      return 0;
    case RunnerSession::Ending::kLostContact:
      return RunnerDied::kLostContactStatus;
    case RunnerSession::Ending::kOutOfMemory:
      return RunnerDied::kOutOfMemoryStatus;
  }
  return 1;
}

}  // namespace

int RunnerMain() {
  const char* socket = std::getenv(kRunnerSocketVariable);
  const char* token = std::getenv(kRunnerTokenVariable);
  if (socket == nullptr || token == nullptr) {
    std::fprintf(stderr,
                 "gristmill: 'runner' is started by 'gristmill worker' only; "
                 "to run a job in this process use 'gristmill run JOB'\n");
    return 2;
  }
  if (!DieWithTheWorker()) return 1;
  auto recorder = FlightRecorder::Inherit(kRunnerRecorderDescriptor);  // before any other is opened
  if (recorder != nullptr) InstallCrashHandler(recorder->crash_note());
  TellStderrToTheWorker();  // likewise
  prctl(PR_SET_NAME, "gristmill-run");
  PreferToBeKilledByTheKernel();
  LogByLine();

  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  const auto channel =
      grpc::CreateCustomChannel(socket, grpc::InsecureChannelCredentials(), arguments);
  // User code may still run when the worker is gone or has no more use for it; so nothing is torn
  // down, and the process ends around it.
  auto* shuffle = new ShuffleClient();
  auto* session =
      new RunnerSession(v1::RunnerService::NewStub(channel), shuffle, recorder.release());
  session->Start(token);
  const RunnerSession::Ending ending = session->WaitForEnd();
  std::fflush(stdout);
  _exit(ExitStatusOf(ending));
}

}  // namespace gristmill::worker
