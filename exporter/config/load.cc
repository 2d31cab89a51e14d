// Puts the sections together in the order in which they need each other: the agreement's zone
// before any time, modules and defaults before services, services before what refers to them.
#include "exporter/config/load.h"

#include <fmt/format.h>

#include <utility>

#include "exporter/config/sections.h"

namespace exporter {
namespace config {
namespace {

YamlPtr nothing_at(const YamlPtr& root) {
  auto node = std::make_shared<Yaml>();
  node->file = root->file;
  node->line = root->line;
  node->column = root->column;
  return node;
}

void read_contact(Loading& loading, MapReader& root) {
  root.text("contact", loading.config.contact);
  if (loading.config.contact.size() > 500) root.error("contact", "longer than 500 bytes");
}

void read_root(Loading& loading, const YamlPtr& root_node) {
  MapReader root(loading.errors, root_node, "the configuration");
  if (!root.valid()) return;
  const auto section = [&](std::string_view key) {
    const YamlPtr node = root.find(key);
    return node ? node : nothing_at(root_node);
  };

  read_agreement(loading, section("agreement"));
  read_place(loading, section("place"));
  read_connectivity(loading, section("connectivity"));
  read_contact(loading, root);
  read_retention(loading, root.find("retention"));

  std::vector<Document> documents = {
      {root.find("services"), root.find("modules"), root.find("maintenance")}};
  const YamlPtr include = root.find("include");
  for (Document& document : read_includes(loading, include)) documents.push_back(document);
  for (const Document& document : documents) read_modules(loading, document.modules);
  loading.config.modules = loading.modules->modules();
  read_defaults(loading, section("defaults"));
  for (const Document& document : documents) read_services(loading, document.services);
  check_service_links(loading);
  read_private_agreements(loading, root.find("private_agreements"));
  read_maintenance(loading, documents);
  read_alerting(loading, section("alerting"));
  read_support(loading, section("support"));
  const std::size_t errors_before = loading.errors.size();
  root.finish();
  // An empty `services: {}` is a choice; no mention of services is a slip, unless it is misspelt.
  const bool silent = root_node->find("services") == nullptr && !include;
  if (silent && loading.errors.size() == errors_before) {
    loading.errors.add(*root_node,
                       "no services: add \"services:\" with what is promised, or "
                       "\"services: {}\" if there is nothing to watch");
  }
}

}  // namespace

void Loading::warn(const Yaml& at, std::string_view message) {
  config.warnings.push_back(
      fmt::format("{}:{}:{}: {}", at.file->name, at.line, at.column, message));
}

void read_modules(Loading& loading, const YamlPtr& node) {
  if (!node) return;
  MapReader reader(loading.errors, node, "modules");
  if (!reader.valid()) return;
  for (const YamlEntry& entry : node->entries) {
    if (!entry.key->text.starts_with("x-")) loading.modules->add(entry.key, entry.value);
  }
}

std::filesystem::path resolve_path(const Yaml& written_in, std::string_view path) {
  return (written_in.file->folder / path).lexically_normal();
}

}  // namespace config

ConfigResult load_config_text(std::string_view text, const std::filesystem::path& path,
                              const config::FileSource& files) {
  using namespace config;
  Loading loading(files);
  loading.modules.emplace(loading.errors, files);
  loading.config.file = std::filesystem::absolute(path).lexically_normal();
  auto source = std::make_shared<SourceFile>(path.string(), loading.config.file.parent_path());
  const YamlPtr root = parse_yaml(text, source, loading.errors);
  if (root) read_root(loading, root);
  if (!loading.errors.empty()) return std::unexpected(loading.errors.take());
  return std::move(loading.config);
}

ConfigResult load_config(const std::filesystem::path& path, const config::FileSource& files) {
  const auto text = files.read(path, config::kMaxFileBytes);
  if (!text) {
    return std::unexpected(ConfigErrors{{.file = path.string(), .message = text.error()}});
  }
  return load_config_text(*text, path, files);
}

ConfigResult load_config(const std::filesystem::path& path) {
  return load_config(path, config::real_files());
}

}  // namespace exporter
