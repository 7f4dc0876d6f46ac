#include "worker/pipeline/xxh3_stream.h"

#include <xxhash.h>

#include "base/check.h"

namespace gristmill::worker {

void Xxh3Stream::Free::operator()(XXH3_state_s* state) const { ::XXH3_freeState(state); }

Xxh3Stream::Xxh3Stream() : state_(::XXH3_createState()) { GM_CHECK(state_ != nullptr); }

void Xxh3Stream::Reset(std::uint64_t seed) {
  GM_CHECK(::XXH3_64bits_reset_withSeed(state_.get(), seed) == XXH_OK);
}

void Xxh3Stream::Update(std::string_view bytes) {
  GM_CHECK(::XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()) == XXH_OK);
}

std::uint64_t Xxh3Stream::Digest() const { return ::XXH3_64bits_digest(state_.get()); }

}  // namespace gristmill::worker
