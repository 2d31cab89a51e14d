// The commands of SMTP, one function each where there is something to decide.
#include "exporter/demo/smtp_dialog.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace exporter::demo {
namespace {

constexpr std::string_view kHost = "mail.demo.invalid";

SmtpDialog::Step say(std::string_view reply) { return {.reply = fmt::format("{}\r\n", reply)}; }

SmtpDialog::Step say_and_close(std::string_view reply) {
  return {.reply = fmt::format("{}\r\n", reply), .close = true};
}

std::string upper_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::toupper(c); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "FROM:<a@b> SIZE=10" with prefix "FROM:" is a path; the null sender "<>" is one too.
bool is_path(std::string_view argument, std::string_view prefix) {
  if (!upper_case(argument).starts_with(prefix)) return false;
  const std::string_view path = trimmed(argument.substr(prefix.size()));
  return path.starts_with('<') && path.find('>') != std::string_view::npos;
}

}  // namespace

std::string SmtpDialog::greeting() const {
  return fmt::format("220 {} ESMTP demo company\r\n", kHost);
}

SmtpDialog::Step SmtpDialog::receive(std::string_view line) {
  if (in_data_) return text_line(line);
  // A peer that never comes to the point must not hold us for ever.
  if (++commands_ > kMaxCommands) return say_and_close("421 4.7.0 Too many commands, closing");

  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string verb = upper_case(line.substr(0, space));
  const std::string_view argument = trimmed(line.substr(space));
  if (verb == "EHLO") return hello(argument, true);
  if (verb == "HELO") return hello(argument, false);
  if (verb == "STARTTLS") return start_tls(argument);
  if (verb == "MAIL") return mail(argument);
  if (verb == "RCPT") return recipient(argument);
  if (verb == "DATA") return data();
  if (verb == "NOOP") return say("250 2.0.0 OK");
  if (verb == "VRFY") return say("252 2.5.0 Send some mail and see");
  if (verb == "QUIT") return say_and_close("221 2.0.0 Goodbye");
  if (verb != "RSET") return say("500 5.5.1 Command not recognised");
  forget_message();
  return say("250 2.0.0 OK");
}

SmtpDialog::Step SmtpDialog::line_too_long() const {
  return say_and_close("500 5.5.6 Line too long");
}

SmtpDialog::Step SmtpDialog::hello(std::string_view argument, bool extended) {
  if (argument.empty()) return say("501 5.5.4 A name has to follow");
  forget_message();
  greeted_ = true;
  if (!extended) return say(fmt::format("250 {}", kHost));
  const std::string_view starttls = encrypted_ ? "" : "250-STARTTLS\r\n";
  return say(
      fmt::format("250-{} greets you\r\n250-PIPELINING\r\n{}250-SIZE {}\r\n250-8BITMIME\r\n"
                  "250 ENHANCEDSTATUSCODES",
                  kHost, starttls, kMaxMessageBytes));
}

SmtpDialog::Step SmtpDialog::start_tls(std::string_view argument) const {
  if (!argument.empty()) return say("501 5.5.4 STARTTLS takes no argument");
  if (encrypted_) return say("503 5.5.1 TLS is on already");
  Step step = say("220 2.0.0 Ready to start TLS");
  step.start_tls = true;
  return step;
}

SmtpDialog::Step SmtpDialog::mail(std::string_view argument) {
  if (!encrypted_) return say("530 5.7.0 Say STARTTLS first");
  if (!greeted_) return say("503 5.5.1 Say EHLO first");
  if (has_sender_) return say("503 5.5.1 There is a sender already; RSET forgets it");
  if (!is_path(argument, "FROM:")) return say("501 5.5.2 Syntax: MAIL FROM:<address>");
  has_sender_ = true;
  return say("250 2.1.0 Sender OK");
}

SmtpDialog::Step SmtpDialog::recipient(std::string_view argument) {
  if (!has_sender_) return say("503 5.5.1 Say MAIL first");
  if (!is_path(argument, "TO:")) return say("501 5.5.2 Syntax: RCPT TO:<address>");
  if (recipients_ == kMaxRecipients) return say("452 4.5.3 Too many recipients");
  ++recipients_;
  return say("250 2.1.5 Recipient OK");
}

SmtpDialog::Step SmtpDialog::data() {
  if (recipients_ == 0) return say("503 5.5.1 Say MAIL and RCPT first");
  in_data_ = true;
  message_bytes_ = 0;
  return say("354 End with a dot on a line of its own");
}

SmtpDialog::Step SmtpDialog::text_line(std::string_view line) {
  if (line != ".") {
    message_bytes_ += line.size() + 2;
    return {};
  }
  const bool too_big = message_bytes_ > kMaxMessageBytes;
  forget_message();
  if (too_big) return say("552 5.3.4 Message too big");
  ++accepted_;
  return say(fmt::format("250 2.0.0 Accepted as demo-{}", accepted_));
}

void SmtpDialog::tls_started() {
  encrypted_ = true;
  greeted_ = false;
  forget_message();
}

void SmtpDialog::forget_message() {
  has_sender_ = in_data_ = false;
  recipients_ = 0;
  message_bytes_ = 0;
}

}  // namespace exporter::demo
