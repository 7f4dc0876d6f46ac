// Teaches ThreadSanitizer the distribution's absl::Mutex, which is built without instrumentation:
// linked into test programs of the tsan preset, these definitions come before the library's.
//
// Each tells TSan of the happens-before edge and calls the library's own. Reads are ignored while
// the library has control: it may evaluate a waiter's Condition on the thread that unlocks.
#include <dlfcn.h>

#include <string>

#include "absl/synchronization/mutex.h"

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

namespace {

#define STRING_OF_(name) #name
#define STRING_OF(name) STRING_OF_(name)

// The library's own member of absl::Mutex, by the mangled rest of its name.
template <class Function>
Function* Next(const std::string& member) {
  const std::string inline_namespace = STRING_OF(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  const std::string symbol =
      "_ZN4absl" + std::to_string(inline_namespace.size()) + inline_namespace + "5Mutex" + member;
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol.c_str()));
}

struct IgnoreReads {
  IgnoreReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

using Plain = void(absl::Mutex*);
using Try = bool(absl::Mutex*);
using When = void(absl::Mutex*, const absl::Condition&);
using WhenBefore = bool(absl::Mutex*, const absl::Condition&, absl::Time);
using WhenWithin = bool(absl::Mutex*, const absl::Condition&, absl::Duration);

}  // namespace

#define NEXT(Type, symbol) static auto* const next = Next<Type>(symbol)

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  NEXT(Plain, "4LockEv");
  {
    IgnoreReads ignore;
    next(this);
  }
  __tsan_acquire(this);
}
void Mutex::Unlock() {
  NEXT(Plain, "6UnlockEv");
  __tsan_release(this);
  IgnoreReads ignore;
  next(this);
}
bool Mutex::TryLock() {
  NEXT(Try, "7TryLockEv");
  const bool locked = next(this);
  if (locked) __tsan_acquire(this);
  return locked;
}
void Mutex::ReaderLock() {
  NEXT(Plain, "10ReaderLockEv");
  {
    IgnoreReads ignore;
    next(this);
  }
  __tsan_acquire(this);
}
void Mutex::ReaderUnlock() {
  NEXT(Plain, "12ReaderUnlockEv");
  __tsan_release(this);
  IgnoreReads ignore;
  next(this);
}
void Mutex::LockWhen(const Condition& condition) {
  NEXT(When, "8LockWhenERKNS0_9ConditionE");
  {
    IgnoreReads ignore;
    next(this, condition);
  }
  __tsan_acquire(this);
}
void Mutex::Await(const Condition& condition) {
  NEXT(When, "5AwaitERKNS0_9ConditionE");
  __tsan_release(this);
  {
    IgnoreReads ignore;
    next(this, condition);
  }
  __tsan_acquire(this);
}
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  NEXT(WhenBefore, "17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  __tsan_release(this);
  bool holds;
  {
    IgnoreReads ignore;
    holds = next(this, condition, deadline);
  }
  __tsan_acquire(this);
  return holds;
}
bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  NEXT(WhenWithin, "16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  __tsan_release(this);
  bool holds;
  {
    IgnoreReads ignore;
    holds = next(this, condition, timeout);
  }
  __tsan_acquire(this);
  return holds;
}

ABSL_NAMESPACE_END
}  // namespace absl
