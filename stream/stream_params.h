// The parameters of the job "stream".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/registry.h"
#include "stream/key_fields.h"

namespace gristmill::stream {

inline constexpr char kJobName[] = "stream";
// Parameters with names such as env.LANG become variables of the programs' environment.
inline constexpr char kEnvironmentPrefix[] = "env.";

struct StreamParams {
  std::string mapper, combiner, reducer;  // commands; without a reducer nothing is shuffled
  char separator = '\t';                  // between the fields of what the mapper writes
  char reducer_separator = '\t';          // between key and value of what the reducer reads
  std::uint32_t key_fields = 1;           // fields of the key
  std::vector<KeyPart> order;             // of keys; none: of their bytes
  std::vector<KeyPart> partition;         // what decides the partition; none: the whole key
  std::vector<std::string> environment;   // NAME=value

  bool has_shuffle() const { return !reducer.empty(); }

  // Throws TaskError with one sentence.
  static StreamParams Parse(const ParamMap& values);
  static std::vector<ParamInfo> Infos();
};

}  // namespace gristmill::stream
