#include "client/client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <set>

#include "absl/synchronization/mutex.h"
#include "gristmill/v1/job_service.grpc.pb.h"

namespace gristmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A loopback socket that is bound but, unless asked to, does not listen: nobody answers there, and
// nobody else can take the port meanwhile.
class BoundPort {
 public:
  explicit BoundPort(bool listens) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, generic, length) != 0 || ::getsockname(fd_, generic, &length) != 0)
      std::abort();
    if (listens && ::listen(fd_, 8) != 0) std::abort();
    port_ = ntohs(address.sin_port);
  }
  ~BoundPort() { ::close(fd_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const int fd_;
  int port_ = 0;
};

TEST(Client, SaysWhatToDoWhenNobodyListens) {
  const BoundPort port(false);
  Client client(port.address());
  const auto jobs = client.List();
  EXPECT_EQ(jobs.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(jobs.status().message(),
            "no coordinator answers at " + port.address() +
                "; start one with 'deploy/local-cluster start' or pass --coordinator HOST:PORT");
}

TEST(Client, AWatchThatNeverHeardAnythingGivesUpAtOnce) {
  const BoundPort port(false);
  Client client(port.address());
  const auto status = client.Watch(
      1, [](const v1::JobStatus&) { return true; }, 600'000);
  EXPECT_EQ(status.status().code(), absl::StatusCode::kUnavailable);
}

TEST(Client, DoesNotWaitForeverForOneThatTakesTheCallButNeverAnswers) {
  const BoundPort port(true);
  Client client(port.address(), 200);
  const auto workers = client.Workers();
  EXPECT_EQ(workers.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(workers.status().message()),
              AllOf(HasSubstr(port.address()), HasSubstr("--coordinator")));
}

// Refuses the first `refusals` submissions as a coordinator does that goes away, then takes them.
class RestartingCoordinator final : public v1::JobService::Service {
 public:
  explicit RestartingCoordinator(int refusals) : refusals_(refusals) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  grpc::Status Submit(grpc::ServerContext*, const v1::SubmitRequest* request,
                      v1::SubmitResponse* response) override {
    absl::MutexLock lock(&mutex_);
    ids_.insert(request->request().request_id());
    if (refusals_-- > 0) return {grpc::StatusCode::UNAVAILABLE, "the coordinator is stopping"};
    response->set_job(7);
    return grpc::Status::OK;
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::set<std::string> ids() {
    absl::MutexLock lock(&mutex_);
    return ids_;
  }

 private:
  absl::Mutex mutex_;
  int refusals_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> ids_ ABSL_GUARDED_BY(mutex_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(Client, TriesASubmissionAgainUnderTheSameRequestIdUntilTheCoordinatorIsBack) {
  RestartingCoordinator coordinator(8);  // more often than gRPC tries again by itself
  Client client(coordinator.address());
  const auto job = client.Submit({});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(*job, 7u);
  ASSERT_EQ(coordinator.ids().size(), 1u);
  EXPECT_EQ(coordinator.ids().begin()->size(), 32u) << "128 bits";
}

TEST(Client, GivesASubmissionUpWhenItsPatienceIsOver) {
  RestartingCoordinator coordinator(1'000'000);
  Client client(coordinator.address());
  EXPECT_TRUE(absl::IsUnavailable(client.Submit({}, 10).status()));
}

TEST(Client, DoesNotWaitForACoordinatorThatWasNeverThere) {
  const BoundPort port(false);
  Client client(port.address());
  EXPECT_TRUE(absl::IsUnavailable(client.Submit({}, 600'000).status()));
}

TEST(CoordinatorAddress, TakesTheFlagThenTheEnvironmentThenTheDefault) {
  ::unsetenv("GRISTMILL_COORDINATOR");
  EXPECT_EQ(CoordinatorAddress("").value(), "localhost:7070");
  ::setenv("GRISTMILL_COORDINATOR", "there:1", 1);
  EXPECT_EQ(CoordinatorAddress("").value(), "there:1");
  EXPECT_EQ(CoordinatorAddress("here:2").value(), "here:2");
  ::unsetenv("GRISTMILL_COORDINATOR");
}

TEST(CoordinatorAddress, RefusesWhatIsNotAHostAndAPort) {
  for (const char* text : {"foo", ":99999", ":7070", "foo:", "foo:0", "foo:65536", "foo:7070x",
                           "foo:-1", "::1:7070", "foo:bar"}) {
    const auto refused = CoordinatorAddress(text);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("HOST:PORT")) << text;
  }
  EXPECT_TRUE(CoordinatorAddress("[::1]:7070").ok());
  EXPECT_TRUE(CoordinatorAddress("head-1.example:65535").ok());
}

}  // namespace
}  // namespace gristmill
