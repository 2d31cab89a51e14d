// When mail begins, what it tells, when it ends; and that nothing in an alert can break a mail.
#include "exporter/alerts/mail_book.h"
#include "exporter/alerts/mail_text.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporter/alerts/some_alerts.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kNow = 1'796'515'200'000;  // 2026-12-06T00:00:00Z

std::vector<std::string> names(const std::vector<OutgoingAlert>& alerts) {
  std::vector<std::string> names;
  names.reserve(alerts.size());
  for (const OutgoingAlert& alert : alerts) names.emplace_back(alert.labels.get("alertname"));
  return names;
}

// A book and the time around it; minutes are counted from the beginning of an outage.
class MailBooks : public testing::Test {
 protected:
  static constexpr AlertmanagersState kGood = {
      .any_configured = true, .any_answers = true, .all_failing_since = {}};
  static AlertmanagersState failing() {
    return {.any_configured = true, .any_answers = false, .all_failing_since = probes::TimePoint{}};
  }
  void watch(const AlertmanagersState& state, int minute) {
    book_.watch(state, 5min, probes::TimePoint{} + minute * 1min, kNow + minute * kMinute);
  }
  std::optional<MailNews> news(int minute) { return book_.news(kNow + minute * kMinute); }
  // The news of that minute, taken by the server.
  MailNews told(int minute) {
    const auto news = this->news(minute);
    EXPECT_TRUE(news.has_value());
    if (!news) return {};
    book_.told(*news);
    EXPECT_FALSE(this->news(minute).has_value());
    return *news;
  }
  void note(const std::string& name, int minute, bool resolved = false, int since = -10) {
    OutgoingAlert alert = outgoing(name, kNow + minute * kMinute, resolved);
    alert.starts_at = kNow + since * kMinute;
    book_.note(alert);
  }

  MailBook book_;
};

TEST_F(MailBooks, TellNothingWhileAnAlertmanagerAnswers) {
  note("a", 0);
  watch(kGood, 0);
  EXPECT_FALSE(news(0));
  EXPECT_FALSE(book_.active());
}

TEST_F(MailBooks, BeginWhenNobodyHasAnsweredForLongEnough) {
  note("a", 4);
  watch(failing(), 4);
  EXPECT_FALSE(news(4));
  note("a", 5);
  watch(failing(), 5);
  const MailNews news = told(5);
  EXPECT_EQ(news.kind, MailNews::Kind::begins);
  EXPECT_THAT(names(news.firing), ElementsAre("a"));
}

TEST_F(MailBooks, TellWhatIsNewAndNotEachResend) {
  note("a", 5);
  watch(failing(), 5);
  told(5);
  for (int minute = 6; minute < 30; ++minute) {
    note("a", minute);
    watch(failing(), minute);
    EXPECT_FALSE(news(minute)) << minute;
  }
  note("a", 30);
  note("b", 30);
  const MailNews more = told(30);
  EXPECT_EQ(more.kind, MailNews::Kind::goes_on);
  EXPECT_THAT(names(more.firing), ElementsAre("b"));
}

TEST_F(MailBooks, TellOnceThatAnAlertIsResolved) {
  note("a", 5);
  watch(failing(), 5);
  told(5);
  OutgoingAlert resolved = outgoing("a", kNow + 6 * kMinute, true);
  book_.note(resolved);
  EXPECT_THAT(names(told(6).resolved), ElementsAre("a"));
  // It is sent again for a quarter of an hour.
  for (int minute = 7; minute < 40; ++minute) {
    if (minute < 21) book_.note(resolved);
    EXPECT_FALSE(news(minute)) << minute;
  }
  EXPECT_EQ(book_.size(), 0u);
  note("a", 40, false, 40);
  EXPECT_THAT(names(told(40).firing), ElementsAre("a"));
}

TEST_F(MailBooks, TellOfAnAlertThatFiredAndEndedBeforeTheFirstMail) {
  note("old", 1, true, -20);  // an Alertmanager was told of it
  note("short", 3, true, 1);
  watch(failing(), 5);
  const MailNews news = told(5);
  EXPECT_THAT(names(news.resolved), ElementsAre("short"));
  EXPECT_THAT(news.firing, IsEmpty());
}

TEST_F(MailBooks, SayThatItIsOverWhenAnAlertmanagerAnswers) {
  note("a", 5);
  note("b", 5);
  watch(failing(), 5);
  told(5);
  note("a", 7);
  note("b", 7, true);
  watch(kGood, 7);
  const MailNews over = told(7);
  EXPECT_EQ(over.kind, MailNews::Kind::over);
  EXPECT_THAT(names(over.firing), ElementsAre("a"));
  EXPECT_THAT(names(over.resolved), ElementsAre("b"));
  EXPECT_FALSE(book_.active());
  // The next outage begins anew.
  note("a", 8);
  book_.watch({.any_configured = true,
               .any_answers = false,
               .all_failing_since = probes::TimePoint{} + 8min},
              5min, probes::TimePoint{} + 13min, kNow + 13 * kMinute);
  note("a", 13);
  EXPECT_EQ(told(13).kind, MailNews::Kind::begins);
}

TEST_F(MailBooks, AnOutageThatNobodyWasToldOfEndsInSilence) {
  watch(failing(), 5);
  EXPECT_TRUE(book_.active());
  watch(kGood, 6);
  EXPECT_FALSE(news(6));
}

TEST_F(MailBooks, WithoutAnyAlertmanagerMailIsTheOnlyWay) {
  watch({}, 0);
  note("a", 1);
  const MailNews news = told(1);
  EXPECT_EQ(news.kind, MailNews::Kind::only_way);
  note("a", 2, true);
  EXPECT_THAT(names(told(2).resolved), ElementsAre("a"));
}

TEST_F(MailBooks, AFiringAlertWithoutFurtherWordIsNotToldAsResolved) {
  note("a", 5);
  watch(failing(), 5);
  told(5);
  EXPECT_FALSE(news(60));
  EXPECT_EQ(book_.size(), 0u);
}

TEST_F(MailBooks, ARestartDoesNotTellItAgain) {
  note("a", 5);
  note("b", 5);
  watch(failing(), 5);
  told(5);
  note("b", 6, true);
  told(6);
  MailBook restarted;
  for (const DeliveryChange& change : book_.changes()) restarted.restore(change.key, *change.json);
  EXPECT_TRUE(restarted.active());
  book_ = std::move(restarted);
  note("a", 7);
  note("b", 7, true);
  EXPECT_FALSE(news(7));
  watch(kGood, 8);
  EXPECT_EQ(told(8).kind, MailNews::Kind::over);
  for (const DeliveryChange& change : book_.changes()) EXPECT_FALSE(change.json) << change.key;
}

TEST_F(MailBooks, RowsThatCannotBeReadAreForgotten) {
  for (const char* json : {"", "{}", "[]", "{\"alert\":\"x\",\"resolved\":true}"}) {
    MailBook book;
    book.restore("key", json);
    book.restore("", json);
    EXPECT_FALSE(book.active());
    EXPECT_EQ(book.size(), 0u);
    EXPECT_EQ(book.changes().size(), 2u) << json;
  }
}

MailFrame frame() {
  return {.from = "sla@example.com",
          .to = {"a@example.com", "b@example.com"},
          .place = "Geneva",
          .message_id = "1.2@example.com",
          .date = probes::WallTime(std::chrono::milliseconds(kNow)),
          .after = 5min};
}

TEST(AlertMailText, IsReadable) {
  OutgoingAlert alert = outgoing("Down", kNow);
  EXPECT_EQ(
      alert_mail({.kind = MailNews::Kind::begins, .firing = {alert}, .resolved = {}}, frame()),
      "From: SLA Exporter <sla@example.com>\n"
      "To: a@example.com,\n b@example.com\n"
      "Subject: [FIRING:1] Down (Geneva)\n"
      "Date: Sun, 06 Dec 2026 00:00:00 +0000\n"
      "Message-ID: <1.2@example.com>\n"
      "Auto-Submitted: auto-generated\n"
      "MIME-Version: 1.0\n"
      "Content-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: quoted-printable\n"
      "\n"
      "No Alertmanager has answered for 300 s, so alerts come by mail until one do=\n"
      "es.\n"
      "This mail lists all that fire now; later ones say only what is new.\n"
      "\n"
      "Firing:\n"
      "\n"
      "* Down, since 2026-12-05T23:50:00.000Z\n"
      "  summary: Down is down\n"
      "  severity=3Dpage\n"
      "  http://here/graph?g0.expr=3Dup+%3D%3D+0&g0.tab=3D1\n"
      "\n"
      "--=20\n"
      "SLA Exporter at Geneva\n");
}

TEST(AlertMailText, NothingInAnAlertCanEndAHeaderOrALine) {
  OutgoingAlert alert = outgoing("Down\r\nBcc: x@evil.example\r\n\r\nHello", kNow);
  alert.annotations = {{"summary", "one\n.\nQUIT\r\n\x01\xff"}};
  MailFrame hostile = frame();
  hostile.place = "here\nX-Evil: 1";
  const std::string mail =
      alert_mail({.kind = MailNews::Kind::goes_on, .firing = {alert}, .resolved = {}}, hostile);
  EXPECT_THAT(mail, Not(HasSubstr("\nBcc:")));
  EXPECT_THAT(mail, Not(HasSubstr("\nX-Evil")));
  EXPECT_THAT(mail, Not(HasSubstr("\n.\n")));
  EXPECT_THAT(mail, Not(HasSubstr("\r")));
  EXPECT_THAT(mail, HasSubstr("summary: one . QUIT   =EF=BF=BD\n"));
  for (const char c : mail) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f));
}

TEST(AlertMailText, OverSaysWhatFiresOn) {
  const std::string mail = alert_mail(
      {.kind = MailNews::Kind::over, .firing = {outgoing("Down", kNow)}, .resolved = {}}, frame());
  EXPECT_THAT(mail, HasSubstr("Subject: [OVER] Alertmanager answers again (Geneva)\n"));
  EXPECT_THAT(mail, HasSubstr("Still firing:\n\n* Down"));
}

TEST(AlertMailText, AFloodIsBounded) {
  MailNews news;
  for (int i = 0; i < 5000; ++i) news.firing.push_back(outgoing(fmt::format("n{:04}", i), kNow));
  const std::string mail = alert_mail(news, frame());
  EXPECT_THAT(mail, HasSubstr("[FIRING:5000] n0000, n0001, n0002, n0003, n0004 and 4995 more"));
  EXPECT_THAT(mail, HasSubstr("... and 4900 more\n"));
  EXPECT_LT(mail.size(), 100'000u);
}

TEST(HeaderText, IsEncodedOnlyWhenItMustBe) {
  EXPECT_EQ(header_text("plain text"), "plain text");
  EXPECT_EQ(header_text("Genève"), "=?utf-8?B?R2Vuw6h2ZQ==?=");
  EXPECT_EQ(header_text("=?utf-8?B?x?="), "=?utf-8?B?PT91dGYtOD9CP3g/PQ==?=");
  const std::string longer = header_text(std::string("é ") + std::string(120, 'x'));
  EXPECT_THAT(longer, HasSubstr("?=\n =?utf-8?B?"));
  for (std::size_t at = 0; at < longer.size();) {
    const std::size_t end = std::min(longer.find('\n', at), longer.size());
    EXPECT_LE(end - at, 76u);
    at = end + 1;
  }
}

TEST(QuotedPrintable, KeepsLinesShortAndAscii) {
  EXPECT_EQ(quoted_printable("a = é \n"), "a =3D =C3=A9=20\n");
  EXPECT_EQ(quoted_printable(std::string(76, 'x')), std::string(75, 'x') + "=\nx");
  EXPECT_EQ(quoted_printable("tab\there"), "tab=09here");
}

}  // namespace
}  // namespace exporter
