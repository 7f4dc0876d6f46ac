#include "bench/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace gristmill::bench {
namespace {

constexpr double kWidth = 860;
constexpr double kLeft = 60;
constexpr double kRight = 560;  // the legend is to the right of the plot
constexpr double kTop = 50;
constexpr double kBottom = 410;
constexpr double kSecondTop = 500;  // of the lower plot
constexpr double kSecondBottom = 640;
constexpr double kBelowAxis = 50;
constexpr const char* kGrid = "stroke:#ddd";
constexpr const char* kPerfect = "stroke:#999;stroke-dasharray:6 4";
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

// From zero to `max`, or if `min` is positive on a logarithmic axis from there.
struct Axis {
  double max;
  double min = 0;

  double PartOf(double value) const {
    return min > 0 ? std::log(value / min) / std::log(max / min) : value / max;
  }
  std::vector<double> Marks() const {
    std::vector<double> marks;
    if (min > 0) {
      for (double power = 1e-3; power <= max; power *= 10) {
        for (const double mark : {power, 2 * power, 5 * power}) {
          if (mark >= 0.999 * min && mark <= max) marks.push_back(mark);
        }
      }
    } else {
      for (double at = 0; at <= max; at += GridStep(max)) marks.push_back(at);
    }
    return marks;
  }
};

std::string Text(double x, double y, const char* anchor, const std::string& words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     Escape(words));
}

std::string Line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" style=\"{}\"/>\n", x1, y1, x2,
      y2, style);
}

const char* ColourOf(std::size_t index) { return kColours[index % kColours.size()]; }

// One pair of axes.
class Plot {
 public:
  Plot(Axis x, Axis y, double top, double bottom) : x_(x), y_(y), top_(top), bottom_(bottom) {}

  std::string text;

  double X(double workers) const { return kLeft + (kRight - kLeft) * x_.PartOf(workers); }
  double Y(double value) const { return bottom_ - (bottom_ - top_) * y_.PartOf(value); }

  void AddGrid(const char* x_title, const std::string& y_title, const char* y_unit = "") {
    for (const double at : y_.Marks()) {
      text += Line(kLeft, Y(at), kRight, Y(at), kGrid);
      text += Text(kLeft - 8, Y(at) + 4, "end", fmt::format("{:g}{}", at, y_unit));
    }
    for (const double at : x_.Marks()) {
      text += Line(X(at), top_, X(at), bottom_, kGrid);
      text += Text(X(at), bottom_ + 18, "middle", fmt::format("{:g}", at));
    }
    text += Text((kLeft + kRight) / 2, bottom_ + 40, "middle", x_title);
    text += Text(kLeft - 30, top_ - 12, "start", y_title);
  }

  void AddPerfect(double from) {
    const double to = std::min(x_.max, y_.max);
    text += Line(X(from), Y(from), X(to), Y(to), kPerfect);
  }

  void AddSeries(const ChartSeries& series, std::size_t index) {
    std::string path;
    for (const auto& [workers, value] : series.points) {
      path += fmt::format("{:.1f},{:.1f} ", X(workers), Y(value));
      text += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", X(workers),
                          Y(value), ColourOf(index));
    }
    text +=
        fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n",
                    path, ColourOf(index));
  }

  void AddToLegend(const std::string& name, std::size_t index) {
    const double y = top_ + 20 + 24 * static_cast<double>(index);
    text += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"4\" fill=\"{}\"/>\n",
                        kRight + 24, y - 6, ColourOf(index));
    text += Text(kRight + 46, y, "start", name);
  }

  void AddPerfectToLegend(std::size_t index) {
    const double y = top_ + 16 + 24 * static_cast<double>(index);
    text += Line(kRight + 16, y, kRight + 40, y, kPerfect);
    text += Text(kRight + 46, y + 4, "start", "perfect");
  }

 private:
  const Axis x_, y_;
  const double top_, bottom_;
};

std::string Page(const std::string& title, double height, const std::string& content) {
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" "
             "width=\"{0:g}\" "
             "height=\"{1:g}\" font-family=\"sans-serif\" font-size=\"13\">\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
             kWidth, height) +
         Text(kWidth / 2, 22, "middle", title) + content + "</svg>\n";
}

// The largest of workers and values.
double MaxOf(const std::vector<ChartSeries>& series) {
  double max = 1;
  for (const ChartSeries& one : series) {
    for (const auto& [workers, value] : one.points) max = std::max({max, workers, value});
  }
  return max;
}

}  // namespace

std::string RenderSpeedUpChart(const std::string& title, const std::vector<ChartSeries>& series) {
  const Axis axis{1.05 * MaxOf(series)};
  Plot plot(axis, axis, kTop, kBottom);
  plot.AddGrid("threads or workers at once", "speed-up");
  plot.AddPerfect(0);
  plot.AddPerfectToLegend(series.size());
  for (std::size_t i = 0; i < series.size(); ++i) {
    plot.AddSeries(series[i], i);
    plot.AddToLegend(series[i].name, i);
  }
  return Page(title, kBottom + kBelowAxis, plot.text);
}

std::string RenderPredictionChart(const std::string& title, const std::string& x_title,
                                  const std::string& share_title,
                                  const std::vector<ChartSeries>& speed_ups,
                                  const std::vector<ChartSeries>& shares) {
  double least = 1;
  for (const ChartSeries& series : speed_ups) {
    for (const auto& [workers, speed_up] : series.points) least = std::min(least, speed_up);
  }
  const double max = std::max(1.3 * MaxOf(speed_ups), 10.0);
  const Axis x{max, 1};
  Plot above(x, Axis{max, least < 1 ? std::max(0.8 * least, 1e-3) : 1}, kTop, kBottom);
  above.AddGrid(x_title.c_str(), "speed-up");
  above.AddPerfect(1);
  above.AddPerfectToLegend(speed_ups.size());
  Plot below(x, Axis{100}, kSecondTop, kSecondBottom);
  below.AddGrid(x_title.c_str(), share_title, " %");
  for (std::size_t i = 0; i < speed_ups.size(); ++i) {
    above.AddSeries(speed_ups[i], i);
    above.AddToLegend(speed_ups[i].name, i);
    below.AddSeries(shares[i], i);
  }
  return Page(title, kSecondBottom + kBelowAxis, above.text + below.text);
}

}  // namespace gristmill::bench
