#include "bench/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace gristmill::bench {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 460;
constexpr double kLeft = 60;
constexpr double kRight = 560;  // the legend is to the right of the plot
constexpr double kTop = 50;
constexpr double kBottom = 410;
// Okabe and Ito's colours, which colour-blind readers can tell apart.
constexpr std::array kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// The space between grid lines: 1, 2 or 5 times a power of ten, about eight lines in all.
double GridStep(double max) {
  const double power = std::pow(10, std::floor(std::log10(max / 8)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (max / (factor * power) <= 8) return std::max(factor * power, 1.0);
  }
  return std::max(10 * power, 1.0);
}

class Chart {
 public:
  explicit Chart(double max) : max_(max) {}

  std::string text;

  double X(double workers) const { return kLeft + (kRight - kLeft) * workers / max_; }
  double Y(double speed_up) const { return kBottom - (kBottom - kTop) * speed_up / max_; }

  void AddText(double x, double y, const char* anchor, const std::string& words) {
    text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                        anchor, Escape(words));
  }

  void AddLine(double x1, double y1, double x2, double y2, const char* style) {
    text += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" style=\"{}\"/>\n", x1, y1,
        x2, y2, style);
  }

  void AddGrid() {
    for (double at = 0; at <= max_; at += GridStep(max_)) {
      AddLine(kLeft, Y(at), kRight, Y(at), "stroke:#ddd");
      AddLine(X(at), kTop, X(at), kBottom, "stroke:#ddd");
      AddText(kLeft - 8, Y(at) + 4, "end", fmt::format("{:g}", at));
      AddText(X(at), kBottom + 18, "middle", fmt::format("{:g}", at));
    }
    AddText((kLeft + kRight) / 2, kBottom + 40, "middle", "threads or workers at once");
    AddText(kLeft, kTop - 12, "middle", "speed-up");
    AddLine(X(0), Y(0), X(max_), Y(max_), "stroke:#999;stroke-dasharray:6 4");
    AddText(X(max_) - 6, Y(max_) + 24, "end", "perfect");
  }

  void AddSeries(const ChartSeries& series, std::size_t index) {
    const char* colour = kColours[index % kColours.size()];
    std::string path;
    for (const auto& [workers, speed_up] : series.points) {
      path += fmt::format("{:.1f},{:.1f} ", X(workers), Y(speed_up));
      text += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", X(workers),
                          Y(speed_up), colour);
    }
    text += fmt::format(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path, colour);
    const double y = kTop + 20 + 24 * static_cast<double>(index);
    text += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"4\" fill=\"{}\"/>\n",
                        kRight + 24, y - 6, colour);
    AddText(kRight + 46, y, "start", series.name);
  }

 private:
  double max_;
};

}  // namespace

std::string RenderSpeedUpChart(const std::string& title, const std::vector<ChartSeries>& series) {
  double max = 1;
  for (const ChartSeries& one : series) {
    for (const auto& [workers, speed_up] : one.points) max = std::max({max, workers, speed_up});
  }
  Chart chart(max * 1.05);
  chart.text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" "
      "height=\"{1:g}\" font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth, kHeight);
  chart.AddText(kWidth / 2, 22, "middle", title);
  chart.AddGrid();
  for (std::size_t i = 0; i < series.size(); ++i) chart.AddSeries(series[i], i);
  return chart.text + "</svg>\n";
}

}  // namespace gristmill::bench
