#include "worker/runner/crash_text.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/readable_text.h"
#include "worker/runner/elf_symbols.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kFunctionsMax = 8;
constexpr std::size_t kFunctionBytesMax = 100;

// What a shorter name leaves out, and what it must not take for a list of parameters.
void Replace(std::string* text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text->find(from, at)) != std::string::npos; at += to.size()) {
    text->replace(at, from.size(), to);
  }
}

std::string Demangle(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return text == nullptr ? name : std::string(text.get());
}

struct Frame {
  std::uint64_t address;  // as its module's file numbers it
  const CrashNote::Module* module = nullptr;
  std::string function = {};  // shortened; empty if not known
};

std::string PathOf(const CrashNote::Module& module) {
  const std::string_view path(module.path, sizeof module.path);
  return std::string(path.substr(0, path.find('\0')));
}

std::vector<Frame> FramesOf(const CrashNote& note) {
  const std::size_t count =
      std::min<std::size_t>(note.frame_count.load(std::memory_order_relaxed), note.kFramesMax);
  const std::size_t modules = std::min<std::size_t>(note.module_count, note.kModulesMax);
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < count; ++i) {
    // The call lies before the address that it returns to.
    Frame frame{note.frames[i] - (i == 0 ? 0 : 1)};
    for (std::size_t k = 0; k < modules; ++k) {
      const CrashNote::Module& module = note.modules[k];
      if (frame.address < module.begin || frame.address >= module.end) continue;
      frame.module = &module;
      frame.address -= module.bias;
      break;
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

// Module by module, so that each file is read once.
void NameFunctions(std::vector<Frame>* frames, const std::string& program) {
  std::vector<const CrashNote::Module*> done;
  for (const Frame& first : *frames) {
    if (first.module == nullptr || std::ranges::find(done, first.module) != done.end()) continue;
    done.push_back(first.module);
    std::vector<std::uint64_t> addresses;
    for (const Frame& frame : *frames) addresses.push_back(frame.address);
    const std::string path = PathOf(*first.module);
    const auto functions = FunctionsAt(path.empty() ? program : path, addresses);
    for (std::size_t i = 0; i < frames->size(); ++i) {
      if ((*frames)[i].module == first.module) {
        (*frames)[i].function = ShortFunctionName(Demangle(functions[i]));
      }
    }
  }
}

std::string Describe(const Frame& frame) {
  if (!frame.function.empty()) return frame.function;
  if (frame.module == nullptr) return fmt::format("{:#x}", frame.address);
  const std::string path = PathOf(*frame.module);
  const std::string file = ReadableText(path.substr(path.rfind('/') + 1));
  return fmt::format("{}+{:#x}", file.empty() ? "gristmill" : file, frame.address);
}

// How the framework came to call user code is no news.
bool IsCaller(const Frame& frame) {
  return frame.function.starts_with("gristmill::worker::Attempt::") ||
         frame.function.starts_with("gristmill::worker::ExecuteTask");
}

std::string DescribeStack(const std::vector<Frame>& frames) {
  std::string text;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < frames.size() && !IsCaller(frames[i]);) {
    const std::string name = Describe(frames[i]);
    std::size_t same = 1;
    while (i + same < frames.size() && Describe(frames[i + same]) == name) ++same;
    i += same;
    if (++shown > kFunctionsMax) return text + " < …";
    text += (text.empty() ? "" : " < ") + name;
    if (same > 1) text += fmt::format(" ({} times)", same);
  }
  return text;
}

}  // namespace

std::string ShortFunctionName(std::string_view demangled) {
  std::string text(demangled);
  Replace(&text, "(anonymous namespace)::", "");
  Replace(&text, "gristmill::internal::", "");
  Replace(&text, "operator()", "operator\x01");
  Replace(&text, "[abi:cxx11]", "");
  std::string name;
  int parentheses = 0;
  int brackets = 0;
  for (const char c : text) {
    if (c == '(') ++parentheses;
    if (parentheses == 0) {
      if (c == '<') ++brackets;
      if (c == '>') --brackets;
      if (c == ' ' && brackets == 0 && !name.ends_with("operator")) {
        name.clear();  // what came before was the result
      } else {
        name += c;
      }
    }
    if (c == ')') --parentheses;
    if (c == ')' && parentheses == 0 && brackets == 0 && !name.ends_with("{lambda")) break;
  }
  Replace(&name, "\x01", "()");
  if (name.size() > kFunctionBytesMax) {
    name.resize(kFunctionBytesMax);
    name += "…";
  }
  return ReadableText(name);
}

std::string DescribeCrash(const CrashNote& note, const std::string& program) {
  if (note.signal.load(std::memory_order_acquire) == 0) return {};
  std::vector<Frame> frames = FramesOf(note);
  NameFunctions(&frames, program);
  std::string text;
  if (note.stack_overflow != 0) {
    text = "of a stack overflow";
  } else if (note.has_address != 0) {
    text = fmt::format("at address {:#x}", note.address);
  }
  const std::string stack = DescribeStack(frames);
  if (!stack.empty()) text += (text.empty() ? "in " : " in ") + stack;
  return text;
}

}  // namespace gristmill::worker
