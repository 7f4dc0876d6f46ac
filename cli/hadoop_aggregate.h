// Hadoop's Aggregate package as a program: what `-reducer aggregate` does.
#pragma once

#include <string_view>

namespace gristmill::cli {

// A shell command that reads lines "FUNCTION:KEY<tab>VALUE", sorted by what is before the tab, and
// writes "KEY<tab>RESULT". It knows LongValueSum, LongValueMax, LongValueMin, DoubleValueSum,
// StringValueMax, StringValueMin and UniqValueCount, fails at any other function, and at a sum that
// awk's numbers can't hold exactly.
inline constexpr std::string_view kAggregateCommand =
    R"(LC_ALL=C awk '
function fail(why) { failed = 1; print "aggregate: " why > "/dev/stderr"; exit 1 }
function tell() {
  if (f == "UniqValueCount") r = n
  if (f == "LongValueSum") r = sprintf("%.0f", r)
  print k "\t" r
}
{
  tab = index($0, "\t")
  head = tab ? substr($0, 1, tab - 1) : $0
  v = tab ? substr($0, tab + 1) : ""
  if (NR == 1 || head "" != last "") {
    if (NR > 1) tell()
    last = head
    colon = index(head, ":")
    f = substr(head, 1, colon - 1)
    k = substr(head, colon + 1)
    if (f !~ /^(LongValueSum|LongValueMax|LongValueMin|DoubleValueSum|StringValueMax|StringValueMin|UniqValueCount)$/)
      fail("there is no function in \"" head "\", or none that is known here")
    r = f ~ /Sum$/ ? 0 : v
    n = 0
    split("", seen)
  }
  if (f ~ /Sum$/) r += v
  if (f == "LongValueSum" && (r >= 9007199254740992 || r <= -9007199254740992))
    fail("the sum of \"" k "\" is too large")
  if (f == "LongValueMax" && v + 0 > r + 0) r = v
  if (f == "LongValueMin" && v + 0 < r + 0) r = v
  if (f == "StringValueMax" && v "" > r "") r = v
  if (f == "StringValueMin" && v "" < r "") r = v
  if (f == "UniqValueCount" && !(v in seen)) { seen[v]; ++n }
}
END { if (!failed && NR > 0) tell() }')";

}  // namespace gristmill::cli
