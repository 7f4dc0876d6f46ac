// Why a job waits, is slow, failed, or took as long as it did: sentences, made of facts alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/v1/insight.pb.h"
#include "gristmill/v1/report.pb.h"

namespace gristmill::cli {

struct Finding {
  int weight = 0;      // the greatest first
  std::string kind;    // for scripts: "straggler"
  std::string text;    // what is the case
  std::string remedy;  // what to do next; may be empty
};

// "map" and "map-3".
std::string NameOfStage(const v1::JobFacts& facts, std::uint32_t stage);
std::string NameOfTask(const v1::JobFacts& facts, std::uint32_t stage, std::uint32_t task);

// The most important one first; at least one.
std::vector<Finding> ExplainFacts(const v1::JobFacts& facts);

// For a terminal, a paragraph each.
std::string RenderExplanation(const v1::JobFacts& facts, const std::vector<Finding>& findings);

v1::ExplanationReport ExplanationReportOf(v1::JobFacts facts, const std::vector<Finding>& findings);

}  // namespace gristmill::cli
