// Many readers of a shuffle server, and slow ones: what they cost it and each other.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "worker/rpc/shuffle_fixture.h"

namespace gristmill::worker {
namespace {

namespace fs = std::filesystem;

TEST_F(RawShuffleTest, ReadersThatStallDoNotKeepOthersWaiting) {
  const MapOutput output = OutputOf(3, 19);
  MakeOutput(output, 8'000'000);
  v1::FetchRequest request = Request();
  request.add_tasks(3);
  request.add_attempts(19);
  const auto stub = v1::ShuffleService::NewStub(
      grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SegmentChunk>>> stalled;
  for (int i = 0; i < 20; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    stalled.push_back(stub->Fetch(contexts.back().get(), request));
    v1::SegmentChunk chunk;
    EXPECT_TRUE(stalled.back()->Read(&chunk));
  }
  const absl::Status fetched = client_.FetchToFile(output, 0, target(), cancelled_);
  EXPECT_TRUE(fetched.ok()) << fetched;
  for (int i = 0; i < 20; ++i) {
    contexts[i]->TryCancel();
    EXPECT_EQ(stalled[i]->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
}

// Of this process, which is client and server.
std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0, resident_pages = 0;
  statm >> pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(RawShuffleTest, ReadersThatStallCostAWindowEachNotTheirSegment) {
  const MapOutput output = OutputOf(3, 19), other = OutputOf(4, 20);
  constexpr std::size_t kSegmentBytes = 40'000'000;
  MakeOutput(output, kSegmentBytes / 2);
  MakeOutput(other, 4'000'000);
  v1::FetchRequest request = Request();
  request.add_tasks(3);
  request.add_attempts(19);
  ASSERT_TRUE(client_.FetchToFile(other, 0, target(), cancelled_).ok());
  const std::size_t before = ResidentBytes();
  // Each with a connection of its own, as runners have.
  std::vector<std::unique_ptr<v1::ShuffleService::Stub>> stubs;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SegmentChunk>>> stalled;
  constexpr int kReaders = 8;
  for (int i = 0; i < kReaders; ++i) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::ShuffleService::NewStub(
        grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), own)));
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    stalled.push_back(stubs.back()->Fetch(contexts.back().get(), request));
    v1::SegmentChunk chunk;
    EXPECT_TRUE(stalled.back()->Read(&chunk));
  }
  // Others are served all the while: time for the server to run ahead, if it did.
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(client_.FetchToFile(other, 0, target(), cancelled_).ok());
  }
#if !defined(__SANITIZE_ADDRESS__)  // which keeps what was freed
  // Some MiB each, to which gRPC lets the windows of a fast connection grow.
  EXPECT_LT(ResidentBytes(), before + kReaders * kSegmentBytes / 2) << before << " bytes before";
#else
  static_cast<void>(before);
#endif
  for (int i = 0; i < kReaders; ++i) {
    contexts[i]->TryCancel();
    EXPECT_EQ(stalled[i]->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
}

TEST(FetchesMaxTest, WhereFewFilesMayBeOpenFewFetchesAreServed) {
  EXPECT_EQ(FetchesMaxFor(1'000'000), 1'024);
  EXPECT_EQ(FetchesMaxFor(1'024), 768);
  EXPECT_EQ(FetchesMaxFor(64), 16);
}

int CountOpenFiles() {
  return static_cast<int>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

// Peers that read nothing, each with its stream.
TEST_F(RawShuffleTest, OfAThousandStreamsNoMoreAreServedThanMayBeAndTheOthersWait) {
  constexpr int kStreams = 1'000, kServed = 900;
  server_.reset();
  server_ = *ShuffleServer::Start("127.0.0.1:0", spill(), kServed);
  const MapOutput output = OutputOf(3, 19);
  MakeOutput(output, 2'000'000);  // more than a stream takes unread
  v1::FetchRequest request = Request();
  request.add_tasks(3);
  request.add_attempts(19);
  grpc::ChannelArguments narrow;
  narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // windows that do not grow
  narrow.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = v1::ShuffleService::NewStub(
      grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), narrow));
  const int open_before = CountOpenFiles();
  const std::size_t resident_before = ResidentBytes();
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SegmentChunk>>> streams;
  for (int i = 0; i < kStreams; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(stub->Fetch(contexts.back().get(), request));
    streams.back()->WaitForInitialMetadata();
  }
  EXPECT_LE(CountOpenFiles() - open_before, kServed + 20);
#if !defined(__SANITIZE_ADDRESS__)  // which keeps what was freed
  // Full pieces would take two to three times as much.
  EXPECT_LT(ResidentBytes(), resident_before + (std::size_t{900} << 20));
#else
  static_cast<void>(resident_before);
#endif
  for (int i = kServed; i < kStreams; ++i) {
    EXPECT_EQ(streams[i]->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  ShuffleClient patient{{.retry_for = absl::ZeroDuration(), .retry_busy_for = absl::Hours(1)}};
  std::thread fetch([&] {
    const absl::Status fetched = patient.FetchToFile(output, 0, target(), cancelled_);
    EXPECT_TRUE(fetched.ok()) << fetched;
  });
  for (int i = 0; i < kServed; ++i) {
    contexts[i]->TryCancel();
    EXPECT_EQ(streams[i]->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  fetch.join();
}

}  // namespace
}  // namespace gristmill::worker
