// Where links in alerts lead: the query and its answer, and nothing foreign unescaped.
#include "exporter/web/graph_page.h"

#include "tests/exporter/web/api_fixture.h"

namespace exporter {
namespace {

using testing::HasSubstr;
using testing::Not;

class GraphPageTest : public ApiTest {
 protected:
  std::string page(const std::string& expr, const std::string& moment = "") {
    WebRequest request{.method = "GET", .path = "/graph"};
    if (!expr.empty()) request.query.emplace("g0.expr", expr);
    if (!moment.empty()) request.query.emplace("g0.moment_input", moment);
    const WebResponse response = graph_page_route(context()).handler(request);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
    return response.body;
  }
};

TEST_F(GraphPageTest, AnswersTheQueryOfALink) {
  load({{"__name__", "up"}, {"job", "<b>"}}, {1, 1, 0.5});
  const std::string shown = page("up > 0");
  EXPECT_THAT(shown, HasSubstr("1 series."));
  EXPECT_THAT(shown, HasSubstr("up{job=&quot;&lt;b&gt;&quot;}"));
  EXPECT_THAT(shown, HasSubstr("<td class=\"number\">0.5</td>"));
  EXPECT_THAT(shown, HasSubstr(">up &gt; 0</textarea>"));
}

TEST_F(GraphPageTest, AsksAtTheMomentOfTheLink) {
  load({{"__name__", "up"}}, {3, 2, 1});
  const std::string shown = page("up", std::to_string(kNow / 1000 - 90));
  EXPECT_THAT(shown, HasSubstr("<td class=\"number\">3</td>"));
  EXPECT_THAT(page("up", "yesterday"), HasSubstr("class=\"bad\""));
}

TEST_F(GraphPageTest, ShowsEveryKindOfValue) {
  load({{"__name__", "up"}}, {3, 2, 1});
  EXPECT_THAT(page("1 + 1"), HasSubstr(">2</p>"));
  EXPECT_THAT(page("\"<i>\""), HasSubstr("&lt;i&gt;</p>"));
  EXPECT_THAT(page("up[5m]"), HasSubstr("3 samples"));
}

TEST_F(GraphPageTest, SaysWhatIsWrong) {
  EXPECT_THAT(page("up{"), HasSubstr("parse error"));
  EXPECT_THAT(page("<script>"), Not(HasSubstr("<script>")));
  EXPECT_THAT(page(""), HasSubstr("<textarea"));
}

}  // namespace
}  // namespace exporter
