#include "simulation/durable_log.h"

#include "base/check.h"
#include "base/status.h"
#include "coordinator/admission.h"
#include "coordinator/journal/record_codec.h"

namespace gristmill::simulation {
namespace {

using coordinator::EdgeKind;

// The least plan that has this shape.
v1::JobPlan PlanOf(const coordinator::JobShape& shape) {
  v1::JobPlan plan;
  plan.mutable_request()->set_job(shape.name);
  plan.mutable_request()->set_max_attempts(shape.max_attempts);
  plan.mutable_request()->set_skip_bad_records(shape.skip_bad_records);
  plan.mutable_request()->set_task_cpus(shape.needs.cpus);
  plan.mutable_request()->set_task_memory_bytes(shape.needs.memory_bytes);
  plan.mutable_request()->set_task_gpus(shape.needs.gpus);
  for (const std::string& label : shape.needs.labels) {
    plan.mutable_request()->add_required_labels(label);
  }
  plan.mutable_request()->set_task_timeout_percent(shape.timeout_percent);
  plan.mutable_request()->set_halt_failures(shape.halt.failures);
  plan.mutable_request()->set_halt_percent(shape.halt.percent);
  plan.mutable_request()->set_hold_ms(static_cast<std::uint64_t>(shape.hold_ms));
  if (shape.has_output) plan.set_staging_directory("/simulated");
  for (const coordinator::StageShape& stage : shape.stages) {
    v1::StagePlan& made = *plan.add_stages();
    made.set_task_count(stage.task_count);
    made.set_may_be_cut(stage.may_be_cut);
    for (const coordinator::EdgeShape& edge : stage.inputs) {
      v1::StageEdge& input = *made.add_inputs();
      input.set_from_stage(edge.from_stage);
      input.set_kind(edge.kind == EdgeKind::kShuffle ? v1::EDGE_KIND_SHUFFLE
                                                     : v1::EDGE_KIND_BROADCAST);
    }
  }
  return plan;
}

v1::JournalRecord Encode(const coordinator::Record& record) {
  coordinator::RecordContext context;
  v1::JobPlan plan;
  if (const auto* submitted = std::get_if<coordinator::JobSubmittedRecord>(&record)) {
    plan = PlanOf(submitted->shape);
    context.plan = &plan;
  }
  return coordinator::EncodeRecord(record, context);
}

}  // namespace

DurableLog::DurableLog(Checker* checker, coordinator::Limits limits, const Conditions& conditions)
    : checker_(checker), limits_(limits) {
  auto journal = coordinator::Journal::Open(":memory:", conditions.journal);
  GM_CHECK(journal.ok());
  journal_ = *std::move(journal);
  if (conditions.is_small()) shadow_ = std::make_unique<coordinator::Coordinator>(limits);
}

void DurableLog::Append(const std::vector<coordinator::Record>& records) {
  batch_.clear();
  for (const coordinator::Record& record : records) {
    batch_.push_back(Encode(record));
    checker_->OnDurable(record);
    if (shadow_ == nullptr) continue;
    const auto decoded = coordinator::DecodeRecord(batch_.back(), coordinator::ShapeOf);
    GM_CHECK(decoded.ok());
    shadow_->Apply(*decoded);
  }
  GM_CHECK(journal_->Append(batch_).ok());
}

void DurableLog::CompactIfWorth(const coordinator::Coordinator& live) {
  if (!journal_->IsWorthCompacting()) return;
  ++compactions_;
  const absl::Status compacted = journal_->Compact([&](const coordinator::Journal::Records& add) {
    absl::Status added;
    live.Snapshot([&](const coordinator::Record& record) {
      added = add(Encode(record));
      return added.ok();
    });
    return added;
  });
  GM_CHECK(compacted.ok());
  if (shadow_ != nullptr && Refold()->Fingerprint() != live.Fingerprint()) {
    checker_->Fail("the state refolded from a compacted journal differs from the live one");
  }
}

std::unique_ptr<coordinator::Coordinator> DurableLog::Refold() {
  auto core = std::make_unique<coordinator::Coordinator>(limits_);
  const absl::Status read = journal_->Replay([&](const v1::JournalRecord& message) {
    GM_ASSIGN_OR_RETURN(const auto record,
                        coordinator::DecodeRecord(message, coordinator::ShapeOf));
    core->Apply(record);
    return absl::OkStatus();
  });
  if (!read.ok()) checker_->Fail(fmt::format("the journal can't be read: {}", Message(read)));
  return core;
}

void DurableLog::CheckAgainst(const coordinator::Coordinator& live) {
  const std::string expected = live.Fingerprint();
  if ((shadow_ != nullptr ? shadow_->Fingerprint() : Refold()->Fingerprint()) == expected) return;
  checker_->Fail("the state refolded from the journal differs from the live one");
}

}  // namespace gristmill::simulation
