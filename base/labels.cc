#include "base/labels.h"

#include <algorithm>
#include <cctype>

#include "base/readable_text.h"
#include "base/status.h"

namespace gristmill {
namespace {

constexpr std::size_t kLabelBytesMax = 63;

bool IsLabel(const std::string& label) {
  const auto fits = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-');
  };
  return !label.empty() && label.size() <= kLabelBytesMax && std::ranges::all_of(label, fits);
}

}  // namespace

absl::Status CheckLabels(const std::vector<std::string>& labels) {
  if (labels.size() > kLabelsMax) {
    return InvalidArgument("{} labels are more than the {} that are allowed", labels.size(),
                           kLabelsMax);
  }
  for (const std::string& label : labels) {
    if (IsLabel(label)) continue;
    return InvalidArgument(
        "the label {} is none; it is made of letters, digits, '.', '_' and '-', {} at most",
        Quoted(label.substr(0, 2 * kLabelBytesMax), false), kLabelBytesMax);
  }
  if (SortedLabels(labels) == labels) return absl::OkStatus();
  return InvalidArgument("the labels are not in order, or one is there twice");
}

std::vector<std::string> SortedLabels(std::vector<std::string> labels) {
  std::ranges::sort(labels);
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

}  // namespace gristmill
