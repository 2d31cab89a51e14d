// YAML as a tree that knows where everything was written. yaml-cpp reads the text; this layer
// builds the tree from its events, because its own nodes accept duplicate keys, know no merge keys
// and forget where an alias stood. Aliases share nodes, merge keys (`<<`) are applied here, and
// every size that a hostile file could blow up has a limit. The tree is immutable.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/error.h"

namespace exporter::config {

// Limits of one file. A configuration of 10,000 services is about 3 MB and 200,000 nodes.
inline constexpr std::size_t kMaxFileBytes = 8u << 20;
inline constexpr std::size_t kMaxNodes = 1'000'000;  // after aliases are followed
inline constexpr int kMaxDepth = 64;
inline constexpr std::size_t kMaxScalarBytes = 1u << 20;

// The file that a node was written in. Relative paths in it are relative to `folder`.
struct SourceFile {
  std::string name;  // as shown in errors
  std::filesystem::path folder;
};

struct Yaml;
using YamlPtr = std::shared_ptr<const Yaml>;

struct YamlEntry {
  YamlPtr key;
  YamlPtr value;
};

struct Yaml {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::shared_ptr<const SourceFile> file;
  int line = 0, column = 0;  // from 1
  std::string text;          // scalar
  bool quoted = false;       // scalar in quotes: never null, never a number by accident
  std::vector<YamlPtr> items;
  std::vector<YamlEntry> entries;  // in file order, merged keys last
  std::size_t nodes = 1;           // of this tree, each alias counted in full
  int depth = 1;

  const YamlEntry* find(std::string_view key) const;
};

// Collects errors up to kMaxErrors; the same error reached twice through an alias is kept once.
class Errors {
 public:
  static constexpr std::size_t kMaxErrors = 50;

  void add(const Yaml& at, std::string message);
  void add(ConfigError error);
  bool empty() const { return errors_.empty(); }
  // Nothing more will be shown, so looking for more (and for hints) is useless.
  bool full() const { return errors_.size() >= kMaxErrors; }
  std::size_t size() const { return errors_.size() + dropped_; }
  // Sorted by file (in the order in which files were met) and position.
  ConfigErrors take();

 private:
  ConfigErrors errors_;
  std::vector<std::string> files_;
  std::size_t dropped_ = 0;
};

// The single document in `text`, or null when it could not be read (then `errors` says why). An
// empty document is a null node.
YamlPtr parse_yaml(std::string_view text, std::shared_ptr<const SourceFile> file, Errors& errors);

// `over` laid on `base`: maps are merged key by key, anything else is replaced.
YamlPtr deep_merge(const YamlPtr& base, const YamlPtr& over);

}  // namespace exporter::config
