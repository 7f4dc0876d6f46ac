#include "cli/hadoop_streaming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/status.h"

namespace gristmill::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// Words between blanks; '_' stands for a blank within one.
std::vector<std::string> Arguments(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) {
    for (char& c : word) c = c == '_' ? ' ' : c;
    arguments.push_back(word);
  }
  return arguments;
}

JobFlags Translate(const std::string& text) {
  const auto flags = TranslateHadoopStreaming(Arguments(text));
  EXPECT_TRUE(flags.ok()) << Message(flags.status());
  return flags.ok() ? *flags : JobFlags();
}

std::map<std::string, std::string> Params(const std::string& text) {
  const auto request = BuildRequest(Translate(text));
  EXPECT_TRUE(request.ok()) << Message(request.status());
  if (!request.ok()) return {};
  return {request->params().begin(), request->params().end()};
}

std::string Refusal(const std::string& text) {
  const auto flags = TranslateHadoopStreaming(Arguments(text));
  return flags.ok() ? "" : Message(flags.status());
}

TEST(HadoopStreaming, RunsTheFirstExampleOfItsGuide) {
  const JobFlags flags =
      Translate("-input myInputDirs -output myOutputDir -mapper /bin/cat -reducer /usr/bin/wc");
  EXPECT_EQ(flags.job, "stream");
  EXPECT_THAT(flags.inputs, ElementsAre("myInputDirs"));
  EXPECT_EQ(flags.output, "myOutputDir");
  EXPECT_EQ(flags.stream.mapper, "/bin/cat");
  EXPECT_EQ(flags.stream.reducer, "/usr/bin/wc");
  EXPECT_EQ(flags.partitions, 1u) << "its default";
}

TEST(HadoopStreaming, ShipsFiles) {
  EXPECT_THAT(
      Translate("-input in -output out -mapper map.py -reducer wc -file map.py -file dir/dict.txt")
          .files,
      ElementsAre("map.py", "dir/dict.txt"));
  EXPECT_THAT(
      Translate("-files map.py,file:///data/dict.txt#words -input in -output out -mapper map.py")
          .files,
      ElementsAre("map.py", "/data/dict.txt#words"));
}

TEST(HadoopStreaming, MapsOnlyWhereThereAreNoReduceTasks) {
  for (const char* options :
       {"-D mapreduce.job.reduces=0", "-Dmapred.reduce.tasks=0", "-jobconf mapred.reduce.tasks=0",
        "-numReduceTasks 0", "-reducer NONE"}) {
    const JobFlags flags = Translate(std::string(options) +
                                     " -D stream.num.map.output.key.fields=2 -input in -output out "
                                     "-mapper cat");
    EXPECT_EQ(flags.stream.reducer, std::nullopt) << options;
    EXPECT_EQ(flags.stream.key_fields, std::nullopt) << "the job would refuse what does nothing";
    EXPECT_THAT(flags.params, IsEmpty());
  }
}

TEST(HadoopStreaming, ReducesToWhatItReadWithoutAReducer) {
  EXPECT_EQ(Translate("-input in -output out -mapper cat").stream.reducer, "cat");
}

TEST(HadoopStreaming, KnowsTheClassesOfItsGuide) {
  const JobFlags identity = Translate(
      "-input myInputDirs -output myOutputDir -mapper org.apache.hadoop.mapred.lib.IdentityMapper "
      "-reducer org.apache.hadoop.mapred.lib.IdentityReducer");
  EXPECT_EQ(identity.stream.mapper, "cat");
  EXPECT_EQ(identity.stream.reducer, "cat");
  EXPECT_EQ(Translate("-input in -output out -inputformat "
                      "org.apache.hadoop.mapred.KeyValueTextInputFormat -mapper "
                      "org.apache.hadoop.mapred.lib.IdentityMapper -reducer /usr/bin/wc")
                .stream.mapper,
            "awk '{ print index($0, \"\\t\") ? $0 : $0 \"\\t\" }' | { cat\n}");
  const JobFlags aggregate = Translate(
      "-D mapreduce.job.reduces=12 -input in -output out -mapper myAggregatorForKeyCount.py "
      "-reducer aggregate -file myAggregatorForKeyCount.py");
  EXPECT_THAT(*aggregate.stream.reducer, HasSubstr("LongValueSum"));
  EXPECT_THAT(aggregate.files, ElementsAre("myAggregatorForKeyCount.py"));
  EXPECT_EQ(aggregate.partitions, 12u);
}

TEST(HadoopStreaming, TakesSeveralInputs) {
  EXPECT_THAT(Translate("-input a,b -input /c/* -output o -mapper cat").inputs,
              ElementsAre("a", "b", "/c/*"));
}

TEST(HadoopStreaming, KnowsTheFileSystemThatAllHostsShare) {
  EXPECT_THAT(Translate("-input file:/a,file:///b,c/d:/e -output o -mapper cat").inputs,
              ElementsAre("/a", "/b", "c/d:/e"));
}

TEST(HadoopStreaming, PartitionsByFieldsOfTheKey) {
  const auto params = Params(
      "-D stream.map.output.field.separator=. -D stream.num.map.output.key.fields=4 "
      "-D mapreduce.map.output.key.field.separator=. -D "
      "mapreduce.partition.keypartitioner.options=-k1,2 "
      "-D mapreduce.job.reduces=12 -input in -output out -mapper cat -reducer cat "
      "-partitioner org.apache.hadoop.mapred.lib.KeyFieldBasedPartitioner");
  EXPECT_THAT(params, Contains(Pair("separator", ".")));
  EXPECT_THAT(params, Contains(Pair("key_fields", "4")));
  EXPECT_THAT(params, Contains(Pair("partition", "-k1,2")));
  EXPECT_THAT(params, Contains(Pair("reducer_separator", "\\t")));
}

TEST(HadoopStreaming, SortsByFieldsOfTheKey) {
  const auto params = Params(
      "-D mapreduce.job.output.key.comparator.class=org.apache.hadoop.mapreduce.lib.partition."
      "KeyFieldBasedComparator -D stream.map.output.field.separator=. "
      "-D stream.num.map.output.key.fields=4 -D mapreduce.map.output.key.field.separator=. "
      "-D mapreduce.partition.keycomparator.options=-k2,2nr -D mapreduce.job.reduces=1 "
      "-input in -output out -mapper cat -reducer cat");
  EXPECT_THAT(params, Contains(Pair("sort", "-k2,2nr")));
}

TEST(HadoopStreaming, KnowsTheOlderNames) {
  const JobFlags flags = Translate(
      "-D mapred.reduce.tasks=3 -D num.key.fields.for.partition=2 -D "
      "stream.num.map.output.key.fields=3 "
      "-D mapred.map.max.attempts=7 -D mapred.max.split.size=1048576 -D mapred.job.name=mine "
      "-input in -output out "
      "-mapper cat -reducer cat -partitioner "
      "org.apache.hadoop.mapred.lib.KeyFieldBasedPartitioner");
  EXPECT_EQ(flags.partitions, 3u);
  EXPECT_EQ(flags.stream.partition_fields, 2u);
  EXPECT_EQ(flags.max_attempts, 7u);
  EXPECT_EQ(flags.split_size, "1048576");
  EXPECT_THAT(flags.stream.environment, Contains("mapreduce_job_name=mine"));
}

TEST(HadoopStreaming, PassesVariablesAndPropertiesOfTheUser) {
  EXPECT_THAT(Translate("-D my.threshold=5 -D both=1 -cmdenv LANG=C -cmdenv both=2 -input in "
                        "-output o -mapper cat")
                  .stream.environment,
              ElementsAre("LANG=C", "both=2", "my_threshold=5"));
}

TEST(HadoopStreaming, LeavesHadoopsOwnTuningAlone) {
  const JobFlags flags = Translate(
      "-D mapreduce.map.memory.mb=2048 -D mapreduce.map.speculative=false -D "
      "mapreduce.job.queuename=batch "
      "-verbose -inputformat org.apache.hadoop.mapred.TextInputFormat -input in -output out "
      "-mapper cat");
  EXPECT_THAT(flags.params, ElementsAre("reducer_separator=\\t"));
  EXPECT_THAT(flags.files, IsEmpty());
}

TEST(HadoopStreaming, RefusesByNameWhatWouldChangeTheResult) {
  const std::string job = "-input in -output out -mapper cat ";
  EXPECT_THAT(Refusal(job + "-inputformat org.apache.hadoop.mapred.lib.NLineInputFormat"),
              HasSubstr("NLineInputFormat"));
  EXPECT_THAT(Refusal(job + "-partitioner com.me.Mine"), HasSubstr("com.me.Mine"));
  EXPECT_THAT(Refusal(job + "-reducer org.apache.hadoop.mapred.lib.LongSumReducer"),
              HasSubstr("LongSumReducer"));
  EXPECT_THAT(Refusal(job + "-combiner aggregate"), HasSubstr("aggregate"));
  EXPECT_THAT(Refusal("-input in -output out -mapper org.apache.hadoop.mapred.lib.RegexMapper"),
              HasSubstr("RegexMapper"));
  EXPECT_THAT(Refusal(job + "-inputreader StreamXmlRecordReader"), HasSubstr("-inputreader"));
  EXPECT_THAT(Refusal(job + "-outputformat org.apache.hadoop.mapred.lib.NullOutputFormat"),
              HasSubstr("NullOutputFormat"));
  EXPECT_THAT(Refusal(job + "-combiner org.apache.hadoop.mapred.lib.LongSumReducer"),
              HasSubstr("LongSumReducer"));
  EXPECT_THAT(Refusal(job + "-D mapreduce.output.fileoutputformat.compress=true"),
              HasSubstr("compress=true"));
  EXPECT_THAT(Refusal(job + "-D mapreduce.input.linerecordreader.line.maxlength=5"),
              HasSubstr("linerecordreader"));
  EXPECT_THAT(Refusal(job + "-D stream.map.output=typedbytes"), HasSubstr("stream.map.output"));
  EXPECT_THAT(Refusal(job + "-io typedbytes"), HasSubstr("-io"));
  EXPECT_THAT(Refusal(job + "-archives a.zip"), HasSubstr("-archives"));
  EXPECT_THAT(Refusal("-input hdfs://host/in -output out -mapper cat"),
              HasSubstr("hdfs://host/in"));
  EXPECT_THAT(Refusal("-input in -output hdfs:/out -mapper cat"), HasSubstr("hdfs:/out"));
  EXPECT_THAT(Refusal(job + "-numReduceTasks 0 -D stream.map.output.field.separator=."),
              HasSubstr("stream.map.output.field.separator=."));
  EXPECT_THAT(Refusal(job + "-D stream.map.output.field.separator=. "
                            "-D mapred.text.key.partitioner.options=-k1,1 "
                            "-partitioner KeyFieldBasedPartitioner"),
              HasSubstr("mapreduce.map.output.key.field.separator=."));
}

TEST(HadoopStreaming, WrongUseGetsASentence) {
  EXPECT_THAT(Refusal("-output out -mapper cat"), HasSubstr("-input"));
  EXPECT_THAT(Refusal("-input in -mapper cat"), HasSubstr("-output"));
  EXPECT_THAT(Refusal("-input in -output"), HasSubstr("-output needs a value"));
  EXPECT_THAT(Refusal("-input in -output a -output b"), HasSubstr("given twice"));
  EXPECT_THAT(Refusal("stray -input in -output a"), HasSubstr("'stray'"));
  EXPECT_THAT(Refusal("-D novalue -input in -output a"), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(Refusal("-numReduceTasks x -input in -output a"), HasSubstr("'x'"));
}

}  // namespace
}  // namespace gristmill::cli
