// What tasks keep in their process for the tasks of the same job that come after them.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include "gristmill/task.h"

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
    while (bytes_ + bytes > bytes_max_) {
      if (entries_.empty()) return;  // the rest is claimed
      Drop(std::prev(entries_.end()));
    }
    bytes_ += bytes;
    Add<T>(std::move(name), std::move(value), bytes);
  }

  // Room for a value that grows while it is made. Nothing that is kept goes for it: of what is read
  // again and again in the same order, and does not fit, the first stays. Of one thread.
  class Claim {
   public:
    explicit Claim(TaskCache* cache) : cache_(cache) {}
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() { GiveUp(); }

    // For so many bytes more. False if there is no room for them, now or ever after.
    bool Grow(std::uint64_t bytes) {
      used_ += bytes;
      if (cache_ == nullptr || used_ <= claimed_) return cache_ != nullptr;
      constexpr std::uint64_t kStepBytes = std::uint64_t{256} << 10;
      const std::uint64_t more = std::max(used_ - claimed_, kStepBytes);
      const std::lock_guard lock(cache_->mutex_);
      if (cache_->bytes_ + more <= cache_->bytes_max_) {
        cache_->bytes_ += more;
        claimed_ += more;
        return true;
      }
      cache_->bytes_ -= claimed_;
      cache_ = nullptr;
      return false;
    }
    // Keeps the value for which all that was claimed, unless there is one of that name.
    template <typename T>
    void Keep(std::string name, std::shared_ptr<const T> value) {
      if (cache_ == nullptr) return;
      {
        const std::lock_guard lock(cache_->mutex_);
        if (!cache_->by_name_.contains(name)) {
          cache_->Add<T>(std::move(name), std::move(value), std::exchange(claimed_, 0));
        }
      }
      GiveUp();
    }

   private:
    void GiveUp() {
      if (cache_ == nullptr) return;
      const std::lock_guard lock(cache_->mutex_);
      cache_->bytes_ -= claimed_;
      cache_ = nullptr;
    }

    TaskCache* cache_;  // null: nothing is to be kept
    std::uint64_t used_ = 0, claimed_ = 0;
  };

  // The value of that name, made by the first who asks; others wait for it. `make()` returns a
  // std::pair of a std::shared_ptr<const T> and its bytes; if it throws, the next one makes it.
  // Throws TaskCancelled while it waits and `cancelled()` holds.
  template <typename T, typename Cancelled, typename Make>
  std::shared_ptr<const T> FindOrMake(const std::string& name, Cancelled cancelled, Make make) {
    const Making making(*this, name, cancelled);
    if (auto found = Find<T>(name)) return found;
    const auto [value, bytes] = make();
    std::shared_ptr<const T> kept = value;
    Keep<T>(name, kept, bytes);
    return kept;
  }

 private:
  // The one who makes what has a name; there is one at a time.
  class Making {
   public:
    template <typename Cancelled>
    Making(TaskCache& cache, const std::string& name, Cancelled cancelled)
        : cache_(cache), name_(name) {
      constexpr std::chrono::milliseconds kLook{50};
      std::unique_lock lock(cache_.mutex_);
      while (cache_.being_made_.contains(name_)) {
        if (cancelled()) throw TaskCancelled();
        cache_.made_.wait_for(lock, kLook);
      }
      cache_.being_made_.insert(name_);
    }
    Making(const Making&) = delete;
    ~Making() {
      {
        const std::lock_guard lock(cache_.mutex_);
        cache_.being_made_.erase(name_);
      }
      cache_.made_.notify_all();
    }

   private:
    TaskCache& cache_;
    const std::string name_;
  };

  struct Entry {
    std::string name;
    const std::type_info* type;
    std::shared_ptr<const void> value;
    std::uint64_t bytes;
  };
  using Entries = std::list<Entry>;  // the one that was asked for last comes first

  template <typename T>
  void Add(std::string name, std::shared_ptr<const T> value, std::uint64_t bytes) {
    entries_.push_front({name, &typeid(T), std::move(value), bytes});
    by_name_[std::move(name)] = entries_.begin();
  }
  void Drop(Entries::iterator entry) {
    bytes_ -= entry->bytes;
    by_name_.erase(entry->name);
    entries_.erase(entry);
  }

  const std::uint64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable made_;
  std::set<std::string> being_made_;
  Entries entries_;
  std::map<std::string, Entries::iterator, std::less<>> by_name_;
  std::uint64_t bytes_ = 0;  // of what is kept, and claimed
};

}  // namespace gristmill
