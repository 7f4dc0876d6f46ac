#include "worker/rpc/stream_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gristmill::worker {
namespace {

using testing::ElementsAre;

struct Words {
  std::string text;
  std::size_t ByteSizeLong() const { return text.size(); }
};

// Ends a write when it is told to.
struct FakeReactor {
  std::vector<std::string> written;
  void StartWrite(const Words* words) { written.push_back(words->text); }
};

bool Join(Words* last, Words* next) {
  if (last->text.front() != next->text.front()) return false;
  last->text += next->text;
  return true;
}

TEST(StreamWriterTest, WhatComesDuringAWriteGoesOutTogether) {
  FakeReactor reactor;
  StreamWriter<FakeReactor, Words> writer(&reactor, 3, Join);
  EXPECT_TRUE(writer.Send({"a1"}));
  EXPECT_TRUE(writer.Send({"a2"}));  // the one before it is being written
  EXPECT_TRUE(writer.Send({"a3"}));
  EXPECT_TRUE(writer.Send({"b1"}));  // another kind keeps its place
  EXPECT_TRUE(writer.Send({"b2"}));
  EXPECT_FALSE(writer.Send({"a4"}));
  for (int i = 0; i < 3; ++i) writer.OnWriteDone(true);
  EXPECT_TRUE(writer.Send({"a5"}));  // nothing is under way: at once
  EXPECT_THAT(reactor.written, ElementsAre("a1", "a2a3", "b1b2", "a5"));
}

TEST(StreamWriterTest, AMessageGrowsToABound) {
  FakeReactor reactor;
  StreamWriter<FakeReactor, Words> writer(&reactor, 4, Join);
  const std::string half(700'000, 'a');
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(writer.Send({half}));
  EXPECT_FALSE(writer.Send({half}));
  for (int i = 0; i < 4; ++i) writer.OnWriteDone(true);
  EXPECT_THAT(reactor.written, ElementsAre(half, half, half, half));
}

TEST(StreamWriterTest, SoManyBytesWaitAtMostButAnyOneMessageMayGo) {
  FakeReactor reactor;
  StreamWriter<FakeReactor, Words> writer(&reactor, 100, Join, 10);
  EXPECT_TRUE(writer.Send({"a message longer than that"}));
  EXPECT_FALSE(writer.Send({"b"}));
  writer.OnWriteDone(true);
  EXPECT_TRUE(writer.Send({"c1"}));
  EXPECT_TRUE(writer.Send({"c2"}));
  EXPECT_TRUE(writer.Send({"c34567"}));  // to the one before
  EXPECT_FALSE(writer.Send({"d"}));
  writer.OnWriteDone(true);
  EXPECT_TRUE(writer.Send({"d"}));
  for (int i = 0; i < 2; ++i) writer.OnWriteDone(true);
  EXPECT_THAT(reactor.written, ElementsAre("a message longer than that", "c1", "c2c34567", "d"));
}

TEST(StreamWriterTest, NothingIsWrittenAfterAFailureOrClose) {
  FakeReactor reactor;
  StreamWriter<FakeReactor, Words> writer(&reactor, 4);
  EXPECT_TRUE(writer.Send({"a"}));
  EXPECT_TRUE(writer.Send({"b"}));
  writer.OnWriteDone(false);
  EXPECT_TRUE(writer.Send({"c"}));
  EXPECT_TRUE(writer.Flush(absl::ZeroDuration()));
  EXPECT_THAT(reactor.written, ElementsAre("a"));
}

}  // namespace
}  // namespace gristmill::worker
