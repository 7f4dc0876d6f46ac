#include "storage/job_formats.h"

namespace gristmill {

v1::InputFormat MessageOf(InputFormat format) {
  switch (format) {
    case InputFormat::kTextLines:
      return v1::INPUT_FORMAT_TEXT_LINES;
    case InputFormat::kFixedRecords:
      return v1::INPUT_FORMAT_FIXED_RECORDS;
    case InputFormat::kWholeFiles:
      return v1::INPUT_FORMAT_WHOLE_FILES;
    case InputFormat::kIntegerRange:
      return v1::INPUT_FORMAT_INTEGER_RANGE;
  }
  return v1::INPUT_FORMAT_UNSPECIFIED;
}

v1::OutputFormat MessageOf(OutputFormat format) {
  switch (format) {
    case OutputFormat::kText:
      return v1::OUTPUT_FORMAT_TEXT;
    case OutputFormat::kFixedRecords:
      return v1::OUTPUT_FORMAT_FIXED_RECORDS;
    case OutputFormat::kRecordFile:
      return v1::OUTPUT_FORMAT_RECORD_FILE;
  }
  return v1::OUTPUT_FORMAT_UNSPECIFIED;
}

v1::StageKind MessageOf(StageKind kind) {
  switch (kind) {
    case StageKind::kSample:
      return v1::STAGE_KIND_SAMPLE;
    case StageKind::kMap:
      return v1::STAGE_KIND_MAP;
    case StageKind::kReduce:
      return v1::STAGE_KIND_REDUCE;
  }
  return v1::STAGE_KIND_UNSPECIFIED;
}

v1::EdgeKind MessageOf(ReadBy by) {
  switch (by) {
    case ReadBy::kShuffle:
      return v1::EDGE_KIND_SHUFFLE;
    case ReadBy::kBroadcast:
      return v1::EDGE_KIND_BROADCAST;
  }
  return v1::EDGE_KIND_UNSPECIFIED;
}

std::optional<InputFormat> FormatOf(v1::InputFormat format) {
  for (const InputFormat known : {InputFormat::kTextLines, InputFormat::kFixedRecords,
                                  InputFormat::kWholeFiles, InputFormat::kIntegerRange}) {
    if (MessageOf(known) == format) return known;
  }
  return std::nullopt;
}

std::optional<OutputFormat> FormatOf(v1::OutputFormat format) {
  for (const OutputFormat known :
       {OutputFormat::kText, OutputFormat::kFixedRecords, OutputFormat::kRecordFile}) {
    if (MessageOf(known) == format) return known;
  }
  return std::nullopt;
}

std::optional<StageKind> KindOf(v1::StageKind kind) {
  for (const StageKind known : {StageKind::kSample, StageKind::kMap, StageKind::kReduce}) {
    if (MessageOf(known) == kind) return known;
  }
  return std::nullopt;
}

std::optional<ReadBy> ReadByOf(v1::EdgeKind kind) {
  for (const ReadBy known : {ReadBy::kShuffle, ReadBy::kBroadcast}) {
    if (MessageOf(known) == kind) return known;
  }
  return std::nullopt;
}

}  // namespace gristmill
