// The SMTP client against a scripted server on virtual time: what it says, and what it makes of
// every answer it may get.
#include "probes/smtp_client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_loop.h"
#include "tests/fakes/mail_peer.h"

namespace probes {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SmtpClient : public testing::Test {
 protected:
  SmtpClient() {
    server_.target = "mail.example:587";
    server_.hello = "sla.example";
    mail_ = {
        .from = "sla@example.com", .to = {"ops@example.com"}, .content = "Subject: x\n\nbody\n"};
    net_.when("mail.example:587").then([this](WallTime) { return peer_.behaviour(); });
  }

  Result<MailTaken> send() {
    return loop_.run_task(send_mail(net_, server_, mail_, loop_.now() + 60s));
  }
  Error failure() {
    const Result<MailTaken> taken = send();
    EXPECT_FALSE(taken.has_value());
    EXPECT_THAT(peer_.mails(), IsEmpty());
    return taken ? Error{} : taken.error();
  }
  void log_in() {
    server_.user = "me";
    server_.password = Secret("s3cret");
  }

  fakes::FakeLoop loop_;
  fakes::SimNet net_{loop_};
  fakes::MailPeer peer_;
  MailServer server_;
  Mail mail_;
};

TEST_F(SmtpClient, SendsUnderStarttls) {
  ASSERT_TRUE(send().has_value());
  EXPECT_THAT(peer_.lines(), ElementsAre("EHLO sla.example", "STARTTLS", "EHLO sla.example",
                                         "MAIL FROM:<sla@example.com>", "RCPT TO:<ops@example.com>",
                                         "DATA", "QUIT"));
  ASSERT_THAT(peer_.mails(), SizeIs(1));
  EXPECT_EQ(peer_.mails()[0].content, "Subject: x\r\n\r\nbody\r\n");
}

TEST_F(SmtpClient, SendsUnderTlsFromTheFirstByteAndInTheClearIfAsked) {
  for (const auto security : {MailServer::Security::tls, MailServer::Security::none}) {
    server_.security = security;
    ASSERT_TRUE(send().has_value());
  }
  EXPECT_THAT(peer_.lines(), testing::Not(testing::Contains("STARTTLS")));
  EXPECT_THAT(peer_.mails(), SizeIs(2));
}

TEST_F(SmtpClient, LogsInByPlainOrLogin) {
  log_in();
  ASSERT_TRUE(send().has_value());
  EXPECT_THAT(peer_.lines(), testing::Contains("AUTH PLAIN AG1lAHMzY3JldA=="));

  peer_.offers = {"STARTTLS", "AUTH LOGIN CRAM-MD5"};
  peer_.answers = {{"bWU=", "334 UGFzc3dvcmQ6"}, {"czNjcmV0", "235 welcome"}};
  ASSERT_TRUE(send().has_value());
  EXPECT_THAT(peer_.mails(), SizeIs(2));
}

TEST_F(SmtpClient, NeverSendsAPasswordInTheClear) {
  log_in();
  server_.security = MailServer::Security::none;
  EXPECT_EQ(failure().reason, Reason::auth);
  EXPECT_THAT(peer_.lines(), ElementsAre("EHLO sla.example"));
  // Nor does it go on when a server, or somebody between, takes STARTTLS out of the offers.
  server_.security = MailServer::Security::starttls;
  peer_.offers = {"AUTH PLAIN"};
  EXPECT_EQ(failure().reason, Reason::tls);
}

TEST_F(SmtpClient, SaysWhyALoginFailed) {
  log_in();
  peer_.answers = {{"AUTH PLAIN", "535 5.7.8 no such user"}};
  const Error error = failure();
  EXPECT_EQ(error.reason, Reason::auth);
  EXPECT_THAT(error.message, HasSubstr("535 5.7.8 no such user"));
  EXPECT_THAT(error.message, testing::Not(HasSubstr("s3cret")));
  peer_.offers = {"STARTTLS", "AUTH CRAM-MD5"};
  EXPECT_EQ(failure().reason, Reason::auth);
}

TEST_F(SmtpClient, GoesOnWithoutARecipientThatIsRefused) {
  mail_.to = {"a@example.com", "gone@example.com", "b@example.com"};
  peer_.answers = {{"RCPT TO:<gone@", "550 5.1.1 nobody"}};
  const Result<MailTaken> taken = send();
  ASSERT_TRUE(taken.has_value());
  EXPECT_THAT(taken->refused, ElementsAre("gone@example.com: 550 5.1.1 nobody"));
  EXPECT_THAT(peer_.mails()[0].to, ElementsAre("a@example.com", "b@example.com"));
}

struct BadAnswer {
  const char *line, *answer;
  Reason reason;
};

TEST_F(SmtpClient, AnAnswerThatIsNotGoodIsAReason) {
  for (const BadAnswer& bad :
       {BadAnswer{"EHLO", "502 no", Reason::protocol},
        BadAnswer{"STARTTLS", "454 not now", Reason::rejected},
        BadAnswer{"MAIL", "451 later", Reason::rejected},
        BadAnswer{"RCPT", "550 nobody", Reason::rejected},
        BadAnswer{"DATA", "452 full", Reason::rejected},
        BadAnswer{".", "554 spam", Reason::rejected}, BadAnswer{"MAIL", "hello", Reason::protocol},
        BadAnswer{"MAIL", "25", Reason::protocol}, BadAnswer{"MAIL", "", Reason::protocol}}) {
    peer_.answers = {{bad.line, bad.answer}};
    EXPECT_EQ(failure().reason, bad.reason) << bad.line << " " << bad.answer;
  }
}

TEST_F(SmtpClient, AReplyWithoutEndIsCutOff) {
  std::string reply;
  for (int i = 0; i < 150; ++i) reply += "250-more\r\n";
  peer_.answers = {{"EHLO", reply}};
  EXPECT_EQ(failure().reason, Reason::size);
}

TEST_F(SmtpClient, ARefusedOrSilentServerEndsByTheDeadline) {
  net_.when("mail.example:587").then(fakes::refuses());
  EXPECT_EQ(failure().reason, Reason::connect);
  net_.when("mail.example:587").then(fakes::speaks(""));
  const TimePoint before = loop_.now();
  EXPECT_EQ(failure().reason, Reason::timeout);
  EXPECT_LE(loop_.now() - before, 60s);
}

TEST(DotStuffing, DoublesDotsAndEndsLinesAsSmtpDoes) {
  EXPECT_EQ(dot_stuffed("a\n.b\n..\r\nc"), "a\r\n..b\r\n...\r\nc\r\n.\r\n");
  EXPECT_EQ(dot_stuffed(".\n"), "..\r\n.\r\n");
  EXPECT_EQ(dot_stuffed(""), ".\r\n");
}

}  // namespace
}  // namespace probes
