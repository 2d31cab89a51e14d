#include "probes/dialog.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "probes/regexps.h"

namespace probes {
namespace {

constexpr std::size_t kMaxExcerptBytes = 120;

// What a peer said, fit for a message: printable and short.
std::string excerpt(std::string_view text) {
  std::string shown;
  for (const unsigned char c : text.substr(0, kMaxExcerptBytes)) {
    if (c >= 0x20 && c < 0x7f) {
      shown += static_cast<char>(c);
    } else {
      fmt::format_to(std::back_inserter(shown), "\\x{:02x}", c);
    }
  }
  return text.size() > kMaxExcerptBytes ? shown + "..." : shown;
}

struct Match {
  std::string line;
  std::vector<std::string_view> captures;  // into `line`
};

bool match_line(const re2::RE2& regexp, Match& match) {
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regexp.NumberOfCapturingGroups()) +
                                       1);
  if (!regexp.Match(match.line, 0, match.line.size(), re2::RE2::UNANCHORED, groups.data(),
                    static_cast<int>(groups.size())))
    return false;
  match.captures.clear();
  for (const re2::StringPiece& group : groups)
    match.captures.emplace_back(group.data(), group.size());
  return true;
}

Error no_match(const std::string& pattern, const std::string& last_line, const Error& cause) {
  std::string message = fmt::format("no line matched \"{}\": {}", pattern, cause.message);
  if (!last_line.empty()) message += fmt::format("; the last line was \"{}\"", excerpt(last_line));
  return {cause.reason, std::move(message)};
}

// Reads lines until one matches. The match is moved into `match`, which outlives the task.
Task<Result<void>> expect_line(LineReader& reader, std::string pattern, TimePoint deadline,
                               DialogFacts& facts, Match& match) {
  const auto regexp = compiled(pattern);
  std::string last_line;
  while (true) {
    Result<std::optional<std::string>> line = co_await reader.read_line(deadline);
    if (!line) co_return std::unexpected(no_match(pattern, last_line, line.error()));
    if (!line->has_value()) break;
    match.line = std::move(**line);
    if (match_line(*regexp, match)) co_return Result<void>();
    last_line = std::move(match.line);
  }
  facts.failed_by_regex = true;
  const Error closed{Reason::protocol, "the peer closed the connection"};
  co_return std::unexpected(no_match(pattern, last_line, closed));
}

Task<Result<void>> expect_bytes(LineReader& reader, std::string wanted, TimePoint deadline,
                                DialogFacts& facts) {
  const std::size_t size = wanted.size();
  Result<std::string> got = co_await reader.read_exactly(size, deadline);
  if (!got) co_return std::unexpected(got.error());
  if (*got == wanted) co_return Result<void>();
  facts.failed_by_bytes = true;
  co_return std::unexpected(Error{
      Reason::protocol,
      fmt::format("expected the bytes \"{}\" and got \"{}\"", excerpt(wanted), excerpt(*got))});
}

void note_labels(const QueryResponse& step, const re2::RE2& regexp, const Match& match,
                 DialogFacts& facts) {
  if (step.labels.empty()) return;
  Measurement info{"probe_expect_info", {}, 1};
  for (const auto& [name, value] : step.labels)
    info.labels.emplace_back(name, expand_captures(value, regexp, match.captures));
  facts.expect_info.push_back(std::move(info));
}

// Bytes the peer sent before the handshake would be read as if they had come under TLS.
Task<Result<void>> go_on_under_tls(Stream& stream, LineReader& reader, TlsOptions options,
                                   std::string host, TimePoint deadline) {
  if (reader.has_buffered())
    co_return std::unexpected(
        Error{Reason::protocol, "the peer sent data in the clear before the TLS handshake"});
  co_return co_await stream.start_tls(std::move(options), std::move(host), deadline);
}

bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string_view capture_named(std::string_view name, const re2::RE2& regexp,
                               const std::vector<std::string_view>& captures) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size()) {
    const auto& groups = regexp.NamedCapturingGroups();
    const auto group = groups.find(std::string(name));
    if (group == groups.end()) return "";
    index = static_cast<std::size_t>(group->second);
  }
  return index < captures.size() ? captures[index] : std::string_view();
}

// The name after a dollar and what it takes of the form; empty when there is none.
struct Reference {
  std::string_view name;
  std::size_t size = 0;
};

Reference read_reference(std::string_view rest) {
  const bool braced = rest.starts_with('{');
  std::string_view name = braced ? rest.substr(1) : rest;
  name = name.substr(
      0, static_cast<std::size_t>(std::ranges::find_if_not(name, is_name_byte) - name.begin()));
  if (name.empty()) return {};
  if (!braced) return {name, name.size()};
  const bool closed = rest.size() > name.size() + 1 && rest[name.size() + 1] == '}';
  return closed ? Reference{name, name.size() + 2} : Reference{};
}

}  // namespace

Task<Result<bool>> LineReader::read_more(TimePoint deadline) {
  Result<std::string> some = co_await stream_.read_some(kMaxLineBytes, deadline);
  if (!some) co_return std::unexpected(some.error());
  received_ += some->size();
  if (received_ > kMaxDialogBytes)
    co_return std::unexpected(
        Error{Reason::size, fmt::format("the peer sent more than {} bytes", kMaxDialogBytes)});
  buffer_ += *some;
  co_return !some->empty();
}

Task<Result<std::optional<std::string>>> LineReader::read_line(TimePoint deadline) {
  std::size_t end = buffer_.find('\n', searched_);
  while (end == std::string::npos) {
    if (buffer_.size() > kMaxLineBytes)
      co_return std::unexpected(Error{
          Reason::size, fmt::format("the peer sent a line of more than {} bytes", kMaxLineBytes)});
    searched_ = buffer_.size();
    Result<bool> more = co_await read_more(deadline);
    if (!more) co_return std::unexpected(more.error());
    if (!*more && buffer_.empty()) co_return std::nullopt;
    end = *more ? buffer_.find('\n', searched_) : buffer_.size();
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  searched_ = 0;
  if (line.ends_with('\r')) line.pop_back();
  co_return line;
}

Task<Result<std::string>> LineReader::read_exactly(std::size_t size, TimePoint deadline) {
  while (buffer_.size() < size) {
    Result<bool> more = co_await read_more(deadline);
    if (!more) co_return std::unexpected(more.error());
    if (!*more) break;
  }
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  searched_ = 0;
  co_return bytes;
}

Task<Result<void>> run_dialog(Stream& stream, std::shared_ptr<const Module> module,
                              std::string host, TimePoint deadline, DialogFacts& facts) {
  const TcpModule& tcp = std::get<TcpModule>(module->spec);
  LineReader reader(stream);
  for (const QueryResponse& step : tcp.query_response) {
    std::string to_send = step.send;
    if (!step.expect.empty()) {
      Match match;
      Result<void> matched = co_await expect_line(reader, step.expect, deadline, facts, match);
      if (!matched) co_return matched;
      const auto regexp = compiled(step.expect);
      to_send = expand_captures(step.send, *regexp, match.captures);
      note_labels(step, *regexp, match, facts);
    }
    if (!step.expect_bytes.empty()) {
      Result<void> matched = co_await expect_bytes(reader, step.expect_bytes, deadline, facts);
      if (!matched) co_return matched;
    }
    if (!to_send.empty()) {
      to_send += '\n';
      Result<void> sent = co_await stream.write_all(std::move(to_send), deadline);
      if (!sent) co_return sent;
    }
    if (!step.starttls) continue;
    Result<void> secured =
        co_await go_on_under_tls(stream, reader, tcp.tls_options, host, deadline);
    if (!secured) co_return secured;
  }
  co_return Result<void>();
}

std::string expand_captures(std::string_view form, const re2::RE2& regexp,
                            const std::vector<std::string_view>& captures) {
  std::string result;
  while (!form.empty()) {
    const std::size_t dollar = form.find('$');
    result += form.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    form.remove_prefix(dollar + 1);
    if (form.starts_with('$')) {
      result += '$';
      form.remove_prefix(1);
      continue;
    }
    const Reference reference = read_reference(form);
    // A dollar that names nothing stands for itself.
    if (reference.name.empty()) {
      result += '$';
      continue;
    }
    result += capture_named(reference.name, regexp, captures);
    form.remove_prefix(reference.size);
  }
  return result;
}

}  // namespace probes
