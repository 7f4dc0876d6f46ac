// --json: the protobuf JSON mapping (lowerCamelCase names; 64-bit integers are strings), with
// every field present.
#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace gristmill::cli {

// Indented; ends with a line end.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace gristmill::cli
