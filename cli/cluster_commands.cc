#include "cli/cluster_commands.h"

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/names.h"
#include "cli/progress_display.h"
#include "client/client.h"

namespace gristmill::cli {
namespace {

constexpr std::uint32_t kTasksPerPage = 10'000;

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Client Connect(const ClusterFlags& flags) { return Client(CoordinatorAddress(flags.coordinator)); }

}  // namespace

int ShowStatus(const ClusterFlags& flags, const std::string& job) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<v1::JobStatus> status = Connect(flags).Get(*id);
  if (!status.ok()) return Fail(status.status());
  Print(flags.json ? ToJson(*status) : RenderJob(*status, UnixNowMs()));
  return kDone;
}

int ListJobs(const ClusterFlags& flags) {
  const absl::StatusOr<std::vector<v1::JobStatus>> jobs = Connect(flags).List();
  if (!jobs.ok()) return Fail(jobs.status());
  v1::ListResponse list;
  for (const v1::JobStatus& job : *jobs) *list.add_jobs() = job;
  Print(flags.json ? ToJson(list) : RenderJobList(list, UnixNowMs()));
  return kDone;
}

int CancelJob(const ClusterFlags& flags, const std::string& job) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<v1::JobStatus> status = Connect(flags).Cancel(*id);
  if (!status.ok()) return Fail(status.status());
  Print(flags.json ? ToJson(*status)
                   : RenderSummary(*status, {}, ElapsedMs(*status, UnixNowMs())) + "\n");
  return kDone;
}

int ShowTasks(const ClusterFlags& flags, const std::string& job) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  Client client = Connect(flags);
  v1::TasksRequest request;
  request.set_job(*id);
  request.set_page_size(kTasksPerPage);
  v1::TasksResponse all;
  do {
    const absl::StatusOr<v1::TasksResponse> page = client.Tasks(request);
    if (!page.ok()) return Fail(page.status());
    all.mutable_tasks()->MergeFrom(page->tasks());
    request.set_page_token(page->next_page_token());
  } while (request.page_token() != 0);
  Print(flags.json ? ToJson(all) : RenderTasks(all));
  return kDone;
}

int ShowCounters(const ClusterFlags& flags, const std::string& job) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<v1::CountersResponse> counters = Connect(flags).Counters(*id);
  if (!counters.ok()) return Fail(counters.status());
  Print(flags.json ? ToJson(*counters) : RenderCounters(*counters));
  return kDone;
}

int ShowWorkers(const ClusterFlags& flags) {
  const absl::StatusOr<v1::WorkersResponse> workers = Connect(flags).Workers();
  if (!workers.ok()) return Fail(workers.status());
  Print(flags.json ? ToJson(*workers) : RenderWorkers(*workers));
  return kDone;
}

}  // namespace gristmill::cli
