// What a job would do: the plan that admission made, for people and as JSON.
#pragma once

#include <string>
#include <string_view>

#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/report.pb.h"

namespace gristmill::cli {

// Both look at every split. `note` says why it would have to wait; empty if it would not.
v1::DryRunReport DryRunReportOf(const v1::JobPlan& plan, std::string note);

std::string RenderDryRun(const v1::JobPlan& plan, std::string_view note);

}  // namespace gristmill::cli
