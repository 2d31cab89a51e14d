#include "exporter/ticket/event_csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "exporter/ticket/event_fields.h"
#include "exporter/ticket/event_json.h"

namespace exporter {
namespace {

constexpr char kQuote = '"';

// One value and the comma behind it; false when the record has ended.
struct Value {
  std::string text;
  bool more = false;
};

std::expected<Value, std::string> take_quoted(std::string_view& rest) {
  Value value;
  rest.remove_prefix(1);
  while (true) {
    const std::size_t quote = rest.find(kQuote);
    if (quote == std::string_view::npos) return std::unexpected("a quote is never closed");
    value.text.append(rest.substr(0, quote));
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with(kQuote)) break;
    value.text += kQuote;  // doubled: one of the text
    rest.remove_prefix(1);
  }
  value.more = rest.starts_with(',');
  if (!rest.empty() && !value.more) {
    return std::unexpected("text behind a closing quote; double a quote that belongs to the text");
  }
  if (value.more) rest.remove_prefix(1);
  return value;
}

std::expected<Value, std::string> take_value(std::string_view& rest) {
  if (rest.starts_with(kQuote)) return take_quoted(rest);
  const std::size_t comma = rest.find(',');
  const std::string_view text = rest.substr(0, comma);
  if (text.contains(kQuote)) {
    return std::unexpected("a quote inside a value; put the whole value in quotes and double it");
  }
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return Value{std::string(text), comma != std::string_view::npos};
}

std::string quoted(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string result(1, kQuote);
  for (const char letter : text) result.append(letter == kQuote ? 2 : 1, letter);
  return result += kQuote;
}

}  // namespace

std::optional<std::string_view> take_csv_record(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  bool inside_quotes = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == kQuote) inside_quotes = !inside_quotes;
    if (rest[end] == '\n' && !inside_quotes) break;
  }
  std::string_view record = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

std::expected<std::vector<std::string>, std::string> csv_values(std::string_view record) {
  std::vector<std::string> values;
  for (bool more = true; more;) {
    auto value = take_value(record);
    if (!value) return std::unexpected(value.error());
    values.push_back(std::move(value->text));
    more = value->more;
  }
  return values;
}

std::expected<EventCsv, std::string> EventCsv::open(std::string_view header) {
  auto names = csv_values(header);
  if (!names) return std::unexpected("the header line: " + names.error());
  for (const std::string& name : *names) {
    if (has_event_field(name)) continue;
    return std::unexpected(
        fmt::format("the header line names \"{}\", which is no field; it names "
                    "some of {}",
                    name.substr(0, kLongestEventWord), fmt::join(written_event_fields(), ",")));
  }
  EventCsv csv;
  csv.names_ = *std::move(names);
  return csv;
}

std::expected<TicketEvent, std::string> EventCsv::parse(std::string_view record) const {
  if (record.size() > kLongestEventLine) {
    return std::unexpected(fmt::format("the event has {} bytes; at most {} are taken",
                                       record.size(), kLongestEventLine));
  }
  const auto values = csv_values(record);
  if (!values) return std::unexpected(values.error());
  if (values->size() != names_.size()) {
    return std::unexpected(
        fmt::format("{} values under a header of {}", values->size(), names_.size()));
  }
  EventBuilder builder;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if ((*values)[i].empty()) continue;
    if (auto put = builder.put_written(names_[i], (*values)[i]); !put) {
      return std::unexpected(put.error());
    }
  }
  return builder.finish();
}

std::string event_csv_header() { return fmt::format("{}", fmt::join(written_event_fields(), ",")); }

std::string event_csv(const TicketEvent& event) {
  std::string record;
  for (std::string_view name : written_event_fields()) {
    if (name != written_event_fields().front()) record += ',';
    record += quoted(event_field(event, name));
  }
  return record;
}

}  // namespace exporter
