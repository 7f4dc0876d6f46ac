// What a prediction says, as tables, JSON and a chart.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "gristmill/v1/report.pb.h"
#include "simulation/load.h"

namespace gristmill::bench {

v1::PredictionCosts Describe(const simulation::Costs& costs);
simulation::Costs CostsOf(const v1::PredictionCosts& described);

// The costs of a prediction.json. A sentence if the file is none.
absl::StatusOr<simulation::Costs> ReadCosts(const std::string& path);

// Costs, checks if there are any, and a line for each number of workers.
std::string RenderTables(const v1::PredictionReport& report);
std::string RenderChart(const v1::PredictionReport& report);

}  // namespace gristmill::bench
