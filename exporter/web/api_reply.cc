// One table says how each kind of error is called and which status it has.
#include "exporter/web/api_reply.h"

#include <fmt/format.h>

#include "exporter/web/api_json.h"
#include "rules/promql/quote.h"

namespace exporter::api {
namespace {

// A query may find something to say about each of a thousand series; the first ten will do.
constexpr std::size_t kMaxAnnotations = 10;

struct KindName {
  ErrorKind kind;
  std::string_view name;
  int status;
};
constexpr KindName kKinds[] = {
    {ErrorKind::bad_data, "bad_data", 400},   {ErrorKind::execution, "execution", 422},
    {ErrorKind::timeout, "timeout", 503},     {ErrorKind::canceled, "canceled", 503},
    {ErrorKind::not_found, "not_found", 404}, {ErrorKind::unavailable, "unavailable", 503},
};

void append_annotations(std::string& out, std::string_view kind, std::string_view one,
                        std::vector<std::string> texts) {
  if (texts.empty()) return;
  if (texts.size() > kMaxAnnotations) {
    const std::size_t omitted = texts.size() - kMaxAnnotations;
    texts.resize(kMaxAnnotations);
    texts.push_back(fmt::format("{} more {} annotations omitted", omitted, one));
  }
  out += fmt::format(",\"{}\":", kind);
  append_list(out, texts);
}

WebResponse json(int status, std::string body) {
  WebResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

WebResponse reply_error(const Error& error) {
  KindName found = kKinds[0];
  for (const KindName& kind : kKinds) {
    if (kind.kind == error.kind) found = kind;
  }
  std::string body = fmt::format(R"({{"status":"error","errorType":"{}","error":)", found.name);
  append_escaped(body, error.text);
  body.push_back('}');
  return json(found.status, std::move(body));
}

}  // namespace

std::unexpected<Error> bad_parameter(std::string_view name, std::string_view why) {
  return bad_data(fmt::format("invalid parameter {}: {}", rules::quote(name), why));
}

std::unexpected<Error> bad_data(std::string text) {
  return std::unexpected(Error{ErrorKind::bad_data, std::move(text)});
}

std::unexpected<Error> no_series() {
  return std::unexpected(
      Error{ErrorKind::unavailable, "no series are kept here yet; try again shortly"});
}

void append_list(std::string& out, const std::vector<std::string>& texts) {
  out.push_back('[');
  for (const std::string& text : texts) {
    if (&text != &texts.front()) out.push_back(',');
    append_escaped(out, text);
  }
  out.push_back(']');
}

WebResponse reply(Answer answer) {
  if (!answer) return reply_error(answer.error());
  std::string body = std::move(answer->body);
  append_annotations(body, "warnings", "warning", std::move(answer->warnings));
  append_annotations(body, "infos", "info", std::move(answer->infos));
  body.push_back('}');
  return json(200, std::move(body));
}

}  // namespace exporter::api
