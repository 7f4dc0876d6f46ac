// Chains that are none. CMakeLists.txt compiles this file once for each, with its name in
// REFUSED_JOB, and expects the compiler to print the sentence that explains it, and both steps.
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/chain.h"

namespace {

using gristmill::Emitter;
using gristmill::Output;
using gristmill::Read;
using gristmill::Values;

struct Named {
  static constexpr std::string_view kName = "refused";
  static constexpr std::string_view kSummary = "does not compile";
};

struct Count : Named {
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<Count>& out) { out.Emit(line, 1); }
  static Value Combine(Value a, Value b) { return a + b; }
};
struct Sum : Named {
  using Key = std::string;
  using Value = std::uint64_t;
  static Value Combine(Value a, Value b) { return a + b; }
};
struct OfNames : Named {
  using Key = std::string;
  using Value = std::string;
  void Map(std::string_view key, std::string_view value, Emitter<OfNames>& out) {
    out.Emit(key, value);
  }
};
struct Longest : Named {
  using Key = std::string;
  using Value = std::string;
  static Value Combine(Value a, Value b) { return a.size() < b.size() ? b : a; }
};
struct Turns : Named {
  using Key = std::string;
  using Value = std::uint64_t;
  using OutputKey = std::uint64_t;
  using OutputValue = std::string;
  void Reduce(std::string_view key, Values<Turns>&, Output<Turns>& out) { out.Emit(1, key); }
};
struct Sorts : Sum {
  static constexpr bool kTotalOrder = true;
};

struct RightChain : Named {
  static auto Build() { return Read().Reduce<Count>().Reduce<Sum>(); }
};
struct WrongMapStep : Named {
  template <typename Step = OfNames>
  static auto Build() {
    return Read().Reduce<Count>().Map<Step>();
  }
};
struct WrongReduceStep : Named {
  template <typename Step = Longest>
  static auto Build() {
    return Read().Reduce<Count>().Reduce<Step>();
  }
};
struct MapThatReduces : Named {
  template <typename Step = Count>
  static auto Build() {
    return Read().Map<Step>();
  }
};
struct ReduceThatMaps : Named {
  template <typename Step = OfNames>
  static auto Build() {
    return Read().Reduce<Count>().Reduce<Step>();
  }
};
struct WrongFirstStep : Named {
  template <typename Step = Sum>
  static auto Build() {
    return Read().Reduce<Step>();
  }
};
struct WrongRepeat : Named {
  template <typename Step = Turns>
  static auto Build() {
    return Read().Reduce<Count>().Repeat<Step>(3);
  }
};
struct IterateWithoutBegin : Named {
  template <typename Step = Count>
  static auto Build() {
    return Read().Iterate<Step>(3);
  }
};
struct SortInChain : Named {
  template <typename Step = Sorts>
  static auto Build() {
    return Read().Reduce<Count>().Reduce<Step>();
  }
};
struct NoSteps : Named {
  static auto Build() { return Read(); }
};
struct NoBuild : Named {};

GRISTMILL_CHAIN(REFUSED_JOB);

}  // namespace
