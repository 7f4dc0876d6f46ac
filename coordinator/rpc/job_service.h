// JobService: what clients ask. The reactors pass on; the answers are made on the shell's thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>

#include "absl/status/status.h"
#include "coordinator/rpc/shell.h"
#include "coordinator/rpc/submissions.h"
#include "gristmill/v1/job_service.grpc.pb.h"

namespace gristmill::coordinator {

class JobService final : public v1::JobService::CallbackService {
 public:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // Both outlive the service and its calls.
  JobService(Shell* shell, Submissions* submissions) : shell_(shell), submissions_(submissions) {}

  Reactor* Submit(Context* context, const v1::SubmitRequest* request,
                  v1::SubmitResponse* response) override;
  Reactor* Get(Context* context, const v1::GetRequest* request, v1::JobStatus* response) override;
  Reactor* List(Context* context, const v1::ListRequest* request,
                v1::ListResponse* response) override;
  Reactor* Cancel(Context* context, const v1::CancelRequest* request,
                  v1::JobStatus* response) override;
  Reactor* Suspend(Context* context, const v1::SuspendRequest* request,
                   v1::JobStatus* response) override;
  Reactor* Resume(Context* context, const v1::ResumeRequest* request,
                  v1::JobStatus* response) override;
  grpc::ServerWriteReactor<v1::JobStatus>* Watch(Context* context,
                                                 const v1::WatchRequest* request) override;
  Reactor* DescribeTask(Context* context, const v1::DescribeTaskRequest* request,
                        v1::TaskDescription* response) override;
  Reactor* Tasks(Context* context, const v1::TasksRequest* request,
                 v1::TasksResponse* response) override;
  Reactor* Counters(Context* context, const v1::CountersRequest* request,
                    v1::CountersResponse* response) override;
  Reactor* Workers(Context* context, const v1::WorkersRequest* request,
                   v1::WorkersResponse* response) override;

  Reactor* Explain(Context* context, const v1::ExplainRequest* request,
                   v1::JobFacts* response) override;
  Reactor* LogSources(Context* context, const v1::LogSourcesRequest* request,
                      v1::LogSourcesResponse* response) override;
  Reactor* Logs(Context* context, const v1::LogsRequest* request, v1::LogPage* response) override;

  // Ends every watch and the reading of logs, now and from now on.
  void CloseWatches(const absl::Status& status);

 private:
  // Runs `answer` on the shell's thread, within a turn, and sends its status and the response.
  using Answer = std::function<absl::Status(Driver&)>;
  Reactor* Ask(Context* context, Answer answer);
  // Steps the event, which is about the job, if `check` lets it; answers with what became of the
  // job.
  Reactor* Change(Context* context, std::uint64_t job,
                  absl::Status (*check)(const Driver& driver, std::uint64_t job), Event event,
                  v1::JobStatus* response);
  Reactor* DryRun(Reactor* reactor, const v1::SubmitRequest* request, v1::SubmitResponse* response);

  Shell* const shell_;
  Submissions* const submissions_;
};

}  // namespace gristmill::coordinator
