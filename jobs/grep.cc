// Lines and pieces of lines that match a regular expression.
#include <re2/re2.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gristmill/job.h"
#include "jobs/line_finder.h"

namespace gristmill::jobs {
namespace {

class Grep {
 public:
  static constexpr std::string_view kName = "grep";
  static constexpr std::string_view kSummary =
      "find what matches a regular expression, and count it";
  static constexpr std::string_view kDetails =
      "The pattern is in RE2 syntax (as in Perl, without back references), matches anywhere in a "
      "line and takes time linear in the line, whatever the pattern. (?i) in front ignores case. "
      "Text is UTF-8; a byte that is not matches nothing but \\C.\n\n"
      "show=matches: each distinct matched text and how often it occurs; empty matches are left "
      "out.\nshow=lines: each distinct matching line and how often it occurs.\n"
      "show=files: each file with a matching line, and its number of matching lines.\n\n"
      "Output: text<TAB>count. The counter matching_lines counts lines in all three.";

  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(Params& params) {
    params.Add("pattern", &pattern_, "the regular expression (required)");
    params.AddChoice("show", &show_, {"matches", "lines", "files"}, "what is counted");
  }

  std::string Validate() const {
    if (pattern_.empty()) {
      return "parameter 'pattern' of job 'grep' is missing; give it as --param pattern=EXPRESSION";
    }
    const re2::RE2 expression(pattern_, re2::RE2::Quiet);
    if (expression.ok()) return "";
    return "parameter 'pattern' of job 'grep' is not a regular expression: " + expression.error();
  }

  void Setup(TaskContext& context) {
    expression_.emplace(pattern_, re2::RE2::Quiet);
    finder_.emplace(pattern_);
    matching_lines_ = &context.counter("matching_lines");
  }

  void Map(const Lines& lines, Emitter<Grep>& out) {
    const std::string_view text = lines.bytes();
    Value matching = 0;
    for (std::size_t at = 0; (at = finder_->Find(text, at)) < text.size();
         at = lines.NextLine(at)) {
      if (MapLine(lines.At(at), out)) ++matching;
    }
    if (show_ == "files" && matching > 0) out.Emit(out.context().input_path(), matching);
    matching_lines_->Add(matching);
  }

  static Value Combine(Value a, Value b) { return a + b; }

 private:
  // Whether it matches.
  bool MapLine(std::string_view line, Emitter<Grep>& out) const {
    std::string_view match;
    if (!FindFrom(line, 0, &match)) return false;
    if (show_ == "lines") out.Emit(line, 1);
    if (show_ == "matches") EmitMatches(line, match, out);
    return true;
  }

  // The leftmost match that begins at `position` or later.
  bool FindFrom(std::string_view line, std::size_t position, std::string_view* match) const {
    re2::StringPiece found;
    if (!expression_->Match({line.data(), line.size()}, position, line.size(), re2::RE2::UNANCHORED,
                            &found, 1)) {
      return false;
    }
    *match = {found.data(), found.size()};
    return true;
  }

  void EmitMatches(std::string_view line, std::string_view match, Emitter<Grep>& out) const {
    std::size_t position = 0;
    do {
      if (!match.empty()) out.Emit(match, 1);
      position = static_cast<std::size_t>(match.data() - line.data()) + match.size();
      if (match.empty()) position = NextCharacter(line, position);
    } while (position < line.size() && FindFrom(line, position, &match));
  }

  // Past the UTF-8 character at `position`.
  static std::size_t NextCharacter(std::string_view line, std::size_t position) {
    do ++position;
    while (position < line.size() && (line[position] & 0xC0) == 0x80);
    return position;
  }

  std::string pattern_;
  std::string show_ = "matches";
  std::optional<re2::RE2> expression_;
  std::optional<LineFinder> finder_;
  Counter* matching_lines_ = nullptr;
};

GRISTMILL_JOB(Grep);

}  // namespace
}  // namespace gristmill::jobs
