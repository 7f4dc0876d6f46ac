#include "cli/hadoop_fs.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "cli/hadoop_fs_command.h"
#include "gristmill/edit_distance.h"

namespace gristmill::cli {
namespace {

constexpr int kWrongUsage = 255;
constexpr std::string_view kFileScheme = "file:";

std::vector<const FsCommand*> AllCommands() {
  std::vector<const FsCommand*> all;
  for (const auto& family :
       {FsListCommands(), FsReadCommands(), FsCopyCommands(), FsChangeCommands()}) {
    for (const FsCommand& command : family) all.push_back(&command);
  }
  std::ranges::sort(all, {}, [](const FsCommand* command) { return command->name; });
  return all;
}

const FsCommand* FindCommand(std::string_view name) {
  for (const FsCommand* command : AllCommands()) {
    if (command->name == name) return command;
  }
  return nullptr;
}

void PrintUsage(std::FILE* file, const FsCommand& command) {
  fmt::print(file, "Usage: gristmill hadoop fs -{}{}{}\n", command.name,
             command.usage.empty() ? "" : " ", command.usage);
}

int Misused(const FsCommand& command, const std::string& why) {
  fmt::print(stderr, "-{}: {}\n", command.name, why);
  PrintUsage(stderr, command);
  return kWrongUsage;
}

bool Knows(const FsCommand& command, std::string_view option) {
  std::istringstream names{std::string(command.options)};
  for (std::string name; names >> name;) {
    if (name == option) return true;
  }
  return false;
}

int RunCommand(const FsCommand& command, std::span<const std::string> arguments) {
  std::set<std::string> options;
  std::size_t next = 0;
  for (; next < arguments.size(); ++next) {
    const std::string& argument = arguments[next];
    if (argument == "--") {
      ++next;
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') break;
    const std::string option = argument.substr(argument.starts_with("--") ? 2 : 1);
    if (!Knows(command, option)) return Misused(command, "Illegal option " + argument);
    options.insert(option);
  }
  std::vector<std::string> operands(arguments.begin() + static_cast<std::ptrdiff_t>(next),
                                    arguments.end());
  if (operands.size() < command.operands_min) {
    return Misused(command, fmt::format("Not enough arguments: expected {} but got {}",
                                        command.operands_min, operands.size()));
  }
  if (operands.size() > command.operands_max) {
    return Misused(command, fmt::format("Too many arguments: expected {} but got {}",
                                        command.operands_max, operands.size()));
  }
  FsCall call(std::string(command.name), std::move(options), std::move(operands));
  command.run(call);
  if (std::fflush(stdout) != 0) call.Complain("the output could not be written to stdout");
  return call.exit_code();
}

int ShowHelp(std::span<const std::string> names) {
  for (const FsCommand* command : AllCommands()) {
    const auto is_it = [command](std::string_view name) {
      return name.substr(name.starts_with('-') ? 1 : 0) == command->name;
    };
    if (names.empty() || std::ranges::any_of(names, is_it)) PrintUsage(stdout, *command);
  }
  return 0;
}

// How far the scheme and the slashes after it go of "file:///data" or "file:/data".
std::size_t SchemeBytes(std::string_view text) {
  if (!text.starts_with(kFileScheme)) return 0;
  const std::string_view rest = text.substr(kFileScheme.size());
  return kFileScheme.size() + (rest.starts_with("///") ? 2 : 0);
}

bool HasPattern(std::string_view text) { return text.find_first_of("*?[{") != text.npos; }

bool Exists(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

}  // namespace

std::string FsPath::name() const {
  std::string_view path = local;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.substr(path.rfind('/') + 1));
}

FsPath FsPath::Child(const std::string& child) const {
  const auto join = [&child](const std::string& path) {
    return path + (path.ends_with('/') ? "" : "/") + child;
  };
  return {join(shown), join(local)};
}

void FsCall::Complain(std::string_view shown, std::string_view why) {
  fmt::print(stderr, "{}: `{}': {}\n", name_, shown, why);
  failed_ = true;
}

void FsCall::ComplainErrno(std::string_view shown, int error) {
  Complain(shown, std::strerror(error));
}

void FsCall::Complain(std::string_view why) {
  fmt::print(stderr, "{}: {}\n", name_, why);
  failed_ = true;
}

bool FsCall::Locate(const std::string& operand, FsPath* path) {
  const std::size_t scheme = SchemeBytes(operand);
  const std::size_t colon = operand.find(":/");
  const bool is_elsewhere =
      (scheme == 0 && colon != std::string::npos && colon > 0 && operand.find('/') > colon) ||
      (scheme > 0 && operand.compare(scheme, 1, "/") != 0) ||
      (scheme == kFileScheme.size() && operand.compare(scheme, 2, "//") == 0);
  if (is_elsewhere) {
    Complain(operand,
             "lies on a file system that is not here; name a path that all hosts see, such "
             "as /data/x or file:///data/x");
    return false;
  }
  *path = {operand, operand.substr(scheme)};
  if (path->local.empty()) path->local = ".";
  return true;
}

std::vector<FsPath> FsCall::Expand(const std::string& operand, bool quietly) {
  FsPath path;
  if (!Locate(operand, &path)) return {};
  if (Exists(path.local)) return {path};
  std::vector<FsPath> found;
  if (HasPattern(path.local)) {
    glob_t matches{};
    if (glob(path.local.c_str(), GLOB_BRACE, nullptr, &matches) == 0) {
      const std::string scheme = path.shown.substr(0, path.shown.size() - path.local.size());
      for (std::size_t i = 0; i < matches.gl_pathc; ++i) {
        const std::string match = matches.gl_pathv[i];
        // A pattern in braces stands also for names that are not there.
        if (Exists(match)) found.push_back({scheme + match, match});
      }
    }
    globfree(&matches);
  }
  if (found.empty() && !quietly) ComplainErrno(operand, ENOENT);
  return found;
}

std::vector<FsPath> FsCall::ExpandAll(std::size_t first, std::size_t last) {
  std::vector<FsPath> all;
  for (std::size_t i = first; i < last; ++i) {
    std::vector<FsPath> some = Expand(operands_[i]);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::vector<std::string> FsCall::NamesIn(const FsPath& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator next(directory.local, error), end; !error && next != end;
       next.increment(error)) {
    names.push_back(next->path().filename().string());
  }
  if (error) ComplainErrno(directory.shown, error.value());
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> HadoopFsCommands() {
  std::vector<std::string> names;
  for (const FsCommand* command : AllCommands()) names.push_back("-" + std::string(command->name));
  return names;
}

int RunHadoopFs(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    ShowHelp({});
    return kWrongUsage;
  }
  const std::span<const std::string> rest = std::span(arguments).subspan(1);
  const std::string& name = arguments.front();
  if (name == "-help" || name == "-usage" || name == "--help") return ShowHelp(rest);
  const FsCommand* const command = name.starts_with('-') ? FindCommand(name.substr(1)) : nullptr;
  if (command != nullptr) return RunCommand(*command, rest);
  const std::string nearest(NearestName(name, HadoopFsCommands()));
  fmt::print(stderr, "{}: Unknown command{}\n", name,
             nearest.empty() ? "; 'gristmill hadoop fs -help' lists those that are here"
                             : fmt::format("; did you mean '{}'?", nearest));
  return kWrongUsage;
}

}  // namespace gristmill::cli
