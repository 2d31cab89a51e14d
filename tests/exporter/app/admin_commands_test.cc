// What slatool may ask of the daemon, and what it is told when it asks nonsense.
#include "exporter/admin_commands.h"

#include <gtest/gtest.h>

namespace exporter {
namespace {

std::string answer(const std::string& request, AdminCommand* seen = nullptr) {
  return answer_admin_request(
      request, [seen](AdminCommand command) -> std::expected<std::string, std::string> {
        if (seen != nullptr) *seen = std::move(command);
        return "done";
      });
}

TEST(AdminCommands, AnswersAPing) {
  EXPECT_EQ(answer(R"({"command":"ping"})"), R"({"message":"pong","ok":true})");
}

TEST(AdminCommands, HandsACorrectionOn) {
  AdminCommand seen;
  std::string text = answer(
      R"({"command":"correct","service":"smtp","from":60,"to":120,"verdict":"excluded","agreements":["acme"],)"
      R"("by":"Ada","why":"announced by letter"})",
      &seen);
  EXPECT_EQ(text, R"({"message":"done","ok":true})");
  const auto* correction = std::get_if<Correction>(std::get_if<BookCommand>(&seen));
  ASSERT_NE(correction, nullptr);
  EXPECT_EQ(correction->service, "smtp");
  EXPECT_EQ(correction->from, Seconds(std::chrono::seconds(60)));
  EXPECT_EQ(correction->to, Seconds(std::chrono::seconds(120)));
  EXPECT_EQ(correction->verdict, Verdict::excluded);
  EXPECT_EQ(correction->agreements, std::vector<std::string>{"acme"});
}

TEST(AdminCommands, ReadsEveryRequestAsItWasMeant) {
  const Seconds noon(std::chrono::hours(12));
  const AdminCommand commands[] = {
      Correction{.by = "Ada",
                 .why = "letter",
                 .service = "smtp",
                 .from = noon,
                 .to = noon + std::chrono::hours(1),
                 .verdict = Verdict::good},
      TakeTerms{.agreement = "published", .by = "Ada", .why = "signed"},
      MaintenanceWindow{.id = "tool:move",
                        .services = {"smtp"},
                        .agreements = {"acme"},
                        .from = noon,
                        .to = noon + std::chrono::hours(1),
                        .announced = noon - std::chrono::hours(2),
                        .summary = "a \"move\""},
      MaintenanceWindow{.id = "x", .from = noon, .to = noon + std::chrono::hours(1)},
      WithdrawWindows{.ids = {"a", "b"}},
      TicketCorrection{.source = "rt",
                       .ticket = "4711",
                       .action = TicketCorrection::Action::reacted_at,
                       .level = "first",
                       .instance = 2,
                       .at = noon,
                       .by = "Ada",
                       .why = "a call"},
      TicketCorrection{.ticket = "4711",
                       .action = TicketCorrection::Action::calendar,
                       .calendar = "europe",
                       .by = "Ada",
                       .why = "moved"},
      TakeSupportTerms{.by = "Ada", .why = "the new contract"},
  };
  for (const AdminCommand& command : commands) {
    AdminCommand seen;
    const std::string request = admin_request_of(command);
    EXPECT_EQ(answer(request, &seen), R"({"message":"done","ok":true})") << request;
    const auto index = [](const auto& half) { return half.index(); };
    EXPECT_EQ(seen.index(), command.index());
    EXPECT_EQ(std::visit(index, seen), std::visit(index, command));
    EXPECT_EQ(admin_request_of(seen), request);
  }
}

TEST(AdminCommands, RefusesWhatIsIncompleteOrWrong) {
  const char* const bad[] = {
      "",
      "[]",
      "not json",
      "{}",
      R"({"command":"explode"})",
      R"({"command":"correct"})",
      R"({"command":"correct","service":"s","from":"x","to":1,"verdict":"good","by":"a","why":"b"})",
      R"({"command":"correct","service":"s","from":0,"to":60,"verdict":"fine","by":"a","why":"b"})",
      R"({"command":"correct","service":"s","from":60,"to":60,"verdict":"good","by":"a","why":"b"})",
      R"({"command":"correct","service":"s","from":0,"to":60,"verdict":"good","by":"","why":"b"})",
      R"({"command":"correct","service":"s","from":0,"to":60,"verdict":"good","by":"a","why":""})",
      R"({"command":"maintenance-add","id":"","from":0,"to":60})",
      R"({"command":"ticket-correct","action":"forget","ticket":"1","by":"a","why":"b"})",
      R"({"command":"ticket-correct","action":"void","ticket":1,"by":"a","why":"b"})",
      R"({"command":"maintenance-add","id":"a","from":0})",
      R"({"command":"maintenance-add","id":"a","from":0,"to":60,"announced":"soon"})",
      R"({"command":"maintenance-withdraw","ids":[]})",
      R"({"command":"maintenance-withdraw","ids":"a"})",
      R"({"command":"support-terms-now","by":"a"})",
  };
  for (const char* request : bad) {
    EXPECT_NE(answer(request).find(R"("ok":false)"), std::string::npos) << request;
  }
}

TEST(AdminCommands, PassesOnWhyTheBookRefused) {
  std::string text = answer_admin_request(
      R"({"command":"terms-now","agreement":"acme","by":"Ada","why":"signed"})",
      [](AdminCommand) -> std::expected<std::string, std::string> {
        return std::unexpected("no terms are waiting");
      });
  EXPECT_EQ(text, R"({"error":"no terms are waiting","ok":false})");
}

}  // namespace
}  // namespace exporter
