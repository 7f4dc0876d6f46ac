// The formats of input and output: those of the job API, and as messages have them.
#pragma once

#include <optional>

#include "gristmill/task.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill {

v1::InputFormat MessageOf(InputFormat format);
v1::OutputFormat MessageOf(OutputFormat format);

// Nothing for one that is unspecified or unknown here.
std::optional<InputFormat> FormatOf(v1::InputFormat format);
std::optional<OutputFormat> FormatOf(v1::OutputFormat format);

}  // namespace gristmill
