// Shared objects for tests, compiled by the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "storage/test_directory.h"

namespace gristmill::plugin {

class ObjectTest : public testing::Test {
 protected:
  // libNAME.so of the source text; `flags` come before it.
  std::string Compile(const std::string& name, const std::string& source,
                      const std::string& flags = "", const std::string& libraries = "") {
    const std::string file = directory_.Write(name + ".cc", source);
    const std::string object = directory_.path("lib" + name + ".so");
    const std::string command = std::string(GRISTMILL_COMPILER) +
                                " -std=c++20 -shared -fPIC -fvisibility=hidden " + flags + " -I" +
                                GRISTMILL_SOURCE + " " + file + " -o " + object + " " + libraries;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return object;
  }
  // With a job `count` whose class has the members, too; `before` comes before the class.
  std::string CompileJob(const std::string& name, const std::string& members = "",
                         const std::string& before = "", const std::string& flags = "") {
    return Compile(name, "#include \"gristmill/job.h\"\n" + before + R"(
struct Count {
  static constexpr std::string_view kName = "count";
  static constexpr std::string_view kSummary = "counts lines";
  using Key = std::string;
  using Value = std::uint64_t;
  std::string text = "all";
  void Declare(gristmill::Params& params) { params.Add("text", &text, "what to count"); }
  void Map(std::string_view line, gristmill::Emitter<Count>& out) { out.Emit(line, 1); }
  static Value Combine(Value a, Value b) { return a + b; }
)" + members + R"(
};
GRISTMILL_JOB(Count);
)",
                   flags, GRISTMILL_JOB_LIBRARY);
  }

  TestDirectory directory_;
};

}  // namespace gristmill::plugin
