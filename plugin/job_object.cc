#include "plugin/job_object.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <gnu/libc-version.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "base/readable_text.h"
#include "base/status.h"
#include "gristmill/edit_distance.h"
#include "gristmill/job_layout.h"
#include "gristmill/job_object.h"
#include "plugin/elf_file.h"

namespace gristmill::plugin {
namespace {

constexpr char kOurAbi[] = GRISTMILL_JOB_ABI;

#if defined(__x86_64__)
constexpr std::uint16_t kOurMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kOurMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kOurMachine = EM_RISCV;
#else
constexpr std::uint16_t kOurMachine = EM_NONE;
#endif

// The value of "key=value;…"; empty if there is none.
std::string_view ValueOf(std::string_view abi, std::string_view key) {
  for (std::string_view rest = abi; !rest.empty();) {
    const std::string_view field = rest.substr(0, rest.find(';'));
    if (field.starts_with(key) && field.substr(key.size()).starts_with('=')) {
      return field.substr(key.size() + 1);
    }
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
  }
  return {};
}

absl::Status CheckAbi(std::string_view abi, std::string_view name) {
  if (abi == kOurAbi) return absl::OkStatus();
  const auto theirs = [abi](std::string_view key) { return ReadableText(ValueOf(abi, key)); };
  const auto ours = [](std::string_view key) { return ValueOf(kOurAbi, key); };
  if (theirs("api") != ours("api")) {
    return InvalidArgument(
        "'{}' was built for version {} of Gristmill's job API, and this gristmill has version {}; "
        "build it again with the headers that this gristmill was installed with",
        name, theirs("api"), ours("api"));
  }
  if (theirs("library") != ours("library")) {
    return InvalidArgument(
        "'{}' was built with the C++ standard library {}, and gristmill with {}; build it with the "
        "same",
        name, theirs("library"), ours("library"));
  }
  if (theirs("cxx11_abi") != ours("cxx11_abi")) {
    return InvalidArgument(
        "'{}' was built with _GLIBCXX_USE_CXX11_ABI={}, and gristmill with {}: their strings "
        "differ; build it with -D_GLIBCXX_USE_CXX11_ABI={}",
        name, theirs("cxx11_abi"), ours("cxx11_abi"), ours("cxx11_abi"));
  }
  return InvalidArgument(
      "'{}' was built with another C++ ABI ({}) than gristmill ({}); build it with the same "
      "compiler options",
      name, ReadableText(abi), kOurAbi);
}

absl::Status WrongLayout(std::string_view name) {
  return InvalidArgument(
      "'{}' was built with other headers of Gristmill's job API than those of this gristmill; "
      "build "
      "it again with the headers that this gristmill was installed with",
      name);
}

std::string Demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
  return text == nullptr ? symbol : std::string(text.get());
}

// What stands between the two; none if they do not.
std::optional<std::string> Between(std::string_view text, std::string_view begin,
                                   std::string_view end) {
  const std::size_t at = text.find(begin);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + begin.size());
  return std::string(text.substr(0, text.find(end)));
}

}  // namespace

absl::Status CheckJobObject(const std::string& path, std::string_view name) {
  GM_ASSIGN_OR_RETURN(const ElfFile elf, ReadElfFile(path, GRISTMILL_NOTE_NAME));
  if (elf.machine != kOurMachine || elf.bits != 8 * sizeof(void*)) {
    return InvalidArgument("'{}' was built for {}, and this gristmill runs on {}; build it there",
                           name, MachineName(elf.machine, elf.bits),
                           MachineName(kOurMachine, 8 * sizeof(void*)));
  }
  if (!elf.is_shared_object) {
    return InvalidArgument(
        "'{}' is a program or an object file and no shared object; link it with -shared, as "
        "gristmill_add_job does",
        name);
  }
  if (elf.notes.empty()) {
    return InvalidArgument(
        "'{}' is a shared object without a Gristmill job; name the job's class in GRISTMILL_JOB "
        "(gristmill/job.h)",
        name);
  }
  for (const std::string& abi : elf.notes) GM_RETURN_IF_ERROR(CheckAbi(abi, name));
  return absl::OkStatus();
}

std::string ExplainLoadError(std::string_view object, std::string_view complaint) {
  const std::string text = ReadableText(complaint);
  if (const auto symbol = Between(complaint, "undefined symbol: ", " ")) {
    const std::string bare = symbol->substr(0, symbol->find_first_of(",("));
    return fmt::format(
        "'{}' needs '{}', which none of the libraries has that it was linked with; link it with "
        "the "
        "one that does (-Wl,--no-undefined finds that when it is built)",
        object, ReadableText(Demangled(bare)));
  }
  const auto version = Between(complaint, "version `", "'");
  if (version && version->starts_with("GLIBC_")) {
    return fmt::format(
        "'{}' was built against a newer C library ({}) than this host's ({}); build it on a system "
        "as old as the oldest host",
        object, ReadableText(*version), gnu_get_libc_version());
  }
  if (version && (version->starts_with("GLIBCXX_") || version->starts_with("CXXABI_"))) {
    return fmt::format(
        "'{}' was built against a newer C++ library ({}) than this host's; build it on a system as "
        "old as the oldest host",
        object, ReadableText(*version));
  }
  if (version) {
    return fmt::format("'{}' was built against another version of a library than this host's: {}",
                       object, text);
  }
  if (complaint.find("cannot open shared object file") != std::string_view::npos) {
    const std::string library(complaint.substr(0, complaint.find(':')));
    return fmt::format(
        "'{}' needs the library '{}', which this host does not have; install it on every host, "
        "link "
        "it statically, or let it come with the job by --file",
        object, ReadableText(library));
  }
  return fmt::format("'{}' can't be loaded: {}", object, text);
}

absl::StatusOr<const JobMap*> LoadJobObject(const std::string& path, std::string_view name) {
  GM_RETURN_IF_ERROR(CheckJobObject(path, name));
  std::error_code error;
  // Without a slash the dynamic linker would look for it elsewhere.
  const std::string absolute = std::filesystem::absolute(path, error).string();
  // Relative to the object itself its libraries may come with the job.
  void* const object = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) return InvalidArgument("{}", ExplainLoadError(name, dlerror()));
  const void* const layout = dlsym(object, kJobLayoutData);
  if (layout != nullptr && *static_cast<const std::uint32_t*>(layout) != kJobLayout[0]) {
    return WrongLayout(name);
  }
  if (layout != nullptr && *static_cast<const JobLayout*>(layout) != kJobLayout) {
    return WrongLayout(name);
  }
  using JobTable = const JobMap* (*)();
  const auto table = reinterpret_cast<JobTable>(dlsym(object, kJobTableFunction));
  if (table == nullptr || layout == nullptr) {
    return InvalidArgument(
        "'{}' does not export {}; link it with Gristmill's job library (gristmill_add_job, or "
        "pkg-config --libs gristmill) and hide no symbols of it",
        name, kJobTableFunction);
  }
  return table();
}

absl::StatusOr<const JobInfo*> FindJobIn(const JobMap& jobs, std::string_view object,
                                         std::string_view job) {
  if (job.empty() && jobs.size() == 1) return &jobs.begin()->second;
  std::vector<std::string> names;
  std::string list;
  for (const auto& [name, info] : jobs) {
    if (name == job) return &info;
    names.push_back(name);
    list += (list.empty() ? "" : ", ") + name;
  }
  if (job.empty()) {
    return InvalidArgument("'{}' has {} jobs; say which one, as in {}:{} (there are {})", object,
                           jobs.size(), object, names.empty() ? "NAME" : names.front(), list);
  }
  const std::string_view nearest = NearestName(job, names);
  if (!nearest.empty()) {
    return NotFound("there is no job '{}' in '{}'; did you mean '{}'?", job, object, nearest);
  }
  return NotFound("there is no job '{}' in '{}'; it has {}", job, object, list);
}

absl::StatusOr<const JobInfo*> LoadJobOf(const v1::JobRequest& request,
                                         const std::string& directory) {
  const std::string& object = request.object();
  if (object.empty()) return nullptr;
  GM_ASSIGN_OR_RETURN(const JobMap* const jobs, LoadJobObject(directory + "/" + object, object));
  return FindJobIn(*jobs, object, request.job());
}

}  // namespace gristmill::plugin
