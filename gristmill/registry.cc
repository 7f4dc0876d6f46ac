#include "gristmill/registry.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "gristmill/job_layout.h"
#include "gristmill/job_object.h"

namespace gristmill {
namespace {

// Inside a function, because jobs register while other files' statics are being made.
JobMap& MutableJobs() {
  static JobMap jobs;
  return jobs;
}

}  // namespace

bool JobDeclaration::has_shuffle() const {
  return std::any_of(stages.begin(), stages.end(), [](const StageDeclaration& stage) {
    return std::any_of(stage.edges.begin(), stage.edges.end(),
                       [](const EdgeDeclaration& edge) { return edge.by == ReadBy::kShuffle; });
  });
}

bool JobDeclaration::total_order() const {
  return std::any_of(stages.begin(), stages.end(), [](const StageDeclaration& stage) {
    return stage.kind == StageKind::kSample;
  });
}

std::vector<StageDeclaration> StagesOfOneInput(bool has_shuffle, bool total_order,
                                               bool one_task_per_split) {
  std::vector<StageDeclaration> stages;
  if (total_order) stages.push_back({.kind = StageKind::kSample});
  stages.push_back({.kind = StageKind::kMap, .one_task_per_split = one_task_per_split});
  if (total_order) stages.back().edges = {{0, ReadBy::kBroadcast}};
  if (!has_shuffle) return stages;
  const auto map = static_cast<std::uint32_t>(stages.size() - 1);
  stages.push_back({.kind = StageKind::kReduce, .edges = {{map, ReadBy::kShuffle}}});
  return stages;
}

const JobMap& RegisteredJobs() { return MutableJobs(); }

const JobInfo* FindJob(std::string_view name) {
  const auto found = MutableJobs().find(name);
  return found == MutableJobs().end() ? nullptr : &found->second;
}

bool RegisterJob(JobInfo info) {
  const std::string name = info.name;
  if (!MutableJobs().emplace(name, std::move(info)).second) {
    std::fprintf(stderr,
                 "gristmill: two jobs are named '%s'; give one of the classes another kName\n",
                 name.c_str());
    std::abort();
  }
  return true;
}

}  // namespace gristmill

// Both of a shared object, whose registry nobody else sees (job_object.h, job_layout.h).
extern "C" {
__attribute__((visibility("default"))) extern const gristmill::JobLayout gristmill_job_layout;
const gristmill::JobLayout gristmill_job_layout = gristmill::kJobLayout;

__attribute__((visibility("default"))) const gristmill::JobMap* gristmill_job_table() {
  return &gristmill::RegisteredJobs();
}
}
