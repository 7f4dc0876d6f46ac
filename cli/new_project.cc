#include "cli/new_project.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/status.h"
#include "cli/exit_code.h"
#include "storage/file.h"

namespace gristmill::cli {
namespace {

namespace fs = std::filesystem;

// In each, @job@ stands for the job's name and @Job@ for its class.
struct Template {
  const char* name;
  const char* text;
};

constexpr Template kTemplates[] = {
    {"CMakeLists.txt", R"(cmake_minimum_required(VERSION 3.20)
project(@job@ LANGUAGES CXX)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)  # `gristmill replay JOB --gdb` shows lines of the source
endif()

find_package(gristmill REQUIRED)

# lib@job@.so, which `gristmill run` and `gristmill submit` take.
gristmill_add_job(@job@ @job@.cc)

enable_testing()
add_executable(@job@_test @job@_test.cc)
target_link_libraries(@job@_test PRIVATE gristmill::job)
add_test(NAME @job@ COMMAND @job@_test)
)"},
    {"@job@.h", R"(// Counts words. What else a job can have is said in gristmill/job.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/job.h"
#include "gristmill/words.h"

class @Job@ {
 public:
  static constexpr std::string_view kName = "@job@";
  static constexpr std::string_view kSummary = "count words between white space";
  using Key = std::string;
  using Value = std::uint64_t;

  // Parameters: what `--param min_letters=3` sets.
  void Declare(gristmill::Params& params) {
    params.Add("min_letters", &min_letters_, "shorter words are left out");
  }

  // Called for every line, on many threads and hosts, each with an object of its own.
  void Map(std::string_view line, gristmill::Emitter<@Job@>& out) {
    gristmill::ForEachWord(line, gristmill::kAllButSpace, [&](std::string_view word) {
      if (word.size() >= min_letters_) out.Emit(word, 1);
    });
  }

  // Two values of a word become one.
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  std::uint64_t min_letters_ = 1;
};
)"},
    {"@job@.cc", R"(#include "@job@.h"

GRISTMILL_JOB(@Job@);
)"},
    {"@job@_test.cc",
     R"(// The job without a cluster: records in, pairs out. With GoogleTest a line would be
//   EXPECT_EQ(tester.RunToText({"a b"}), "a\t1\nb\t1\n");
#include "@job@.h"

#include <cstdio>

#include "gristmill/testing.h"

namespace {

int failures = 0;

void Expect(const std::string& got, const std::string& wanted) {
  if (got == wanted) return;
  std::printf("wanted:\n%sgot:\n%s", wanted.c_str(), got.c_str());
  ++failures;
}

}  // namespace

int main() {
  gristmill::JobTester<@Job@> tester;
  Expect(tester.RunToText({"to be or", "not to be"}), "be\t2\nnot\t1\nor\t1\nto\t2\n");

  gristmill::JobTester<@Job@> long_words{{"min_letters", "3"}};
  Expect(long_words.RunToText({"to be or", "not to be"}), "not\t1\n");
  return failures == 0 ? 0 : 1;
}
)"},
    {"README.md", R"(# @job@

A job for Gristmill. Change `@job@.h`; its test is `@job@_test.cc`. In this directory:

```
cmake -B build && cmake --build build && ctest --test-dir build
gristmill run build/lib@job@.so:@job@ --input README.md --output counts
gristmill submit build/lib@job@.so:@job@ --input "$PWD/README.md" --output "$PWD/counts2" --wait
```

The first builds and tests it (where Gristmill is not installed under /usr, add `-DCMAKE_PREFIX_PATH=PREFIX`). The second
runs it in one process, the third on a cluster: the shared object goes to the workers with the job, and input and output
lie where all of them see them. `gristmill jobs build/lib@job@.so` shows its parameters.
)"},
};

void Replace(std::string* text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text->find(from, at)) != std::string::npos; at += to.size()) {
    text->replace(at, from.size(), to);
  }
}

// my_job: MyJob.
std::string ClassNameOf(std::string_view job) {
  std::string name;
  bool begins = true;
  for (const char c : job) {
    if (c != '_')
      name += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = c == '_';
  }
  return name;
}

bool IsJobName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), allowed);
}

// Targets that CMake makes itself.
bool IsTargetOfCMake(std::string_view name) {
  constexpr std::string_view kTargets[] = {"all",           "clean",   "depend",   "edit_cache",
                                           "help",          "install", "package",  "package_source",
                                           "rebuild_cache", "test",    "uninstall"};
  return std::find(std::begin(kTargets), std::end(kTargets), name) != std::end(kTargets);
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  GM_ASSIGN_OR_RETURN(File file, File::Create(path));
  GM_RETURN_IF_ERROR(file.Write(text));
  return file.Close();
}

std::string JobOf(const std::string& directory) {
  fs::path path(directory);
  if (!path.has_filename()) path = path.parent_path();  // a slash at the end
  return path.filename().string();
}

}  // namespace

absl::Status WriteNewProject(const std::string& directory) {
  const std::string job = JobOf(directory);
  if (!IsJobName(job)) {
    return InvalidArgument(
        "'{}' can't be the name of a job; take lower-case letters, digits and '_', as in "
        "'gristmill "
        "new word_lengths'",
        job);
  }
  if (IsTargetOfCMake(job)) {
    return InvalidArgument(
        "'{0}' is a target that CMake makes itself; take another name, such as "
        "{0}_job",
        job);
  }
  std::error_code error;
  if (fs::exists(directory, error)) {
    return AlreadyExists("'{}' exists already; choose another name or remove it", directory);
  }
  GM_RETURN_IF_ERROR(MakeDirectories(directory));
  for (const Template& file : kTemplates) {
    std::string name = file.name;
    std::string text = file.text;
    for (std::string* part : {&name, &text}) {
      Replace(part, "@job@", job);
      Replace(part, "@Job@", ClassNameOf(job));
    }
    GM_RETURN_IF_ERROR(WriteFile(directory + "/" + name, text));
  }
  return absl::OkStatus();
}

int NewProject(const std::string& directory) {
  if (const absl::Status written = WriteNewProject(directory); !written.ok()) return Fail(written);
  fmt::print(
      "{0} has a job that counts words, its test, and a README with the commands. Next:\n"
      "  cd {0} && cmake -B build && cmake --build build && ctest --test-dir build\n",
      directory);
  return kDone;
}

}  // namespace gristmill::cli
