// A record on which user code failed, in words.
#pragma once

#include <string>
#include <string_view>

#include "gristmill/record_mark.h"

namespace gristmill::worker {

// "record at PATH offset 12 beginning \"…\"" or "key beginning \"…\"", as far as the mark knows;
// empty if it is at nothing.
std::string DescribeRecord(const RecordMark& mark, std::string_view path);

}  // namespace gristmill::worker
