// One line at a time; a block goes on until an empty line, and a comment is an empty line.
#include "rules/promqltest/script.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "rules/promql/number.h"
#include "rules/promql/quote.h"

namespace rules::promqltest {
namespace {

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    lines.emplace_back(line.starts_with('#') ? std::string_view() : line);
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

bool begins_with_word(std::string_view line, std::string_view word) {
  if (line.size() < word.size()) return false;
  for (std::size_t at = 0; at < word.size(); ++at)
    if ((line[at] | 0x20) != word[at]) return false;
  return line.size() == word.size() || line[word.size()] == ' ' || line[word.size()] == '\t' ||
         line[word.size()] == '_';
}

std::optional<Range> range_of(const std::string& from, const std::string& to,
                              const std::string& step) {
  const auto start = parse_duration(from), end = parse_duration(to), every = parse_duration(step);
  if (!start || !end || !every || *end < *start || *every <= 0) return std::nullopt;
  return Range{*start, *end, *every};
}

class ScriptParser {
 public:
  explicit ScriptParser(std::string_view text) : lines_(lines_of(text)) {}

  std::expected<std::vector<Command>, ScriptError> run() {
    std::vector<Command> commands;
    while (next_ < lines_.size() && !error_) {
      const std::string& line = lines_[next_];
      if (line.empty()) {
        ++next_;
      } else if (begins_with_word(line, "clear")) {
        commands.emplace_back(ClearCommand{});
        ++next_;
      } else if (begins_with_word(line, "load")) {
        commands.emplace_back(load());
      } else if (begins_with_word(line, "eval")) {
        commands.emplace_back(eval());
      } else {
        fail("invalid command: " + line);
      }
    }
    if (error_) return std::unexpected(*error_);
    return commands;
  }

 private:
  void fail(std::string message) {
    if (!error_) error_ = ScriptError{next_ + 1, std::move(message)};
  }

  LoadCommand load() {
    static const re2::RE2 kLoad(R"((?i:load)(_with_nhcb)?\s+(\S+))");
    LoadCommand command;
    std::string with_histograms, step;
    if (!re2::RE2::FullMatch(lines_[next_], kLoad, &with_histograms, &step)) {
      fail("invalid load command: load <step>");
      return command;
    }
    if (!with_histograms.empty()) fail("native histograms are not supported");
    const auto duration = parse_duration(step);
    if (!duration) fail("invalid step definition " + quote(step));
    command.step = duration.value_or(1);
    for (++next_; next_ < lines_.size() && !lines_[next_].empty() && !error_; ++next_)
      load_series(command);
    return command;
  }

  void load_series(LoadCommand& command) {
    if (lines_[next_].find("@st ") != std::string::npos)
      return fail("start timestamps are not supported");
    auto series = parse_series_line(lines_[next_]);
    if (!series) return fail(series.error());
    // The same series again in a block replaces the one before.
    std::erase_if(command.series,
                  [&](const SeriesLine& other) { return other.labels == series->labels; });
    command.series.push_back(*std::move(series));
  }

  EvalCommand eval() {
    static const re2::RE2 kInstant(
        R"((?i:eval)(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+))?\s+(.+))");
    static const re2::RE2 kRange(
        R"((?i:eval)(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+))");
    EvalCommand command{.line = next_ + 1};
    const std::string& line = lines_[next_];
    std::string kind, at, from, to, step;
    if (re2::RE2::FullMatch(line, kInstant, &kind, &at, &command.query)) {
      const auto time = parse_duration(at);
      if (!time) fail("invalid timestamp definition " + quote(at));
      command.at = time.value_or(0);
    } else if (re2::RE2::FullMatch(line, kRange, &kind, &from, &to, &step, &command.query)) {
      command.range = range_of(from, to, step);
      if (!command.range) fail("invalid range: from <time> to <time> step <duration>");
    } else {
      fail(
          "invalid evaluation command: eval instant at <time> <query> or "
          "eval range from <time> to <time> step <duration> <query>");
    }
    if (kind == "fail") command.fail = Expectation{};
    if (kind == "warn") command.warnings.emplace_back();
    if (kind == "info") command.infos.emplace_back();
    if (kind == "ordered") command.ordered = true;
    for (++next_; next_ < lines_.size() && !lines_[next_].empty() && !error_; ++next_) {
      if (!expected_line(command, lines_[next_])) break;
    }
    return command;
  }

  // False after a bare number, which ends the block.
  bool expected_line(EvalCommand& command, const std::string& line) {
    if (begins_with_word(line, "expect") || line.starts_with("expected_fail_")) {
      expectation(command, line);
      return true;
    }
    if (const auto number = parse_number(line)) {
      command.scalar = number;
      ++next_;
      return false;
    }
    auto series = parse_series_line(line);
    if (!series) {
      fail(series.error());
    } else {
      if (series->values.empty()) series->values.emplace_back(0);
      command.series.push_back(*std::move(series));
    }
    return true;
  }

  void expectation(EvalCommand& command, const std::string& line) {
    static const re2::RE2 kText(R"(expect\s+string\s+(.+))");
    static const re2::RE2 kVector(
        R"(expect\s+range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+))");
    static const re2::RE2 kOld(R"(expected_fail_(message|regexp)\s+(.+))");
    static const re2::RE2 kKind(
        R"(expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?)");
    std::string kind, form, text, step;
    if (re2::RE2::FullMatch(line, kText, &text)) {
      command.text = unquote(text);
      if (!command.text) fail("expected string is not well formed: " + text);
    } else if (re2::RE2::FullMatch(line, kVector, &kind, &form, &step)) {
      command.range_vector = range_of(kind, form, step);
      if (!command.range_vector || command.range)
        fail("invalid range vector definition " + quote(line));
    } else if (re2::RE2::FullMatch(line, kOld, &form, &text)) {
      command.fail = expected(form == "regexp" ? "regex" : "msg", text);
    } else if (re2::RE2::FullMatch(line, kKind, &kind, &form, &text)) {
      expected_kind(command, kind, expected(form, text));
    } else {
      fail("invalid expect statement, must match `expect <type> <match_type>: <string>` format");
    }
  }

  Expectation expected(const std::string& form, std::string_view text) {
    Expectation expectation;
    if (form == "msg") expectation.message = std::string(trimmed(text));
    if (form == "regex") {
      expectation.regex = std::string(trimmed(text));
      if (!re2::RE2(*expectation.regex, re2::RE2::Quiet).ok())
        fail("invalid regex " + *expectation.regex);
    }
    return expectation;
  }

  void expected_kind(EvalCommand& command, const std::string& kind, Expectation expectation) {
    if (kind == "fail" && command.fail) fail("multiple expect fail lines are not allowed");
    if (kind == "fail")
      command.fail = std::move(expectation);
    else if (kind == "warn")
      command.warnings.push_back(std::move(expectation));
    else if (kind == "info")
      command.infos.push_back(std::move(expectation));
    command.ordered |= kind == "ordered";
    command.no_warnings |= kind == "no_warn";
    command.no_infos |= kind == "no_info";
    if (command.no_warnings && !command.warnings.empty())
      fail("invalid expect lines, warn and no_warn cannot be used together");
    if (command.no_infos && !command.infos.empty())
      fail("invalid expect lines, info and no_info cannot be used together");
  }

  std::vector<std::string> lines_;
  std::size_t next_ = 0;
  std::optional<ScriptError> error_;
};

}  // namespace

bool Expectation::met_by(std::string_view text) const {
  if (message) return text == *message;
  if (regex)
    return re2::RE2::PartialMatch({text.data(), text.size()}, re2::RE2(*regex, re2::RE2::Quiet));
  return true;
}

std::expected<std::vector<Command>, ScriptError> parse_script(std::string_view text) {
  return ScriptParser(text).run();
}

}  // namespace rules::promqltest
