// The child processes are this test program itself.
#include "plugin/description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "plugin/declaration_message.h"
#include "plugin/object_fixture.h"

namespace gristmill::plugin {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A static of the program runs before gtest's main: in the child there is nothing else to do.
const bool kIsChild = [] {
  if (std::getenv("GRISTMILL_TEST_DESCRIBES") == nullptr) return false;
  unsetenv("GRISTMILL_TEST_DESCRIBES");
  std::exit(DescribeMain());
}();

class DescriptionTest : public ObjectTest {
 protected:
  absl::StatusOr<v1::DescribeResponse> Ask(const std::string& object, const std::string& text = "",
                                           DurationMs deadline_ms = 30'000) {
    v1::DescribeRequest request;
    request.set_object(object);
    if (!text.empty()) (*request.mutable_params())["text"] = text;
    setenv("GRISTMILL_TEST_DESCRIBES", "1", 1);
    auto answer = DescribeInChild("/proc/self/exe", directory_.path(), request, deadline_ms);
    unsetenv("GRISTMILL_TEST_DESCRIBES");
    return answer;
  }
};

TEST_F(DescriptionTest, TellsWhatTheJobIs) {
  const v1::DescribeResponse answer = Ask(CompileJob("good")).value();
  EXPECT_EQ(answer.job(), "count");
  EXPECT_TRUE(answer.writes_output());
  const JobDeclaration declared = DeclarationOf(answer.declared()).value();
  EXPECT_TRUE(declared.has_shuffle());
  EXPECT_FALSE(declared.total_order());
  EXPECT_EQ(declared.inputs.at(0).spec.format, InputFormat::kTextLines);
  EXPECT_EQ(declared.output_format, OutputFormat::kText);
}

TEST_F(DescriptionTest, ParametersThatTheJobRefusesAreItsOwnSentence) {
  const std::string path = CompileJob(
      "picky",
      "std::string Validate() const { return text == \"bad\" ? \"'bad' is bad\" : \"\"; }");
  EXPECT_TRUE(Ask(path, "good").ok());
  const absl::Status refused = Ask(path, "bad").status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_THAT(Message(refused), HasSubstr("'bad' is bad"));
}

TEST_F(DescriptionTest, ACrashCostsTheChildAndIsDescribed) {
  const std::string path = CompileJob(
      "crashing",
      "std::string Validate() const { std::fprintf(stderr, \"oh dear\\n\"); std::abort(); }",
      "#include <cstdio>\n#include <cstdlib>");
  EXPECT_THAT(Message(Ask(path).status()),
              AllOf(HasSubstr("'libcrashing.so' died of signal 6 (SIGABRT) when it was loaded"),
                    HasSubstr("it last wrote: oh dear")));
}

TEST_F(DescriptionTest, ACrashBeforeMainOrAnExitIsDescribed) {
  EXPECT_THAT(Message(Ask(CompileJob("early", "",
                                     "#include <cstdlib>\nstatic const bool kCrash = "
                                     "(std::abort(), true);"))
                          .status()),
              HasSubstr("'libearly.so' died of signal 6"));
  EXPECT_THAT(Message(Ask(CompileJob("leaving", "",
                                     "#include <cstdlib>\nstatic const bool kExit = "
                                     "(std::_Exit(3), true);"))
                          .status()),
              HasSubstr("'libleaving.so' ended the process with status 3"));
}

TEST_F(DescriptionTest, AnEndlessLoopEndsAtTheDeadline) {
  const std::string path = CompileJob(
      "looping", "std::string Validate() const { for (volatile int i = 0;; i = i + 1) {} }");
  EXPECT_THAT(Message(Ask(path, "", 300).status()), HasSubstr("did not answer within"));
}

TEST_F(DescriptionTest, ALoopBehindAClosedPipeEndsAtTheDeadline) {
  const std::string path = CompileJob(
      "deaf",
      "std::string Validate() const { closefrom(3); for (volatile int i = 0;; i = i + 1) {} }",
      "#include <unistd.h>");
  EXPECT_THAT(Message(Ask(path, "", 1'000).status()), HasSubstr("did not answer within"));
}

TEST_F(DescriptionTest, ARefusalOfMegabytesIsCut) {
  const std::string path =
      CompileJob("wordy", "std::string Validate() const { return std::string(2 << 20, 'x'); }");
  const absl::Status refused = Ask(path).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_LE(refused.message().size(), 4u << 10);
  EXPECT_THAT(Message(refused), HasSubstr("xxx"));
}

TEST_F(DescriptionTest, AnExceptionIsARefusal) {
  const std::string path = CompileJob(
      "throwing", "gristmill::InputSpec Input() const { throw std::runtime_error(\"no input\"); }",
      "#include <stdexcept>");
  EXPECT_THAT(Message(Ask(path).status()), HasSubstr("refuses its parameters: no input"));
}

}  // namespace
}  // namespace gristmill::plugin
