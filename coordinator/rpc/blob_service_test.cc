// Files that come with jobs, as clients and workers see them: a real coordinator on a loopback
// port.
#include "coordinator/rpc/blob_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/shipping_limits.h"
#include "base/status.h"
#include "client/client.h"
#include "client/grpc_status.h"
#include "coordinator/rpc/background_thread.h"
#include "coordinator/server.h"
#include "gristmill/v1/blob_service.grpc.pb.h"
#include "storage/test_directory.h"

namespace gristmill::coordinator {
namespace {

using testing::HasSubstr;

std::string Sha256Of(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

class BlobServiceTest : public testing::Test {
 protected:
  BlobServiceTest() { StartServer(); }
  void StartServer() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.journal_path = temp_.path("journal");
    options.file_bytes = 10 << 20;
    server_ = Server::Start(options).value();
    address_ = "127.0.0.1:" + std::to_string(server_->port());
    stub_ =
        v1::BlobService::NewStub(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  }

  // In pieces; `said` is what the first one announces.
  absl::Status Upload(std::string_view bytes, const v1::UploadPiece& said,
                      std::size_t piece_bytes = 1 << 10) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::UploadResponse response;
    const auto writer = stub_->Upload(&context, &response);
    v1::UploadPiece piece = said;
    do {
      piece.set_data(std::string(bytes.substr(0, piece_bytes)));
      bytes.remove_prefix(piece.data().size());
      if (!writer->Write(piece)) break;
      piece.Clear();
    } while (!bytes.empty());
    writer->WritesDone();
    return FromGrpc(writer->Finish());
  }
  static v1::UploadPiece Announce(std::string_view bytes) {
    v1::UploadPiece piece;
    piece.set_sha256(Sha256Of(bytes));
    piece.set_bytes(bytes.size());
    return piece;
  }
  bool IsThere(std::string_view bytes) {
    grpc::ClientContext context;
    v1::FindMissingRequest request;
    request.add_sha256(Sha256Of(bytes));
    v1::FindMissingResponse response;
    EXPECT_TRUE(stub_->FindMissing(&context, request, &response).ok());
    return response.sha256_size() == 0;
  }
  absl::StatusOr<std::string> Download(std::string_view bytes) {
    grpc::ClientContext context;
    v1::DownloadRequest request;
    request.set_sha256(Sha256Of(bytes));
    const auto reader = stub_->Download(&context, request);
    std::string all;
    for (v1::DownloadPiece piece; reader->Read(&piece);) all += piece.data();
    if (absl::Status status = FromGrpc(reader->Finish()); !status.ok()) return status;
    return all;
  }
  v1::JobRequest Request(const LocalFile& file) {
    v1::JobRequest request;
    request.set_job("test-range");
    request.set_output(temp_.path("out"));
    *request.add_files() = file.file;
    return request;
  }

  TestDirectory temp_;
  const std::string text_ = std::string(600'000, 'g') + "rist";
  std::string address_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::BlobService::Stub> stub_;
};

TEST_F(BlobServiceTest, WhatCameWholeCanBeFetchedAlsoAfterARestart) {
  EXPECT_FALSE(IsThere(text_));
  ASSERT_TRUE(Upload(text_, Announce(text_)).ok());
  EXPECT_TRUE(IsThere(text_));
  EXPECT_EQ(Download(text_).value(), text_);
  server_.reset();
  StartServer();
  EXPECT_EQ(Download(text_).value(), text_);
}

TEST_F(BlobServiceTest, AnEmptyFileIsAFile) {
  ASSERT_TRUE(Upload("", Announce("")).ok());
  EXPECT_EQ(Download("").value(), "");
}

TEST_F(BlobServiceTest, WhatWasNotAnnouncedIsRefused) {
  v1::UploadPiece other = Announce(text_);
  other.set_sha256(Sha256Of("other"));
  EXPECT_THAT(Message(Upload(text_, other)), HasSubstr("is not what was announced"));
  v1::UploadPiece more = Announce(text_);
  more.set_bytes(text_.size() + 1);
  EXPECT_THAT(Message(Upload(text_, more)), HasSubstr("600004 of 600005 bytes came"));
  v1::UploadPiece less = Announce(text_);
  less.set_bytes(text_.size() - 1);
  EXPECT_THAT(Message(Upload(text_, less)), HasSubstr("more came than"));
  EXPECT_FALSE(IsThere(text_));
}

TEST_F(BlobServiceTest, SizesAreBoundedBeforeAnythingIsTaken) {
  v1::UploadPiece huge = Announce(text_);
  huge.set_bytes(UINT64_MAX);
  EXPECT_TRUE(absl::IsInvalidArgument(Upload(text_, huge)));
  huge.set_bytes(kShippedFileBytesMax);
  EXPECT_TRUE(absl::IsResourceExhausted(Upload(text_, huge)));
  EXPECT_THAT(Message(Upload(text_, Announce(text_), kBlobPieceBytesMax + 1)),
              HasSubstr("262144 is the most"));
  v1::UploadPiece no_hash = Announce(text_);
  no_hash.set_sha256("../../etc/passwd");
  EXPECT_TRUE(absl::IsInvalidArgument(Upload(text_, no_hash)));
}

TEST_F(BlobServiceTest, ManyMaySendTheSameAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(Upload(text_, Announce(text_)).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Download(text_).value(), text_);
}

TEST_F(BlobServiceTest, WhatIsNotThereIsSaidToBeSo) {
  EXPECT_TRUE(absl::IsNotFound(Download("nothing like it").status()));
}

TEST_F(BlobServiceTest, ASubmissionBringsItsFilesUnlessTheyAreThere) {
  const LocalFile file = DescribeLocalFile(temp_.Write("model.bin", text_), "").value();
  Client client(address_);
  EXPECT_TRUE(absl::IsAborted(client.Submit(Request(file)).status())) << "it was not brought";
  EXPECT_TRUE(client.Submit(Request(file), 0, {file}).ok());
  EXPECT_TRUE(IsThere(text_));
}

TEST_F(BlobServiceTest, OneThatWasDamagedHealsWithTheNextSubmission) {
  const LocalFile file = DescribeLocalFile(temp_.Write("model.bin", text_), "").value();
  Client client(address_);
  v1::JobRequest request = Request(file);
  ASSERT_TRUE(client.Submit(request, 0, {file}).ok());
  const std::string blob = temp_.path("journal.files/" + HexOf(file.file.sha256()));
  std::string damaged = text_;
  damaged[300'000] ^= 1;
  ASSERT_EQ(chmod(blob.c_str(), 0644), 0);
  temp_.Write("journal.files/" + HexOf(file.file.sha256()), damaged);
  const absl::StatusOr<std::string> came = Download(text_);
  EXPECT_TRUE(absl::IsDataLoss(came.status()));
  EXPECT_THAT(Message(came.status()), HasSubstr("submit the job again"));
  EXPECT_FALSE(IsThere(text_));
  request.set_output(temp_.path("out2"));
  ASSERT_TRUE(client.Submit(request, 0, {file}).ok());
  EXPECT_EQ(Download(text_).value(), text_);
}

TEST_F(BlobServiceTest, AJobHasItsFileHoweverMuchComesMeanwhile) {
  const LocalFile file = DescribeLocalFile(temp_.Write("model.bin", text_), "").value();
  std::atomic<bool> done = false;
  std::thread others([&] {  // each takes all room but that of jobs
    for (char c = 'a'; !done; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
      const std::string large(9 << 20, c);
      Upload(large, Announce(large), kBlobPieceBytesMax).IgnoreError();
    }
  });
  Client client(address_);
  int taken = 0;
  for (int i = 0; i < 30; ++i) {
    v1::JobRequest request = Request(file);
    request.set_output(temp_.path("out" + std::to_string(i)));
    const absl::StatusOr<std::uint64_t> job = client.Submit(request, 0, {file});
    if (!job.ok()) continue;
    ++taken;
    EXPECT_TRUE(IsThere(text_));
    EXPECT_TRUE(client.Cancel(*job).ok());
  }
  done = true;
  others.join();
  EXPECT_GT(taken, 0);
}

TEST_F(BlobServiceTest, WhatARefusedSubmissionBroughtMayGo) {
  const LocalFile file = DescribeLocalFile(temp_.Write("model.bin", text_), "").value();
  v1::JobRequest request = Request(file);
  request.set_job("no-such-job");
  Client client(address_);
  EXPECT_FALSE(client.Submit(request, 0, {file}).ok());
  const std::string large(10 << 20, 'x');
  ASSERT_TRUE(Upload(large, Announce(large), kBlobPieceBytesMax).ok());
  EXPECT_FALSE(IsThere(text_));
}

// The service alone, whose clients have half a second for each piece.
TEST(BlobServiceDeadlines, AnUploadThatStandsStillEndsAndGivesItsRoomBack) {
  const TestDirectory temp;
  const auto store = BlobStore::Open(temp.path("files"), {.bytes_max = 10}).value();
  BackgroundThread files(100);
  BlobService service(store.get(), &files, 500);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  const auto stub = v1::BlobService::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  v1::UploadResponse response;
  const auto writer = stub->Upload(&context, &response);
  v1::UploadPiece piece;
  piece.set_sha256(Sha256Of("wheat"));
  piece.set_bytes(10);
  piece.set_data("whe");
  ASSERT_TRUE(writer->Write(piece));
  const absl::Status ended = FromGrpc(writer->Finish());  // without WritesDone
  EXPECT_TRUE(absl::IsAborted(ended)) << ended;
  EXPECT_THAT(Message(ended), HasSubstr("nothing of the file came for"));
  server->Shutdown();
  files.Stop();
  EXPECT_TRUE(store->Begin(Sha256Of("barley"), 10).ok());
}

TEST_F(BlobServiceTest, NamesThatArePathsAreRefusedWhoeverAsks) {
  const LocalFile file = DescribeLocalFile(temp_.Write("model.bin", text_), "").value();
  v1::JobRequest request = Request(file);
  request.mutable_files(0)->set_name("../../.ssh/authorized_keys");
  Client client(address_);
  const auto refused = client.Submit(request, 0, {file});
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(Message(refused.status()), HasSubstr("can't be named"));
}

}  // namespace
}  // namespace gristmill::coordinator
