// What Reduce emits to.
#pragma once

#include "gristmill/context.h"
#include "gristmill/job_traits.h"
#include "gristmill/record_writer.h"

namespace gristmill {

template <typename J>
class Output {
 public:
  using Key = OutputKey<J>;
  using Value = OutputValue<J>;

  // For the framework. Both must outlive the output.
  Output(internal::RecordWriter<Key, Value>& writer, TaskContext& context)
      : writer_(writer), context_(context) {}

  void Emit(View<Key> key, View<Value> value) { writer_.Add(key, value); }
  // A line without a tab, or the bytes of the key alone.
  void Emit(View<Key> key) { writer_.AddKey(key); }

  TaskContext& context() { return context_; }

 private:
  internal::RecordWriter<Key, Value>& writer_;
  TaskContext& context_;
};

}  // namespace gristmill
