// The table of modules and the part of a module that all probers share.
#include "exporter/config/modules.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

// Probers that the blackbox exporter has and this one does not (yet): worth a clear word.
constexpr std::array kOtherProbers = {"icmp", "grpc", "unix", "websocket"};

bool is_module_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

YamlPtr empty_map_at(const Yaml& at) {
  auto node = std::make_shared<Yaml>();
  node->kind = Yaml::Kind::map;
  node->file = at.file;
  node->line = at.line;
  node->column = at.column;
  return node;
}

// Reads the block of the module's prober, with `with` laid over it when there is one.
std::optional<probes::ModuleSpec> read_spec(ModuleReading reading, MapReader& reader,
                                            const YamlPtr& with) {
  std::string prober;
  reader.text("prober", prober);
  std::optional<probes::ModuleSpec> spec;
  for (const char* name : {"http", "tcp", "dns"}) {
    if (prober != name) {
      reader.refuse(name, fmt::format("the prober of this module is \"{}\"", prober));
      continue;
    }
    YamlPtr block = reader.find(name);
    if (!block) block = empty_map_at(reader.node());
    std::string what = fmt::format("{} of {}", name, reader.what());
    if (with) {
      block = deep_merge(block, with);
      what = fmt::format("with: over {}", reader.what());
    }
    if (prober == "http") spec = read_http(reading, block, what);
    if (prober == "tcp") spec = read_tcp(reading, block, what);
    if (prober == "dns") spec = read_dns(reading, block, what);
  }
  if (spec) return spec;
  if (prober.empty()) {
    reading.errors.add(reader.node(), fmt::format("{} has no prober: add prober: http, tcp or dns",
                                                  reader.what()));
  } else if (std::ranges::find(kOtherProbers, prober) != kOtherProbers.end()) {
    reader.error("prober",
                 fmt::format("\"{}\" is not supported; there are http, tcp and dns", prober));
  } else {
    reader.error("prober", fmt::format("there is no prober \"{}\"{}", prober,
                                       did_you_mean(prober, {"http", "tcp", "dns"})));
  }
  return std::nullopt;
}

std::shared_ptr<const probes::Module> read_module(ModuleReading reading, const std::string& name,
                                                  const YamlPtr& node, const YamlPtr& with) {
  const std::size_t errors_before = reading.errors.size();
  auto module = std::make_shared<probes::Module>();
  module->name = name;
  MapReader reader(reading.errors, node, fmt::format("module \"{}\"", name));
  if (!reader.valid()) return nullptr;
  reader.duration("timeout", 10ms, 10min, module->timeout);
  auto spec = read_spec(reading, reader, with);
  reader.finish();
  if (!spec || reading.errors.size() != errors_before) return nullptr;
  module->spec = std::move(*spec);
  return module;
}

// The built-in modules cannot fail to load: a test reads them, and they read no files.
const std::vector<YamlEntry>& builtin_nodes() {
  static const std::vector<YamlEntry> nodes = [] {
    Errors errors;
    auto file = std::make_shared<SourceFile>("built-in modules", "/");
    const YamlPtr root = parse_yaml(builtin_modules_text(), file, errors);
    return root ? root->entries : std::vector<YamlEntry>{};
  }();
  return nodes;
}

bool compiles(Errors& errors, const Yaml& node, std::string_view key, const std::string& text) {
  const re2::RE2 regexp(text, re2::RE2::Quiet);
  if (regexp.ok()) return true;
  errors.add(node, fmt::format("{}: \"{}\" is not a regular expression (RE2): {}", key, text,
                               regexp.error()));
  return false;
}

}  // namespace

const std::map<std::string, std::shared_ptr<const probes::Module>>& builtin_modules() {
  static const auto modules = [] {
    Errors errors;
    std::map<std::string, std::shared_ptr<const probes::Module>> all;
    for (const YamlEntry& entry : builtin_nodes()) {
      all[entry.key->text] =
          read_module({errors, real_files()}, entry.key->text, entry.value, nullptr);
    }
    return all;
  }();
  return modules;
}

ModuleTable::ModuleTable(Errors& errors, const FileSource& files) : errors_(errors), files_(files) {
  for (const YamlEntry& entry : builtin_nodes()) {
    entries_[entry.key->text] = {entry.value, nullptr, builtin_modules().at(entry.key->text)};
  }
}

void ModuleTable::add(const YamlPtr& name, const YamlPtr& node) {
  if (!is_module_name(name->text)) {
    errors_.add(*name,
                fmt::format("\"{}\" cannot be the name of a module: use letters, digits, -, _ "
                            "and ., at most 100",
                            name->text));
    return;
  }
  Entry& entry = entries_[name->text];
  if (entry.name) {
    errors_.add(*name, fmt::format("module \"{}\" is defined twice; the other one is at {}:{}",
                                   name->text, entry.name->file->name, entry.name->line));
    return;
  }
  entry = {node, name, read_module({errors_, files_}, name->text, node, nullptr)};
}

ModuleTable::Found ModuleTable::find(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  return {true, found->second.module};
}

std::shared_ptr<const probes::Module> ModuleTable::with(std::string_view name,
                                                        const YamlPtr& with) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return nullptr;
  const auto [at, added] = overridden_.try_emplace({found->first, with.get()});
  if (added) {
    at->second = {with, read_module({errors_, files_}, found->first, found->second.node, with)};
  }
  return at->second.module;
}

std::vector<std::string> ModuleTable::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

std::map<std::string, std::shared_ptr<const probes::Module>> ModuleTable::modules() const {
  std::map<std::string, std::shared_ptr<const probes::Module>> all;
  for (const auto& [name, entry] : entries_) {
    if (entry.module) all[name] = entry.module;
  }
  return all;
}

probes::IpPreference read_ip_preference(MapReader& reader) {
  probes::IpPreference ip;
  reader.value("preferred_ip_protocol", ip.preferred,
               [](std::string_view text) -> Parsed<probes::Family> {
                 if (text == "ip4") return probes::Family::ip4;
                 if (text == "ip6") return probes::Family::ip6;
                 return std::unexpected(fmt::format("\"{}\" is neither ip4 nor ip6", text));
               });
  reader.boolean("ip_protocol_fallback", ip.fallback);
  return ip;
}

void read_source_address(MapReader& reader, std::string& out) {
  if (reader.text("source_ip_address", out) && !is_ip_address(out)) {
    reader.error("source_ip_address", fmt::format("\"{}\" is not an IP address", out));
  }
}

bool read_regexp(MapReader& reader, std::string_view key, std::string& out) {
  std::string text;
  if (!reader.text(key, text)) return false;
  if (!compiles(reader.errors(), *reader.find(key), key, text)) return false;
  out = std::move(text);
  return true;
}

void read_regexps(MapReader& reader, std::string_view key, std::vector<std::string>& out) {
  std::vector<std::string> texts;
  if (!reader.texts(key, texts)) return;
  const std::vector<YamlPtr> items = as_list(reader.find(key));
  for (std::size_t i = 0; i < texts.size(); ++i)
    compiles(reader.errors(), *items[i], key, texts[i]);
  out = std::move(texts);
}

bool is_ip_address(std::string_view text) {
  const std::string copy(text.substr(0, text.find('%')));
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1;
}

std::optional<std::string> listed_name(std::string_view written,
                                       std::initializer_list<std::string_view> names) {
  if (std::ranges::find(names, written) == names.end()) return std::nullopt;
  return std::string(written);
}

}  // namespace exporter::config
