// Line charts of speed-up against workers, as SVG that needs nothing else.
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

// Speed-up on logarithmic axes, with a dashed line for perfect scaling; below it, over the
// same workers, a share in percent: `shares` has the series in the same order.
std::string RenderPredictionChart(const std::string& title, const std::string& x_title,
                                  const std::string& share_title,
                                  const std::vector<ChartSeries>& speed_ups,
                                  const std::vector<ChartSeries>& shares);

}  // namespace gristmill::bench
