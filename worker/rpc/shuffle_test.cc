// Shuffle server and client over loopback.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "gristmill/pair_codec.h"
#include "gristmill/v1/shuffle_service.grpc.pb.h"
#include "storage/test_directory.h"
#include "worker/pipeline/run_file_writer.h"
#include "worker/pipeline/run_reader.h"
#include "worker/pipeline/task_executor.h"
#include "worker/rpc/shuffle_client.h"
#include "worker/rpc/shuffle_server.h"

namespace gristmill::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ShuffleTest : public testing::Test {
 protected:
  ShuffleTest() {
    fs::create_directories(JobSpillDirectory(spill(), 7));
    server_ = *ShuffleServer::Start("127.0.0.1:0", spill());
  }

  std::string spill() const { return root_ + "/spill"; }
  std::string address() const { return fmt::format("127.0.0.1:{}", server_->port()); }
  std::string target() const { return root_ + "/fetched"; }
  MapOutput OutputOf(std::uint32_t task, std::uint64_t attempt) const {
    return {{JobId(7), 0, task}, AttemptId(attempt), address(), ""};
  }
  std::string FileOf(const MapOutput& output) const {
    return RunFilePath(spill(), 7, 0, output.task.task, output.attempt.value());
  }

  // Two runs with `bytes` of random values for each of partitions 0 and 2; none for 1.
  void MakeOutput(const MapOutput& output, std::size_t bytes) {
    RunFileWriter runs(FileOf(output), {output.task, output.attempt}, 3);
    std::mt19937 random(1);
    for (int run = 0; run < 2; ++run) {
      runs.BeginRun();
      for (const std::uint32_t partition : {0u, 2u}) {
        for (std::size_t done = 0; done < bytes; done += 100'000) {
          std::string block, value(std::min<std::size_t>(bytes - done, 100'000), 'x');
          for (char& c : value) c = static_cast<char>(random());
          AppendPair(&block, fmt::format("key{:08}", done), value);
          runs.Append(partition, block, 1);
        }
      }
      runs.EndRun();
    }
    runs.Finish();
  }

  // The payloads of all blocks of a partition.
  static std::string Contents(const std::string& path, const MapOutput& output,
                              std::uint32_t partition) {
    const auto run = OpenRunFile(path, {output.task, output.attempt});
    if (!run.ok()) return Message(run.status());
    std::string all;
    for (const IndexEntry& entry : EntriesOfPartition(run->index, partition)) {
      BlockReader blocks(path, output.attempt, entry);
      for (std::string payload; blocks.has_next();) {
        const auto header = blocks.Next(&payload);
        if (!header.ok()) return Message(header.status());
        all += fmt::format("[{}]", entry.run) + payload;
      }
    }
    return all;
  }

  const TestDirectory directory_;
  const std::string root_ = directory_.path();
  std::unique_ptr<ShuffleServer> server_;
  std::atomic<bool> cancelled_{false};
  ShuffleClient client_{{.read_deadline = absl::Seconds(20), .retry_for = absl::Milliseconds(300)}};
};

TEST_F(ShuffleTest, AFetchedSegmentIsTheOneInTheRunFile) {
  const MapOutput output = OutputOf(3, 19);
  MakeOutput(output, 3'000'000);
  for (const std::uint32_t partition : {0u, 2u}) {
    const absl::Status fetched = client_.FetchToFile(output, partition, target(), cancelled_);
    ASSERT_TRUE(fetched.ok()) << fetched;
    EXPECT_EQ(Contents(target(), output, partition), Contents(FileOf(output), output, partition));
    EXPECT_EQ(Contents(target(), output, 1 - partition / 2), "");
  }
}

TEST_F(ShuffleTest, AnEmptySegmentIsFetchedAsAnEmptyFile) {
  const MapOutput output = OutputOf(3, 19);
  MakeOutput(output, 10);
  ASSERT_TRUE(client_.FetchToFile(output, 1, target(), cancelled_).ok());
  EXPECT_EQ(Contents(target(), output, 1), "");
}

TEST_F(ShuffleTest, AnOutputThatIsNotThereIsGivenUpAtOnceByName) {
  ShuffleClient patient{{.retry_for = absl::Hours(1)}};
  const absl::Status status = patient.FetchToFile(OutputOf(3, 19), 0, target(), cancelled_);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(Message(status), HasSubstr("stage 0 task 3 (attempt 19) on " + address()));
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(ShuffleTest, TheOutputOfAnotherAttemptIsNotTakenForThisOne) {
  MakeOutput(OutputOf(3, 18), 10);
  fs::rename(FileOf(OutputOf(3, 18)), FileOf(OutputOf(3, 19)));
  EXPECT_TRUE(absl::IsDataLoss(client_.FetchToFile(OutputOf(3, 19), 0, target(), cancelled_)));
}

TEST_F(ShuffleTest, ADamagedBlockIsDataLossAndLeavesNoFile) {
  const MapOutput output = OutputOf(3, 19);
  MakeOutput(output, 1'000'000);
  std::fstream file(FileOf(output), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5'000);
  file.put('!').put('?');
  file.close();
  const absl::Status status = client_.FetchToFile(output, 0, target(), cancelled_);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(ShuffleTest, APeerThatIsGoneIsTriedAgainThenUnavailable) {
  const MapOutput output = OutputOf(3, 19);
  server_.reset();
  const absl::Status status = client_.FetchToFile({output.task, output.attempt, "127.0.0.1:1", ""},
                                                  0, target(), cancelled_);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

TEST_F(ShuffleTest, APeerThatComesBackInTimeIsFetchedFrom) {
  const MapOutput output = OutputOf(3, 19);
  MakeOutput(output, 1'000);
  const std::string listen = address();
  server_.reset();
  ShuffleClient patient{{.retry_for = absl::Seconds(60)}};
  std::thread fetch([&] {
    const absl::Status fetched = patient.FetchToFile(output, 0, target(), cancelled_);
    EXPECT_TRUE(fetched.ok()) << fetched;
  });
  server_ = *ShuffleServer::Start(listen, spill());
  fetch.join();
}

TEST_F(ShuffleTest, APortInUseIsRefusedWithASentence) {
  const auto second = ShuffleServer::Start(address(), spill());
  EXPECT_THAT(Message(second.status()), HasSubstr("can't listen on " + address()));
}

// Speaks to the server without the client's care.
class RawShuffleTest : public ShuffleTest {
 protected:
  grpc::Status Fetch(const v1::FetchRequest& request, std::string* bytes = nullptr) {
    const auto stub = v1::ShuffleService::NewStub(
        grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto reader = stub->Fetch(&context, request);
    for (v1::SegmentChunk chunk; reader->Read(&chunk);) {
      if (bytes != nullptr) *bytes += fmt::format("{}:{} ", chunk.index(), chunk.last());
    }
    return reader->Finish();
  }
  static v1::FetchRequest Request() {
    v1::FetchRequest request;
    request.set_job(7);
    return request;
  }
};

TEST_F(RawShuffleTest, SeveralOutputsComeInTheOrderAskedFor) {
  MakeOutput(OutputOf(3, 19), 10);
  MakeOutput(OutputOf(4, 20), 10);
  v1::FetchRequest request = Request();
  for (const std::uint32_t task : {4u, 3u}) {
    request.add_tasks(task);
    request.add_attempts(task + 16);
  }
  std::string pieces;
  EXPECT_TRUE(Fetch(request, &pieces).ok());
  EXPECT_EQ(pieces, "0:false 0:true 1:false 1:true ");
}

TEST_F(RawShuffleTest, ARequestThatIsEmptyUnevenOrTooLongIsRefused) {
  v1::FetchRequest empty = Request();
  EXPECT_EQ(Fetch(empty).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  v1::FetchRequest uneven = Request();
  uneven.add_tasks(3);
  EXPECT_EQ(Fetch(uneven).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  v1::FetchRequest too_long = Request();
  for (std::uint32_t i = 0; i < 1001; ++i) {
    too_long.add_tasks(i);
    too_long.add_attempts(i);
  }
  EXPECT_EQ(Fetch(too_long).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

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

// A peer that takes the call and says nothing.
class SilentService : public v1::ShuffleService::CallbackService {
  class Silence : public grpc::ServerWriteReactor<v1::SegmentChunk> {
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
  };
  grpc::ServerWriteReactor<v1::SegmentChunk>* Fetch(grpc::CallbackServerContext*,
                                                    const v1::FetchRequest*) override {
    if (!called.HasBeenNotified()) called.Notify();
    return new Silence();
  }

 public:
  absl::Notification called;
};

// A peer that has too much to do for its first calls, and then does not have the output.
class BusyService : public v1::ShuffleService::CallbackService {
  class Answer : public grpc::ServerWriteReactor<v1::SegmentChunk> {
   public:
    explicit Answer(grpc::StatusCode code) { Finish({code, "try again"}); }
    void OnDone() override { delete this; }
  };
  grpc::ServerWriteReactor<v1::SegmentChunk>* Fetch(grpc::CallbackServerContext*,
                                                    const v1::FetchRequest*) override {
    if (++calls_ == 1) called.Notify();
    const bool busy = calls_ <= busy_calls_;
    return new Answer(busy ? grpc::StatusCode::RESOURCE_EXHAUSTED : grpc::StatusCode::NOT_FOUND);
  }
  const int busy_calls_;
  std::atomic<int> calls_{0};

 public:
  explicit BusyService(int busy_calls) : busy_calls_(busy_calls) {}
  absl::Notification called;
};

// Serves one of these.
class Peer {
 public:
  explicit Peer(grpc::Service* service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(service);
    server_ = builder.BuildAndStart();
  }
  MapOutput Output() const {
    return {{JobId(7), 0, 3}, AttemptId(19), fmt::format("127.0.0.1:{}", port_), ""};
  }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ShuffleTest, ABusyPeerIsAskedForLongerThanOneThatCannotBeReached) {
  const auto fetch = [this](const ShuffleClientOptions& options) {
    BusyService service(3);
    const Peer busy(&service);
    return ShuffleClient(options).FetchToFile(busy.Output(), 0, target(), cancelled_);
  };
  const auto millisecond = absl::Milliseconds(1);
  EXPECT_TRUE(
      absl::IsNotFound(fetch({.retry_for = millisecond, .retry_busy_for = absl::Hours(1)})));
  EXPECT_TRUE(
      absl::IsUnavailable(fetch({.retry_for = absl::Hours(1), .retry_busy_for = millisecond})));
}

TEST_F(ShuffleTest, APeerThatSaysNothingIsGivenUpAfterTheDeadlines) {
  SilentService service;
  const Peer silent(&service);
  ShuffleClient hasty{
      {.read_deadline = absl::Milliseconds(100), .retry_for = absl::Milliseconds(1)}};
  const absl::Status status = hasty.FetchToFile(silent.Output(), 0, target(), cancelled_);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(Message(status), HasSubstr("it sent nothing for 100ms"));
}

TEST_F(ShuffleTest, ACancelledFetchEndsThoughThePeerIsSilent) {
  SilentService service;
  const Peer silent(&service);
  ShuffleClient patient{{.read_deadline = absl::Hours(1), .retry_for = absl::Hours(1)}};
  std::thread fetch([&] {
    const absl::Status status = patient.FetchToFile(silent.Output(), 0, target(), cancelled_);
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
  service.called.WaitForNotification();
  cancelled_ = true;
  fetch.join();
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(ShuffleTest, ACancelledFetchEndsThoughThePeerStaysBusy) {
  BusyService service(std::numeric_limits<int>::max());
  const Peer busy(&service);
  ShuffleClient patient{{.retry_for = absl::Hours(1), .retry_busy_for = absl::Hours(1)}};
  std::thread fetch([&] {
    const absl::Status status = patient.FetchToFile(busy.Output(), 0, target(), cancelled_);
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
  service.called.WaitForNotification();
  cancelled_ = true;
  fetch.join();
}

}  // namespace
}  // namespace gristmill::worker
