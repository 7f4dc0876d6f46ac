// How keys and values become bytes: order-preserving keys, compact values, their type names.
#pragma once

#include "gristmill/key_codec.h"    // IWYU pragma: export
#include "gristmill/types.h"        // IWYU pragma: export
#include "gristmill/value_codec.h"  // IWYU pragma: export
