#include "coordinator/output_place.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/status.h"

namespace gristmill::coordinator {
namespace {

namespace fs = std::filesystem;

// Where `path` leads; what does not exist of it, or can't be looked at, as it is written.
fs::path Resolve(const fs::path& path) {
  std::error_code error;
  fs::path resolved = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : resolved;
}

bool IsInside(const fs::path& path, const fs::path& directory) {
  return path.string().starts_with(directory.string() + "/");
}

// Whether the glob will match `output`, or a directory above it, once it exists.
bool WillMatch(const std::string& glob, const fs::path& output) {
  for (fs::path part = output; part.has_relative_path(); part = part.parent_path()) {
    if (::fnmatch(glob.c_str(), part.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) return true;
  }
  return false;
}

}  // namespace

std::string NormalOutputPath(const std::string& output) {
  std::string normal = fs::path(output).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

std::string FollowDotDot(const std::string& path) {
  const fs::path parts(path);
  const bool climbs = std::find(parts.begin(), parts.end(), "..") != parts.end();
  return climbs ? Resolve(parts).string() : path;
}

absl::Status CheckOutputOutsideInputs(const v1::JobRequest& request,
                                      const std::vector<std::string>& paths) {
  const fs::path output = Resolve(request.output());
  for (const std::string& input : paths) {
    std::error_code ignored;
    if (!fs::exists(input, ignored)) {
      if (!WillMatch(input, output)) continue;
      return InvalidArgument(
          "the input '{}' matches the output directory '{}', so that the next job would read it; "
          "choose another",
          input, request.output());
    }
    if (!fs::is_directory(input, ignored)) continue;
    const fs::path directory = Resolve(input);
    if (output == directory) {
      return InvalidArgument("'{}' is both input and output; choose another output directory",
                             request.output());
    }
    if (IsInside(output, directory)) {
      return InvalidArgument(
          "the output directory '{}' lies inside the input '{}', so that the next job would read "
          "it; choose another",
          request.output(), input);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckInputsOutsideOutput(const v1::JobRequest& request, const v1::InputPlan& input) {
  const fs::path output = Resolve(request.output());
  std::map<fs::path, fs::path> parents;  // resolved: many files share few directories
  for (const v1::InputFile& file : input.files()) {
    const fs::path path(file.path());
    const auto [parent, is_new] = parents.try_emplace(path.parent_path());
    if (is_new) parent->second = Resolve(parent->first);
    std::error_code ignored;
    const fs::path real =
        fs::is_symlink(path, ignored) ? Resolve(path) : parent->second / path.filename();
    if (IsInside(real, output)) {
      return InvalidArgument("the input '{}' lies inside the output directory '{}'; choose another",
                             file.path(), request.output());
    }
  }
  return absl::OkStatus();
}

}  // namespace gristmill::coordinator
