// Builds the tree from yaml-cpp's events. The parser is stopped by an exception at the first limit
// that is reached; duplicate keys and bad merges are recorded and reading goes on, so that several
// of them are reported at once.
#include "exporter/config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "exporter/config/utf8.h"

namespace exporter {

std::string ConfigError::text() const {
  if (line == 0) return fmt::format("{}: {}", file, message);
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

namespace config {
namespace {

using Anchor = std::size_t;  // yaml-cpp's number of an anchor; 0 is none

constexpr std::string_view kMergeKey = "<<";

constexpr int kMaxOpenBrackets = 1000;  // far beyond kMaxDepth; what the parser may hold

// What yaml-cpp says, in words that help. Anything else is passed on as it is.
struct ParserMessage {
  std::string_view theirs, ours;
};
constexpr std::array kParserMessages = {
    ParserMessage{
        "end of map not found",
        "this map ends unexpectedly: expected \"key: value\" here; check the indentation"},
    ParserMessage{"end of map flow not found", "a \"{\" is not closed by \"}\""},
    ParserMessage{"end of sequence not found",
                  "this list ends unexpectedly: expected \"- item\" here; check the indentation"},
    ParserMessage{"end of sequence flow not found", "a \"[\" is not closed by \"]\""},
    ParserMessage{"illegal EOF in scalar", "the file ends inside a quoted text"},
    ParserMessage{"illegal map value",
                  "a second \": \" on this line; put the value in quotes if it belongs to it"},
    ParserMessage{"the referenced anchor is not defined",
                  "this alias refers to an anchor that is not defined before it in this file"},
    ParserMessage{"unknown token",
                  "a character that YAML reserves stands here; put the value in quotes"},
};

// A map or list whose end has not been read yet.
struct Frame {
  std::shared_ptr<Yaml> node;
  Anchor anchor = 0;
  YamlPtr key;                           // of a map entry that still waits for its value
  YamlEntry merge;                       // `<<` and its value
  std::unordered_set<std::string> keys;  // to find duplicates
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const SourceFile> file, Errors& errors)
      : file_(std::move(file)), errors_(errors) {}

  YamlPtr root() const { return root_; }
  // The last scalar in quotes, or null.
  const std::shared_ptr<Yaml>& last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, Anchor anchor) override {
    attach(make(Yaml::Kind::null, mark), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, Anchor anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    if (value.size() > kMaxScalarBytes) {
      throw YAML::ParserException(
          mark, fmt::format("this value is longer than {} bytes", kMaxScalarBytes));
    }
    auto node = make(Yaml::Kind::scalar, mark);
    node->text = value;
    node->quoted = tag != "?";
    if (!node->quoted && (value == "~" || value == "null" || value.empty())) {
      node->kind = Yaml::Kind::null;
    }
    if (node->quoted) last_quoted_ = node;
    attach(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, Anchor anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw YAML::ParserException(mark, "this alias refers to a map or list that contains it");
    }
    add_to_parent(found->second, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, Anchor anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(Yaml::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, Anchor anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(Yaml::Kind::map, mark, anchor);
  }
  void OnMapEnd() override {
    apply_merges(frames_.back());
    close();
  }

 private:
  std::shared_ptr<Yaml> make(Yaml::Kind kind, const YAML::Mark& mark) {
    auto node = std::make_shared<Yaml>();
    node->kind = kind;
    node->file = file_;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }

  // "?" is a plain scalar, "!" a quoted one, "" a collection without a tag.
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    static const std::set<std::string> harmless = {
        "", "?", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"};
    if (!harmless.contains(tag)) {
      throw YAML::ParserException(
          mark, fmt::format("the tag \"{}\" has no meaning here; remove it", tag));
    }
  }

  void open(Yaml::Kind kind, const YAML::Mark& mark, Anchor anchor) {
    if (frames_.size() >= kMaxDepth) {
      throw YAML::ParserException(mark, fmt::format("nested more than {} levels deep", kMaxDepth));
    }
    frames_.push_back(
        Frame{.node = make(kind, mark), .anchor = anchor, .key = {}, .merge = {}, .keys = {}});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    attach(std::move(frame.node), frame.anchor);
  }

  void attach(YamlPtr node, Anchor anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    YAML::Mark mark;
    mark.line = node->line - 1;
    mark.column = node->column - 1;
    add_to_parent(node, mark);
  }

  void add_to_parent(const YamlPtr& node, const YAML::Mark& mark) {
    if (frames_.empty()) {
      root_ = node;
      return;
    }
    Frame& frame = frames_.back();
    grow(frame, *node, mark);
    if (frame.node->kind == Yaml::Kind::list) {
      frame.node->items.push_back(node);
      return;
    }
    if (!frame.key) {
      take_key(frame, node, mark);
      return;
    }
    add_entry(frame, std::exchange(frame.key, nullptr), node);
  }

  void grow(Frame& frame, const Yaml& child, const YAML::Mark& mark) {
    frame.node->nodes += child.nodes;
    frame.node->depth = std::max(frame.node->depth, child.depth + 1);
    total_ += child.kind == Yaml::Kind::map || child.kind == Yaml::Kind::list ? 0 : 1;
    if (frame.node->nodes > kMaxNodes || total_ > kMaxNodes) {
      throw YAML::ParserException(
          mark, fmt::format("more than {} values once every alias is followed", kMaxNodes));
    }
    if (frame.node->depth > kMaxDepth) {
      throw YAML::ParserException(
          mark,
          fmt::format("nested more than {} levels deep once every alias is followed", kMaxDepth));
    }
  }

  static void take_key(Frame& frame, const YamlPtr& node, const YAML::Mark& mark) {
    if (node->kind == Yaml::Kind::map || node->kind == Yaml::Kind::list) {
      throw YAML::ParserException(mark, "a key must be a plain text; a value in {} needs quotes");
    }
    if (node->kind == Yaml::Kind::null) throw YAML::ParserException(mark, "a key is missing here");
    frame.key = node;
  }

  void add_entry(Frame& frame, const YamlPtr& key, const YamlPtr& value) {
    const bool merges = key->text == kMergeKey && !key->quoted;
    if (!frame.keys.insert(key->text).second) {
      const YamlEntry* first = frame.node->find(key->text);
      errors_.add(*key, merges ? "duplicate key \"<<\"; merge several maps with <<: [*one, *two]"
                               : fmt::format("duplicate key \"{}\"; it stands on line {} already",
                                             key->text, first->key->line));
      return;
    }
    if (merges) {
      frame.merge = {key, value};
      return;
    }
    frame.node->entries.push_back({key, value});
  }

  // Keys of the map itself win over merged ones, and earlier maps of a list over later ones.
  void apply_merges(Frame& frame) {
    if (!frame.merge.key) return;
    const YamlPtr value = frame.merge.value;
    std::vector<YamlPtr> sources = {value};
    if (value->kind == Yaml::Kind::list) sources = value->items;
    for (const YamlPtr& source : sources) {
      if (source->kind != Yaml::Kind::map) {
        errors_.add(*frame.merge.key,
                    "a merge key (<<) takes a map or a list of maps, such as <<: *name");
        continue;
      }
      for (const YamlEntry& entry : source->entries) {
        if (frame.keys.insert(entry.key->text).second) frame.node->entries.push_back(entry);
      }
    }
  }

  std::shared_ptr<const SourceFile> file_;
  Errors& errors_;
  std::vector<Frame> frames_;
  std::unordered_map<Anchor, YamlPtr> anchors_;
  std::size_t total_ = 0;  // scalars met, however they are shared
  YamlPtr root_;
  std::shared_ptr<Yaml> last_quoted_;
};

// yaml-cpp trips over a tab in the indentation only later and blames something else. Gives the
// offset of the tab when the failing line or the one before begins with one.
std::optional<std::size_t> tab_near(std::string_view text, int line) {
  std::size_t start = 0;
  for (int at = 0; start < text.size() && at <= line; ++at) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view whole = text.substr(start, end - start);
    const std::string_view indent = whole.substr(0, whole.find_first_not_of(" \t"));
    if (at + 1 >= line && indent.find('\t') != indent.npos) return start + indent.find('\t');
    start = end + 1;
  }
  return std::nullopt;
}

std::string friendly(const std::string& message) {
  for (const ParserMessage& known : kParserMessages) {
    if (message == known.theirs) return std::string(known.ours);
  }
  return message;
}

// Says where, in the terms of an editor: line and column from 1.
ConfigError error_at_offset(const SourceFile& file, std::string_view text, std::size_t offset,
                            std::string message) {
  const std::string_view before = text.substr(0, offset);
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  ConfigError error{.file = file.name, .line = 1, .column = 1, .message = std::move(message)};
  error.line += static_cast<int>(std::ranges::count(before, '\n'));
  error.column += static_cast<int>(before.size() - line_start);
  return error;
}

// The end of the quoted text that begins at `at`, or the end of the text.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote) at += text[at] == '\\' && quote == '"' ? 2 : 1;
  return std::min(at, text.size());
}

// yaml-cpp takes a quoted text that the end of the file cuts off for a whole one when a line break
// comes last. Only the last one can be cut off.
bool is_closed(std::string_view text, const Yaml& quoted) {
  std::size_t at = 0;
  for (int line = 1; line < quoted.line; ++line) at = text.find('\n', at) + 1;
  if (text.starts_with("\xEF\xBB\xBF") && quoted.line == 1) at += 3;
  at += static_cast<std::size_t>(quoted.column - 1);
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return true;
  at = skip_quoted(text, at);
  while (text.substr(at).starts_with("''")) at = skip_quoted(text, at + 1);
  return at < text.size();
}

// The parser holds every bracket that is not closed, some 200 bytes each, before it hands out the
// first. Gives the offset of the first one too many. Only brackets where a value can begin count,
// so that those inside texts and regular expressions do not.
std::optional<std::size_t> too_many_brackets(std::string_view text) {
  int open = 0;
  bool value_begins = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t') continue;
    if (value_begins && (c == '"' || c == '\'')) i = skip_quoted(text, i);
    if (c == '#' && i > 0 && text[i - 1] <= ' ') i = std::min(text.find('\n', i), text.size());
    if ((c == ']' || c == '}') && open > 0) --open;
    if (value_begins && (c == '[' || c == '{') && ++open > kMaxOpenBrackets) return i;
    value_begins = c == '#' || std::string_view("\n\r[{,:-?").find(c) != std::string_view::npos;
  }
  return std::nullopt;
}

// Refuses what is not text before the parser sees it.
bool is_text(std::string_view text, const SourceFile& file, Errors& errors) {
  if (text.size() > kMaxFileBytes) {
    errors.add({.file = file.name,
                .message = fmt::format("the file has {} bytes; at most {} are read. Split it with "
                                       "include:",
                                       text.size(), kMaxFileBytes)});
    return false;
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    errors.add({.file = file.name, .message = "the file is UTF-16; save it as UTF-8"});
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 || c == '\n' || c == '\r' || c == '\t') continue;
    errors.add(error_at_offset(
        file, text, i,
        fmt::format("control character 0x{:02x}; this does not look like a text file", c)));
    return false;
  }
  if (auto bracket = too_many_brackets(text)) {
    errors.add(error_at_offset(file, text, *bracket,
                               fmt::format("nested more than {} levels deep", kMaxDepth)));
    return false;
  }
  if (auto bad = first_invalid_utf8(text)) {
    errors.add(
        error_at_offset(file, text, *bad, "these bytes are not UTF-8; save the file as UTF-8"));
    return false;
  }
  return true;
}

}  // namespace

const YamlEntry* Yaml::find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key->text == key) return &entry;
  }
  return nullptr;
}

void Errors::add(const Yaml& at, std::string message) {
  add({.file = at.file->name, .line = at.line, .column = at.column, .message = std::move(message)});
}

void Errors::add(ConfigError error) {
  if (std::ranges::find(errors_, error) != errors_.end()) return;
  if (errors_.size() >= kMaxErrors) {
    ++dropped_;
    return;
  }
  if (std::ranges::find(files_, error.file) == files_.end()) files_.push_back(error.file);
  errors_.push_back(std::move(error));
}

ConfigErrors Errors::take() {
  // The message decides between errors at one place, so that the order never depends on chance.
  auto rank = [&](const ConfigError& error) {
    return std::tuple(std::ranges::find(files_, error.file) - files_.begin(), error.line,
                      error.column, std::string_view(error.message));
  };
  std::ranges::sort(errors_, {}, rank);
  if (dropped_ > 0) {
    errors_.push_back({.file = errors_.back().file,
                       .message = fmt::format("{} more errors are not shown", dropped_)});
  }
  return std::move(errors_);
}

YamlPtr parse_yaml(std::string_view text, std::shared_ptr<const SourceFile> file, Errors& errors) {
  if (!is_text(text, *file, errors)) return nullptr;
  TreeBuilder builder(file, errors);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      auto nothing = std::make_shared<Yaml>();
      nothing->file = file;
      nothing->line = nothing->column = 1;
      return nothing;
    }
    const auto& quoted = builder.last_quoted();
    if (quoted && !is_closed(text, *quoted)) {
      errors.add(*quoted, "the quote that begins here is not closed");
      return nullptr;
    }
    TreeBuilder second(file, errors);
    if (parser.HandleNextDocument(second)) {
      errors.add(second.root() ? *second.root() : *builder.root(),
                 "a second document begins here; one file holds one document, remove the ---");
    }
  } catch (const YAML::Exception& error) {
    if (auto tab = tab_near(text, error.mark.line)) {
      errors.add(error_at_offset(*file, text, *tab,
                                 "a tab is used for indentation; YAML allows only spaces"));
      return nullptr;
    }
    errors.add({.file = file->name,
                .line = error.mark.line + 1,
                .column = error.mark.column + 1,
                .message = friendly(error.msg)});
    return nullptr;
  }
  return builder.root();
}

YamlPtr deep_merge(const YamlPtr& base, const YamlPtr& over) {
  if (!base || base->kind != Yaml::Kind::map || over->kind != Yaml::Kind::map) return over;
  auto merged = std::make_shared<Yaml>(*base);
  merged->line = over->line;
  merged->column = over->column;
  merged->file = over->file;
  for (const YamlEntry& entry : over->entries) {
    auto at = std::ranges::find(merged->entries, entry.key->text,
                                [](const YamlEntry& have) { return have.key->text; });
    if (at == merged->entries.end()) {
      merged->entries.push_back(entry);
    } else {
      *at = {entry.key, deep_merge(at->value, entry.value)};
    }
  }
  return merged;
}

}  // namespace config
}  // namespace exporter
