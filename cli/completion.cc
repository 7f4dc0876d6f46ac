#include "cli/completion.h"

#include <CLI/CLI.hpp>

#include "base/status.h"
#include "cli/command_line.h"
#include "cli/hadoop_fs.h"
#include "gristmill/registry.h"

namespace gristmill::cli {
namespace {

constexpr std::string_view kBash = R"(# gristmill: completion for bash
_gristmill() {
  local line candidates
  COMPREPLY=()
  mapfile -t candidates < <("$1" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  for line in "${candidates[@]}"; do
    case $line in
      :files) compopt -o default 2>/dev/null; return ;;
      :directories) compopt -o dirnames 2>/dev/null; return ;;
    esac
    line=${line%%$'\t'*}
    [[ $line == "$2"* ]] || continue
    [[ $line == *= ]] && compopt -o nospace 2>/dev/null
    COMPREPLY+=("$line")
  done
}
complete -F _gristmill gristmill
)";

constexpr std::string_view kZsh = R"(#compdef gristmill
# gristmill: completion for zsh
_gristmill() {
  local line
  local -a lines described
  lines=("${(@f)$("${words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    case $line in
      :files) _files; return ;;
      :directories) _files -/; return ;;
    esac
    described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe 'gristmill' described
}
compdef _gristmill gristmill
)";

constexpr std::string_view kFish = R"(# gristmill: completion for fish
function __gristmill_complete
  set -l tokens (commandline -opc)
  set -l lines ($tokens[1] complete $tokens[2..-1] (commandline -ct) 2>/dev/null)
  switch "$lines[1]"
    case :files
      __fish_complete_path (commandline -ct)
    case :directories
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\n' $lines
  end
end
complete -c gristmill -f -a '(__gristmill_complete)'
)";

// The first line, as one field.
std::string Field(const std::string& text) {
  std::string field = text.substr(0, text.find('\n'));
  for (char& c : field) c = c == '\t' ? ' ' : c;
  return field;
}

void Add(std::string* lines, const std::string& candidate, const std::string& what) {
  *lines += fmt::format("{}\t{}\n", candidate, Field(what));
}

bool TakesValue(const CLI::Option* option) { return option->get_items_expected_max() > 0; }

// Another value may follow the first.
bool TakesMore(const CLI::Option* option) {
  return option->get_items_expected_max() > 1 && option->get_allow_extra_args();
}

// Where the words lead: a command, what of its own was given already, and the option that waits for
// its value.
struct Place {
  const CLI::App* app;
  std::vector<std::string> positionals;
  const CLI::Option* option = nullptr;
};

const CLI::App* FindSubcommand(const CLI::App* app, const std::string& name) {
  const auto named =
      app->get_subcommands([&name](const CLI::App* sub) { return sub->get_name() == name; });
  return named.empty() ? nullptr : named.front();
}

Place PlaceAfter(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{&root, {}, nullptr};
  for (const std::string& word : words) {
    if (word == "=") continue;  // bash makes a word of it
    if (word.size() > 1 && word[0] == '-') {
      const CLI::Option* option = place.app->get_option_no_throw(word);
      place.option = option != nullptr && TakesValue(option) ? option : nullptr;
    } else if (place.option != nullptr) {
      if (!TakesMore(place.option)) place.option = nullptr;
    } else if (const CLI::App* sub = FindSubcommand(place.app, word); sub != nullptr) {
      place = {sub, {}, nullptr};
    } else {
      place.positionals.push_back(word);
    }
  }
  return place;
}

std::string Flags(const CLI::App* app) {
  std::string lines;
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) {
      Add(&lines, "--" + name, option->get_description());
    }
  }
  return lines;
}

std::string Jobs() {
  std::string lines;
  for (const auto& [name, job] : RegisteredJobs()) Add(&lines, name, job.summary);
  return lines;
}

std::string ParametersOf(const Place& place) {
  std::string lines;
  const JobInfo* job = place.positionals.empty() ? nullptr : FindJob(place.positionals.front());
  if (job == nullptr) return lines;
  for (const ParamInfo& param : job->params) Add(&lines, param.name + "=", param.help);
  return lines;
}

std::string ValuesOf(const CLI::Option* option, const Place& place) {
  const std::string type = option->get_type_name();
  if (type == "PATH" || type == "PATH[#NAME]") return ":files\n";
  if (type == "DIRECTORY") return ":directories\n";
  if (type == "NAME=VALUE") return ParametersOf(place);
  if (type == kJobNameType) return Jobs();
  return "";
}

std::string Subcommands(const CLI::App* app) {
  std::string lines;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
    Add(&lines, sub->get_name(), sub->get_description());
  }
  return lines;
}

// What may stand at the next place of those that are known by it.
std::string PositionalsOf(const Place& place) {
  std::size_t index = 0;
  for (const CLI::Option* option : place.app->get_options()) {
    if (!option->get_positional() || index++ != place.positionals.size()) continue;
    const std::string name = option->get_name(true);
    if (name == "COMMAND") return Subcommands(place.app->get_parent());
    if (name == "SHELL") return "bash\t\nzsh\t\nfish\t\n";
    return option->get_type_name() == kJobNameType ? Jobs() : "";
  }
  return "";
}

// After "hadoop", whose words its own commands parse.
std::string OfHadoop(const std::vector<std::string>& words) {
  const bool is_fs = words.front() == "fs" || words.front() == "dfs";
  std::string lines;
  if (words.size() == 1) {
    Add(&lines, "jar", "Run a command line of Hadoop Streaming");
    Add(&lines, "fs", "Files: -ls, -cat, -put, …");
    Add(&lines, "version", "Print the version");
  } else if (is_fs && words.size() == 2) {
    for (const std::string& name : HadoopFsCommands()) Add(&lines, name, "");
  } else {
    lines = ":files\n";
  }
  return lines;
}

}  // namespace

std::string Candidates(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty()) return Subcommands(&app);
  if (words.front() == "hadoop" && words.size() > 1)
    return OfHadoop({words.begin() + 1, words.end()});
  const Place place = PlaceAfter(app, {words.begin(), words.end() - 1});
  if (words.back().starts_with("-")) return Flags(place.app);
  if (place.option != nullptr) return ValuesOf(place.option, place);
  const std::string subcommands = Subcommands(place.app);
  return subcommands.empty() ? PositionalsOf(place) : subcommands;
}

absl::StatusOr<std::string> CompletionScript(std::string_view shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return InvalidArgument("there is completion for bash, zsh and fish, not for '{}'", shell);
}

}  // namespace gristmill::cli
