// The server's side of an SMTP submission dialog as a pure state machine: a line goes in, a reply
// comes out. RFC 5321 for the commands and limits, RFC 3207 for STARTTLS, RFC 3463 for the
// enhanced codes. It relays nothing: accepted messages are counted and forgotten.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::demo {

class SmtpDialog {
 public:
  static constexpr std::size_t kMaxCommandBytes = 512;  // RFC 5321 4.5.3.1.4, with CRLF
  static constexpr std::size_t kMaxTextLineBytes = 1000;
  static constexpr std::size_t kMaxMessageBytes = 1024 * 1024;
  static constexpr int kMaxRecipients = 100;
  static constexpr int kMaxCommands = 200;

  struct Step {
    std::string reply;       // with CRLF; empty while a message is being received
    bool start_tls = false;  // after the reply has been sent
    bool close = false;      // likewise
  };

  std::string greeting() const;
  // `line` comes without its CRLF.
  Step receive(std::string_view line);
  // The peer sent more than a line may hold, without an end in sight.
  Step line_too_long() const;
  // The handshake is done. All that was said before it is forgotten (RFC 3207, section 4.2).
  void tls_started();

  std::size_t max_line_bytes() const { return in_data_ ? kMaxTextLineBytes : kMaxCommandBytes; }
  int accepted_messages() const { return accepted_; }

 private:
  Step hello(std::string_view argument, bool extended);
  Step start_tls(std::string_view argument) const;
  Step mail(std::string_view argument);
  Step recipient(std::string_view argument);
  Step data();
  Step text_line(std::string_view line);
  void forget_message();

  bool encrypted_ = false, greeted_ = false, has_sender_ = false, in_data_ = false;
  int recipients_ = 0, commands_ = 0, accepted_ = 0;
  std::size_t message_bytes_ = 0;
};

}  // namespace exporter::demo
