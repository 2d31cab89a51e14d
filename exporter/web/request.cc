// Paths are decoded once and only here, so that a route can never be reached by two spellings that
// different layers read differently.
#include "exporter/web/request.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>

#include <algorithm>

#include "exporter/web/accept.h"

namespace exporter {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view method_name(evhttp_cmd_type type) {
  switch (type) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    case EVHTTP_REQ_POST:
      return "POST";
    case EVHTTP_REQ_PUT:
      return "PUT";
    case EVHTTP_REQ_DELETE:
      return "DELETE";
    case EVHTTP_REQ_OPTIONS:
      return "OPTIONS";
    case EVHTTP_REQ_TRACE:
      return "TRACE";
    case EVHTTP_REQ_PATCH:
      return "PATCH";
    default:
      return "CONNECT";
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

std::map<std::string, std::string> read_headers(evhttp_request* request) {
  std::map<std::string, std::string> headers;
  const evkeyvalq* list = evhttp_request_get_input_headers(request);
  for (const evkeyval* entry = list->tqh_first; entry != nullptr; entry = entry->next.tqe_next) {
    const std::string name = lower(entry->key);
    if (name == "authorization") continue;
    auto [at, fresh] = headers.try_emplace(name, entry->value);
    if (!fresh) at->second.append(", ").append(entry->value);
  }
  return headers;
}

// "http://host/path?query" and "/path?query" both give "/path?query".
std::string_view without_authority(std::string_view target) {
  const auto scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const auto path = target.find_first_of("/?#", scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

std::string read_body(evhttp_request* request) {
  evbuffer* input = evhttp_request_get_input_buffer(request);
  std::string body(evbuffer_get_length(input), '\0');
  evbuffer_copyout(input, body.data(), body.size());
  return body;
}

}  // namespace

std::optional<std::string> decode_url(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out.push_back(' ');
      continue;
    }
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::multimap<std::string, std::string> parse_query(std::string_view text) {
  std::multimap<std::string, std::string> fields;
  while (!text.empty() && fields.size() < kMaxQueryFields) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = std::min(field.find('='), field.size());
    auto name = decode_url(field.substr(0, equals), true);
    auto value = decode_url(field.substr(std::min(equals + 1, field.size())), true);
    if (name && value && !name->empty()) fields.emplace(std::move(*name), std::move(*value));
  }
  return fields;
}

std::string_view request_header(evhttp_request* request, const char* name) {
  const char* value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<WebRequest> read_request(evhttp_request* request) {
  std::string_view target = without_authority(evhttp_request_get_uri(request));
  target = target.substr(0, target.find('#'));
  const auto question = std::min(target.find('?'), target.size());
  auto path = decode_url(target.substr(0, question), false);
  if (!path) return std::nullopt;

  WebRequest out;
  out.path = path->empty() ? "/" : std::move(*path);
  out.method = method_name(evhttp_request_get_command(request));
  out.query = parse_query(target.substr(std::min(question + 1, target.size())));
  out.headers = read_headers(request);
  out.body = read_body(request);
  char* address = nullptr;
  ev_uint16_t port = 0;
  evhttp_connection_get_peer(evhttp_request_get_connection(request), &address, &port);
  if (address != nullptr) out.remote = address;

  const AcceptItem none;
  const auto type = parse_accept(request_header(request, "Content-Type"));
  const AcceptItem& first = type.empty() ? none : type.front();
  if (equals_ignoring_case(first.value, "application/x-www-form-urlencoded")) {
    out.query.merge(parse_query(out.body));
  }
  return out;
}

}  // namespace exporter
