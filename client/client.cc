#include "client/client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/request_limits.h"
#include "base/status.h"
#include "base/units.h"
#include "client/grpc_status.h"
#include "client/job_watch.h"
#include "client/shipping.h"
#include "gristmill/v1/job_service.grpc.pb.h"

namespace gristmill {
namespace {

constexpr int kMessageBytesMax = 64 << 20;
// Admission looks at every input file; on a slow file system that takes its time.
constexpr DurationMs kSubmitDeadlineMs = 120'000;
constexpr int kAbortsMax = 3;
constexpr auto kConnectTime = std::chrono::seconds(5);
// What is safe to repeat is tried again; a submission is, by its request id.
constexpr char kServiceConfig[] = R"({"methodConfig": [{
  "name": [{"service": "gristmill.v1.JobService", "method": "Submit"},
           {"service": "gristmill.v1.JobService", "method": "Get"},
           {"service": "gristmill.v1.JobService", "method": "List"},
           {"service": "gristmill.v1.JobService", "method": "Tasks"},
           {"service": "gristmill.v1.JobService", "method": "DescribeTask"},
           {"service": "gristmill.v1.JobService", "method": "Counters"},
           {"service": "gristmill.v1.JobService", "method": "Workers"},
           {"service": "gristmill.v1.JobService", "method": "Explain"},
           {"service": "gristmill.v1.JobService", "method": "LogSources"},
           {"service": "gristmill.v1.JobService", "method": "Logs"},
           {"service": "gristmill.v1.JobService", "method": "Watch"}],
  "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "0.5s",
                  "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // Not the broken connection of an earlier Client, which gRPC would try again only after a while.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The cluster is near; a proxy for the web would only be in the way.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// The text as it is. `source` is where it comes from.
absl::StatusOr<std::string> Checked(const std::string& text, std::string_view source) {
  const std::size_t colon = text.rfind(':');
  const std::string host = text.substr(0, colon);
  // An IPv6 address has colons of its own and comes in brackets.
  const bool host_is_good =
      colon != std::string::npos && !host.empty() &&
      (host.find(':') == std::string::npos || (host.front() == '[' && host.back() == ']'));
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const char* const digits = host_is_good ? text.data() + colon + 1 : end;
  const auto [stop, error] = std::from_chars(digits, end, port);
  if (error == std::errc() && stop == end && port > 0) return text;
  return InvalidArgument("{} '{}' is not of the form HOST:PORT; write for example localhost:7070",
                         source, text);
}

// Whether somebody listens, as far as can be told within a moment.
bool Connects(grpc::Channel& channel) {
  const auto deadline = std::chrono::system_clock::now() + kConnectTime;
  grpc_connectivity_state state = channel.GetState(true);
  while (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) {
    if (!channel.WaitForStateChange(state, deadline)) return false;
    state = channel.GetState(true);
  }
  return state == GRPC_CHANNEL_READY;
}

std::string NewRequestId() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

}  // namespace

absl::StatusOr<std::string> CoordinatorAddress(const std::string& flag) {
  if (!flag.empty()) return Checked(flag, "--coordinator");
  const char* variable = std::getenv("GRISTMILL_COORDINATOR");
  if (variable == nullptr || *variable == '\0') return "localhost:7070";
  return Checked(variable, "GRISTMILL_COORDINATOR");
}

struct Client::Stubs {
  // A method of the generated stub with this request and response.
  template <class Request, class Response>
  using Method = grpc::Status (v1::JobService::Stub::*)(grpc::ClientContext*, const Request&,
                                                        Response*);

  Stubs(std::string target, DurationMs deadline)
      : address(std::move(target)),
        deadline_ms(deadline),
        channel(MakeChannel(address)),
        jobs(v1::JobService::NewStub(channel)),
        files(v1::BlobService::NewStub(channel)) {}

  template <class Request, class Response>
  absl::StatusOr<Response> Call(Method<Request, Response> method, const Request& request,
                                DurationMs within_ms) {
    absl::StatusOr<Response> response = CallPlainly(method, request, within_ms);
    if (!response.ok()) return Explain(response.status(), within_ms);
    return response;
  }

  // With a request that names the job and says no more.
  template <class Request, class Response>
  absl::StatusOr<Response> CallOf(std::uint64_t job, Method<Request, Response> method) {
    Request request;
    request.set_job(job);
    return Call(method, request, deadline_ms);
  }

  template <class Request, class Response>
  absl::StatusOr<Response> CallPlainly(Method<Request, Response> method, const Request& request,
                                       DurationMs within_ms) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(within_ms));
    Response response;
    const grpc::Status status = ((*jobs).*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    heard = true;
    return response;
  }

  absl::StatusOr<std::uint64_t> TrySubmit(const v1::SubmitRequest& request,
                                          const std::vector<LocalFile>& local_files,
                                          DurationMs within_ms) {
    GM_RETURN_IF_ERROR(ShipFiles(*files, local_files, {.ask_ms = within_ms}));
    GM_ASSIGN_OR_RETURN(const v1::SubmitResponse response,
                        (CallPlainly<v1::SubmitRequest, v1::SubmitResponse>(
                            &v1::JobService::Stub::Submit, request, within_ms)));
    return response.job();
  }

  // Says what to do when nobody answers; every other status is the coordinator's own sentence.
  absl::Status Explain(const absl::Status& status, DurationMs within_ms) const {
    if (absl::IsUnavailable(status)) {
      return Unavailable(
          "no coordinator answers at {}; start one with 'deploy/local-cluster start' or pass "
          "--coordinator HOST:PORT",
          address);
    }
    if (absl::IsDeadlineExceeded(status)) {
      return Unavailable(
          "the coordinator at {} did not answer within {}; see whether it is well or pass "
          "--coordinator HOST:PORT",
          address, FormatDuration(within_ms));
    }
    if (absl::IsUnimplemented(status)) {
      return FailedPrecondition(
          "what answers at {} is no gristmill coordinator of this version; pass --coordinator "
          "HOST:PORT",
          address);
    }
    return status;
  }

  const std::string address;
  const DurationMs deadline_ms;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::JobService::Stub> jobs;
  const std::unique_ptr<v1::BlobService::Stub> files;
  std::atomic<bool> heard = false;  // the coordinator answered a call
};

Client::Client(std::string address, DurationMs deadline_ms)
    : stubs_(std::make_unique<Stubs>(std::move(address), deadline_ms)) {}

Client::~Client() = default;

absl::StatusOr<std::uint64_t> Client::Submit(const v1::JobRequest& request, DurationMs patience_ms,
                                             const std::vector<LocalFile>& files) {
  // gRPC would refuse a much larger one in its own words.
  GM_RETURN_IF_ERROR(CheckRequestBytes(request.ByteSizeLong()));
  v1::SubmitRequest submit;
  *submit.mutable_request() = request;
  if (request.request_id().empty()) submit.mutable_request()->set_request_id(NewRequestId());
  const DurationMs within_ms = std::max(stubs_->deadline_ms, kSubmitDeadlineMs);
  const bool was_there = Connects(*stubs_->channel);
  const auto give_up = std::chrono::system_clock::now() + std::chrono::milliseconds(patience_ms);
  for (int aborts = 0;;) {
    const absl::StatusOr<std::uint64_t> job = stubs_->TrySubmit(submit, files, within_ms);
    if (job.ok()) return job;
    // The coordinator removed a file meanwhile, which nobody seemed to need.
    if (absl::IsAborted(job.status()) && ++aborts < kAbortsMax) continue;
    const auto now = std::chrono::system_clock::now();
    if (!absl::IsUnavailable(job.status()) || !was_there || now >= give_up) {
      return stubs_->Explain(job.status(), within_ms);
    }
    AwaitAnotherTry(*stubs_->channel);
  }
}

absl::StatusOr<v1::SubmitResponse> Client::DryRun(const v1::JobRequest& request,
                                                  const std::vector<LocalFile>& files) {
  std::vector<LocalFile> object;
  for (const LocalFile& file : files) {
    if (!request.object().empty() && file.file.name() == request.object()) object.push_back(file);
  }
  const absl::Status shipped = ShipFiles(*stubs_->files, object, {.ask_ms = stubs_->deadline_ms});
  if (!shipped.ok()) return stubs_->Explain(shipped, stubs_->deadline_ms);
  v1::SubmitRequest asked;
  *asked.mutable_request() = request;
  asked.set_dry_run(true);
  return stubs_->Call<v1::SubmitRequest, v1::SubmitResponse>(&v1::JobService::Stub::Submit, asked,
                                                             kSubmitDeadlineMs);
}

absl::StatusOr<v1::JobStatus> Client::Get(std::uint64_t job) {
  return stubs_->CallOf<v1::GetRequest, v1::JobStatus>(job, &v1::JobService::Stub::Get);
}

absl::StatusOr<std::vector<v1::JobStatus>> Client::List() {
  GM_ASSIGN_OR_RETURN(const v1::ListResponse response,
                      (stubs_->Call<v1::ListRequest, v1::ListResponse>(
                          &v1::JobService::Stub::List, v1::ListRequest(), stubs_->deadline_ms)));
  return std::vector<v1::JobStatus>(response.jobs().begin(), response.jobs().end());
}

absl::StatusOr<v1::JobStatus> Client::Cancel(std::uint64_t job) {
  return stubs_->CallOf<v1::CancelRequest, v1::JobStatus>(job, &v1::JobService::Stub::Cancel);
}

absl::StatusOr<v1::JobStatus> Client::Suspend(std::uint64_t job) {
  return stubs_->CallOf<v1::SuspendRequest, v1::JobStatus>(job, &v1::JobService::Stub::Suspend);
}

absl::StatusOr<v1::JobStatus> Client::Resume(std::uint64_t job) {
  return stubs_->CallOf<v1::ResumeRequest, v1::JobStatus>(job, &v1::JobService::Stub::Resume);
}

absl::StatusOr<v1::TasksResponse> Client::Tasks(const v1::TasksRequest& request) {
  return stubs_->Call<v1::TasksRequest, v1::TasksResponse>(&v1::JobService::Stub::Tasks, request,
                                                           stubs_->deadline_ms);
}

absl::StatusOr<v1::TaskDescription> Client::DescribeTask(const v1::TaskId& task) {
  v1::DescribeTaskRequest request;
  *request.mutable_id() = task;
  return stubs_->Call<v1::DescribeTaskRequest, v1::TaskDescription>(
      &v1::JobService::Stub::DescribeTask, request, stubs_->deadline_ms);
}

absl::StatusOr<v1::CountersResponse> Client::Counters(std::uint64_t job) {
  return stubs_->CallOf<v1::CountersRequest, v1::CountersResponse>(job,
                                                                   &v1::JobService::Stub::Counters);
}

absl::StatusOr<v1::WorkersResponse> Client::Workers() {
  return stubs_->Call<v1::WorkersRequest, v1::WorkersResponse>(
      &v1::JobService::Stub::Workers, v1::WorkersRequest(), stubs_->deadline_ms);
}

absl::StatusOr<v1::JobFacts> Client::Explain(std::uint64_t job) {
  return stubs_->CallOf<v1::ExplainRequest, v1::JobFacts>(job, &v1::JobService::Stub::Explain);
}

absl::StatusOr<v1::LogSourcesResponse> Client::LogSources(std::uint64_t job) {
  return stubs_->CallOf<v1::LogSourcesRequest, v1::LogSourcesResponse>(
      job, &v1::JobService::Stub::LogSources);
}

absl::StatusOr<v1::LogPage> Client::Logs(const v1::LogsRequest& request) {
  return stubs_->Call<v1::LogsRequest, v1::LogPage>(&v1::JobService::Stub::Logs, request,
                                                    stubs_->deadline_ms);
}

absl::StatusOr<v1::JobStatus> Client::Watch(
    std::uint64_t job, const std::function<bool(const v1::JobStatus&)>& on_status,
    DurationMs patience_ms) {
  JobWatch watch(stubs_->channel, stubs_->jobs.get(), job, patience_ms, stubs_->heard);
  absl::StatusOr<v1::JobStatus> last = watch.Run(on_status);
  if (!last.ok()) return stubs_->Explain(last.status(), patience_ms);
  return last;
}

}  // namespace gristmill
