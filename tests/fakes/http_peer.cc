#include "tests/fakes/http_peer.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

namespace fakes {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

struct Http2Server {
  int status;
  const std::vector<std::pair<std::string, std::string>>& headers;
  const std::string& body;
  std::size_t sent = 0;
};

nghttp2_nv pair(const std::string& name, const std::string& value) {
  auto octets = [](const std::string& text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room,
                  std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& server = *static_cast<Http2Server*>(source->ptr);
  const std::size_t count = std::min(room, server.body.size() - server.sent);
  std::memcpy(out, server.body.data() + server.sent, count);
  server.sent += count;
  if (server.sent == server.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  auto& server = *static_cast<Http2Server*>(user);
  const std::string status = std::to_string(server.status);
  const std::string status_name = ":status";
  std::vector<nghttp2_nv> pairs = {pair(status_name, status)};
  for (const auto& [name, value] : server.headers) pairs.push_back(pair(name, value));
  nghttp2_data_provider body{};
  body.source.ptr = &server;
  body.read_callback = read_body;
  return nghttp2_submit_response(session, frame->hd.stream_id, pairs.data(), pairs.size(),
                                 server.body.empty() ? nullptr : &body);
}

bool send_pending(nghttp2_session* session, Connection& connection) {
  const std::uint8_t* bytes = nullptr;
  ssize_t size = 0;
  while ((size = nghttp2_session_mem_send(session, &bytes)) > 0)
    if (!connection.send({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)}))
      return false;
  return size == 0;
}

}  // namespace

std::string PeerRequest::header(const std::string& name) const {
  for (const auto& [known, value] : headers)
    if (known == name) return value;
  return "";
}

PeerRequest read_request(Connection& connection) {
  PeerRequest request;
  const std::string first = connection.read_line();
  const std::size_t space = first.find(' ');
  if (space == std::string::npos) return request;
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  std::size_t length = 0;
  while (true) {
    const std::string line = connection.read_line();
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) break;
    request.headers.emplace_back(lower(line.substr(0, colon)), line.substr(colon + 2));
    if (request.headers.back().first == "content-length")
      length = std::stoul(request.headers.back().second);
  }
  // Test bodies are single lines, so that the connection's line buffer can hold them.
  if (length > 0) request.body = connection.read_line();
  return request;
}

std::string answer(int status, const std::string& body, const std::string& headers) {
  return fmt::format("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                     headers, body);
}

void serve_http2(Connection& connection, int status,
                 const std::vector<std::pair<std::string, std::string>>& headers,
                 const std::string& body) {
  Http2Server server{status, headers, body};
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new(&session, callbacks, &server);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  while (send_pending(session, connection)) {
    const std::string bytes = connection.read_some();
    if (bytes.empty()) break;
    const auto* octets = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (nghttp2_session_mem_recv(session, octets, bytes.size()) < 0) break;
  }
  nghttp2_session_del(session);
}

}  // namespace fakes
