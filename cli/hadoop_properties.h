// What -D says to Hadoop Streaming.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cli/job_flags.h"

namespace gristmill::cli {

// Of one name each, by the newer one where Hadoop knows two.
class HadoopProperties {
 public:
  // "name=value". InvalidArgument if it is not of that form, or is a property of Hadoop that would
  // change the result and has no counterpart.
  absl::Status Set(const std::string& text);
  // Null if it was not set.
  const std::string* Find(std::string_view name) const;

  // Sets what they say of separators, fields, order and partition (by fields of the key if
  // `by_fields`), attempts and splits. Tasks see all of them in their environment.
  absl::Status Apply(bool by_fields, JobFlags* flags) const;

 private:
  absl::Status ApplyKeys(bool by_fields, JobFlags* flags) const;
  absl::Status CheckKeySeparator(const JobFlags& flags) const;

  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace gristmill::cli
