#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>

#include "coordinator/core/coordinator.h"
#include "coordinator/core/coordinator_state.h"

namespace gristmill::coordinator {
namespace {

using Text = std::back_insert_iterator<std::string>;

void Print(Text out, const Stage& stage, std::uint32_t index) {
  fmt::format_to(
      out,
      " stage {} succeeded={} left_out={} running={} failed={} lost={} copies={} version={} "
      "fresh={}\n",
      index, stage.succeeded, stage.left_out, stage.running, stage.attempts_failed,
      stage.outputs_lost, stage.copies_started, stage.version, stage.queue.next_fresh());
  if (stage.may_be_cut) fmt::format_to(out, "  may be cut\n");
  for (const Piece& piece : stage.parts.pieces()) {
    fmt::format_to(out, "  piece of {} from {}\n", piece.planned, piece.begin);
  }
  for (const auto& [task, end] : stage.parts.ends()) {
    fmt::format_to(out, "  task {} ends at {}\n", task, end);
  }
  for (std::size_t i = 0; i < stage.tasks.size(); ++i) {
    const Task& task = stage.tasks[i];
    fmt::format_to(out,
                   FMT_COMPILE("  task {} state={} attempt={} worker={} failures={} counted={} "
                               "uncounted={} alone={}\n"),
                   i, static_cast<int>(task.state), task.attempt.value(), task.worker.value(),
                   task.failures, bool{task.counted}, task.uncounted_ends, bool{task.alone});
  }
  for (const auto& [task, workers] : stage.avoided_workers) {
    fmt::format_to(out, "  task {} avoids", task);
    for (const WorkerId worker : workers) fmt::format_to(out, " {}", worker.value());
    fmt::format_to(out, "\n");
  }
  for (const auto& [task, copy] : stage.copies) {
    fmt::format_to(out, "  task {} copy={} worker={}\n", task, copy.attempt.value(),
                   copy.worker.value());
  }
  for (const auto& [task, offset] : stage.bad_records) {
    fmt::format_to(out, "  task {} died at {}\n", task, offset);
  }
  for (const auto task : stage.orphaned_outputs) fmt::format_to(out, "  orphan {}\n", task);
  for (const auto task : stage.queue.requeued()) fmt::format_to(out, "  requeued {}\n", task);
  for (const auto task : stage.queue.choosy()) fmt::format_to(out, "  choosy {}\n", task);
  for (std::size_t i = 0; i < stage.results.size(); ++i) {
    fmt::format_to(out, "  result {} {}\n", i, stage.results[i]);
  }
}

void PrintConstants(Text out, const Job& job) {
  fmt::format_to(
      out, " needs cpus={} memory={} gpus={} labels={} halt={}/{}% timeout={}% hold={}\n",
      job.needs.cpus, job.needs.memory_bytes, job.needs.gpus, fmt::join(job.needs.labels, ","),
      job.halt.failures, job.halt.percent, job.timeout_percent, job.hold_ms);
}

void Print(Text out, const ClusterState& state, const Job& job) {
  fmt::format_to(out, "job {} {} state={} incomplete={} last={} forgotten={} skip={} message={}\n",
                 job.id.value(), job.name, static_cast<int>(job.state), job.incomplete_stages,
                 job.last_assigned.value(), job.tasks_forgotten, job.skip_bad_records, job.message);
  PrintConstants(out, job);
  for (std::uint32_t i = 0; i < job.stages.size(); ++i) Print(out, job.stages[i], i);
  for (const AttemptId attempt : job.running) {
    const RunningAttempt& running = state.running.at(attempt);
    fmt::format_to(out, " attempt {} of {}/{} on {} alone={}\n", attempt.value(),
                   running.task.stage, running.task.task, running.worker.value(), running.alone);
  }
  for (const WorkerId worker : job.participants) {
    fmt::format_to(out, " participant {}\n", worker.value());
  }
  for (const auto& [record, skip] : job.skipped) {
    fmt::format_to(out, " skips {} {} for {}/{}: {}\n", record.path, record.offset, skip.stage,
                   skip.task, skip.reason);
  }
  for (const auto& [task, reason] : job.left_out_reasons) {
    fmt::format_to(out, " left out {}/{}: {}\n", task.first, task.second, reason);
  }
  for (const auto& [name, value] : job.counters) fmt::format_to(out, " {}={}\n", name, value);
}

void Print(Text out, const Worker& worker) {
  const WorkerResources& has = worker.resources;
  fmt::format_to(out,
                 "worker {} {} {} slots={} memory={} gpus={} labels={} {} {} draining={} "
                 "used={}/{}/{}\n",
                 worker.id.value(), worker.instance, worker.name, has.slots, has.memory_bytes,
                 has.gpus, fmt::join(has.labels, ","), worker.shuffle_address,
                 worker.spill_directory, worker.draining, worker.used.cpus,
                 worker.used.memory_bytes, worker.used.gpus);
  for (const AttemptId attempt : worker.running) {
    fmt::format_to(out, " runs {}\n", attempt.value());
  }
  for (const auto& [key, finished] : worker.finished) {
    fmt::format_to(out, " finished {}/{} held={}:", key.first.value(), key.second, finished.held);
    for (const std::uint32_t task : finished.tasks) fmt::format_to(out, " {}", task);
    fmt::format_to(out, "\n");
  }
}

}  // namespace

std::string Coordinator::Fingerprint() const {
  std::string text =
      fmt::format("next job={} worker={} attempt={}\n", state_->jobs.next_id().value(),
                  state_->workers.next_id().value(), state_->next_attempt.value());
  for (const auto& [id, job] : state_->jobs.all()) Print(std::back_inserter(text), *state_, job);
  for (const JobId id : state_->jobs.queued()) text += fmt::format("queued {}\n", id.value());
  for (const JobId id : state_->jobs.ended()) text += fmt::format("ended {}\n", id.value());
  for (const auto& [id, worker] : state_->workers.live()) Print(std::back_inserter(text), worker);
  return text;
}

}  // namespace gristmill::coordinator
