// Two inputs of lines, joined by a field of each, as join(1) does with sorted files.
#include "gristmill/join.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gristmill::jobs {
namespace {

// What both sides declare alike.
struct Fields {
  std::string separator = "\t";

  void Declare(Params& params) {
    params.Add("separator", &separator, "the byte between the fields of a line");
  }

  // Where field `number`, from 1, of a line is.
  std::optional<std::string_view> Find(std::string_view line, std::uint64_t number) const {
    std::size_t begin = 0;
    for (; number > 1; --number) {
      const std::size_t end = line.find(separator[0], begin);
      if (end == line.npos) return std::nullopt;
      begin = end + 1;
    }
    return line.substr(begin, line.find(separator[0], begin) - begin);
  }

  // The line without `field`, with a separator before what is left.
  void AssignOthers(std::string_view line, std::string_view field, std::string* others) const {
    const auto before = static_cast<std::size_t>(field.data() - line.data());
    others->clear();
    if (before > 0) others->append(separator).append(line.substr(0, before - 1));
    others->append(line.substr(before + field.size()));
  }
};

// A side: the key field, and the others as a value.
template <typename Side>
class SideLines {
 public:
  using Key = std::string;
  using Value = std::string;

  void Declare(Params& params) {
    fields_.Declare(params);
    params.Add(Side::kFieldParam, &field_, Side::kFieldHelp);
  }

  std::string Validate() const {
    if (field_ > 0) return "";
    return "parameter '" + std::string(Side::kFieldParam) + "' of job 'join' must be 1 or more";
  }

  void Map(std::string_view line, Emitter<Side>& out) {
    const auto key = fields_.Find(line, field_);
    if (!key) return out.context().Count("lines_without_key");
    fields_.AssignOthers(line, *key, &others_);
    out.Emit(*key, others_);
  }

 private:
  Fields fields_;
  std::uint64_t field_ = 1;
  std::string others_;  // reused, so that a line costs no allocation
};

struct LeftLines : SideLines<LeftLines> {
  static constexpr std::string_view kName = "left";
  static constexpr std::string_view kFieldParam = "left_field";
  static constexpr std::string_view kFieldHelp = "number of the key field in the left input";
};
struct RightLines : SideLines<RightLines> {
  static constexpr std::string_view kName = "right";
  static constexpr std::string_view kFieldParam = "right_field";
  static constexpr std::string_view kFieldHelp = "number of the key field in the right input";
};

class JoinLines : public JoinOf<LeftLines, RightLines> {
 public:
  static constexpr std::string_view kName = "join";
  static constexpr std::string_view kSummary = "joins two inputs of lines by a field of each";
  static constexpr std::string_view kDetails =
      "Input: --input left=PATH and --input right=PATH, lines of fields. Lines that lack the key "
      "field are counted as lines_without_key and left out.\n\n"
      "Output: the key and then the other fields of the left line and of the right one, for each "
      "two lines with one key, as join(1) writes them; with --param how=left also left lines "
      "without a right one, with how=semi each left line that has a right one, once. In the order "
      "of keys within each partition, those of one key in that of the input.\n\n"
      "With --param broadcast=true every worker keeps the right input in memory, and the left one "
      "is not shuffled: quicker where the right input is small. Right lines without the key field "
      "are left out then as well, but not counted. The output is then in the order "
      "of the left input, a file a split.";

  using OutputKey = std::string;  // the whole line
  using OutputValue = None;

  void Declare(Params& params) {
    fields_.Declare(params);
    params.AddChoice("how", &how_, {"inner", "left", "semi"}, "which lines to write");
    params.Add("broadcast", &broadcast_, "keep the right input in memory instead of sorting both");
  }

  std::string Validate() const {
    return fields_.separator.size() == 1 ? ""
                                         : "parameter 'separator' of job 'join' must be one byte";
  }

  bool Broadcast() const { return broadcast_; }

  void Reduce(std::string_view key, LeftValues<JoinLines>& left, std::span<const std::string> right,
              Output<JoinLines>& out) {
    if (right.empty() && how_ != "left") return;
    for (const std::string_view mine : left) {
      if (right.empty() || how_ == "semi") {
        EmitLine(key, mine, "", out);
        continue;
      }
      for (const std::string& other : right) EmitLine(key, mine, other, out);
    }
  }

 private:
  void EmitLine(std::string_view key, std::string_view left, std::string_view right,
                Output<JoinLines>& out) {
    line_.assign(key).append(left).append(right);
    out.Emit(line_);
  }

  Fields fields_;
  std::string how_ = "inner";
  bool broadcast_ = false;
  std::string line_;
};

GRISTMILL_JOIN(JoinLines);

}  // namespace
}  // namespace gristmill::jobs
