// A chain for the tests of processes: its input has a name.
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/chain.h"

namespace gristmill::tests {
namespace {

struct CountLengths {
  static constexpr std::string_view kName = "lengths";
  using Key = std::uint64_t;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<CountLengths>& out) { out.Emit(line.size(), 1); }
  static Value Combine(Value a, Value b) { return a + b; }
};

struct TurnAround {
  static constexpr std::string_view kName = "turn";
  using Key = std::uint64_t;
  using Value = std::uint64_t;
  void Map(std::uint64_t length, std::uint64_t lines, Emitter<TurnAround>& out) {
    out.Emit(lines, length);
  }
};

struct GreatestLength {
  static constexpr std::string_view kName = "greatest";
  using Key = std::uint64_t;
  using Value = std::uint64_t;
  static Value Combine(Value a, Value b) { return a < b ? b : a; }
};

struct NamedInput {
  static constexpr std::string_view kName = "namedinput";
  static constexpr std::string_view kSummary = "the greatest length that so many lines have";
  static auto Build() {
    return Read("lines").Reduce<CountLengths>().Map<TurnAround>().Reduce<GreatestLength>();
  }
};

GRISTMILL_CHAIN(NamedInput);

}  // namespace
}  // namespace gristmill::tests
