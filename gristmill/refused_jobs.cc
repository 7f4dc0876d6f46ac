// Classes that are no jobs. CMakeLists.txt compiles this file once for each, with its name in
// REFUSED_JOB, and expects the compiler to print the sentence that explains it.
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "gristmill/job.h"

namespace {

using gristmill::Emitter;
using gristmill::Output;
using gristmill::Values;

struct Base {
  static constexpr std::string_view kName = "refused";
  static constexpr std::string_view kSummary = "does not compile";
  using Key = std::string;
  using Value = std::uint64_t;
};

// The job that the others spoil.
struct Right : Base {
  void Map(std::string_view, Emitter<Right>&) {}
};

struct WrongMap : Base {
  void Map(int, Emitter<WrongMap>&) {}
};

class PrivateMap : public Base {
  void Map(std::string_view, Emitter<PrivateMap>&) {}
};

struct WrongKey : Base {
  using Key = std::list<int>;
  void Map(std::string_view, Emitter<WrongKey>&) {}
};

struct NoName {
  using Key = std::string;
  using Value = std::string;
  void Map(std::string_view, Emitter<NoName>&) {}
};

struct WrongCombine : Base {
  void Map(std::string_view, Emitter<WrongCombine>&) {}
  static Value Combine(Value a) { return a; }
};

struct WrongReduce : Base {
  void Map(std::string_view, Emitter<WrongReduce>&) {}
  void Reduce(std::string_view, std::vector<Value>&, Output<WrongReduce>&) {}
};

struct MapOnlyOrder : Base {
  static constexpr bool kTotalOrder = true;
  void Map(std::string_view, Emitter<MapOnlyOrder>&) {}
};

struct RangeWithoutInput : Base {
  void Map(gristmill::IntegerRange, Emitter<RangeWithoutInput>&) {}
};

struct WrongPartition : Base {
  void Map(std::string_view, Emitter<WrongPartition>&) {}
  static Value Combine(Value a, Value b) { return a + b; }
  int Partition(std::string_view, int) { return 0; }
};

struct WrongOneTaskPerSplit : Base {
  static constexpr int kOneTaskPerSplit = 1;
  void Map(std::string_view, Emitter<WrongOneTaskPerSplit>&) {}
};

struct WrongPartitions : Base {
  static constexpr int kPartitions = 1;
  void Map(std::string_view, Emitter<WrongPartitions>&) {}
  static Value Combine(Value a, Value b) { return a + b; }
};

struct RandomWhereCut : Base {
  // A template, so that only the job that is registered asks for random numbers.
  template <typename Out>
  void Map(std::string_view, Out& out) {
    out.Emit("", out.random()());
  }
  static Value Combine(Value a, Value b) { return a + b; }
};

struct WrongGroupFields : Base {
  static constexpr int kGroupFields = 1;
  using Key = std::pair<std::string, int>;
  void Map(std::string_view, Emitter<WrongGroupFields>&) {}
  void Reduce(std::string_view, Values<WrongGroupFields>&, Output<WrongGroupFields>&) {}
};

struct GroupOfAllFields : Base {
  static constexpr std::size_t kGroupFields = 2;
  using Key = std::pair<std::string, int>;
  void Map(std::string_view, Emitter<GroupOfAllFields>&) {}
  void Reduce(const Key&, Values<GroupOfAllFields>&, Output<GroupOfAllFields>&) {}
};

struct GroupOfSimpleKey : Base {
  static constexpr std::size_t kGroupFields = 1;
  void Map(std::string_view, Emitter<GroupOfSimpleKey>&) {}
  void Reduce(std::string_view, Values<GroupOfSimpleKey>&, Output<GroupOfSimpleKey>&) {}
};

struct GroupsWithoutReduce : Base {
  static constexpr std::size_t kGroupFields = 1;
  using Key = std::pair<std::string, int>;
  void Map(std::string_view, Emitter<GroupsWithoutReduce>&) {}
  static Value Combine(Value a, Value b) { return a + b; }
};

struct ReduceOfWholeKey : Base {
  static constexpr std::size_t kGroupFields = 1;
  using Key = std::pair<std::string, int>;
  void Map(std::string_view, Emitter<ReduceOfWholeKey>&) {}
  void Reduce(const Key&, Values<ReduceOfWholeKey>&, Output<ReduceOfWholeKey>&) {}
};

struct WrongTearDown : Base {
  void Map(std::string_view, Emitter<WrongTearDown>&) {}
  void TearDown() {}
};

struct FoldToOther : Base {
  using OutputValue = double;
  void Map(std::string_view, Emitter<FoldToOther>&) {}
  static Value Combine(Value a, Value b) { return a + b; }
};

GRISTMILL_JOB(REFUSED_JOB);

}  // namespace
