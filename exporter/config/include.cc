// Included files: more services, modules and maintenance windows, each in a file of its own team.
// Patterns and the paths inside an included file are relative to the file that names them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxIncludedFiles = 10'000;
constexpr std::size_t kMaxIncludedBytes = 16u << 20;

class Includer {
 public:
  explicit Includer(Loading& loading) : loading_(loading) {}

  void include(const Yaml& node, const std::string& pattern) {
    const std::filesystem::path full = resolve_path(node, pattern);
    std::vector<std::filesystem::path> paths = {full};
    if (has_wildcard(pattern)) {
      paths = loading_.files.glob(full);
      // A pattern may catch the file it stands in.
      std::erase(paths, loading_.config.file);
      if (paths.empty()) {
        loading_.warn(node, fmt::format("include: no file matches \"{}\"", pattern));
      }
    } else if (full == loading_.config.file) {
      loading_.errors.add(node, fmt::format("include: \"{}\" is this file itself", pattern));
      return;
    }
    for (const std::filesystem::path& path : paths) {
      if (seen_.insert(path).second && !read_file(node, path)) return;
    }
  }

  std::vector<Document> take() { return std::move(documents_); }

 private:
  // False when a limit was reached and going on is useless.
  bool read_file(const Yaml& node, const std::filesystem::path& path) {
    const std::string name = shown_name(node, path);
    auto text = loading_.files.read(path, kMaxFileBytes);
    if (!text) {
      loading_.errors.add(node, fmt::format("include: {}: {}", name, text.error()));
      return true;
    }
    bytes_ += text->size();
    if (bytes_ > kMaxIncludedBytes || seen_.size() > kMaxIncludedFiles) {
      loading_.errors.add(node, fmt::format("include: more than {} files or {} bytes in all",
                                            kMaxIncludedFiles, kMaxIncludedBytes));
      return false;
    }
    auto file = std::make_shared<SourceFile>(name, path.parent_path());
    const YamlPtr root = parse_yaml(*text, file, loading_.errors);
    if (!root) return true;
    MapReader reader(loading_.errors, root, "an included file");
    reader.refuse("include", "an included file cannot include others; list them in the main file");
    reader.refuse("defaults", "defaults stand in the main file and hold for all files");
    documents_.push_back(
        {reader.find("services"), reader.find("modules"), reader.find("maintenance")});
    reader.finish();
    return true;
  }

  Loading& loading_;
  std::set<std::filesystem::path> seen_;
  std::size_t bytes_ = 0;
  std::vector<Document> documents_;
};

}  // namespace

bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("*?[") != pattern.npos; }

std::string shown_name(const Yaml& named_at, const std::filesystem::path& path) {
  const std::filesystem::path main_folder =
      std::filesystem::path(named_at.file->name).parent_path();
  return (main_folder / path.lexically_relative(named_at.file->folder)).lexically_normal().string();
}

std::vector<Document> read_includes(Loading& loading, const YamlPtr& patterns) {
  if (!patterns) return {};
  if (patterns->kind == Yaml::Kind::map) {
    loading.errors.add(*patterns, "include must be a list of files or patterns, but this is a map");
    return {};
  }
  Includer includer(loading);
  for (const YamlPtr& item : as_list(patterns)) {
    const auto pattern = scalar_text(loading.errors, *item, "include");
    if (pattern && !pattern->empty()) includer.include(*item, *pattern);
  }
  return includer.take();
}

}  // namespace exporter::config
