// The SMTP dialog line by line, without a socket: order of commands, limits, and what STARTTLS
// forgets.
#include "exporter/demo/smtp_dialog.h"

#include <gtest/gtest.h>

namespace exporter::demo {
namespace {

std::string code(SmtpDialog& dialog, const std::string& line) {
  return dialog.receive(line).reply.substr(0, 3);
}

SmtpDialog encrypted_dialog() {
  SmtpDialog dialog;
  dialog.receive("EHLO test");
  dialog.receive("STARTTLS");
  dialog.tls_started();
  dialog.receive("EHLO test");
  return dialog;
}

TEST(SmtpDialog, TakesAMessageInTheRightOrder) {
  SmtpDialog dialog = encrypted_dialog();
  EXPECT_EQ(code(dialog, "MAIL FROM:<a@example.net> SIZE=10"), "250");
  EXPECT_EQ(code(dialog, "RCPT TO:<b@example.net>"), "250");
  EXPECT_EQ(code(dialog, "data"), "354");
  EXPECT_EQ(dialog.receive("QUIT is only text here").reply, "");
  EXPECT_EQ(code(dialog, "."), "250");
  EXPECT_EQ(dialog.accepted_messages(), 1);
}

TEST(SmtpDialog, RefusesCommandsOutOfOrder) {
  SmtpDialog dialog;
  dialog.receive("EHLO test");
  dialog.receive("STARTTLS");
  dialog.tls_started();
  EXPECT_EQ(code(dialog, "MAIL FROM:<a@example.net>"), "503");  // EHLO has to be said again
  dialog.receive("EHLO test");
  EXPECT_EQ(code(dialog, "RCPT TO:<b@example.net>"), "503");
  EXPECT_EQ(code(dialog, "DATA"), "503");
  EXPECT_EQ(code(dialog, "MAIL FROM:<>"), "250");
  EXPECT_EQ(code(dialog, "MAIL FROM:<a@example.net>"), "503");
  EXPECT_EQ(code(dialog, "RSET"), "250");
  EXPECT_EQ(code(dialog, "MAIL FROM:<a@example.net>"), "250");
}

TEST(SmtpDialog, RefusesBadSyntax) {
  SmtpDialog dialog = encrypted_dialog();
  EXPECT_EQ(code(dialog, "MAIL a@example.net"), "501");
  EXPECT_EQ(code(dialog, "MAIL FROM:a@example.net"), "501");
  EXPECT_EQ(code(dialog, "EHLO"), "501");
  EXPECT_EQ(code(dialog, "JUMP"), "500");
  EXPECT_EQ(code(dialog, ""), "500");
}

TEST(SmtpDialog, OffersStartTlsOnceAndForgetsWhatCameBefore) {
  SmtpDialog dialog;
  EXPECT_NE(dialog.receive("EHLO test").reply.find("250-STARTTLS\r\n"), std::string::npos);
  EXPECT_EQ(code(dialog, "MAIL FROM:<a@example.net>"), "530");
  EXPECT_EQ(code(dialog, "STARTTLS now"), "501");
  EXPECT_TRUE(dialog.receive("STARTTLS").start_tls);
  dialog.tls_started();
  EXPECT_EQ(dialog.receive("EHLO test").reply.find("STARTTLS"), std::string::npos);
  EXPECT_FALSE(dialog.receive("STARTTLS").start_tls);
}

TEST(SmtpDialog, BoundsRecipients) {
  SmtpDialog dialog = encrypted_dialog();
  dialog.receive("MAIL FROM:<a@example.net>");
  for (int i = 0; i < SmtpDialog::kMaxRecipients; ++i)
    EXPECT_EQ(code(dialog, "RCPT TO:<b@example.net>"), "250");
  EXPECT_EQ(code(dialog, "RCPT TO:<b@example.net>"), "452");
}

TEST(SmtpDialog, BoundsTheMessage) {
  SmtpDialog dialog = encrypted_dialog();
  dialog.receive("MAIL FROM:<a@example.net>");
  dialog.receive("RCPT TO:<b@example.net>");
  dialog.receive("DATA");
  const std::string line(900, 'x');
  for (std::size_t sent = 0; sent <= SmtpDialog::kMaxMessageBytes; sent += line.size())
    dialog.receive(line);
  EXPECT_EQ(code(dialog, "."), "552");
  EXPECT_EQ(dialog.accepted_messages(), 0);
}

TEST(SmtpDialog, ClosesOnPeersThatNeverComeToThePoint) {
  SmtpDialog dialog;
  for (int i = 0; i < SmtpDialog::kMaxCommands; ++i) EXPECT_FALSE(dialog.receive("NOOP").close);
  EXPECT_TRUE(dialog.receive("NOOP").close);
}

TEST(SmtpDialog, SaysGoodbye) {
  SmtpDialog dialog;
  const SmtpDialog::Step step = dialog.receive("quit");
  EXPECT_TRUE(step.close);
  EXPECT_TRUE(step.reply.starts_with("221 "));
}

}  // namespace
}  // namespace exporter::demo
