// What a job declares, as the child process that loads its shared object says it.
#pragma once

#include <optional>

#include "gristmill/registry.h"
#include "gristmill/v1/job_object.pb.h"

namespace gristmill::plugin {

v1::JobShapeDescription MessageOf(const JobDeclaration& declared);

// Nothing if it has formats or kinds that are unknown here. Whether it makes sense is for admission
// to say.
std::optional<JobDeclaration> DeclarationOf(const v1::JobShapeDescription& message);

}  // namespace gristmill::plugin
