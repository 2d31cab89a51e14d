// Modules: how to probe. The table knows the built-in ones and those of the configuration, each as
// the YAML it was written in, so that a check's `with:` can be laid over it before it is read.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/files.h"
#include "exporter/config/reader.h"
#include "probes/probe.h"

namespace exporter::config {

class ModuleTable {
 public:
  ModuleTable(Errors& errors, const FileSource& files);

  // Takes `node` as module `name`, in place of a built-in one of that name.
  void add(const YamlPtr& name, const YamlPtr& node);

  struct Found {
    bool known = false;                            // there is a module of this name
    std::shared_ptr<const probes::Module> module;  // null when it is broken, which was reported
  };
  Found find(std::string_view name) const;
  // The module with `with` laid over the block of its prober.
  std::shared_ptr<const probes::Module> with(std::string_view name, const YamlPtr& with);

  std::vector<std::string> names() const;
  std::map<std::string, std::shared_ptr<const probes::Module>> modules() const;  // the sound ones

 private:
  struct Entry {
    YamlPtr node;
    YamlPtr name;  // where the configuration names it; null for a built-in one
    std::shared_ptr<const probes::Module> module;
  };
  Errors& errors_;
  const FileSource& files_;
  std::map<std::string, Entry, std::less<>> entries_;
  // Checks that share a `with:` through an alias share the module as well.
  struct Overridden {
    YamlPtr with;  // kept, so that its address stays its own
    std::shared_ptr<const probes::Module> module;
  };
  std::map<std::pair<std::string, const Yaml*>, Overridden> overridden_;
};

// The built-in modules as YAML, in the syntax of a configuration.
std::string_view builtin_modules_text();
// The same, read once; what `config show` need not print.
const std::map<std::string, std::shared_ptr<const probes::Module>>& builtin_modules();

// What the readers of the probers share.
struct ModuleReading {
  Errors& errors;
  const FileSource& files;
};
probes::HttpModule read_http(ModuleReading reading, const YamlPtr& block, const std::string& what);
probes::TcpModule read_tcp(ModuleReading reading, const YamlPtr& block, const std::string& what);
probes::DnsModule read_dns(ModuleReading reading, const YamlPtr& block, const std::string& what);

probes::IpPreference read_ip_preference(MapReader& reader);
probes::TlsOptions read_tls_config(ModuleReading reading, MapReader& reader);
void read_source_address(MapReader& reader, std::string& out);
// A regular expression in RE2's syntax, or a list of them.
bool read_regexp(MapReader& reader, std::string_view key, std::string& out);
void read_regexps(MapReader& reader, std::string_view key, std::vector<std::string>& out);
// The secret in the file that `key` names; its last line end is not part of it.
bool read_secret(ModuleReading reading, MapReader& reader, std::string_view key,
                 probes::Secret& out);
probes::Secret secret_from_file(ModuleReading reading, const Yaml& node, std::string_view key,
                                std::string_view path);
// A file that must be readable, as an absolute path.
void read_file_name(ModuleReading reading, MapReader& reader, std::string_view key,
                    std::string& out);
std::optional<std::string> listed_name(std::string_view written,
                                       std::initializer_list<std::string_view> names);

// A sentence that says what is wrong with `target` for this module, or nothing.
std::string target_problem(const probes::Module& module, std::string_view target);
// The same for a connectivity target: tcp://host:port, http(s)://..., dns://resolver/name.
std::string canary_problem(std::string_view target);
bool is_ip_address(std::string_view text);
bool is_host_name(std::string_view text);  // a name or an address without brackets

}  // namespace exporter::config
