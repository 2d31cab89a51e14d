#include "probes/smtp_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "probes/dialog.h"
#include "probes/net/base64.h"
#include "probes/target.h"

namespace probes {
namespace {

constexpr std::size_t kMaxReplyLines = 100;  // a chatty server cannot hold us

struct Reply {
  int code = 0;
  std::vector<std::string> lines;  // without the code
  bool good() const { return code >= 200 && code < 300; }
};

std::unexpected<Error> trouble(Reason reason, std::string_view doing, const Reply& reply) {
  const std::string& text = reply.lines.empty() ? "" : reply.lines.front();
  return std::unexpected(
      Error{reason, fmt::format("{}: the server answered {} {}", doing, reply.code, text)});
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

// One conversation. Lives in the frame of send_mail.
class Conversation {
 public:
  Conversation(Stream& stream, const MailServer& server, const Mail& mail, TimePoint deadline)
      : stream_(stream), reader_(stream), server_(server), mail_(mail), deadline_(deadline) {}
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  Task<Result<void>> open(std::string host);
  Task<Result<MailTaken>> send();

 private:
  Task<Result<Reply>> read_reply();
  Task<Result<Reply>> say(std::string line);
  Task<Result<void>> expect_good(std::string line, const char* doing);
  Task<Result<void>> hello();
  Task<Result<void>> start_tls(std::string host);
  Task<Result<void>> authenticate();
  Task<Result<void>> log_in();
  Task<Result<MailTaken>> name_recipients();
  Task<Result<void>> send_content();
  bool offers(std::string_view keyword, std::string_view word = {}) const;

  Stream& stream_;
  LineReader reader_;
  const MailServer& server_;
  const Mail& mail_;
  TimePoint deadline_;
  bool secure_ = false;
  std::vector<std::string> offered_;  // the lines of the last EHLO, in capitals
};

// "250-first", "250-second", "250 last".
Task<Result<Reply>> Conversation::read_reply() {
  Reply reply;
  while (reply.lines.size() < kMaxReplyLines) {
    Result<std::optional<std::string>> line = co_await reader_.read_line(deadline_);
    if (!line) co_return std::unexpected(line.error());
    if (!*line) co_return std::unexpected(Error{Reason::protocol, "the server hung up"});
    const std::string& text = **line;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), reply.code);
    if (error != std::errc() || end != text.data() + 3 || reply.code < 200 || reply.code > 599)
      co_return std::unexpected(Error{Reason::protocol, "the server does not speak SMTP"});
    reply.lines.push_back(text.substr(std::min<std::size_t>(4, text.size())));
    if (text.size() < 4 || text[3] != '-') co_return reply;
  }
  co_return std::unexpected(Error{Reason::size, "the server's reply has too many lines"});
}

Task<Result<Reply>> Conversation::say(std::string line) {
  line += "\r\n";
  Result<void> written = co_await stream_.write_all(std::move(line), deadline_);
  if (!written) co_return std::unexpected(written.error());
  co_return co_await read_reply();
}

Task<Result<void>> Conversation::expect_good(std::string line, const char* doing) {
  Result<Reply> reply = co_await say(std::move(line));
  if (!reply) co_return std::unexpected(reply.error());
  if (!reply->good()) co_return trouble(Reason::rejected, doing, *reply);
  co_return Result<void>();
}

Task<Result<void>> Conversation::hello() {
  std::string words = "EHLO " + server_.hello;
  Result<Reply> reply = co_await say(std::move(words));
  if (!reply) co_return std::unexpected(reply.error());
  if (!reply->good()) co_return trouble(Reason::protocol, "EHLO", *reply);
  offered_.clear();
  for (std::string& line : reply->lines) offered_.push_back(upper_case(std::move(line)));
  co_return Result<void>();
}

bool Conversation::offers(std::string_view keyword, std::string_view word) const {
  return std::ranges::any_of(offered_, [&](std::string_view line) {
    if (!line.starts_with(keyword)) return false;
    line.remove_prefix(keyword.size());
    if (!line.empty() && line.front() != ' ' && line.front() != '=') return false;
    const std::string rest = fmt::format(" {} ", line.empty() ? line : line.substr(1));
    return word.empty() || rest.find(fmt::format(" {} ", word)) != rest.npos;
  });
}

Task<Result<void>> Conversation::start_tls(std::string host) {
  // What came in the clear would be read as if it had come under TLS.
  if (reader_.has_buffered())
    co_return std::unexpected(
        Error{Reason::protocol, "the server sent data in the clear before the TLS handshake"});
  Result<void> secured = co_await stream_.start_tls(server_.tls, std::move(host), deadline_);
  secure_ = secured.has_value();
  co_return secured;
}

// From the connection to where a mail can be sent.
Task<Result<void>> Conversation::open(std::string host) {
  if (server_.security == MailServer::Security::tls) {
    Result<void> secured = co_await start_tls(host);
    if (!secured) co_return secured;
  }
  Result<Reply> greeting = co_await read_reply();
  if (!greeting) co_return std::unexpected(greeting.error());
  if (!greeting->good()) co_return trouble(Reason::rejected, "the greeting", *greeting);
  Result<void> done = co_await hello();
  if (!done) co_return done;
  if (server_.security == MailServer::Security::starttls) {
    if (!offers("STARTTLS"))
      co_return std::unexpected(Error{Reason::tls, "the server does not offer STARTTLS"});
    done = co_await expect_good("STARTTLS", "STARTTLS");
    if (!done) co_return done;
    done = co_await start_tls(host);
    if (!done) co_return done;
    done = co_await hello();
    if (!done) co_return done;
  }
  if (server_.user.empty()) co_return done;
  co_return co_await authenticate();
}

Task<Result<void>> Conversation::authenticate() {
  if (!secure_)
    co_return std::unexpected(Error{Reason::auth, "a password is not sent in the clear"});
  if (!offers("AUTH", "PLAIN")) co_return co_await log_in();
  std::string words =
      "AUTH PLAIN " + base64('\0' + server_.user + '\0' + server_.password.reveal());
  Result<Reply> reply = co_await say(std::move(words));
  if (!reply) co_return std::unexpected(reply.error());
  if (!reply->good()) co_return trouble(Reason::auth, "AUTH PLAIN", *reply);
  co_return Result<void>();
}

Task<Result<void>> Conversation::log_in() {
  if (!offers("AUTH", "LOGIN"))
    co_return std::unexpected(Error{Reason::auth, "the server offers neither PLAIN nor LOGIN"});
  std::string user = base64(server_.user), password = base64(server_.password.reveal());
  Result<Reply> reply = co_await say("AUTH LOGIN");
  if (reply && reply->code == 334) reply = co_await say(std::move(user));
  if (reply && reply->code == 334) reply = co_await say(std::move(password));
  if (!reply) co_return std::unexpected(reply.error());
  if (!reply->good()) co_return trouble(Reason::auth, "AUTH LOGIN", *reply);
  co_return Result<void>();
}

Task<Result<MailTaken>> Conversation::name_recipients() {
  MailTaken taken;
  Reply last;
  for (std::size_t i = 0; i < mail_.to.size(); ++i) {
    std::string words = fmt::format("RCPT TO:<{}>", mail_.to[i]);
    Result<Reply> reply = co_await say(std::move(words));
    if (!reply) co_return std::unexpected(reply.error());
    last = *reply;
    if (reply->good()) continue;
    taken.refused.push_back(
        fmt::format("{}: {} {}", mail_.to[i], reply->code, reply->lines.front()));
  }
  if (taken.refused.size() == mail_.to.size())
    co_return trouble(Reason::rejected, "every recipient was refused", last);
  co_return taken;
}

Task<Result<void>> Conversation::send_content() {
  Result<Reply> reply = co_await say("DATA");
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->code != 354) co_return trouble(Reason::rejected, "DATA", *reply);
  std::string lines = dot_stuffed(mail_.content);
  Result<void> written = co_await stream_.write_all(std::move(lines), deadline_);
  if (!written) co_return written;
  reply = co_await read_reply();
  if (!reply) co_return std::unexpected(reply.error());
  if (!reply->good()) co_return trouble(Reason::rejected, "the mail", *reply);
  co_return Result<void>();
}

Task<Result<MailTaken>> Conversation::send() {
  std::string words = fmt::format("MAIL FROM:<{}>", mail_.from);
  Result<void> done = co_await expect_good(std::move(words), "the sender");
  if (!done) co_return std::unexpected(done.error());
  Result<MailTaken> taken = co_await name_recipients();
  if (!taken) co_return taken;
  done = co_await send_content();
  if (!done) co_return std::unexpected(done.error());
  // It was taken; how we part changes nothing.
  co_await say("QUIT");
  co_return taken;
}

}  // namespace

std::string dot_stuffed(std::string_view content) {
  std::string out;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('.')) out += '.';
    out += line;
    out += "\r\n";
  }
  return out + ".\r\n";
}

Task<Result<MailTaken>> send_mail(Net& net, MailServer server, Mail mail, TimePoint deadline) {
  const Result<HostPort> target = split_host_port(server.target);
  if (!target) co_return std::unexpected(target.error());
  const IpPreference any;
  Result<Resolved> resolved = co_await resolve_target(net, target->host, any, true, deadline);
  if (!resolved) co_return std::unexpected(resolved.error());
  const ConnectOptions options;
  Result<Connected> connected =
      co_await connect_target(net, resolved->candidates, target->port, options, deadline);
  if (!connected) co_return std::unexpected(connected.error());
  Conversation conversation(*connected->stream, server, mail, deadline);
  const Result<void> open = co_await conversation.open(target->host);
  if (!open) co_return std::unexpected(open.error());
  co_return co_await conversation.send();
}

}  // namespace probes
