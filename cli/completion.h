// Completion of command lines in shells. A shell's script asks `gristmill complete WORDS…` for what
// the last word may become, so that there is one implementation for all shells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}

namespace gristmill::cli {

// The word after `gristmill` that asks for candidates.
inline constexpr std::string_view kCompleteWord = "complete";

// What the last of `words`, which follow `gristmill`, may become: "candidate<TAB>what it is", one a
// line, not yet chosen by what the word begins with; or one line ":files" or ":directories" where
// the shell knows better.
std::string Candidates(const CLI::App& app, const std::vector<std::string>& words);

// The script for bash, zsh or fish. InvalidArgument for any other shell.
absl::StatusOr<std::string> CompletionScript(std::string_view shell);

}  // namespace gristmill::cli
