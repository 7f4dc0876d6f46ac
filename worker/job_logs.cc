#include "worker/job_logs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "storage/file.h"

namespace gristmill::worker {
namespace {

using google::protobuf::io::ArrayInputStream;

std::string RecordOf(const v1::LogLine& line) {
  std::string record;
  google::protobuf::io::StringOutputStream out(&record);
  google::protobuf::util::SerializeDelimitedToZeroCopyStream(line, &out);
  return record;
}

bool IsAskedFor(const v1::LogLine& line, const v1::ReadLog& asked) {
  if (!asked.has_stage() || !asked.has_task()) return true;
  return line.attempt() != 0 && line.stage() == asked.stage() && line.task() == asked.task();
}

// Adds the lines asked for that are whole in `bytes`; returns how many bytes are done.
std::size_t TakeLines(std::string_view bytes, const v1::ReadLog& asked, v1::LogPage* page) {
  ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  std::size_t done = 0;
  v1::LogLine line;
  bool clean_end = false;
  while (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&line, &in, &clean_end)) {
    done = static_cast<std::size_t>(in.ByteCount());
    if (IsAskedFor(line, asked)) *page->add_lines() = std::move(line);
    line.Clear();
  }
  return done;
}

}  // namespace

std::uint64_t JobLogs::Log::bytes() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments) sum += segment.bytes;
  return sum;
}

JobLogs::JobLogs(std::string directory, JobLogLimits limits)
    : directory_(std::move(directory)), limits_(limits) {}

std::string JobLogs::DirectoryOf(JobId job) const {
  return fmt::format("{}/job-{}", directory_, job.value());
}

void JobLogs::Bind(RunnerId runner, JobId job) {
  const absl::MutexLock lock(&mutex_);
  runners_[runner] = job;
}

void JobLogs::Unbind(RunnerId runner) {
  const absl::MutexLock lock(&mutex_);
  runners_.erase(runner);
}

void JobLogs::Append(RunnerId runner, const LogOrigin& origin, std::string_view text,
                     std::int64_t unix_ms) {
  v1::LogLine line;
  line.set_unix_ms(unix_ms);
  line.set_stage(origin.stage);
  line.set_task(origin.task);
  line.set_attempt(origin.attempt);
  line.set_runner(runner.value());
  line.set_text(text.data(), text.size());
  const absl::MutexLock lock(&mutex_);
  const auto found = runners_.find(runner);
  if (found == runners_.end()) return;
  Log& log = logs_[found->second];
  if (log.unwritten_lines > 0) {
    v1::LogLine note;
    note.set_unix_ms(unix_ms);
    note.set_text(
        fmt::format("… {} lines could not be written to the worker's disk", log.unwritten_lines));
    const std::uint64_t missing = std::exchange(log.unwritten_lines, 0);
    Write(found->second, log, RecordOf(note));
    if (log.unwritten_lines > 0) log.unwritten_lines = missing;
  }
  Write(found->second, log, RecordOf(line));
}

void JobLogs::Write(JobId job, Log& log, const std::string& record) {
  const bool full =
      log.segments.empty() || log.segments.back().bytes + record.size() > limits_.segment_bytes;
  if (full && !BeginSegment(job, log)) {
    ++log.unwritten_lines;
    return;
  }
  Segment& segment = log.segments.back();
  const ssize_t written =
      pwrite(log.last.get(), record.data(), record.size(), static_cast<off_t>(segment.bytes));
  if (written != static_cast<ssize_t>(record.size())) {
    ++log.unwritten_lines;  // a part of it is overwritten by the next
    return;
  }
  segment.bytes += record.size();
  log.end += record.size();
}

bool JobLogs::BeginSegment(JobId job, Log& log) {
  if (log.segments.empty() && !MakeDirectories(DirectoryOf(job)).ok()) return false;
  const std::string path = fmt::format("{}/{}", DirectoryOf(job), log.end);
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return false;
  log.last = std::move(file);
  log.segments.push_back({log.end, 0, path});
  while (log.segments.size() > std::max<std::size_t>(limits_.segments_max, 2)) {
    std::error_code ignored;
    std::filesystem::remove(log.segments[1].path, ignored);
    log.segments.erase(log.segments.begin() + 1);
  }
  return true;
}

void JobLogs::EndJob(JobId job) {
  const absl::MutexLock lock(&mutex_);
  const auto found = logs_.find(job);
  if (found == logs_.end() || std::exchange(found->second.ended, true)) return;
  found->second.last.Close();
  ended_.push_back(job);
  std::uint64_t bytes = 0;
  for (const JobId id : ended_) bytes += logs_[id].bytes();
  while (ended_.size() > limits_.ended_jobs_max ||
         (bytes > limits_.ended_bytes_max && ended_.size() > 1)) {
    bytes -= logs_[ended_.front()].bytes();
    Remove(ended_.front());
    ended_.pop_front();
  }
}

void JobLogs::Remove(JobId job) {
  gone_[job] = logs_[job].end;
  if (gone_.size() > limits_.gone_jobs_max) gone_.erase(gone_.begin());
  logs_.erase(job);
  std::error_code ignored;
  std::filesystem::remove_all(DirectoryOf(job), ignored);
}

void JobLogs::DeleteAll() {
  const absl::MutexLock lock(&mutex_);
  logs_.clear();
  ended_.clear();
  gone_.clear();
  runners_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

v1::LogPage JobLogs::Read(const v1::ReadLog& asked) const {
  v1::LogPage page;
  const absl::MutexLock lock(&mutex_);
  const auto found = logs_.find(JobId(asked.job()));
  const auto gone = gone_.find(JobId(asked.job()));
  const std::uint64_t gone_end = gone == gone_.end() ? 0 : gone->second;
  const std::uint64_t end = found == logs_.end() ? gone_end : found->second.end;
  std::uint64_t position = std::min(asked.position(), end);
  page.set_at_end(true);
  page.set_next_position(end);
  if (found == logs_.end()) page.set_bytes_gone(end - position);
  if (position == end || found == logs_.end()) return page;
  const Log& log = found->second;
  const auto segment = std::ranges::find_if(
      log.segments, [position](const Segment& s) { return position < s.begin + s.bytes; });
  if (segment == log.segments.end()) return page;
  if (position < segment->begin) {
    page.set_bytes_gone(segment->begin - position);
    position = segment->begin;
  }
  std::string bytes(
      std::min<std::uint64_t>(segment->begin + segment->bytes - position, kPageBytesMax), '\0');
  const FileDescriptor file(open(segment->path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t read = !file.valid() ? -1
                                     : pread(file.get(), bytes.data(), bytes.size(),
                                             static_cast<off_t>(position - segment->begin));
  std::size_t done = 0;
  if (read > 0) {
    done =
        TakeLines(std::string_view(bytes).substr(0, static_cast<std::size_t>(read)), asked, &page);
  }
  // What can't be read, or is not there from a position that nobody was given, is passed over.
  if (done == 0) {
    done = segment->begin + segment->bytes - position;
    page.set_bytes_gone(page.bytes_gone() + done);
  }
  page.set_next_position(position + done);
  page.set_at_end(page.next_position() == end);
  return page;
}

}  // namespace gristmill::worker
