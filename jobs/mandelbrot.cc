// A picture of the Mandelbrot set: much work for some rows, little for others.
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gristmill/job.h"
#include "jobs/png_writer.h"

namespace gristmill::jobs {
namespace {

constexpr std::int64_t kSideMax = 65'535;  // of the picture, in pixels

// Black for what is in the set, then a round of colours.
std::array<png_color, 256> MakePalette() {
  std::array<png_color, 256> palette = {};
  for (int i = 1; i < 256; ++i) {
    const auto wave = [i](int shift) {
      const int phase = (i + shift) % 255;
      return static_cast<png_byte>(phase < 128 ? phase * 2 : (254 - phase) * 2);
    };
    palette[static_cast<std::size_t>(i)] = {wave(0), wave(40), wave(128)};
  }
  return palette;
}

class Mandelbrot {
 public:
  static constexpr std::string_view kName = "mandelbrot";
  static constexpr std::string_view kSummary = "draw the Mandelbrot set as a PNG image";
  static constexpr std::string_view kDetails =
      "A pixel's colour tells after how many iterations of z*z + c the point c leaves the circle "
      "of radius 2; black ones stay in it. Rows are the records, --splits sets the number of map "
      "tasks, and tasks that get the slow rows are cut while they run.\n\n"
      "Output: one file, a PNG image, if --partitions is left at 1.";
  // A row is a function of its number alone.
  static constexpr bool kOneTaskPerSplit = false;
  static constexpr std::uint32_t kPartitions = 1;

  using Key = std::uint32_t;  // row, from the top
  using Value = std::string;  // its pixels
  using OutputKey = std::string;
  using OutputValue = None;

  void Declare(Params& params) {
    params.Add("width", &width_, "of the picture, in pixels");
    params.Add("height", &height_, "of the picture, in pixels");
    params.Add("x", &x_, "real part of the point in the middle");
    params.Add("y", &y_, "imaginary part of the point in the middle");
    params.Add("span", &span_, "how much of the real axis the picture shows");
    params.Add("iterations", &iterations_, "after so many a point is taken for one of the set");
  }

  std::string Validate() const {
    for (const auto& [name, side] : {std::pair("width", width_), std::pair("height", height_)}) {
      if (side < 1 || side > kSideMax) {
        return "parameter '" + std::string(name) + "' of job 'mandelbrot' must be 1 to " +
               std::to_string(kSideMax) + ", not " + std::to_string(side);
      }
    }
    if (iterations_ < 1) return "parameter 'iterations' of job 'mandelbrot' must be more than 0";
    if (!(span_ > 0) || !std::isfinite(span_)) {
      return "parameter 'span' of job 'mandelbrot' must be more than 0, and finite";
    }
    if (!std::isfinite(x_) || !std::isfinite(y_)) {
      return "parameters 'x' and 'y' of job 'mandelbrot' must be finite";
    }
    return "";
  }

  InputSpec Input() const {
    return {.format = InputFormat::kIntegerRange, .record_bytes = 0, .range = {0, height_}};
  }
  OutputFormat Format() const { return OutputFormat::kFixedRecords; }

  void Map(IntegerRange rows, Emitter<Mandelbrot>& out) {
    std::string pixels(static_cast<std::size_t>(width_), '\0');
    const double step = span_ / static_cast<double>(width_);
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const double y = y_ + (static_cast<double>(height_) / 2 - static_cast<double>(row)) * step;
      for (std::int64_t column = 0; column < width_; ++column) {
        const double x =
            x_ + (static_cast<double>(column) - static_cast<double>(width_) / 2) * step;
        pixels[static_cast<std::size_t>(column)] = static_cast<char>(ColourOf(x, y));
      }
      out.Emit(static_cast<std::uint32_t>(row), pixels);
    }
  }

  std::uint32_t Partition(std::uint32_t, std::uint32_t) const { return 0; }

  void Reduce(std::uint32_t, Values<Mandelbrot>& values, Output<Mandelbrot>& out) {
    if (!png_) {
      png_.emplace(static_cast<std::uint32_t>(width_), static_cast<std::uint32_t>(height_),
                   MakePalette());
    }
    for (const std::string_view pixels : values) png_->AddRow(pixels);
    Write(out);
  }

  void TearDown(Output<Mandelbrot>& out) {
    if (!png_) return;
    png_->Finish();
    Write(out);
  }

 private:
  // An index of the palette.
  std::uint8_t ColourOf(double x, double y) const {
    double re = 0, im = 0;
    for (std::uint64_t i = 0; i < iterations_; ++i) {
      const double re2 = re * re, im2 = im * im;
      if (re2 + im2 > 4) return static_cast<std::uint8_t>(1 + i % 255);
      im = 2 * re * im + y;
      re = re2 - im2 + x;
    }
    return 0;
  }

  void Write(Output<Mandelbrot>& out) {
    const std::string bytes = png_->TakeBytes();
    if (!bytes.empty()) out.Emit(bytes);
  }

  std::int64_t width_ = 1920, height_ = 1080;
  double x_ = -0.6, y_ = 0, span_ = 3.6;
  std::uint64_t iterations_ = 2'000;
  std::optional<PngWriter> png_;
};

GRISTMILL_JOB(Mandelbrot);

}  // namespace
}  // namespace gristmill::jobs
