// The formats of input and output, the kinds of stages and edges: those of the job API, and as
// messages have them.
#pragma once

#include <optional>

#include "gristmill/registry.h"
#include "gristmill/task.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill {

v1::InputFormat MessageOf(InputFormat format);
v1::OutputFormat MessageOf(OutputFormat format);
v1::StageKind MessageOf(StageKind kind);
v1::EdgeKind MessageOf(ReadBy by);

// Nothing for one that is unspecified or unknown here.
std::optional<InputFormat> FormatOf(v1::InputFormat format);
std::optional<OutputFormat> FormatOf(v1::OutputFormat format);
std::optional<StageKind> KindOf(v1::StageKind kind);
std::optional<ReadBy> ReadByOf(v1::EdgeKind kind);

}  // namespace gristmill
