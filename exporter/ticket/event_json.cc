// Reads the object as a stream, so that a hostile line builds nothing: the first thing that does
// not belong there ends it.
#include "exporter/ticket/event_json.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "exporter/ticket/event_fields.h"

namespace exporter {
namespace {

using Json = nlohmann::json;

// What nlohmann's reader calls; false stops it.
class FieldReader {
 public:
  bool null() { return wrong("null"); }
  bool boolean(bool flag) { return put(&EventBuilder::put_flag, flag); }
  bool number_integer(Json::number_integer_t number) {
    return put(&EventBuilder::put_number, number);
  }
  bool number_unsigned(Json::number_unsigned_t number) {
    if (!std::in_range<std::int64_t>(number)) return wrong("a number of this size");
    return put(&EventBuilder::put_number, static_cast<std::int64_t>(number));
  }
  bool number_float(Json::number_float_t /*number*/, const Json::string_t& /*text*/) {
    return wrong("a number with a fraction");
  }
  bool string(Json::string_t& text) { return put(&EventBuilder::put_text, std::string_view(text)); }
  bool binary(Json::binary_t& /*bytes*/) { return wrong("bytes"); }
  bool start_object(std::size_t /*elements*/) {
    if (inside_) return wrong("an object");
    inside_ = true;
    return true;
  }
  bool key(Json::string_t& name) {
    key_ = name;
    if (has_event_field(key_)) return true;
    return kept(builder_.put_text(key_, {}));
  }
  bool end_object() { return true; }
  bool start_array(std::size_t /*elements*/) { return wrong("a list"); }
  bool end_array() { return true; }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) {
    error_ = fmt::format("no JSON: it breaks off at byte {}", position);
    return false;
  }

  std::expected<TicketEvent, std::string> finish() {
    if (!error_.empty()) return std::unexpected(error_);
    return builder_.finish();
  }

 private:
  template <class Value>
  bool put(FieldResult (EventBuilder::*into)(std::string_view, Value), Value value) {
    if (!inside_) return wrong("a value alone");
    return kept((builder_.*into)(key_, value));
  }
  bool kept(const FieldResult& result) {
    if (!result) error_ = result.error();
    return result.has_value();
  }
  bool wrong(std::string_view what) {
    error_ = inside_ ? fmt::format("\"{}\" must not be {}", key_, what)
                     : fmt::format("an event is a JSON object, not {}", what);
    return false;
  }

  EventBuilder builder_;
  bool inside_ = false;
  std::string key_, error_;
};

}  // namespace

std::expected<TicketEvent, std::string> parse_event_json(std::string_view line) {
  if (line.size() > kLongestEventLine) {
    return std::unexpected(fmt::format("the event has {} bytes; at most {} are taken", line.size(),
                                       kLongestEventLine));
  }
  FieldReader reader;
  Json::sax_parse(line, &reader);
  return reader.finish();
}

std::string event_json(const TicketEvent& event) {
  nlohmann::ordered_json object;
  for (std::string_view name : written_event_fields()) {
    if (name == "seq") {
      object["seq"] = event.seq;
      continue;
    }
    std::string text = event_field(event, name);
    if (!text.empty()) object[std::string(name)] = std::move(text);
  }
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace exporter
