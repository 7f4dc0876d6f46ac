#include "cli/job_flags.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/status.h"
#include "storage/test_directory.h"

namespace gristmill::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

JobFlags WordCount() {
  JobFlags flags;
  flags.job = "wordcount";
  return flags;
}

std::string RefusalOf(const JobFlags& flags) {
  const absl::StatusOr<v1::JobRequest> request = BuildRequest(flags);
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
  return Message(request.status());
}

TEST(BuildRequest, LeavesWhatWasNotGivenToAdmission) {
  const v1::JobRequest request = BuildRequest(WordCount()).value();
  v1::JobRequest expected;
  expected.set_job("wordcount");
  EXPECT_EQ(request.SerializeAsString(), expected.SerializeAsString());
}

TEST(BuildRequest, MakesPathsAbsolute) {
  JobFlags flags = WordCount();
  flags.inputs = {"a.txt", "./b/*.txt", "/c/", "../d"};
  flags.output = "out/";
  const std::string here = std::filesystem::current_path().string();
  const v1::JobRequest request = BuildRequest(flags).value();
  EXPECT_THAT(request.inputs(),
              ElementsAre(here + "/a.txt", here + "/b/*.txt", "/c", here + "/../d"));
  EXPECT_EQ(request.output(), here + "/out");
}

TEST(BuildRequest, SendsWhatMayBeTheNameOfAnInputInBothWays) {
  JobFlags flags = WordCount();
  flags.inputs = {"left=a/b", "day=2026-11-26", "./x=y", "/a b=c", "=c", "c="};
  const std::string here = std::filesystem::current_path().string();
  const v1::JobRequest request = BuildRequest(flags).value();
  EXPECT_THAT(request.inputs(), ElementsAre(here + "/left=a/b", here + "/day=2026-11-26",
                                            here + "/x=y", "/a b=c", here + "/=c", here + "/c="));
  ASSERT_EQ(request.named_inputs_size(), 2);
  EXPECT_EQ(request.named_inputs(0).name(), "left");
  EXPECT_EQ(request.named_inputs(0).path(), here + "/a/b");
  EXPECT_EQ(request.named_inputs(0).whole(), here + "/left=a/b");
}

TEST(BuildRequest, ReadsParametersAndSizes) {
  JobFlags flags = WordCount();
  flags.params = {"lower=true", "pattern=a=b", "empty="};
  flags.split_size = "1MiB";
  flags.memory = "2G";
  flags.control.task_timeout = "1.5s";
  flags.partitions = 0;
  flags.output_format = "records";
  const v1::JobRequest request = BuildRequest(flags).value();
  EXPECT_THAT(request.params(), UnorderedElementsAre(Pair("lower", "true"), Pair("pattern", "a=b"),
                                                     Pair("empty", "")));
  EXPECT_EQ(request.split_bytes(), 1u << 20);
  EXPECT_EQ(request.memory_bytes(), 2u << 30);
  EXPECT_EQ(request.task_timeout_ms(), 1'500u);
  EXPECT_TRUE(request.has_partitions());  // so that admission can refuse zero
  EXPECT_EQ(request.output_format(), v1::OUTPUT_FORMAT_RECORD_FILE);
}

TEST(BuildRequest, RefusesWhatIsNoParameter) {
  JobFlags flags = WordCount();
  flags.params = {"lower"};
  EXPECT_EQ(RefusalOf(flags),
            "--param 'lower' is not of the form name=value; write for example --param lower=true");
  flags.params = {"lower=true", "lower=false"};
  EXPECT_EQ(RefusalOf(flags), "parameter 'lower' is given twice; keep one of them");
}

TEST(BuildRequest, RefusesWhatIsNotUtf8) {
  JobFlags flags = WordCount();
  flags.params = {"pattern=gr\xe9p"};
  EXPECT_THAT(RefusalOf(flags), StartsWith("parameter 'pattern' is not UTF-8: "));
  flags.params = {"p\xe9=grep"};
  EXPECT_THAT(RefusalOf(flags), StartsWith("the name of a parameter is not UTF-8"));
  flags.params = {};
  flags.inputs = {"/data/\xe9"};
  EXPECT_THAT(RefusalOf(flags), StartsWith("--input is not UTF-8"));
  flags.inputs = {};
  flags.job = "stream";
  flags.stream.mapper = "grep \xe9";
  EXPECT_THAT(RefusalOf(flags), StartsWith("parameter 'mapper' is not UTF-8"));
}

TEST(BringFiles, TakesAFileWhoseOwnNameHasTheSign) {
  const TestDirectory directory;
  directory.Write("has#hash.txt", "x");
  directory.Write("has", "y");
  JobFlags flags = WordCount();
  flags.files = {directory.path("has#hash.txt"), directory.path("has#renamed"),
                 directory.path("has#hash.txt#other")};
  v1::JobRequest request;
  ASSERT_TRUE(BringFiles(flags, &request).ok());
  EXPECT_EQ(request.files(0).name(), "has#hash.txt");
  EXPECT_EQ(request.files(1).name(), "renamed");
  EXPECT_EQ(request.files(2).name(), "other");
  EXPECT_EQ(request.files(2).sha256(), request.files(0).sha256());
}

TEST(BringFiles, SaysWhatTheSignMeansWhereNothingIsFound) {
  const TestDirectory directory;
  JobFlags flags = WordCount();
  flags.files = {directory.path("none#hash.txt")};
  v1::JobRequest request;
  EXPECT_THAT(Message(BringFiles(flags, &request).status()), HasSubstr("write PATH#NAME"));
}

TEST(BuildRequest, RefusesWhatIsNoTimeForATask) {
  JobFlags flags = WordCount();
  flags.control.task_timeout = "soon";
  EXPECT_EQ(RefusalOf(flags),
            "--task-timeout: 'soon' is not a duration; write a number and a unit, such as 500ms, "
            "10s or 5m");
  flags.control.task_timeout = "0s";
  EXPECT_EQ(RefusalOf(flags),
            "--task-timeout is zero; give it a time such as 10m, or leave it out");
}

TEST(BuildRequest, RefusesWhatIsNoSizeAndNoFormat) {
  JobFlags flags = WordCount();
  flags.memory = "much";
  EXPECT_EQ(RefusalOf(flags),
            "--memory: 'much' is not a size; write bytes or a unit, such as 64MiB or 2G");
  flags.memory = "0";
  EXPECT_EQ(RefusalOf(flags), "--memory is zero; give it a size such as 64MiB");
  flags.memory = "";
  flags.output_format = "xml";
  EXPECT_EQ(RefusalOf(flags), "--output-format 'xml' is not known; it is text, records or fixed");
}

TEST(ParseObjectName, TellsSharedObjectsFromJobsOfTheBinary) {
  EXPECT_FALSE(ParseObjectName("wordcount").has_value());
  EXPECT_FALSE(ParseObjectName("so").has_value());
  const ObjectName named = ParseObjectName("./build/libmine.so:count").value();
  EXPECT_EQ(named.path, "./build/libmine.so");
  EXPECT_EQ(named.job, "count");
  const ObjectName only = ParseObjectName("libmine.so").value();
  EXPECT_EQ(only.path, "libmine.so");
  EXPECT_EQ(only.job, "");
  EXPECT_EQ(ParseObjectName("libmine.so.2:count").value().path, "libmine.so.2");
  EXPECT_EQ(ParseObjectName("/a:b/libmine.so").value().path, "/a:b/libmine.so");
}

TEST(BuildRequest, NamesTheObjectThatHasTheJob) {
  JobFlags flags = WordCount();
  flags.job = "./build/libmine.so:count";
  const v1::JobRequest request = BuildRequest(flags).value();
  EXPECT_EQ(request.object(), "libmine.so");
  EXPECT_EQ(request.job(), "count");
}

TEST(BringFiles, NamesThemInTheRequestAndRefusesWhatIsNoObject) {
  TestDirectory directory;
  JobFlags flags = WordCount();
  flags.files = {directory.Write("words", "a") + "#stopwords", directory.Write("model", "b")};
  v1::JobRequest request = BuildRequest(flags).value();
  const std::vector<LocalFile> files = BringFiles(flags, &request).value();
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(request.files(0).name(), "stopwords");
  EXPECT_EQ(request.files(1).name(), "model");
  flags.job = directory.Write("libmine.so", "no object");
  request = BuildRequest(flags).value();
  EXPECT_THAT(Message(BringFiles(flags, &request).status()),
              testing::HasSubstr("is no shared object"));
}

}  // namespace
}  // namespace gristmill::cli
