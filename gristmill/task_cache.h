// What tasks keep in their process for the tasks of the same job that come after them.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace gristmill {

// Holds values by name as long as all of them fit; those that were asked for the longest ago go
// first. A cache only: whoever finds nothing makes it anew. Thread-safe.
class TaskCache {
 public:
  explicit TaskCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  TaskCache(const TaskCache&) = delete;
  TaskCache& operator=(const TaskCache&) = delete;

  std::uint64_t bytes_max() const { return bytes_max_; }

  // Null if there is none of that name and type.
  template <typename T>
  std::shared_ptr<const T> Find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || *found->second->type != typeid(T)) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return std::static_pointer_cast<const T>(found->second->value);
  }

  // Keeps `value`, which takes so many bytes, unless that alone is too much. In place of one of
  // that name.
  template <typename T>
  void Keep(std::string name, std::shared_ptr<const T> value, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_name_.find(name); found != by_name_.end()) Drop(found->second);
    if (bytes > bytes_max_) return;
    while (bytes_ + bytes > bytes_max_) Drop(std::prev(entries_.end()));
    entries_.push_front({name, &typeid(T), std::move(value), bytes});
    by_name_[std::move(name)] = entries_.begin();
    bytes_ += bytes;
  }

 private:
  struct Entry {
    std::string name;
    const std::type_info* type;
    std::shared_ptr<const void> value;
    std::uint64_t bytes;
  };
  using Entries = std::list<Entry>;  // the one that was asked for last comes first

  void Drop(Entries::iterator entry) {
    bytes_ -= entry->bytes;
    by_name_.erase(entry->name);
    entries_.erase(entry);
  }

  const std::uint64_t bytes_max_;
  std::mutex mutex_;
  Entries entries_;
  std::map<std::string, Entries::iterator, std::less<>> by_name_;
  std::uint64_t bytes_ = 0;
};

}  // namespace gristmill
