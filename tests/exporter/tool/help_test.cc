// Every verb has its line in docs/slatool.md, and the page names no verb that does not exist.
#include <algorithm>
#include <fstream>
#include <set>

#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

void collect(const CLI::App& app, const std::string& prefix, std::set<std::string>& verbs) {
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  if (children.empty()) verbs.insert(prefix);
  for (const CLI::App* child : children) {
    collect(*child, prefix.empty() ? child->get_name() : prefix + " " + child->get_name(), verbs);
  }
}

TEST(Help, EveryVerbIsDocumentedAndEveryDocumentedVerbExists) {
  CLI::App app;
  int exit_code = 0;
  add_verbs(app, exit_code);
  std::set<std::string> verbs;
  collect(app, "", verbs);
  ASSERT_GE(verbs.size(), 15u);

  std::ifstream page(std::string(SLA_SOURCE_DIR) + "/docs/slatool.md");
  ASSERT_TRUE(page.is_open());
  std::set<std::string> documented;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string words = line.substr(3, line.find('`', 3) - 3);
    for (const std::string& verb : verbs) {
      if (words == verb || words.starts_with(verb + " ")) documented.insert(verb);
    }
    EXPECT_TRUE(std::ranges::any_of(verbs,
                                    [&words](const std::string& verb) {
                                      return words == verb || words.starts_with(verb + " ");
                                    }))
        << "docs/slatool.md documents what does not exist: " << words;
  }
  EXPECT_EQ(documented, verbs);
}

}  // namespace
}  // namespace exporter::tool
