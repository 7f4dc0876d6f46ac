#include "cli/status_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/units.h"
#include "cli/progress_display.h"

namespace gristmill::cli {
namespace {

constexpr std::size_t kColumnsPlain = 100;
constexpr std::size_t kColumnsMin = 40;

bool IsTerminal(std::FILE* file) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(file)) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

std::size_t ColumnsOf(std::FILE* file) {
  winsize size{};
  if (ioctl(fileno(file), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumnsPlain;
  return std::max<std::size_t>(size.ws_col, kColumnsMin);
}

}  // namespace

StatusLine::StatusLine(std::FILE* out)
    : out_(out), live_(IsTerminal(out) && IsTerminal(stderr)), columns_(ColumnsOf(out)) {}

void StatusLine::Begin(std::string title) {
  title_ = std::move(title);
  begin_ = MonotonicNow();
}

void StatusLine::Show(const v1::JobStatus& status, const std::string& more) {
  if (!live_) return;
  std::uint64_t done = 0, total = 0;
  for (const v1::StageStatus& stage : status.stages()) {
    done += stage.tasks_succeeded();
    total += stage.tasks_total();
  }
  const double seconds = static_cast<double>(MonotonicNow() - begin_) / 1000;
  Draw(
      fmt::format("{}: {:.1f} s, {} of {}{}", title_, seconds, done, CountOf(total, "task"), more));
}

void StatusLine::End(const std::string& text) {
  if (!drawn_.empty()) fmt::print(stderr, "\r\x1b[K");
  drawn_.clear();
  std::fputs(text.c_str(), out_);
  std::fflush(out_);
}

void StatusLine::Draw(const std::string& line) {
  const std::string shown = line.substr(0, columns_ - 1);
  if (shown == drawn_) return;
  fmt::print(stderr, "\r{}\x1b[K", shown);
  std::fflush(stderr);
  drawn_ = shown;
}

}  // namespace gristmill::cli
