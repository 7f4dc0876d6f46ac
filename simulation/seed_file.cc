#include "simulation/seed_file.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/status.h"

namespace gristmill::simulation {
namespace {

template <class Number>
bool ParseNumber(const std::string& text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

absl::StatusOr<Options> ParseRun(const std::string& line) {
  Options options;
  std::istringstream words(line);
  for (std::string flag, value; words >> flag;) {
    bool known = static_cast<bool>(words >> value);
    if (known && flag == "--faults") {
      GM_ASSIGN_OR_RETURN(options.faults, ParseFaults(value));
      continue;
    }
    if (flag == "--seed") {
      known = known && ParseNumber(value, &options.seed);
    } else if (flag == "--workers") {
      known = known && ParseNumber(value, &options.workers);
    } else if (flag == "--tasks") {
      known = known && ParseNumber(value, &options.tasks);
    } else {
      known = false;
    }
    if (!known)
      return InvalidArgument("'{}' is not a run; write it as --seed 7 --faults all", line);
  }
  return options;
}

}  // namespace

absl::StatusOr<std::vector<Options>> ParseSeeds(std::string_view text) {
  std::vector<Options> runs;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    GM_ASSIGN_OR_RETURN(runs.emplace_back(), ParseRun(line));
  }
  return runs;
}

std::string SeedLine(const Options& options, std::string_view violation) {
  return fmt::format("{}  # {}\n", FlagsOf(options), violation);
}

}  // namespace gristmill::simulation
