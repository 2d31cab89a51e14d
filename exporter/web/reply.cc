// The body is handed to libevent by reference, so a page of ten megabytes is not copied once more.
#include "exporter/web/reply.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>

#include <algorithm>
#include <memory>

#include "exporter/web/accept.h"
#include "exporter/web/gzip.h"
#include "exporter/web/status.h"

namespace exporter {
namespace {

bool has(const HeaderList& headers, std::string_view name) {
  return std::ranges::any_of(headers,
                             [&](const auto& h) { return equals_ignoring_case(h.first, name); });
}

void add_unless_set(WebResponse& response, std::string_view name, std::string_view value) {
  if (!has(response.headers, name)) response.headers.emplace_back(name, value);
}

// A value with a line break would let its author write headers of their own.
bool safe(const std::string& text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
}

void release_body(const void*, size_t, void* body) { delete static_cast<std::string*>(body); }

}  // namespace

void compress(WebResponse& response, bool client_accepts_gzip) {
  if (response.body.size() < kMinGzipBytes || has(response.headers, "Content-Encoding")) return;
  add_unless_set(response, "Vary", "Accept-Encoding");
  if (!client_accepts_gzip) return;
  std::string packed = gzip(response.body);
  if (packed.empty() || packed.size() >= response.body.size()) return;
  response.body = std::move(packed);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

void add_standard_headers(WebResponse& response, const HeaderList& configured) {
  for (const auto& [name, value] : configured) add_unless_set(response, name, value);
  add_unless_set(response, "X-Content-Type-Options", "nosniff");
  add_unless_set(response, "Referrer-Policy", "no-referrer");
  if (!response.content_type.starts_with("text/html")) return;
  add_unless_set(response, "Content-Security-Policy",
                 "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
                 "base-uri 'none'; frame-ancestors 'none'");
  add_unless_set(response, "X-Frame-Options", "deny");
}

void send_reply(evhttp_request* request, WebResponse response, bool head, bool close) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  const auto add = [&](const std::string& name, const std::string& value) {
    if (safe(name) && safe(value)) evhttp_add_header(headers, name.c_str(), value.c_str());
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) add("Content-Length", std::to_string(response.body.size()));
  if (close) add("Connection", "close");

  const int status = response.status;
  const std::string phrase(reason_phrase(status));
  evbuffer* out = nullptr;
  if (!head && !bodiless && !response.body.empty()) {
    out = evbuffer_new();
    auto body = std::make_unique<std::string>(std::move(response.body));
    if (out != nullptr &&
        evbuffer_add_reference(out, body->data(), body->size(), release_body, body.get()) == 0) {
      [[maybe_unused]] auto* given = body.release();
    }
  }
  evhttp_send_reply(request, status, phrase.c_str(), out);
  if (out != nullptr) evbuffer_free(out);
}

}  // namespace exporter
