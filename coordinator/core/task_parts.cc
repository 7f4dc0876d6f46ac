#include "coordinator/core/task_parts.h"

#include <algorithm>

#include "base/check.h"

namespace gristmill::coordinator {

TaskPart TaskParts::of(std::uint32_t task) const {
  GM_CHECK(task < count());
  TaskPart part{.planned = task};
  if (task >= planned_count_) {
    const Piece& piece = pieces_[task - planned_count_];
    part.planned = piece.planned;
    part.begin = piece.begin;
  }
  if (const auto end = ends_.find(task); end != ends_.end()) part.end = end->second;
  return part;
}

std::vector<std::uint32_t> TaskParts::InInputOrder() const {
  std::vector<std::pair<Piece, std::uint32_t>> inserted;
  inserted.reserve(pieces_.size());
  for (const Piece& piece : pieces_) {
    inserted.emplace_back(piece, planned_count_ + static_cast<std::uint32_t>(inserted.size()));
  }
  std::sort(inserted.begin(), inserted.end());
  std::vector<std::uint32_t> tasks;
  tasks.reserve(count());
  auto next = inserted.begin();
  for (std::uint32_t planned = 0; planned < planned_count_; ++planned) {
    tasks.push_back(planned);
    for (; next != inserted.end() && next->first.planned == planned; ++next) {
      tasks.push_back(next->second);
    }
  }
  return tasks;
}

void TaskParts::Cut(std::uint32_t task, std::uint64_t at) {
  const TaskPart part = of(task);
  GM_CHECK(at > part.begin && at < part.end);
  if (part.end != TaskPart::kPlannedEnd) ends_[count()] = part.end;
  ends_[task] = at;
  pieces_.push_back({part.planned, at});
}

void TaskParts::Restore(std::vector<Piece> pieces, const std::vector<TaskEnd>& ends) {
  GM_CHECK(pieces_.empty() && ends_.empty());
  for (const Piece& piece : pieces) GM_CHECK(piece.planned < planned_count_ && piece.begin > 0);
  pieces_ = std::move(pieces);
  ends_.insert(ends.begin(), ends.end());
  for (const auto& [task, end] : ends_) GM_CHECK(task < count() && end > of(task).begin);
}

}  // namespace gristmill::coordinator
