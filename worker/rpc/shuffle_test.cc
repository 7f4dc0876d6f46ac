// Shuffle server and client over loopback.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "absl/synchronization/notification.h"
#include "worker/rpc/shuffle_fixture.h"

namespace gristmill::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

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

TEST_F(ShuffleTest, ASegmentIsTheSameHoweverItTravels) {
  for (const auto compression :
       {ShuffleCompression::kAlways, ShuffleCompression::kNever, ShuffleCompression::kWherePays}) {
    Serve(compression);
    for (const std::size_t bytes : {0, 1, 100'000, 1 << 20, 5'000'000}) {
      const MapOutput output = OutputOf(3, 19);
      MakeWords(output, bytes);
      const absl::Status fetched = client_.FetchToFile(output, 0, target(), cancelled_);
      ASSERT_TRUE(fetched.ok()) << fetched;
      EXPECT_EQ(Contents(target(), output, 0), Contents(FileOf(output), output, 0)) << bytes;
    }
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

TEST_F(RawShuffleTest, OnlyWhoTakesCompressedPiecesGetsThem) {
  const MapOutput output = OutputOf(3, 19);
  MakeWords(output, 3'000'000);
  const auto sent_bytes = [&](bool takes_lz4) {
    v1::FetchRequest request = Request();
    request.add_tasks(3);
    request.add_attempts(19);
    request.set_takes_lz4(takes_lz4);
    std::size_t bytes = 0;
    EXPECT_TRUE(Fetch(request, nullptr, &bytes).ok());
    return bytes;
  };
  const std::size_t all = std::filesystem::file_size(FileOf(output)) / 10 * 9;
  Serve(ShuffleCompression::kAlways);
  EXPECT_LT(sent_bytes(true), all / 2);
  EXPECT_GT(sent_bytes(false), all);
  Serve(ShuffleCompression::kNever);
  EXPECT_GT(sent_bytes(true), all);
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

// A peer that sends a piece which stands for more than any may.
class LyingService : public v1::ShuffleService::CallbackService {
  class Lie : public grpc::ServerWriteReactor<v1::SegmentChunk> {
   public:
    Lie() {
      chunk_.set_piece_bytes(0xffff'ffffu);
      chunk_.set_data("anything");
      chunk_.set_last(true);
      StartWriteAndFinish(&chunk_, grpc::WriteOptions(), grpc::Status::OK);
    }
    void OnDone() override { delete this; }
    v1::SegmentChunk chunk_;
  };
  grpc::ServerWriteReactor<v1::SegmentChunk>* Fetch(grpc::CallbackServerContext*,
                                                    const v1::FetchRequest*) override {
    return new Lie();
  }
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

TEST_F(ShuffleTest, APieceThatClaimsToStandForTooMuchIsDataLoss) {
  LyingService service;
  const Peer liar(&service);
  const absl::Status status = client_.FetchToFile(liar.Output(), 0, target(), cancelled_);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_FALSE(fs::exists(target()));
}

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
