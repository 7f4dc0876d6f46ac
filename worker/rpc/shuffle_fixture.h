// A shuffle server on loopback with outputs, and a client; for tests.
#pragma once

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

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

class ShuffleTest : public testing::Test {
 protected:
  ShuffleTest() {
    std::filesystem::create_directories(JobSpillDirectory(spill(), 7));
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

  // One run of words, `bytes` of them in partition 0.
  void MakeWords(const MapOutput& output, std::size_t bytes) {
    RunFileWriter runs(FileOf(output), {output.task, output.attempt}, 1);
    runs.BeginRun();
    for (std::size_t done = 0; done < bytes;) {
      std::string block;
      std::uint64_t pairs = 0;
      for (; block.size() < 100'000; ++pairs) {
        AppendPair(&block, fmt::format("word{:012}", done / 20 + pairs), "1");
      }
      runs.Append(0, block, pairs);
      done += block.size();
    }
    runs.EndRun();
    runs.Finish();
  }
  void Serve(ShuffleCompression compression) {
    server_ = *ShuffleServer::Start("127.0.0.1:0", spill(), kFetchesMax, compression);
  }

  // The payloads of all blocks of a partition.
  static std::string Contents(const std::string& path, const MapOutput& output,
                              std::uint32_t partition) {
    const auto run = OpenRunFile(path, {output.task, output.attempt}, partition);
    if (!run.ok()) return Message(run.status());
    std::string all;
    for (const IndexEntry& entry : run->entries) {
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

// Speaks to the server without the client's care.
class RawShuffleTest : public ShuffleTest {
 protected:
  grpc::Status Fetch(const v1::FetchRequest& request, std::string* pieces = nullptr,
                     std::size_t* bytes = nullptr) {
    const auto stub = v1::ShuffleService::NewStub(
        grpc::CreateChannel(address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto reader = stub->Fetch(&context, request);
    for (v1::SegmentChunk chunk; reader->Read(&chunk);) {
      if (pieces != nullptr) *pieces += fmt::format("{}:{} ", chunk.index(), chunk.last());
      if (bytes != nullptr) *bytes += chunk.data().size();
    }
    return reader->Finish();
  }
  static v1::FetchRequest Request() {
    v1::FetchRequest request;
    request.set_job(7);
    return request;
  }
};

}  // namespace gristmill::worker
