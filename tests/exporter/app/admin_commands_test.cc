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
  ASSERT_TRUE(seen.correction);
  EXPECT_EQ(seen.correction->service, "smtp");
  EXPECT_EQ(seen.correction->from, Seconds(std::chrono::seconds(60)));
  EXPECT_EQ(seen.correction->to, Seconds(std::chrono::seconds(120)));
  EXPECT_EQ(seen.correction->verdict, Verdict::excluded);
  EXPECT_EQ(seen.correction->agreements, std::vector<std::string>{"acme"});
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
