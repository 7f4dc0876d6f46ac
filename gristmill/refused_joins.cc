// Classes that are no joins, as refused_jobs.cc: compiled once for each, named in REFUSED_JOB.
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/join.h"

namespace {

using gristmill::Emitter;
using gristmill::InnerJoin;
using gristmill::JoinOf;
using gristmill::Output;

struct Named {
  static constexpr std::string_view kName = "refused";
  static constexpr std::string_view kSummary = "does not compile";
};

struct Left {
  using Key = std::string;
  using Value = std::uint64_t;
  static constexpr std::string_view kName = "left";
  void Map(std::string_view, Emitter<Left>&) {}
};
struct Right {
  using Key = std::string;
  using Value = double;
  static constexpr std::string_view kName = "right";
  void Map(std::string_view, Emitter<Right>&) {}
};

// The join that the others spoil.
struct RightJoin : InnerJoin<Left, Right>, Named {};

struct ByNumber {
  using Key = std::int64_t;
  using Value = double;
  static constexpr std::string_view kName = "right";
  void Map(std::string_view, Emitter<ByNumber>&) {}
};
// A template, so that only the join that is registered is looked at.
template <typename Side>
struct JoinedWith : InnerJoin<Left, Side>, Named {};
using OtherKeys = JoinedWith<ByNumber>;

struct WithItself : InnerJoin<Left, Left>, Named {};

struct NoReduce : JoinOf<Left, Right>, Named {};

struct WrongSide {
  using Key = std::string;
  using Value = double;
  static constexpr std::string_view kName = "right";
  void Map(std::string_view, Emitter<WrongSide>&) {}
  static double Combine(double a, double b) { return a + b; }
};
struct SideThatCombines : InnerJoin<Left, WrongSide>, Named {};

struct Mapless {
  using Key = std::string;
  using Value = double;
  static constexpr std::string_view kName = "right";
};
struct SideWithoutMap : InnerJoin<Left, Mapless>, Named {};

GRISTMILL_JOIN(REFUSED_JOB);

}  // namespace
