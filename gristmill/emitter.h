// What Map emits to.
#pragma once

#include <utility>

#include "gristmill/collectors.h"
#include "gristmill/context.h"
#include "gristmill/group_key.h"
#include "gristmill/job_concepts.h"
#include "gristmill/job_traits.h"
#include "gristmill/key_ranges.h"
#include "gristmill/record_writer.h"

namespace gristmill {

template <typename J>
class Emitter {
 public:
  using Key = typename J::Key;
  using Value = typename J::Value;
  using Collector = std::conditional_t<
      internal::kDeclaresCombine<J>, internal::CombineCollector<J>,
      std::conditional_t<internal::kDeclaresReduce<J>, internal::SortCollector<J>,
                         internal::RecordWriter<Key, Value>>>;

  // For the framework. All must outlive the emitter.
  Emitter(Collector& collector, TaskContext& context) : collector_(&collector), context_(context) {}
  // Only samples the keys.
  Emitter(internal::KeySampler& sampler, TaskContext& context) requires internal::kIsTotalOrder<J>
      : sampler_(&sampler), context_(context) {}

  void Emit(View<Key> key, View<Value> value) {
    if (!Sampled(key)) collector_->Add(key, value);
  }

  // Spares the copy of a value that owns memory.
  void Emit(View<Key> key, Value&& value) requires std::is_reference_v<View<Value>> {
    if (!Sampled(key)) collector_->Add(key, std::move(value));
  }

  // Where there is no value, or no shuffle to carry it to.
  void Emit(View<Key> key) requires(std::same_as<Value, None> || internal::kMapOnly<J>) {
    if constexpr (internal::kMapOnly<J>) {
      collector_->AddKey(key);
    } else {
      Emit(key, None{});
    }
  }

  TaskContext& context() { return context_; }

  // TaskContext::random, refused by the compiler where a task would refuse it.
  Random& random() {
    static_assert(internal::kMapOnly<J> || internal::kIsOneTaskPerSplit<J>,
                  "Gristmill job: random() in Map needs `static constexpr bool kOneTaskPerSplit = "
                  "true`, since the output must not depend on where a split is cut");
    return context_.random();
  }

 private:
  bool Sampled(View<Key> key) {
    if constexpr (internal::kIsTotalOrder<J>) {
      if (sampler_ == nullptr) [[likely]]
        return false;
      KeyEncoder<Key> encoder;
      sampler_->Add(internal::Grouping<J>::EncodedGroup(encoder.Encode(key)));
      return true;
    }
    return false;
  }

  Collector* collector_ = nullptr;
  internal::KeySampler* sampler_ = nullptr;
  TaskContext& context_;
};

}  // namespace gristmill
