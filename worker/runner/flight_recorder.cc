#include "worker/runner/flight_recorder.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/status.h"
#include "worker/pipeline/record_text.h"

namespace gristmill::worker {

FlightRecorder::FlightRecorder(FileDescriptor file, void* memory, std::size_t places)
    : file_(std::move(file)),
      page_(static_cast<Page*>(memory)),
      places_(reinterpret_cast<Place*>(static_cast<char*>(memory) + kPlacesOffset)),
      count_(places) {}

std::unique_ptr<FlightRecorder> FlightRecorder::Map(FileDescriptor file, std::size_t places) {
  void* memory = mmap(nullptr, kPlacesOffset + places * sizeof(Place), PROT_READ | PROT_WRITE,
                      MAP_SHARED, file.get(), 0);  // a fresh file: zeros
  if (memory == MAP_FAILED) return nullptr;
  return std::unique_ptr<FlightRecorder>(new FlightRecorder(std::move(file), memory, places));
}

absl::StatusOr<std::unique_ptr<FlightRecorder>> FlightRecorder::Create(std::uint32_t threads) {
  FileDescriptor file(memfd_create("gristmill-flight-recorder", MFD_CLOEXEC));
  const auto bytes = static_cast<off_t>(kPlacesOffset + threads * sizeof(Place));
  if (!file.valid() || ftruncate(file.get(), bytes) != 0) {
    return ErrnoStatus(errno, "can't make the page that a runner shares with its worker");
  }
  auto recorder = Map(std::move(file), threads);
  if (recorder == nullptr) {
    return ErrnoStatus(errno, "can't map the page that a runner shares with its worker");
  }
  return recorder;
}

std::unique_ptr<FlightRecorder> FlightRecorder::Inherit(int descriptor) {
  struct stat status = {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
  FileDescriptor file(descriptor);
  const auto bytes = static_cast<std::size_t>(status.st_size);
  if (bytes < kPlacesOffset + sizeof(Place)) return nullptr;
  auto recorder = Map(std::move(file), (bytes - kPlacesOffset) / sizeof(Place));
  if (recorder != nullptr) recorder->file_.Close();
  return recorder;
}

FlightRecorder::~FlightRecorder() { munmap(page_, kPlacesOffset + count_ * sizeof(Place)); }

FlightRecorder::Place* FlightRecorder::Begin(std::uint32_t thread, AttemptId attempt,
                                             std::string_view path) {
  if (thread >= count_) return nullptr;
  Place& place = places_[thread];
  if (path.size() > Place::kPathBytesMax) path.remove_prefix(path.size() - Place::kPathBytesMax);
  std::memcpy(place.path, path.data(), path.size());
  place.path_bytes = static_cast<std::uint32_t>(path.size());
  place.mark.Reset();
  place.attempt.store(attempt.value(), std::memory_order_release);
  return &place;
}

void FlightRecorder::End(std::uint32_t thread) {
  if (thread < count_) places_[thread].attempt.store(0, std::memory_order_relaxed);
}

std::vector<AttemptInFlight> FlightRecorder::InFlight() const {
  std::vector<AttemptInFlight> attempts;
  const bool crashed = page_->crash.signal.load(std::memory_order_relaxed) != 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const Place& place = places_[i];
    const std::uint64_t attempt = place.attempt.load(std::memory_order_relaxed);
    if (attempt == 0) continue;
    const std::size_t path_bytes = std::min<std::size_t>(place.path_bytes, Place::kPathBytesMax);
    AttemptInFlight in_flight{AttemptId(attempt)};
    in_flight.record = DescribeRecord(place.mark, {place.path, path_bytes});
    if (place.mark.what() == RecordMark::What::kInputRecord) in_flight.offset = place.mark.offset();
    in_flight.crashed = crashed && page_->crash.attempt == attempt;
    attempts.push_back(std::move(in_flight));
  }
  return attempts;
}

}  // namespace gristmill::worker
