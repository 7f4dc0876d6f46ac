// A line chart of speed-up against workers, as SVG that needs nothing else.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gristmill::bench {

struct ChartSeries {
  std::string name;
  std::vector<std::pair<double, double>> points;  // (workers, speed-up), ascending
};

// Both axes begin at zero; a dashed line shows perfect scaling.
std::string RenderSpeedUpChart(const std::string& title, const std::vector<ChartSeries>& series);

}  // namespace gristmill::bench
