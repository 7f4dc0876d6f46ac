#include "coordinator/rpc/job_service.h"

#include <utility>

#include "base/status.h"
#include "coordinator/rpc/explain_view.h"
#include "coordinator/rpc/grpc_status.h"
#include "coordinator/rpc/status_view.h"
#include "coordinator/rpc/watch_stream.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kListedJobsMax = 10'000;

absl::Status Overloaded() {
  return ResourceExhausted("the coordinator is overloaded or stopping; try again");
}

absl::Status CheckJob(const Driver& driver, std::uint64_t job) {
  return driver.catalog().Find(JobId(job)) != nullptr ? absl::OkStatus()
                                                      : NoSuchJob(driver.core(), JobId(job));
}

absl::Status CheckTasks(const Driver& driver, std::uint64_t job) {
  GM_RETURN_IF_ERROR(CheckJob(driver, job));
  if (!driver.core().job(JobId(job))->tasks_forgotten) return absl::OkStatus();
  return FailedPrecondition(
      "the tasks of job {} were forgotten after it had ended; 'gristmill status' shows what is "
      "left of it, and 'gristmill coordinator --keep-tasks' says how many are kept",
      job);
}

absl::Status CheckCancellable(const Driver& driver, std::uint64_t job) {
  GM_RETURN_IF_ERROR(CheckJob(driver, job));
  switch (driver.catalog().Find(JobId(job))->state) {
    case JobState::kQueued:
    case JobState::kRunning:
    case JobState::kSuspended:
      return absl::OkStatus();
    case JobState::kCommitting:
      return FailedPrecondition(
          "job {} has done its tasks and is putting its output into place; it can't be cancelled "
          "any more",
          job);
    case JobState::kSucceeded:
      return FailedPrecondition("job {} has succeeded already; there is nothing to cancel", job);
    case JobState::kFailed:
      return FailedPrecondition("job {} has failed already; there is nothing to cancel", job);
    case JobState::kCancelled:
      return FailedPrecondition("job {} was cancelled before", job);
  }
  return absl::OkStatus();
}

absl::Status CheckSuspendable(const Driver& driver, std::uint64_t job) {
  GM_RETURN_IF_ERROR(CheckJob(driver, job));
  switch (driver.catalog().Find(JobId(job))->state) {
    case JobState::kRunning:
      return absl::OkStatus();
    case JobState::kQueued:
      return FailedPrecondition(
          "job {0} waits for others and runs nothing that could be suspended; it keeps what it has "
          "done, and can be suspended once it runs: 'gristmill watch {0}' shows when",
          job);
    case JobState::kSuspended:
      return FailedPrecondition(
          "job {0} is suspended already; 'gristmill submit --resume {0}' goes on with it", job);
    case JobState::kCommitting:
      return FailedPrecondition(
          "job {} has done its tasks and is putting its output into place; there is nothing left "
          "to suspend",
          job);
    case JobState::kSucceeded:
    case JobState::kFailed:
    case JobState::kCancelled:
      return FailedPrecondition("job {} has ended already; there is nothing to suspend", job);
  }
  return absl::OkStatus();
}

absl::Status CheckResumable(const Driver& driver, std::uint64_t job) {
  GM_RETURN_IF_ERROR(CheckJob(driver, job));
  const CatalogEntry& entry = *driver.catalog().Find(JobId(job));
  if (entry.state == JobState::kSuspended) return absl::OkStatus();
  if (entry.finished()) {
    return FailedPrecondition(
        "job {} has ended and keeps nothing to go on with; submit it anew, with --hold if it is "
        "to be suspended where it would fail",
        job);
  }
  return FailedPrecondition("job {0} is not suspended; 'gristmill watch {0}' shows how it gets on",
                            job);
}

}  // namespace

JobService::Reactor* JobService::Ask(Context* context, Answer answer) {
  Reactor* reactor = context->DefaultReactor();
  const bool posted = shell_->TryPost([reactor, answer = std::move(answer)](Driver& driver) {
    const absl::Status status = answer(driver);
    driver.Then([reactor, status] { reactor->Finish(ToGrpc(status)); });
  });
  if (!posted) reactor->Finish(ToGrpc(Overloaded()));
  return reactor;
}

JobService::Reactor* JobService::Submit(Context* context, const v1::SubmitRequest* request,
                                        v1::SubmitResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  // Before it takes a place in the queue.
  if (const absl::Status size = CheckRequestSize(request->request()); !size.ok()) {
    reactor->Finish(ToGrpc(size));
    return reactor;
  }
  if (request->dry_run()) return DryRun(reactor, request, response);
  const auto reply = [reactor, response](const absl::StatusOr<JobId>& job) {
    if (job.ok()) response->set_job(job->value());
    reactor->Finish(ToGrpc(job.status()));
  };
  const bool posted = shell_->TryPost([this, request, reply](Driver& driver) {
    submissions_->Begin(driver, request->request(), reply);
  });
  if (!posted) reactor->Finish(ToGrpc(Overloaded()));
  return reactor;
}

JobService::Reactor* JobService::DryRun(Reactor* reactor, const v1::SubmitRequest* request,
                                        v1::SubmitResponse* response) {
  const auto reply = [reactor, response](const absl::StatusOr<Submissions::DryRun>& planned) {
    if (planned.ok()) {
      *response->mutable_plan() = planned->plan;
      response->set_note(planned->note);
    }
    reactor->Finish(ToGrpc(planned.status()));
  };
  const bool posted = shell_->TryPost([this, request, reply](Driver& driver) {
    submissions_->PlanOnly(driver, request->request(), reply);
  });
  if (!posted) reactor->Finish(ToGrpc(Overloaded()));
  return reactor;
}

JobService::Reactor* JobService::Get(Context* context, const v1::GetRequest* request,
                                     v1::JobStatus* response) {
  return Ask(context, [=](Driver& driver) {
    GM_RETURN_IF_ERROR(CheckJob(driver, request->job()));
    *response = driver.StatusOf(JobId(request->job()));
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::List(Context* context, const v1::ListRequest* request,
                                      v1::ListResponse* response) {
  return Ask(context, [=](Driver& driver) {
    *response = ViewJobs(driver.core(), driver.catalog(), kListedJobsMax, driver.now());
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::Change(Context* context, std::uint64_t job,
                                        absl::Status (*check)(const Driver&, std::uint64_t),
                                        Event event, v1::JobStatus* response) {
  return Ask(context, [=](Driver& driver) {
    GM_RETURN_IF_ERROR(check(driver, job));
    driver.Step(event);
    *response = driver.StatusOf(JobId(job));
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::Cancel(Context* context, const v1::CancelRequest* request,
                                        v1::JobStatus* response) {
  return Change(context, request->job(), CheckCancellable,
                CancelJob{JobId(request->job()), "it was cancelled by a user"}, response);
}

JobService::Reactor* JobService::Suspend(Context* context, const v1::SuspendRequest* request,
                                         v1::JobStatus* response) {
  return Change(context, request->job(), CheckSuspendable,
                SuspendJob{JobId(request->job()), "a user suspended it"}, response);
}

JobService::Reactor* JobService::Resume(Context* context, const v1::ResumeRequest* request,
                                        v1::JobStatus* response) {
  return Change(context, request->job(), CheckResumable, ResumeJob{JobId(request->job())},
                response);
}

grpc::ServerWriteReactor<v1::JobStatus>* JobService::Watch(Context* context,
                                                           const v1::WatchRequest* request) {
  return WatchStream::Start(shell_, JobId(request->job()));
}

JobService::Reactor* JobService::Tasks(Context* context, const v1::TasksRequest* request,
                                       v1::TasksResponse* response) {
  return Ask(context, [=](Driver& driver) {
    GM_RETURN_IF_ERROR(CheckTasks(driver, request->job()));
    *response = ViewTasks(driver.core(), driver.catalog(), driver.insight(), *request);
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::DescribeTask(Context* context,
                                              const v1::DescribeTaskRequest* request,
                                              v1::TaskDescription* response) {
  return Ask(context, [=](Driver& driver) {
    const v1::TaskId& id = request->id();
    GM_RETURN_IF_ERROR(CheckTasks(driver, id.job()));
    const TaskRef task{JobId(id.job()), id.stage(), id.task()};
    if (!driver.core().task(task)) {
      return NotFound("job {} has no task {} of stage {}; 'gristmill tasks {}' lists them",
                      id.job(), id.task(), id.stage(), id.job());
    }
    *response = DescriptionOf(driver.core(), driver.catalog(), task);
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::Counters(Context* context, const v1::CountersRequest* request,
                                          v1::CountersResponse* response) {
  return Ask(context, [=](Driver& driver) {
    GM_RETURN_IF_ERROR(CheckJob(driver, request->job()));
    *response = ViewCounters(driver.core().job(JobId(request->job())).value());
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::Workers(Context* context, const v1::WorkersRequest* request,
                                         v1::WorkersResponse* response) {
  return Ask(context, [=](Driver& driver) {
    *response = ViewWorkers(driver.core(), driver.now());
    *response->mutable_coordinator() = ViewWork(driver.work());
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::Explain(Context* context, const v1::ExplainRequest* request,
                                         v1::JobFacts* response) {
  return Ask(context, [=](Driver& driver) {
    GM_RETURN_IF_ERROR(CheckJob(driver, request->job()));
    *response = ExplainJob({driver.core(), driver.catalog(), driver.insight()},
                           JobId(request->job()), driver.now());
    return absl::OkStatus();
  });
}

JobService::Reactor* JobService::LogSources(Context* context, const v1::LogSourcesRequest* request,
                                            v1::LogSourcesResponse* response) {
  return Ask(context, [=](Driver& driver) {
    GM_RETURN_IF_ERROR(CheckJob(driver, request->job()));
    *response = LogSourcesOf({driver.core(), driver.catalog(), driver.insight()}, driver.links(),
                             JobId(request->job()));
    return absl::OkStatus();
  });
}

// Answered when the worker has.
JobService::Reactor* JobService::Logs(Context* context, const v1::LogsRequest* request,
                                      v1::LogPage* response) {
  Reactor* reactor = context->DefaultReactor();
  const bool posted = shell_->TryPost([=](Driver& driver) {
    absl::Status status = CheckJob(driver, request->job());
    const WorkerId worker(request->worker());
    WorkerLink* const link = status.ok() ? driver.links().Find(worker) : nullptr;
    if (status.ok() && link == nullptr) {
      status = NotFound("worker {} is gone, and with it what it kept of the log of job {}",
                        request->worker(), request->job());
    }
    if (!status.ok()) return driver.Then([=] { reactor->Finish(ToGrpc(status)); });
    v1::ReadLog asked;
    asked.set_job(request->job());
    asked.set_position(request->position());
    if (request->has_stage()) asked.set_stage(request->stage());
    if (request->has_task()) asked.set_task(request->task());
    driver.logs().Ask(asked, worker, link, driver.now(), [=](absl::StatusOr<v1::LogPage> page) {
      if (page.ok()) *response = *std::move(page);
      reactor->Finish(ToGrpc(page.status()));
    });
  });
  if (!posted) reactor->Finish(ToGrpc(Overloaded()));
  return reactor;
}

void JobService::CloseWatches(const absl::Status& status) {
  shell_->Post([status](Driver& driver) {
    driver.watches().Close(status);
    driver.logs().Close(status);
  });
}

}  // namespace gristmill::coordinator
