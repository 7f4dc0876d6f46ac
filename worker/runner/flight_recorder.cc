#include "worker/runner/flight_recorder.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status.h"

namespace gristmill::worker {

std::unique_ptr<FlightRecorder> FlightRecorder::Map(FileDescriptor file, std::size_t places) {
  void* page = mmap(nullptr, places * sizeof(Place), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(),
                    0);  // a fresh file: zeros
  if (page == MAP_FAILED) return nullptr;
  return std::unique_ptr<FlightRecorder>(new FlightRecorder(std::move(file), page, places));
}

absl::StatusOr<std::unique_ptr<FlightRecorder>> FlightRecorder::Create(std::uint32_t threads) {
  FileDescriptor file(memfd_create("gristmill-flight-recorder", MFD_CLOEXEC));
  if (!file.valid() || ftruncate(file.get(), static_cast<off_t>(threads * sizeof(Place))) != 0) {
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
  const std::size_t places = static_cast<std::size_t>(status.st_size) / sizeof(Place);
  if (places == 0) return nullptr;
  auto recorder = Map(std::move(file), places);
  if (recorder != nullptr) recorder->file_.Close();
  return recorder;
}

FlightRecorder::~FlightRecorder() { munmap(places_, count_ * sizeof(Place)); }

std::vector<AttemptId> FlightRecorder::InFlight() const {
  std::vector<AttemptId> attempts;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint64_t attempt = places_[i].attempt.load(std::memory_order_relaxed);
    if (attempt != 0) attempts.emplace_back(attempt);
  }
  return attempts;
}

}  // namespace gristmill::worker
