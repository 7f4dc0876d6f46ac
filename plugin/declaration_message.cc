#include "plugin/declaration_message.h"

#include "storage/job_formats.h"

namespace gristmill::plugin {
namespace {

v1::StageDescription MessageOf(const StageDeclaration& stage) {
  v1::StageDescription message;
  message.set_kind(gristmill::MessageOf(stage.kind));
  message.set_name(stage.name);
  message.set_input(stage.input);
  for (const EdgeDeclaration& edge : stage.edges) {
    v1::StageEdge* const made = message.add_edges();
    made->set_from_stage(edge.stage);
    made->set_kind(gristmill::MessageOf(edge.by));
  }
  message.set_one_task_per_split(stage.one_task_per_split);
  message.set_one_task(stage.one_task);
  message.mutable_whole_inputs()->Add(stage.whole_inputs.begin(), stage.whole_inputs.end());
  return message;
}

std::optional<StageDeclaration> DeclarationOf(const v1::StageDescription& message) {
  const std::optional<StageKind> kind = KindOf(message.kind());
  if (!kind) return std::nullopt;
  StageDeclaration stage;
  stage.kind = *kind;
  stage.name = message.name();
  stage.input = message.input();
  for (const v1::StageEdge& edge : message.edges()) {
    const std::optional<ReadBy> by = ReadByOf(edge.kind());
    if (!by) return std::nullopt;
    stage.edges.push_back({edge.from_stage(), *by});
  }
  stage.one_task_per_split = message.one_task_per_split();
  stage.one_task = message.one_task();
  stage.whole_inputs.assign(message.whole_inputs().begin(), message.whole_inputs().end());
  return stage;
}

}  // namespace

v1::JobShapeDescription MessageOf(const JobDeclaration& declared) {
  v1::JobShapeDescription message;
  for (const InputDeclaration& input : declared.inputs) {
    v1::InputPlan* const made = message.add_inputs();
    made->set_name(input.name);
    made->set_format(gristmill::MessageOf(input.spec.format));
    made->set_record_bytes(input.spec.record_bytes);
    made->set_range_begin(input.spec.range.begin);
    made->set_range_end(input.spec.range.end);
  }
  for (const StageDeclaration& stage : declared.stages) *message.add_stages() = MessageOf(stage);
  message.set_output_format(gristmill::MessageOf(declared.output_format));
  message.set_partitions(declared.partitions);
  message.set_knows_records(declared.knows_records);
  message.set_caches(declared.caches);
  return message;
}

std::optional<JobDeclaration> DeclarationOf(const v1::JobShapeDescription& message) {
  JobDeclaration declared;
  declared.inputs.clear();
  for (const v1::InputPlan& input : message.inputs()) {
    const std::optional<InputFormat> format = FormatOf(input.format());
    if (!format) return std::nullopt;
    declared.inputs.push_back({.name = input.name(),
                               .spec = {.format = *format,
                                        .record_bytes = input.record_bytes(),
                                        .range = {input.range_begin(), input.range_end()}}});
  }
  declared.stages.clear();
  for (const v1::StageDescription& described : message.stages()) {
    std::optional<StageDeclaration> stage = DeclarationOf(described);
    if (!stage) return std::nullopt;
    declared.stages.push_back(*std::move(stage));
  }
  const std::optional<OutputFormat> format = FormatOf(message.output_format());
  if (!format) return std::nullopt;
  declared.output_format = *format;
  declared.partitions = message.partitions();
  declared.knows_records = message.knows_records();
  declared.caches = message.caches();
  return declared;
}

}  // namespace gristmill::plugin
