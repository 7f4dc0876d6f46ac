#include "jobs/access_log.h"

#include <gtest/gtest.h>

namespace gristmill::jobs {
namespace {

TEST(AccessLog, TakesApartTheCombinedFormat) {
  const auto line = ParseAccessLogLine(
      "203.0.113.7 - alice [10/Oct/2000:13:55:36 -0700] \"GET /a/b?q=1 HTTP/1.1\" 200 2326 "
      "\"http://x/\" \"Agent (1.0)\" 0.012");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->host, "203.0.113.7");
  EXPECT_EQ(line->time, "10/Oct/2000:13:55:36 -0700");
  EXPECT_EQ(line->method, "GET");
  EXPECT_EQ(line->path, "/a/b");
  EXPECT_EQ(line->status, "200");
  EXPECT_EQ(line->bytes, "2326");
  EXPECT_EQ(line->last, "0.012");
}

TEST(AccessLog, TakesRequestsThatAreNone) {
  const auto line = ParseAccessLogLine(R"(h - - [t] "\x16\"\x03" 400 -)");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->method, "");
  EXPECT_EQ(line->path, R"(\x16\"\x03)");
  EXPECT_EQ(line->bytes, "-");
  EXPECT_EQ(line->last, "-");
}

TEST(AccessLog, RefusesOtherLines) {
  for (const char* const line :
       {"", "word", "h - - [t]", R"(h - - [t] "GET / HTTP/1.1)",
        R"(h - - [t] "GET / HTTP/1.1" 20 1)", R"(h - - [t] "GET / HTTP/1.1" 200)",
        R"(h - - t "GET / HTTP/1.1" 200 1)", R"(h - - [t] "GET / HTTP/1.1"200 1)"}) {
    EXPECT_FALSE(ParseAccessLogLine(line)) << line;
  }
}

TEST(AccessLog, ReadsTimes) {
  EXPECT_EQ(ParseAccessLogTime("01/Jan/1970:00:00:00 +0000"), 0);
  EXPECT_EQ(ParseAccessLogTime("10/Oct/2000:13:55:36 -0700"), 971'211'336);
  EXPECT_EQ(ParseAccessLogTime("29/Feb/2024:00:15:00 +0530"), 1'709'145'900);
  EXPECT_EQ(ParseAccessLogTime("31/Dec/1969:23:59:59 +0000"), -1);
  for (const char* const text :
       {"", "t", "10/Oct/2000:13:55:36", "10/Okt/2000:13:55:36 -0700", "30/Feb/2000:13:55:36 -0700",
        "10/Oct/2000:24:55:36 -0700", "10/Oct/2000:13:60:36 -0700", "10/Oct/2000:13:55:36 00700",
        "10/Oct/2000 13:55:36 -0700", "-1/Oct/2000:13:55:36 -0700", "10/ctN/2000:13:55:36 -0700"}) {
    EXPECT_FALSE(ParseAccessLogTime(text)) << text;
  }
  EXPECT_EQ(FormatTime(971'211'336), "2000-10-10T20:55:36Z");
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59Z");
}

TEST(AccessLog, ReadsDecimalsInMillionths) {
  EXPECT_EQ(ParseMillionths("12"), 12'000'000u);
  EXPECT_EQ(ParseMillionths("0.0123456789"), 12'345u);
  EXPECT_EQ(ParseMillionths("-"), 0u);
  EXPECT_EQ(ParseMillionths("18446744073709551615"), ~std::uint64_t{0});
  for (const char* const text : {"", "x", "-1", "1.", "1.x", ".5", "1e3"}) {
    EXPECT_FALSE(ParseMillionths(text)) << text;
  }
}

}  // namespace
}  // namespace gristmill::jobs
