// Templates against what Prometheus itself makes of them (tests/testdata/templates.txt, recorded
// from its own program), what is newer than that or cannot be asked there, errors with their place,
// and the limits that keep a template from taking the process down.
#include "rules/template/template.h"

#include <gmock/gmock.h>

#include <fstream>

#include "rules/template/go_text.h"

namespace rules::templates {
namespace {

using testing::HasSubstr;

Environment environment() {
  Environment environment;
  environment.labels = {{"__name__", "m"}, {"instance", "web:9100"}, {"job", "node"}};
  environment.external_labels = {{"dc", "gva"}};
  environment.external_url = "http://testhost:9090/path/prefix";
  environment.value = 1234.5;
  environment.now = 1'500'000'000.5;
  environment.query =
      [](const std::string& text) -> std::expected<std::vector<QueryResult>, std::string> {
    if (text == "sorted") return {{{Labels{{"__name__", "sorted"}, {"n", "c"}}, 3}}};
    if (text == "strval") return {{{Labels{{"__name__", "strval"}, {"__value__", "sv"}}, 1}}};
    if (text == "two") return {{{Labels{{"n", "b"}}, 21}, {Labels{{"n", "a"}}, 11}}};
    if (text == "broken") return std::unexpected("parse error");
    return {};
  };
  return environment;
}

// The text, or "!" and the message of the error.
std::string expanded(std::string_view text, const Environment& around = environment()) {
  const auto parsed = Template::parse("t", text);
  if (!parsed) return "!" + parsed.error().message;
  const auto result = parsed->expand(around);
  return result ? *result : "!" + result.error().message;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    ++i;
    out += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
  }
  return out;
}

TEST(Template, MakesOfEachWhatPrometheusMakes) {
  std::ifstream file(SLA_SOURCE_DIR "/tests/testdata/templates.txt");
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t tab = line.find('\t');
    ASSERT_NE(std::string::npos, tab) << line;
    const std::string text = unescaped(line.substr(0, tab));
    std::string want = unescaped(line.substr(tab + 1));
    if (want[0] == '=') want.erase(0, 1);
    EXPECT_EQ(want, expanded(text)) << text;
    ++cases;
  }
  EXPECT_GE(cases, 100);
}

struct Case {
  const char* text;
  const char* want;
};

TEST(Template, KnowsWhatTheRecordedPrometheusCouldNotBeAsked) {
  const Case cases[] = {
      {"{{ externalURL }} {{ pathPrefix }}", "http://testhost:9090/path/prefix /path/prefix"},
      {"{{ range query \"two\" | sortByLabel \"n\" }}{{ .Labels.n }}:{{ .Value }}: {{ end }}",
       "a:11: b:21: "},
      {"{{ range $i, $e := query \"two\" }}{{ if $i }},{{ end }}{{ .Value }}{{ end }}", "21,11"},
      {"{{ now }} {{ now | toTime }}", "1.5000000005e+09 2017-07-14 02:40:00.5 +0000 UTC"},
      {"{{ toDuration 3661.5 }} {{ toDuration \"0.0015\" }} {{ (toDuration 90).Minutes }}",
       "1h1m1.5s 1.5ms 1.5"},
      {"{{ humanizeDuration (toDuration 90) }} {{ (toDuration 90.4).Truncate 1000000000 }}",
       "1m 30s 1m30s"},
      {"{{ urlQueryEscape \"a b&c=d/é~\" }}", "a+b%26c%3Dd%2F%C3%A9~"},
      {"{{ range 3 }}{{ . }}{{ end }}", "012"},
      {"{{ with $labels.nope }}a{{ else with $labels.job }}{{ . }}{{ end }}", "node"},
      {"{{ range query \"broken\" }}{{ end }}",
       "!executing \"t\" at <query \"broken\">: error calling query: parse error"},
      {"{{ toUpper \"straße ÀÿЖж\" }} {{ toLower \"ÀŸЖ\" }} {{ title \"élan vital\" }}",
       "STRAßE ÀŸЖЖ àÿж Élan Vital"},
      {"{{ query \"two\" }}", "[{map[n:b] 21} {map[n:a] 11}]"},
  };
  for (const Case& one : cases) EXPECT_EQ(one.want, expanded(one.text)) << one.text;
}

TEST(Template, RefusesWhatDoesNotParse) {
  const Case cases[] = {
      {"{{", "unclosed action"},
      {"{{ if }}x{{ end }}", "missing value for if"},
      {"{{ if true }}x", "unexpected EOF"},
      {"{{ end }}", "unexpected {{end}}"},
      {"{{ else }}", "unexpected {{else}}"},
      {"{{ if 1 }}{{ else }}{{ else }}{{ end }}", "expected end; found {{else}}"},
      {"{{ nope 1 }}", "function \"nope\" not defined"},
      {"{{ $nope }}", "undefined variable \"$nope\""},
      {"{{ $nope = 1 }}", "undefined variable \"$nope\""},
      {"{{ define \"x\" }}{{ $labels }}{{ end }}", "undefined variable \"$labels\""},
      {"{{ if 1 }}{{ $x := 1 }}{{ end }}{{ $x }}", "undefined variable \"$x\""},
      {"{{ 1 | 2 }}", "non executable command in pipeline stage 2"},
      {"{{ template }}", "unexpected \"}}\" in template clause"},
      {"{{ define \"a\" }}{{ end }}{{ define \"a\" }}{{ end }}",
       "template: multiple definition of template \"a\""},
      {"{{ \"open }}", "unterminated quoted string"},
      {"{{ `open }}", "unterminated raw quoted string"},
      {"{{ \"\\q\" }}", "invalid syntax in a string"},
      {"{{ 'ab' }}", "malformed character constant"},
      {"{{ (1 }}", "unclosed left paren"},
      {"{{ 1) }}", "unexpected right paren"},
      {"{{ 1x }}", "bad number syntax: \"1x\""},
      {"{{ 99999999999999999999 }}", "integer overflow: \"99999999999999999999\""},
      {"{{ break }}", "{{break}} outside {{range}}"},
      {"{{/* open", "unclosed comment"},
      {"{{/* a */ }}", "comment ends before closing delimiter"},
      {"{{ @ }}", "unrecognized character in action: U+0040"},
      {"{{ $x, $y := 1 }}", "too many declarations in command"},
      {"{{ \"a\"\"b\" }}", "unexpected \"b\" in operand"},
      {"{{ 1.x }}", "bad number syntax: \"1.x\""},
      {"{{ if }}", "missing value for if"},
  };
  for (const Case& one : cases) {
    const auto parsed = Template::parse("t", one.text);
    ASSERT_FALSE(parsed) << one.text;
    EXPECT_EQ(one.want, parsed.error().message) << one.text;
  }
}

TEST(Template, ErrorsCarryNameLineAndColumn) {
  const auto parsed = Template::parse("ServiceDown/summary", "first\n  {{ nope }}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ("template: ServiceDown/summary:2:6: function \"nope\" not defined",
            parsed.error().text());
  const auto expands = Template::parse("a", "{{ if true }}\n{{ $labels.job.x }}{{ end }}");
  ASSERT_TRUE(expands);
  const auto result = expands->expand(environment());
  ASSERT_FALSE(result);
  EXPECT_EQ(2, result.error().line);
  EXPECT_EQ(4, result.error().column);
  EXPECT_EQ(
      "<error expanding template: template: a:2:4: executing \"a\" at <$labels.job.x>: can't "
      "evaluate field x in type string>",
      expansion_error(result.error()));
}

TEST(Template, IsParsedOnceAndExpandedForEachAlert) {
  const auto parsed = Template::parse("t", "{{ $labels.job }} {{ $value | humanize }}");
  ASSERT_TRUE(parsed);
  Environment other = environment();
  other.labels = {{"job", "db"}};
  other.value = 2e6;
  EXPECT_EQ("node 1.234k", parsed->expand(environment()).value());
  EXPECT_EQ("db 2M", parsed->expand(other).value());
}

TEST(Template, WithoutAQueryFunctionSaysSo) {
  Environment bare;
  EXPECT_THAT(expanded("{{ query \"up\" }}", bare), HasSubstr("there is nothing to query here"));
}

std::string repeated(const char* text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Limits, TextsDoNotGrowWithoutEnd) {
  const std::string doubled = repeated("{{ $x = print $x $x }}", 40);
  EXPECT_THAT(expanded("{{ $x := \"12345678\" }}" + doubled), HasSubstr("has become too long"));
  EXPECT_THAT(expanded("{{ range 100000 }}0123456789{{ end }}"), HasSubstr("has become too long"));
  EXPECT_THAT(expanded("{{ range 100000 }}{{ printf \"%9999d\" 1 }}{{ end }}"),
              HasSubstr("has become too long"));
  EXPECT_EQ(10'000, expanded("{{ printf \"%999999999d\" 1 }}").size());
  const std::string nested = repeated("{{ $x = args $x $x $x }}", 29);
  EXPECT_THAT(expanded("{{ $x := args 1 }}" + nested + "{{ $x }}{{ len (print $x) }}"),
              HasSubstr("too long"));
}

TEST(Limits, NestingEnds) {
  EXPECT_THAT(expanded(repeated("{{ if 1 }}", 200) + repeated("{{ end }}", 200)),
              HasSubstr("nested too deep"));
  EXPECT_THAT(expanded("{{ " + repeated("(", 5'000) + "1" + repeated(")", 5'000) + " }}"),
              HasSubstr("nested too deep"));
  EXPECT_THAT(expanded("{{ if 0 }}" + repeated("{{ else if 0 }}", 5'000) + "{{ end }}"),
              HasSubstr("nested too deep"));
  EXPECT_THAT(expanded("{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}"),
              HasSubstr("exceeded maximum template depth"));
  EXPECT_THAT(expanded("{{ $x := 1 }}{{ range 10000 }}{{ $x = args $x }}{{ end }}"),
              HasSubstr("nested too deep"));
}

TEST(Limits, TimeAndMemoryEnd) {
  EXPECT_THAT(expanded("{{ range 1000000000 }}{{ end }}"), HasSubstr("too many steps"));
  EXPECT_THAT(expanded("{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}"),
              HasSubstr("too many steps"));
  EXPECT_THAT(expanded("{{ $x := printf \"%9999d\" 1 }}{{ range 100000 }}"
                       "{{ $y := print $x $x $x $x $x }}{{ end }}"),
              HasSubstr("too much memory"));
  Environment hurried = environment();
  int asked = 0;
  hurried.stop = [&asked] { return ++asked == 3; };
  EXPECT_THAT(expanded("{{ range 1000000 }}{{ end }}", hurried), HasSubstr("the time is over"));
  EXPECT_EQ(3, asked);
}

TEST(GoText, WritesNumbersAsGoDoes) {
  const std::pair<double, const char*> cases[] = {{0, "0"},
                                                  {-0.0, "-0"},
                                                  {1, "1"},
                                                  {100000, "100000"},
                                                  {1e6, "1e+06"},
                                                  {123456789, "1.23456789e+08"},
                                                  {0.0001, "0.0001"},
                                                  {0.00001, "1e-05"},
                                                  {1e21, "1e+21"},
                                                  {1.5e300, "1.5e+300"},
                                                  {1e-300, "1e-300"},
                                                  {0.1, "0.1"},
                                                  {1.0 / 3, "0.3333333333333333"},
                                                  {99.99, "99.99"}};
  for (const auto& [value, want] : cases) EXPECT_EQ(want, number_text(value));
}

TEST(GoText, WritesTimesAndDurationsAsGoDoes) {
  EXPECT_EQ("0s", duration_text({0}));
  EXPECT_EQ("1ns", duration_text({1}));
  EXPECT_EQ("1.001\xc2\xb5s", duration_text({1'001}));
  EXPECT_EQ("-2562047h47m16.854775808s", duration_text({INT64_MIN}));
  EXPECT_EQ("100h0m0s", duration_text({360'000'000'000'000}));
  EXPECT_EQ("2262-04-11 23:47:16.854775807 +0000 UTC", time_text(Time{INT64_MAX}));
  EXPECT_EQ("1677-09-21 00:12:43.145224192 +0000 UTC", time_text(Time{INT64_MIN}));
  EXPECT_EQ("2024-02-29", time_text(Time{1'709'164'800'000'000'000}, "2006-01-02"));
  EXPECT_EQ("12:00AM .000", time_text(Time{0}, "03:04PM .000"));
}

}  // namespace
}  // namespace rules::templates
