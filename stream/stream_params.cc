#include "stream/stream_params.h"

#include <algorithm>
#include <string_view>

#include "gristmill/params.h"
#include "gristmill/task.h"

namespace gristmill::stream {
namespace {

constexpr std::uint64_t kKeyFieldsMax = 1'000;

// As they are given.
struct Texts {
  std::string mapper, combiner, reducer;
  std::string separator = "\\t";
  std::string reducer_separator;
  std::uint64_t key_fields = 1;
  std::string sort, partition;

  Params Declare() {
    Params params;
    params.Add("mapper", &mapper, "the command that reads lines of input and writes pairs");
    params.Add("reducer", &reducer,
               "the command that reads pairs in the order of their keys; without it the mapper's "
               "output is the result");
    params.Add("combiner", &combiner,
               "a command that shortens what a map task wrote, as the reducer would");
    params.Add("separator", &separator,
               "the character between key and value, and between fields of the key");
    params.Add("key_fields", &key_fields, "how many fields of a line are its key");
    params.Add("sort", &sort, "the order of the keys, as for sort(1): -k1,1 -k2,2nr");
    params.Add("partition", &partition,
               "the part of the key that decides the partition, said like 'sort'");
    params.Add("reducer_separator", &reducer_separator,
               "the character between key and value that the reducer reads, if another one");
    return params;
  }
};

[[noreturn]] void Refuse(const std::string& sentence) { throw TaskError(sentence); }

char ParseSeparator(const std::string& name, const std::string& text) {
  if (text == "\\t") return '\t';
  if (text == "\\0") return '\0';
  if (text.size() == 1 && text[0] != '\n') return text[0];
  Refuse("parameter '" + name + "' of job 'stream' must be one character of one byte, not '" +
         text + "'; write \\t for a tab");
}

void CheckCommandText(const std::string& name, const std::string& command) {
  if (command.find('\0') == command.npos) return;
  Refuse("the " + name + " holds a zero byte, which no command can have; leave it out");
}

void CheckEnvironmentName(std::string_view name) {
  if (!name.empty() && name.find('=') == name.npos && name.find('\0') == name.npos) return;
  Refuse("'" + std::string(name) + "' can't be the name of a variable; write it as NAME=VALUE");
}

// What needs a reducer is refused without one, so that nobody waits for an order that never comes.
void CheckUse(const Texts& texts) {
  if (texts.mapper.empty()) {
    Refuse("job 'stream' needs parameter 'mapper', the command to run: --mapper COMMAND");
  }
  if (!texts.reducer.empty()) return;
  const std::pair<const char*, bool> uses[] = {
      {"combiner", !texts.combiner.empty()},
      {"sort", !texts.sort.empty()},
      {"partition", !texts.partition.empty()},
      {"key_fields", texts.key_fields > 1},
      {"reducer_separator", !texts.reducer_separator.empty()}};
  for (const auto& [name, used] : uses) {
    if (!used) continue;
    Refuse("without a reducer nothing is sorted or grouped, so '" + std::string(name) +
           "' would do nothing; add --reducer COMMAND, or --reducer cat to get the pairs as they "
           "are");
  }
}

// The other fields of a line are its value, which no order sees.
std::vector<KeyPart> ParseParts(const std::string& name, const std::string& text,
                                std::uint64_t key_fields) {
  const std::vector<KeyPart> parts = ParseKeyParts("parameter '" + name + "'", text);
  for (const KeyPart& part : parts) {
    const std::uint64_t last = std::max(part.first_field, part.last_field);
    if (last > key_fields) {
      Refuse("parameter '" + name + "' of job 'stream' is '" + text +
             "', but the key has no field " + std::to_string(last) + "; add --key-fields " +
             std::to_string(last) + ", or name a part of the key");
    }
    const bool ends_before =
        part.last_field != 0 && (part.last_field < part.first_field ||
                                 (part.last_field == part.first_field && part.last_byte != 0 &&
                                  part.last_byte < part.first_byte));
    if (ends_before) {
      Refuse("parameter '" + name + "' of job 'stream' is '" + text +
             "', of which a part ends before it begins; write it as FIRST,LAST");
    }
  }
  return parts;
}

}  // namespace

StreamParams StreamParams::Parse(const ParamMap& values) {
  StreamParams parsed;
  ParamMap declared;
  for (const auto& [name, value] : values) {
    if (!name.starts_with(kEnvironmentPrefix)) {
      declared[name] = value;
      continue;
    }
    const std::string variable = name.substr(std::string_view(kEnvironmentPrefix).size());
    CheckEnvironmentName(variable);
    parsed.environment.push_back(variable + "=" + value);
  }
  Texts texts;
  const std::string problem = texts.Declare().Bind(kJobName, declared);
  if (!problem.empty()) Refuse(problem);
  CheckUse(texts);
  CheckCommandText("mapper", parsed.mapper = texts.mapper);
  CheckCommandText("combiner", parsed.combiner = texts.combiner);
  CheckCommandText("reducer", parsed.reducer = texts.reducer);
  parsed.separator = ParseSeparator("separator", texts.separator);
  parsed.reducer_separator = texts.reducer_separator.empty()
                                 ? parsed.separator
                                 : ParseSeparator("reducer_separator", texts.reducer_separator);
  if (texts.key_fields == 0 || texts.key_fields > kKeyFieldsMax) {
    Refuse("parameter 'key_fields' of job 'stream' must be from 1 to " +
           std::to_string(kKeyFieldsMax) + ", not " + std::to_string(texts.key_fields));
  }
  parsed.key_fields = static_cast<std::uint32_t>(texts.key_fields);
  parsed.order = ParseParts("sort", texts.sort, texts.key_fields);
  parsed.partition = ParseParts("partition", texts.partition, texts.key_fields);
  return parsed;
}

std::vector<ParamInfo> StreamParams::Infos() {
  Texts texts;
  std::vector<ParamInfo> infos = texts.Declare().infos();
  infos.push_back({std::string(kEnvironmentPrefix) + "NAME", "string", "",
                   "a variable for the environment of the commands"});
  return infos;
}

}  // namespace gristmill::stream
