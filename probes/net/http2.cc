#include "probes/net/http2.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace probes {
namespace {

// How much the server may send before we acknowledge: enough for a fast body in one go, little
// beside the other limits.
constexpr std::int32_t kWindowBytes = 1 << 20;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

// RFC 9113 8.2.2: what speaks about the connection has no place in a stream.
bool about_connection(std::string_view name) {
  constexpr std::string_view kNames[] = {"host",    "connection",        "keep-alive",
                                         "upgrade", "transfer-encoding", "proxy-connection"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

nghttp2_nv pair(const HttpHeader& header) {
  auto octets = [](const std::string& text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {octets(header.name), octets(header.value), header.name.size(), header.value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct Http2Exchange::State {
  State(const HttpRequest& request_in, HttpResponse& response_in)
      : request(request_in), response(response_in), keeper(request_in, response_in) {}
  ~State() { nghttp2_session_del(session); }

  void open(const Url& url);
  std::vector<HttpHeader> pseudo_and_headers(const Url& url) const;
  ReadState read_state() const {
    if (!error.message.empty()) return ReadState::failed;
    return done ? ReadState::done : ReadState::more;
  }
  void fail(Reason reason, std::string message) {
    if (error.message.empty()) error = {reason, std::move(message)};
  }

  int on_header(std::string_view name, std::string_view value);
  int on_data(std::string_view bytes);
  void on_close(std::uint32_t code);

  const HttpRequest& request;
  HttpResponse& response;
  BodyKeeper keeper;
  nghttp2_session* session = nullptr;
  std::int32_t stream = -1;
  std::size_t header_bytes = 0;
  std::size_t body_sent = 0;
  bool final_headers = false;
  bool done = false;
  Error error;
};

namespace {

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

int Http2Exchange::State::on_header(std::string_view name, std::string_view value) {
  header_bytes += name.size() + value.size() + 32;  // as RFC 9113 6.5.2 counts
  if (header_bytes > request.max_header_bytes) {
    fail(Reason::size,
         fmt::format("the server sent more than {} bytes of headers", request.max_header_bytes));
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  if (final_headers) return 0;  // trailers
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), response.status);
    response.headers.clear();
    return 0;
  }
  if (name == "content-length")
    std::from_chars(value.data(), value.data() + value.size(), response.content_length);
  response.headers.push_back({std::string(name), std::string(value)});
  return 0;
}

int Http2Exchange::State::on_data(std::string_view bytes) {
  if (keeper.keep(bytes)) return 0;
  done = true;  // the limit: nothing more is wanted
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

void Http2Exchange::State::on_close(std::uint32_t code) {
  if (code != NGHTTP2_NO_ERROR && !done)
    fail(Reason::protocol,
         fmt::format("the server reset the HTTP/2 stream ({})", nghttp2_http2_strerror(code)));
  if (response.status < 200)
    fail(Reason::protocol, "the server ended the stream without an answer");
  done = true;
}

std::vector<HttpHeader> Http2Exchange::State::pseudo_and_headers(const Url& url) const {
  const std::string_view host = find_header(request.headers, "Host");
  std::vector<HttpHeader> headers = {
      {":method", request.method},
      {":scheme", url.scheme},
      {":authority", host.empty() ? url.authority() : std::string(host)},
      {":path", url.path},
  };
  for (const HttpHeader& header : request.headers) {
    std::string name = lower(header.name);
    if (!about_connection(name)) headers.push_back({std::move(name), header.value});
  }
  if (request.has_body && find_header(request.headers, "Content-Length").empty())
    headers.push_back({"content-length", fmt::to_string(request.body.size())});
  return headers;
}

void Http2Exchange::State::open(const Url& url) {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(std::min<std::size_t>(request.max_header_bytes, UINT32_MAX))}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindowBytes);

  const std::vector<HttpHeader> headers = pseudo_and_headers(url);
  std::vector<nghttp2_nv> pairs;
  std::ranges::transform(headers, std::back_inserter(pairs), pair);
  nghttp2_data_provider body{};
  body.source.ptr = this;
  body.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room,
                          std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
    auto& state = *static_cast<Http2Exchange::State*>(source->ptr);
    const std::size_t count = std::min(room, state.request.body.size() - state.body_sent);
    std::memcpy(out, state.request.body.data() + state.body_sent, count);
    state.body_sent += count;
    if (state.body_sent == state.request.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  };
  stream = nghttp2_submit_request(session, nullptr, pairs.data(), pairs.size(),
                                  request.body.empty() ? nullptr : &body, this);
  if (stream < 0)
    fail(Reason::local,
         fmt::format("the request cannot be sent by HTTP/2: {}", nghttp2_strerror(stream)));
}

namespace {

nghttp2_session_callbacks* make_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  return callbacks;
}

}  // namespace

Http2Exchange::Http2Exchange(const HttpRequest& request, const Url& url, HttpResponse& response)
    : state_(std::make_unique<State>(request, response)) {
  response.version = "2.0";
  nghttp2_session_callbacks* callbacks = make_callbacks();
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
        return static_cast<State*>(self)->on_header(view(name, name_size), view(value, value_size));
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        auto& state = *static_cast<State*>(self);
        if (frame->hd.type != NGHTTP2_HEADERS || state.response.status < 200) return 0;
        state.final_headers = true;
        const bool empty = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (empty && state.response.content_length < 0 && state.request.method != "HEAD")
          state.response.content_length = 0;
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes, std::size_t size,
         void* self) { return static_cast<State*>(self)->on_data(view(bytes, size)); });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t, std::uint32_t code, void* self) {
        static_cast<State*>(self)->on_close(code);
        return 0;
      });
  nghttp2_session_client_new(&state_->session, callbacks, state_.get());
  nghttp2_session_callbacks_del(callbacks);
  state_->open(url);
}

Http2Exchange::~Http2Exchange() = default;

ReadState Http2Exchange::feed(std::string_view bytes) {
  if (state_->read_state() != ReadState::more) return state_->read_state();
  const ssize_t taken = nghttp2_session_mem_recv(
      state_->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0 && state_->read_state() == ReadState::more)
    state_->fail(Reason::protocol, fmt::format("the server broke the rules of HTTP/2: {}",
                                               nghttp2_strerror(static_cast<int>(taken))));
  const bool over =
      !nghttp2_session_want_read(state_->session) && !nghttp2_session_want_write(state_->session);
  if (over && state_->read_state() == ReadState::more)
    state_->fail(Reason::protocol, "the server ended the HTTP/2 connection without an answer");
  return state_->read_state();
}

ReadState Http2Exchange::end_of_stream() {
  if (state_->read_state() == ReadState::more)
    state_->fail(Reason::protocol, state_->final_headers
                                       ? "the server closed the connection within the body"
                                       : "the server closed the connection without an answer");
  return state_->read_state();
}

std::string Http2Exchange::take_output() {
  std::string out;
  while (true) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(state_->session, &bytes);
    if (size <= 0) return out;
    out += view(bytes, static_cast<std::size_t>(size));
  }
}

const Error& Http2Exchange::error() const { return state_->error; }

}  // namespace probes
