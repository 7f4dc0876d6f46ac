#include "cli/progress_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "absl/time/time.h"
#include "cli/table.h"

namespace gristmill::cli {
namespace {

constexpr DurationMs kRedrawMs = 100;
constexpr DurationMs kRefreshMs = 500;
constexpr DurationMs kPlainLineMs = 1'000;

bool IsTerminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

// One more than a line may have, so that no terminal wraps a full one.
std::size_t TerminalColumns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return 80;
  return size.ws_col;
}

}  // namespace

Instant MonotonicNow() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

std::int64_t UnixNowMs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

ProgressDisplay::ProgressDisplay(bool quiet)
    : quiet_(quiet), terminal_(IsTerminal()), last_draw_(MonotonicNow()) {
  if (!quiet_ && terminal_) refresher_ = std::thread([this] { KeepFresh(); });
}

ProgressDisplay::~ProgressDisplay() { Finish(); }

void ProgressDisplay::Update(const v1::JobStatus& status) {
  if (quiet_) return;
  const absl::MutexLock lock(&mutex_);
  if (finished_) return;
  const Instant now = MonotonicNow();
  rates_.Observe(status, now);
  status_ = status;
  if (!terminal_) {
    PrintLine(now);
  } else if (now - last_draw_ >= kRedrawMs) {
    DrawBars();
  }
}

void ProgressDisplay::Finish() {
  {
    const absl::MutexLock lock(&mutex_);
    if (finished_) return;
    if (!quiet_ && terminal_) DrawBars();
    finished_ = true;
  }
  if (refresher_.joinable()) refresher_.join();
}

void ProgressDisplay::KeepFresh() {
  const absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&finished_), absl::Milliseconds(kRefreshMs))) {
    if (MonotonicNow() - last_draw_ >= kRefreshMs) DrawBars();
  }
}

void ProgressDisplay::DrawBars() {
  if (!status_) return;
  last_draw_ = MonotonicNow();
  const std::size_t columns = TerminalColumns();
  const std::vector<std::string> lines =
      RenderBars(*status_, rates_, ElapsedMs(*status_, UnixNowMs()), columns - 1);
  std::string text = "\r";
  if (const std::size_t rows = CountRows(drawn_columns_, columns); rows > 0) {
    text += fmt::format("\x1b[{}A\x1b[J", rows);
  }
  drawn_columns_.clear();
  for (const std::string& line : lines) {
    text += line + "\n";
    drawn_columns_.push_back(DisplayWidth(line));
  }
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

void ProgressDisplay::PrintLine(Instant now) {
  if (!last_line_.empty() && now - last_draw_ < kPlainLineMs) return;
  std::string line = RenderProgressLine(*status_, rates_);
  if (line == last_line_) return;
  last_draw_ = now;
  last_line_ = std::move(line);
  fmt::print(stderr, "{}\n", last_line_);
}

}  // namespace gristmill::cli
