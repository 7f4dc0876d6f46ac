#include "stream/stream_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gristmill::stream {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const JobInfo& Job() { return *FindJob("stream"); }

TEST(StreamParams, AreTaken) {
  const StreamParams params = StreamParams::Parse({{"mapper", "cat"},
                                                   {"reducer", "wc -l"},
                                                   {"separator", ","},
                                                   {"key_fields", "2"},
                                                   {"sort", "-k2,2nr"},
                                                   {"partition", "-k1,1"},
                                                   {"env.LANG", "C=D"}});
  EXPECT_EQ(params.mapper, "cat");
  EXPECT_EQ(params.reducer, "wc -l");
  EXPECT_EQ(params.separator, ',');
  EXPECT_EQ(params.reducer_separator, ',');
  EXPECT_EQ(params.key_fields, 2u);
  EXPECT_EQ(params.order.size(), 1u);
  EXPECT_EQ(params.partition.size(), 1u);
  EXPECT_THAT(params.environment, ElementsAre("LANG=C=D"));
}

TEST(StreamParams, TabsAreTheDefault) {
  EXPECT_EQ(StreamParams::Parse({{"mapper", "cat"}}).separator, '\t');
  EXPECT_EQ(StreamParams::Parse({{"mapper", "cat"}, {"separator", "\\t"}}).separator, '\t');
}

TEST(StreamParams, ThatAreWrongAreRefusedInOneSentence) {
  const auto refusal = [](const ParamMap& params) { return Job().check_params(params); };
  EXPECT_EQ(refusal({{"mapper", "cat"}}), "");
  EXPECT_THAT(refusal({}), AllOf(HasSubstr("'mapper'"), HasSubstr("--mapper")));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"reduce", "cat"}}), HasSubstr("'reducer'"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"separator", ", "}}), HasSubstr("'separator'"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"key_fields", "0"}}), HasSubstr("'key_fields'"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"sort", "-k1,1"}}), HasSubstr("--reducer"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"combiner", "cat"}}), HasSubstr("--reducer"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"reducer", "cat"}, {"sort", "-x"}}), HasSubstr("-x"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"key_fields", "2"}}), HasSubstr("--reducer"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"reducer_separator", ","}}), HasSubstr("--reducer"));
  EXPECT_THAT(refusal({{"mapper", "cat"}, {"env.", "x"}}), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(refusal({{"mapper", std::string("c\0t", 3)}}), HasSubstr("zero byte"));
}

TEST(StreamParams, OrdersBeyondTheKeyAreRefused) {
  const auto refusal = [](const char* name, const char* parts, const char* key_fields) {
    return Job().check_params(
        {{"mapper", "cat"}, {"reducer", "cat"}, {"key_fields", key_fields}, {name, parts}});
  };
  EXPECT_THAT(refusal("sort", "-k2,2nr", "1"),
              AllOf(HasSubstr("the key has no field 2"), HasSubstr("add --key-fields 2")));
  EXPECT_THAT(refusal("partition", "-k1,2", "1"), HasSubstr("the key has no field 2"));
  EXPECT_EQ(refusal("sort", "-k2,2nr -k1", "2"), "");
  EXPECT_THAT(refusal("sort", "-k2,1", "2"), HasSubstr("ends before it begins"));
  EXPECT_THAT(refusal("sort", "-k1.3,1.2", "2"), HasSubstr("ends before it begins"));
  EXPECT_EQ(refusal("sort", "-k1.3,1", "1"), "");
}

TEST(StreamJob, HasAShuffleOnlyWithAReducer) {
  EXPECT_FALSE(Job().declare({{"mapper", "cat"}}).has_shuffle());
  EXPECT_FALSE(Job().declare({{"mapper", "cat"}, {"reducer", ""}}).has_shuffle());
  EXPECT_TRUE(Job().declare({{"mapper", "cat"}, {"reducer", "cat"}}).has_shuffle());
}

TEST(StreamJob, GivesEachSplitToOneProgram) {
  EXPECT_TRUE(Job().declare({}).stages.front().one_task_per_split);
  EXPECT_FALSE(Job().declare({}).knows_records);
}

}  // namespace
}  // namespace gristmill::stream
