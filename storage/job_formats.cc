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

}  // namespace gristmill
