#include "cli/embedded_inputs.h"

namespace gristmill::cli {

worker::TaskInputs EmbeddedInputs::Of(const TaskRef& task) {
  worker::TaskInputs inputs;
  for (const v1::StageEdge& edge : plan_.stages(static_cast<int>(task.stage)).inputs()) {
    const std::uint32_t from = edge.from_stage();
    if (edge.kind() == v1::EDGE_KIND_BROADCAST) {
      inputs.broadcasts[from] = ResultsOf(task.job, from);
    } else {
      inputs.sources[from] = SourcesOf(task.job, from);
    }
  }
  return inputs;
}

std::shared_ptr<const v1::ShuffleSources> EmbeddedInputs::SourcesOf(JobId job,
                                                                    std::uint32_t stage) {
  auto& [version, cached] = sources_[stage];
  if (cached != nullptr && version == core_.stage_version(job, stage)) return cached;
  auto sources = std::make_shared<v1::ShuffleSources>();
  sources->set_job(job.value());
  sources->set_stage(stage);
  const coordinator::StageView view = core_.job(job)->stages[stage];
  sources->set_stage_tasks(view.tasks);
  sources->set_left_out(view.left_out);
  sources->add_peers()->set_spill_directory(spill_directory_);
  for (const auto& output : core_.stage_outputs(job, stage)) {
    sources->add_tasks(output.task);
    sources->add_attempts(output.attempt.value());
    sources->add_peer_indexes(0);
  }
  version = core_.stage_version(job, stage);
  cached = std::move(sources);
  return cached;
}

StageResults EmbeddedInputs::ResultsOf(JobId job, std::uint32_t stage) {
  StageResults& cached = results_[stage];
  if (cached == nullptr) {
    cached = std::make_shared<const std::vector<std::string>>(core_.stage_results(job, stage));
  }
  return cached;
}

}  // namespace gristmill::cli
