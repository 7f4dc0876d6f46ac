#include "client/shipping.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Lacks every file, and does with an upload what the test says.
class FakeBlobService final : public v1::BlobService::Service {
 public:
  using OnUpload = std::function<grpc::Status(grpc::ServerContext*)>;
  explicit FakeBlobService(OnUpload on_upload) : on_upload_(std::move(on_upload)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    stub_ = v1::BlobService::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port_),
                                                         grpc::InsecureChannelCredentials()));
  }
  grpc::Status FindMissing(grpc::ServerContext*, const v1::FindMissingRequest* request,
                           v1::FindMissingResponse* response) override {
    *response->mutable_sha256() = request->sha256();
    return grpc::Status::OK;
  }
  grpc::Status Upload(grpc::ServerContext* context, grpc::ServerReader<v1::UploadPiece>*,
                      v1::UploadResponse*) override {
    ++uploads_;
    return on_upload_(context);
  }
  v1::BlobService::Stub& stub() { return *stub_; }
  int uploads() const { return uploads_; }

 private:
  const OnUpload on_upload_;
  std::atomic<int> uploads_ = 0;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::BlobService::Stub> stub_;
};

class ShippingTest : public testing::Test {
 protected:
  TestDirectory directory_;
  const LocalFile file_ = DescribeLocalFile(directory_.Write("model.bin", "x"), "").value();
};

TEST_F(ShippingTest, AsksAgainWhileTheCoordinatorTakesOtherFiles) {
  std::atomic<int> refusals = 2;
  FakeBlobService service([&](grpc::ServerContext*) {
    return --refusals >= 0 ? grpc::Status(grpc::StatusCode::ABORTED, "100 files already")
                           : grpc::Status::OK;
  });
  EXPECT_TRUE(ShipFiles(service.stub(), {file_}, {}).ok());
  EXPECT_EQ(service.uploads(), 3);
}

TEST_F(ShippingTest, SaysWhyWhenItsPatienceWithABusyCoordinatorIsOver) {
  FakeBlobService service([](grpc::ServerContext*) {
    return grpc::Status(grpc::StatusCode::ABORTED, "100 files already");
  });
  const absl::Status status = ShipFiles(service.stub(), {file_}, {.busy_ms = 0});
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(Message(status), AllOf(HasSubstr("model.bin"), HasSubstr("100 files already")));
}

TEST_F(ShippingTest, OneThatHasNoRoomIsNotAskedAgain) {
  FakeBlobService service([](grpc::ServerContext*) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "no room");
  });
  EXPECT_TRUE(absl::IsResourceExhausted(ShipFiles(service.stub(), {file_}, {})));
  EXPECT_EQ(service.uploads(), 1);
}

TEST_F(ShippingTest, AnUploadThatStandsStillEndsAndSaysSo) {
  absl::Notification over;
  FakeBlobService service([&](grpc::ServerContext*) {
    over.WaitForNotification();
    return grpc::Status::OK;
  });
  const absl::Status status = ShipFiles(service.stub(), {file_}, {.stall_ms = 100});
  over.Notify();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(Message(status), AllOf(HasSubstr("can't ship"), HasSubstr("took nothing of it for"),
                                     HasSubstr("pass its path as a parameter")));
}

}  // namespace
}  // namespace gristmill
