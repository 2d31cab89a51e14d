#include "probes/net/http_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "probes/net/base64.h"
#include "probes/net/http1.h"
#include "probes/net/http2.h"
#include "probes/net/url.h"

namespace probes {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
// What a proxy may say to CONNECT.
constexpr std::size_t kMaxProxyAnswerBytes = 64 * 1024;

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

// One transfer: its parts share the request, the response and the moment the last phase ended.
class Transfer {
 public:
  Transfer(Net& net, HttpRequest request, TimePoint deadline)
      : net_(net), request_(std::move(request)), deadline_(deadline) {}
  // Readers hold references into this object.
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Task<Result<void>> run();
  HttpResponse response;

 private:
  Result<void> check_request();
  Task<Result<void>> open();
  Task<Result<void>> open_tunnel();
  Task<Result<void>> secure();
  Task<Result<void>> exchange_http1();
  Task<Result<void>> exchange_http2();
  std::string proxy_authorization() const;
  bool by_proxy() const { return !request_.proxy_url.empty(); }
  void end_phase(Duration& phase);

  Net& net_;
  HttpRequest request_;
  TimePoint deadline_;
  Url url_, proxy_;
  std::unique_ptr<Stream> stream_;
  TimePoint phase_start_{};
};

void Transfer::end_phase(Duration& phase) {
  const TimePoint now = net_.loop().now();
  phase = now - phase_start_;
  phase_start_ = now;
}

// Configuration is checked when it is loaded; headers read from files are not, and a line break in
// one would begin a header, or a request, of its own.
Result<void> Transfer::check_request() {
  for (const HttpHeader& header : request_.headers)
    if (header.name.empty() || has_line_break(header.name) || has_line_break(header.value))
      return std::unexpected(
          Error{Reason::local, fmt::format("header {} holds a line break", header.name)});
  auto url = parse_url(request_.url);
  if (!url) return std::unexpected(url.error());
  url_ = std::move(*url);
  if (!by_proxy()) return {};
  auto proxy = parse_url(request_.proxy_url);
  if (!proxy) return std::unexpected(proxy.error());
  if (proxy->tls())
    return std::unexpected(
        Error{Reason::local, "proxies are spoken to by http only: use an http:// proxy_url"});
  proxy_ = std::move(*proxy);
  return {};
}

std::string Transfer::proxy_authorization() const {
  std::string credentials = request_.proxy_user_password;
  if (credentials.empty() && !proxy_.user.empty())
    credentials = proxy_.user + ':' + proxy_.password;
  return credentials.empty() ? "" : "Basic " + base64(credentials);
}

Task<Result<void>> Transfer::run() {
  phase_start_ = net_.loop().now();
  Result<void> checked = check_request();
  if (!checked) co_return checked;
  Result<void> opened = co_await open();
  if (!opened) co_return opened;
  if (url_.tls()) {
    Result<void> secured = co_await secure();
    if (!secured) co_return secured;
    if (response.tls->alpn == "h2") {
      co_return co_await exchange_http2();
    }
  }
  co_return co_await exchange_http1();
}

Task<Result<void>> Transfer::open() {
  const Endpoint peer{request_.connect_to, by_proxy() ? proxy_.port : url_.port};
  ConnectOptions options;
  options.source_address = request_.source_address;
  const TimePoint connect_by = std::min(deadline_, request_.connect_deadline);
  auto stream = co_await net_.connect(peer, std::move(options), connect_by);
  if (!stream) co_return std::unexpected(stream.error());
  stream_ = std::move(*stream);
  response.connected = true;
  if (by_proxy() && url_.tls()) {
    Result<void> tunnel = co_await open_tunnel();
    if (!tunnel) co_return tunnel;
  }
  end_phase(response.connect);
  co_return Result<void>();
}

// RFC 9110 9.3.6: from the proxy's answer on, the connection is one to the server.
Task<Result<void>> Transfer::open_tunnel() {
  HttpRequest request;
  request.method = "CONNECT";
  request.max_header_bytes = kMaxProxyAnswerBytes;
  Url target = url_;
  target.path = target.authority();
  if (!target.path.ends_with(fmt::format(":{}", target.port)))
    target.path += fmt::format(":{}", target.port);
  request.headers = {{"Host", target.path}, {"Connection", "keep-alive"}};
  std::string text = write_http1_request(request, target, false, proxy_authorization());
  Result<void> sent = co_await stream_->write_all(std::move(text), deadline_);
  if (!sent) co_return sent;

  HttpResponse answer;
  Http1Reader reader(request, answer);
  ReadState state = ReadState::more;
  while (state == ReadState::more) {
    auto bytes = co_await stream_->read_some(kReadBytes, deadline_);
    if (!bytes) co_return std::unexpected(bytes.error());
    state = bytes->empty() ? reader.end_of_stream() : reader.feed(*bytes);
    // Why it refused is not read: the status says enough.
    if (answer.status >= 300) break;
  }
  if (answer.status >= 300)
    co_return std::unexpected(
        Error{Reason::connect, fmt::format("the proxy answered {} to CONNECT", answer.status)});
  if (state == ReadState::failed)
    co_return std::unexpected(
        Error{reader.error().reason, "the proxy failed: " + reader.error().message});
  if (reader.has_rest())
    co_return std::unexpected(
        Error{Reason::protocol, "the proxy sent data before the TLS handshake"});
  co_return Result<void>();
}

Task<Result<void>> Transfer::secure() {
  TlsOptions options = request_.tls;
  options.alpn = {"http/1.1"};
  if (request_.http2) options.alpn = {"h2", "http/1.1"};
  Result<void> done = co_await stream_->start_tls(std::move(options), url_.host, deadline_);
  // Facts are kept also when the certificate was refused.
  if (const TlsInfo* info = stream_->tls_info()) response.tls = *info;
  if (!done) co_return done;
  if (!response.tls) response.tls.emplace();
  end_phase(response.tls_handshake);
  co_return done;
}

Task<Result<void>> Transfer::exchange_http1() {
  const bool plain_proxy = by_proxy() && !url_.tls();
  std::string text =
      write_http1_request(request_, url_, plain_proxy, plain_proxy ? proxy_authorization() : "");
  const Result<void> sent = co_await stream_->write_all(std::move(text), deadline_);
  if (!sent && sent.error().reason == Reason::timeout) co_return sent;

  // A server may refuse a long body, answer and close before it has read everything: then the
  // answer counts, not the broken write.
  Http1Reader reader(request_, response);
  ReadState state = ReadState::more;
  bool first = true;
  while (state == ReadState::more) {
    auto bytes = co_await stream_->read_some(kReadBytes, deadline_);
    if (!bytes) co_return std::unexpected(sent ? bytes.error() : sent.error());
    if (std::exchange(first, false)) end_phase(response.processing);
    state = bytes->empty() ? reader.end_of_stream() : reader.feed(*bytes);
  }
  end_phase(response.transfer);
  if (state == ReadState::failed) co_return std::unexpected(reader.error());
  co_return Result<void>();
}

Task<Result<void>> Transfer::exchange_http2() {
  Http2Exchange exchange(request_, url_, response);
  ReadState state = ReadState::more;
  bool waiting = true;
  while (state == ReadState::more) {
    std::string output = exchange.take_output();
    if (!output.empty()) {
      Result<void> sent = co_await stream_->write_all(std::move(output), deadline_);
      if (!sent) co_return sent;
    }
    auto bytes = co_await stream_->read_some(kReadBytes, deadline_);
    if (!bytes) co_return std::unexpected(bytes.error());
    state = bytes->empty() ? exchange.end_of_stream() : exchange.feed(*bytes);
    // Settings come first on every connection; the answer begins with its status.
    if (waiting && response.status != 0) end_phase(response.processing);
    waiting = waiting && response.status == 0;
  }
  end_phase(response.transfer);
  if (state == ReadState::failed) co_return std::unexpected(exchange.error());
  co_return Result<void>();
}

}  // namespace

Task<std::expected<HttpResponse, HttpFailure>> HttpClient::transfer(HttpRequest request,
                                                                    TimePoint deadline) {
  Transfer transfer(net_, std::move(request), deadline);
  const Result<void> done = co_await transfer.run();
  if (!done) co_return std::unexpected(HttpFailure{done.error(), std::move(transfer.response)});
  co_return std::move(transfer.response);
}

}  // namespace probes
