#include "stream/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gristmill/task.h"

namespace gristmill::stream {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Command, OfOneProgramTakesTheShellsPlace) {
  EXPECT_EQ(ShellTextOf("python3 map.py -x"), "exec python3 map.py -x");
  EXPECT_EQ(ShellTextOf("  /bin/cat"), "exec   /bin/cat");
  EXPECT_EQ(ShellTextOf("awk '{print $1}'"), "exec awk '{print $1}'");
  EXPECT_EQ(ShellTextOf("grep \"a b\" -c"), "exec grep \"a b\" -c");
}

TEST(Command, ThatNeedsAShellIsLeftToIt) {
  for (const char* command : {"a | b",
                              "a; b",
                              "a && b",
                              "a &",
                              "LANG=C sort",
                              "cd / ; ls",
                              "cd /",
                              "while read x; do echo; done",
                              "cat < in",
                              "(a)",
                              "`a`",
                              "$PROGRAM -x",
                              "\"my program\" -x",
                              "exec cat",
                              "a\nb",
                              "! a",
                              "read line",
                              "echo 'a\\tb'",
                              "printf x",
                              "[ -e x ]",
                              "true",
                              ""}) {
    EXPECT_EQ(ShellTextOf(command), command);
  }
}

class CheckedCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/command-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(directory_ + "/" + name) << text;
    ASSERT_EQ(chmod((directory_ + "/" + name).c_str(), mode), 0);
  }
  // Empty, or the sentence.
  std::string Check(const std::string& command) {
    try {
      CheckCommand("mapper", command, directory_, "/usr/bin:/bin");
      return "";
    } catch (const TaskError& error) {
      return error.what();
    }
  }

  std::string directory_;
};

TEST_F(CheckedCommand, MayLieInThePathOrInTheDirectory) {
  Write("map.sh", "#!/bin/sh\ncat\n", 0755);
  EXPECT_EQ(Check("cat -n"), "");
  EXPECT_EQ(Check("/bin/cat"), "");
  EXPECT_EQ(Check("map.sh 1"), "");
  EXPECT_EQ(Check("./map.sh"), "");
  EXPECT_EQ(Check(directory_ + "/map.sh"), "");
}

TEST_F(CheckedCommand, ThatIsNotThereIsNamed) {
  EXPECT_THAT(Check("nosuch -x"),
              AllOf(HasSubstr("the mapper 'nosuch -x'"), HasSubstr("no program 'nosuch'")));
  EXPECT_THAT(Check("./nosuch.py"), HasSubstr("no program './nosuch.py'"));
  EXPECT_THAT(Check("/"), HasSubstr("no program '/'"));
}

TEST_F(CheckedCommand, ThatIsNotExecutableIsNamed) {
  Write("map.py", "#!/usr/bin/env python3\n", 0644);
  EXPECT_THAT(Check("./map.py"),
              AllOf(HasSubstr("map.py' is not executable"), HasSubstr("chmod +x")));
  EXPECT_THAT(Check("map.py"), HasSubstr("map.py' is not executable"));
}

TEST_F(CheckedCommand, ThatIsAScriptForNobodyIsNamed) {
  Write("map.py", "import sys\n", 0755);
  EXPECT_THAT(Check("map.py"), AllOf(HasSubstr("map.py' is a script without an interpreter line"),
                                     HasSubstr("#!/usr/bin/env python3")));
}

TEST_F(CheckedCommand, ThatOnlyAShellUnderstandsIsNotJudged) {
  EXPECT_EQ(Check("nosuch | cat"), "");
  EXPECT_EQ(Check("while read x; do echo $x; done"), "");
}

}  // namespace
}  // namespace gristmill::stream
