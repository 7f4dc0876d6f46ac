// Keeps protobuf and our own log from telling of every message that is refused. To be called once.
#pragma once

#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>

namespace gristmill::fuzz {

inline bool BeQuiet() {
  google::protobuf::SetLogHandler(nullptr);
  spdlog::set_level(spdlog::level::off);
  return true;
}

}  // namespace gristmill::fuzz
