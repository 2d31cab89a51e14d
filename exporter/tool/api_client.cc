// On the same network layer as the probes: their names, addresses, TLS and limits.
#include "exporter/tool/api_client.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "exporter/version.h"
#include "probes/async/epoll_loop.h"
#include "probes/net/base64.h"
#include "probes/net/real_net.h"
#include "probes/net/url.h"
#include "probes/target.h"

namespace exporter::tool {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{1} << 30;

using Reply = std::expected<probes::HttpResponse, probes::Error>;

std::string encoded(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string encoded(const Form& form) {
  std::string out;
  for (const auto& [name, value] : form) {
    if (!out.empty()) out.push_back('&');
    out += encoded(name) + '=' + encoded(value);
  }
  return out;
}

// The first line of the file.
std::expected<std::string, std::string> read_password(const std::string& path) {
  std::ifstream file(path);
  std::string password;
  if (!std::getline(file, password))
    return std::unexpected(fmt::format("--password-file {}: holds no password to read", path));
  return password;
}

std::expected<probes::HttpRequest, std::string> request_of(const ApiServer& server,
                                                           const probes::Url& url,
                                                           const Form& form) {
  probes::HttpRequest request;
  request.method = "POST";
  request.url = url.text();
  request.tls.ca_file = server.ca_file;
  request.tls.server_name = url.host;
  request.http2 = false;
  request.has_body = true;
  request.body = encoded(form);
  request.max_body_bytes = request.max_transfer_bytes = kMaxAnswerBytes;
  request.headers = {{"Host", url.authority()},
                     {"User-Agent", "slatool/" SLA_VERSION},
                     {"Content-Type", "application/x-www-form-urlencoded"}};
  std::string user = server.user.empty() ? url.user : server.user, password = url.password;
  if (!server.password_file.empty()) {
    auto read = read_password(server.password_file);
    if (!read) return std::unexpected(read.error());
    password = *std::move(read);
  }
  if (!user.empty())
    request.headers.push_back({"Authorization", "Basic " + probes::base64(user + ':' + password)});
  return request;
}

// Each address in turn, as long as none can be connected to.
probes::Task<Reply> send(probes::Net& net, probes::HttpRequest request, std::string host,
                         probes::TimePoint deadline) {
  const probes::IpPreference any_family;
  const auto resolved =
      co_await probes::resolve_target(net, std::move(host), any_family, true, deadline);
  if (!resolved) co_return std::unexpected(resolved.error());
  const std::size_t count = resolved->candidates.size();
  probes::Error failure;
  for (std::size_t i = 0; i < count; ++i) {
    probes::HttpRequest attempt = request;
    attempt.connect_to = resolved->candidates[i];
    attempt.connect_deadline = probes::attempt_deadline(net.loop().now(), deadline, i, count);
    auto response = co_await net.http(std::move(attempt), deadline);
    if (response) co_return std::move(*response);
    failure = response.error().error;
    if (response.error().partial.connected) break;
  }
  co_return std::unexpected(failure);
}

probes::Task<void> send_and_stop(probes::Net& net, probes::HttpRequest request, std::string host,
                                 probes::TimePoint deadline, Reply& reply) {
  reply = co_await send(net, std::move(request), std::move(host), deadline);
  net.loop().stop();
}

// What to do about an answer that is none of the API.
std::string remedy(const std::string& where, int status) {
  if (status == 401 || status == 403)
    return fmt::format("{} wants a user: give --user and --password-file", where);
  return fmt::format(
      "{} answers with status {} and is no such API; URL is the address of an exporter or a "
      "Prometheus, without /api/v1",
      where, status);
}

bool is_json(const probes::HttpResponse& response) {
  for (const probes::HttpHeader& header : response.headers) {
    if (header.value.starts_with("application/json")) return true;
  }
  return false;
}

}  // namespace

std::expected<std::string, std::string> ask_api(const ApiServer& server, const std::string& path,
                                                const Form& form) {
  std::string address = server.url;
  while (address.ends_with('/')) address.pop_back();
  const auto url = probes::parse_url(address + path);
  if (!url) return std::unexpected(url.error().message);
  auto request = request_of(server, *url, form);
  if (!request) return std::unexpected(request.error());

  probes::EpollLoop loop;
  probes::RealNet net(loop);
  Reply reply;
  const probes::TimePoint deadline = loop.now() + server.timeout;
  loop.spawn(send_and_stop(net, *std::move(request), url->host, deadline, reply));
  loop.run();
  if (!reply) {
    return std::unexpected(fmt::format("cannot ask {}: {}; is the exporter running there?",
                                       url->text(), reply.error().message));
  }
  if (!is_json(*reply)) return std::unexpected(remedy(url->text(), reply->status));
  if (reply->body_truncated) {
    return std::unexpected(
        fmt::format("the answer is larger than {} bytes; ask for less", kMaxAnswerBytes));
  }
  return std::move(reply->body);
}

}  // namespace exporter::tool
