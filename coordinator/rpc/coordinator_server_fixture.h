// A coordinator of real services on a loopback port, with a client.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "client/client.h"
#include "coordinator/rpc/fake_worker.h"
#include "coordinator/server.h"
#include "coordinator/test_jobs.h"
#include "storage/output_directory.h"
#include "storage/test_directory.h"

namespace gristmill::coordinator {

inline const bool kTestJobsAreRegistered = RegisterTestJobs();

class CoordinatorServer : public ::testing::Test {
 protected:
  CoordinatorServer() { StartServer(); }

  void StartServer() {
    ServerOptions options;
    options.listen = "127.0.0.1:" + std::to_string(port_);
    options.journal_path = temp_.path("journal");
    options.keep_jobs = keep_jobs_;
    options.keep_tasks = keep_tasks_;
    options.running_jobs = running_jobs_;
    options.queued_jobs = queued_jobs_;
    options.unfinished_tasks = unfinished_tasks_;
    auto started = Server::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    port_ = server_->port();
    client_ = std::make_unique<Client>("127.0.0.1:" + std::to_string(port_));
  }
  void StopServer() {
    server_->Shutdown();
    server_.reset();
  }

  // Two map tasks over integers, one partition.
  v1::JobRequest Request(const std::string& output = "out") const {
    v1::JobRequest request;
    request.set_job("test-range");
    request.set_output(temp_.path(output));
    request.set_splits(2);
    request.set_partitions(1);
    request.set_max_attempts(2);
    return request;
  }
  std::uint64_t Submit(const v1::JobRequest& request) {
    const auto job = client_->Submit(request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.value_or(0);
  }
  // Two attempts of a job's maps, on the worker, which joins.
  struct UnderWay {
    std::uint64_t job, first, second;
  };
  UnderWay StartMaps(FakeWorker& worker) {
    worker.Join();
    const std::uint64_t job = Submit(Request());
    const std::uint64_t first = worker.NextAssignment().attempt();
    return {job, first, worker.NextAssignment().attempt()};
  }
  v1::JobStatus AwaitEnd(std::uint64_t job) {
    const auto status = client_->Watch(job, [](const v1::JobStatus&) { return true; });
    EXPECT_TRUE(status.ok()) << status.status();
    return status.value_or(v1::JobStatus());
  }
  // Writes what a reduce attempt would and reports it.
  void Reduce(FakeWorker& worker, const std::string& output, const v1::TaskAssignment& task) {
    for (const auto& staging :
         std::filesystem::directory_iterator(temp_.path(output + "/_temporary"))) {
      std::ofstream(AttemptFilePath(staging.path(), task.id().task(), 1, AttemptId(task.attempt())))
          << "done\n";
    }
    worker.Succeed(task.attempt());
  }

  TestDirectory temp_;
  std::uint64_t keep_jobs_ = 100, keep_tasks_ = 100;
  std::uint64_t running_jobs_ = 10, queued_jobs_ = 10, unfinished_tasks_ = 1'000;
  int port_ = 0;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

}  // namespace gristmill::coordinator
