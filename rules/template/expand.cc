// Walks the tree and writes the text. Everything that can go on for long or grow large is counted.
#include <fmt/format.h>

#include <algorithm>

#include "rules/template/functions.h"
#include "rules/template/go_text.h"
#include "rules/template/tree.h"

namespace rules::templates {
namespace {

constexpr int kDeepest = 50;  // templates that call templates
constexpr std::int64_t kMostSteps = 1'000'000;
constexpr std::int64_t kStopEvery = 256;       // steps between two questions whether to stop
constexpr std::int64_t kBytesPerStep = 1'024;  // long texts take their time
constexpr std::size_t kMostMemory = 64 << 20;  // of everything that functions built

template <class T>
using Result = std::expected<T, Error>;

enum class Flow { on, break_, continue_ };

std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 200;
  return text.size() <= kMost ? std::string(text) : std::string(text.substr(0, kMost)) + "...";
}

class Expansion {
 public:
  Expansion(const Tree& tree, const Environment& environment)
      : tree_(tree), environment_(environment) {}

  Result<std::string> run() {
    Fields root;
    root.kind = Fields::Kind::record;
    root.type =
        "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL "
        "string; Value float64 }";
    root.depth = 2;
    root.order = {"Labels", "ExternalLabels", "ExternalURL", "Value"};
    root.fields.emplace("Labels", labels_value(environment_.labels));
    root.fields.emplace("ExternalLabels", labels_value(environment_.external_labels));
    root.fields.emplace("ExternalURL", environment_.external_url);
    root.fields.emplace("Value", environment_.value);
    const Fields& fields = root;
    variables_ = {{"$labels", fields.fields.find("Labels")->second},
                  {"$externalLabels", fields.fields.find("ExternalLabels")->second},
                  {"$externalURL", environment_.external_url},
                  {"$value", environment_.value}};
    const Value dot(root);
    variables_.push_back({"$", dot});
    name_ = tree_.name;
    const auto flow = walk(tree_.main, dot);
    if (!flow) return std::unexpected(flow.error());
    return std::move(out_);
  }

 private:
  struct Variable {
    std::string name;
    Value value;
  };

  std::unexpected<Error> failed(std::size_t at, std::size_t end, const std::string& why) const {
    const std::string text = shortened(std::string_view(tree_.text).substr(at, end - at));
    const std::string message = fmt::format("executing {} at <{}>: {}", quoted(name_), text, why);
    return std::unexpected(tree_.error(at, message));
  }

  // Counts; an error when there were too many or the caller has no more time.
  Result<Flow> step(std::size_t at) {
    if (++steps_ > kMostSteps) return failed(at, at, "the template takes too many steps");
    if (out_.size() > kMostText) return failed(at, at, "the text has become too long");
    const bool ask = environment_.stop && steps_ % kStopEvery == 0;
    if (ask && environment_.stop()) return failed(at, at, "the time is over");
    return Flow::on;
  }

  Result<Flow> walk(const std::vector<Node>& nodes, const Value& dot);
  Result<Flow> walk(const Node& node, const Value& dot);
  Result<Flow> walk_range(const Node& node, const Value& dot);
  Result<Flow> walk_each(const Node& node, const Value& over);
  Result<Flow> once(const Node& node, const Value& key, const Value& element);
  Result<Flow> walk_call(const Node& node, const Value& dot);

  Result<Value> evaluate(const Pipe& pipe, const Value& dot);
  Result<Value> evaluate(const Command& command, const Value& dot, const Value* last);
  Result<Value> evaluate(const Expression& expression, const Value& dot);
  Result<Value> base(const Expression& expression, const Value& dot);
  Result<Value> field(const Expression& expression, const Value& value, const std::string& name);
  Result<Value> with_arguments(const Command& command, const Value& dot, const Value* last);
  Result<Value> logic(const Command& command, const Value& dot, const Value* last);
  Result<Value> call(const Expression& function, std::span<const Expression> arguments,
                     const Value& dot, const Value* last);
  Result<std::vector<Value>> values_of(std::span<const Expression> arguments, const Value& dot,
                                       const Value* last);
  Result<Value> checked(const Function& function, const Expression& expression,
                        std::span<const Expression> arguments, std::span<const Value> values) const;
  std::string account(std::span<const Value> values, const Value& answer);
  Value* variable(const std::string& name);

  const Tree& tree_;
  const Environment& environment_;
  std::string out_, name_;
  std::vector<Variable> variables_;
  std::size_t scope_ = 0;  // where the variables of the template that runs begin
  std::int64_t steps_ = 0;
  std::size_t memory_ = 0;
  int depth_ = 0;
};

Result<Flow> Expansion::walk(const std::vector<Node>& nodes, const Value& dot) {
  for (const Node& node : nodes) {
    auto flow = step(node.at);
    if (flow) flow = walk(node, dot);
    if (!flow || *flow != Flow::on) return flow;
  }
  return Flow::on;
}

Result<Flow> Expansion::walk(const Node& node, const Value& dot) {
  const std::size_t scope = variables_.size();
  switch (node.kind) {
    case Node::Kind::text:
      out_ += node.text;
      return Flow::on;
    case Node::Kind::break_:
      return Flow::break_;
    case Node::Kind::continue_:
      return Flow::continue_;
    case Node::Kind::range:
      return walk_range(node, dot);
    case Node::Kind::call:
      return walk_call(node, dot);
    case Node::Kind::action: {
      const auto value = evaluate(*node.pipe, dot);
      if (!value) return std::unexpected(value.error());
      if (node.pipe->variables.empty()) append_text(out_, *value);
      return Flow::on;
    }
    case Node::Kind::if_:
    case Node::Kind::with:
      break;
  }
  const auto value = evaluate(*node.pipe, dot);
  if (!value) return std::unexpected(value.error());
  const bool with = node.kind == Node::Kind::with;
  auto flow = value->truth() ? walk(node.body, with ? *value : dot) : walk(node.otherwise, dot);
  variables_.resize(scope);
  return flow;
}

Result<Flow> Expansion::walk_range(const Node& node, const Value& dot) {
  const std::size_t scope = variables_.size();
  const auto over = evaluate(*node.pipe, dot);
  if (!over) return std::unexpected(over.error());
  variables_.resize(scope);
  const auto* count = over->get<std::int64_t>();
  const auto* fields = over->get<Fields>();
  const bool listed = over->get<List>() || count || over->is_nil() ||
                      (fields && fields->kind != Fields::Kind::record);
  if (!listed) {
    std::string text;
    append_text(text, *over);
    return failed(node.pipe->at, node.pipe->end, "range can't iterate over " + text);
  }
  if (over->truth() && (!count || *count > 0)) return walk_each(node, *over);
  auto flow = walk(node.otherwise, dot);
  variables_.resize(scope);
  return flow;
}

Result<Flow> Expansion::walk_each(const Node& node, const Value& over) {
  Result<Flow> flow = Flow::on;
  const auto goes_on = [&] { return flow && *flow != Flow::break_; };
  if (const auto* list = over.get<List>()) {
    for (std::size_t i = 0; i < list->size() && goes_on(); ++i) {
      flow = once(node, static_cast<std::int64_t>(i), (*list)[i]);
    }
  } else if (const auto* fields = over.get<Fields>()) {
    for (const auto& [name, value] : fields->fields) {
      if (goes_on()) flow = once(node, name, value);
    }
  } else if (const auto* count = over.get<std::int64_t>()) {
    for (std::int64_t i = 0; i < *count && goes_on(); ++i) flow = once(node, i, i);
  }
  if (!flow) return flow;
  return Flow::on;
}

Result<Flow> Expansion::once(const Node& node, const Value& key, const Value& element) {
  const std::size_t scope = variables_.size();
  const Pipe& pipe = *node.pipe;
  const bool both = pipe.variables.size() == 2;
  for (std::size_t i = 0; i < pipe.variables.size(); ++i) {
    const Value& value = both && i == 0 ? key : element;
    Value* known = pipe.assigns ? variable(pipe.variables[i]) : nullptr;
    if (known != nullptr) {
      *known = value;
    } else {
      variables_.push_back({pipe.variables[i], value});
    }
  }
  auto flow = step(node.at);
  if (flow) flow = walk(node.body, element);
  variables_.resize(scope);
  return flow;
}

Result<Flow> Expansion::walk_call(const Node& node, const Value& dot) {
  const auto found = tree_.templates.find(node.text);
  if (found == tree_.templates.end()) {
    const std::string name = quoted(node.text);
    return std::unexpected(tree_.error(
        node.at, fmt::format("executing {} at <{{{{template {}}}}}>: template {} not defined",
                             quoted(name_), name, name)));
  }
  if (depth_ >= kDeepest) return failed(node.at, node.at, "exceeded maximum template depth");
  Value argument{Missing{}};
  if (node.pipe) {
    auto value = evaluate(*node.pipe, dot);
    if (!value) return std::unexpected(value.error());
    argument = *std::move(value);
  }
  const std::size_t size = variables_.size(), scope = std::exchange(scope_, size);
  const std::string name = std::exchange(name_, node.text);
  variables_.push_back({"$", argument});
  ++depth_;
  auto flow = walk(found->second, argument);
  --depth_;
  variables_.resize(size);
  scope_ = scope;
  if (!flow) return flow;
  name_ = name;
  return Flow::on;
}

Value* Expansion::variable(const std::string& name) {
  for (std::size_t i = variables_.size(); i > scope_; --i) {
    if (variables_[i - 1].name == name) return &variables_[i - 1].value;
  }
  return nullptr;
}

Result<Value> Expansion::evaluate(const Pipe& pipe, const Value& dot) {
  Value value;
  const Value* last = nullptr;
  for (const Command& command : pipe.commands) {
    auto result = evaluate(command, dot, last);
    if (!result) return result;
    value = *std::move(result);
    last = &value;
  }
  for (const std::string& name : pipe.variables) {
    Value* known = pipe.assigns ? variable(name) : nullptr;
    if (known != nullptr) {
      *known = value;
    } else {
      variables_.push_back({name, value});
    }
  }
  return value;
}

Result<Value> Expansion::evaluate(const Command& command, const Value& dot, const Value* last) {
  if (auto ok = step(command.at); !ok) return std::unexpected(ok.error());
  const Expression& first = command.parts[0];
  if (first.kind == Expression::Kind::function && first.fields.empty()) {
    if (first.name == "and" || first.name == "or") return logic(command, dot, last);
    return call(first, std::span(command.parts).subspan(1), dot, last);
  }
  if (first.kind == Expression::Kind::nil) {
    return failed(first.at, first.end, "nil is not a command");
  }
  if (command.parts.size() == 1 && last == nullptr) return evaluate(first, dot);
  return with_arguments(command, dot, last);
}

// Only methods of times and durations take arguments; they are the last name behind a value.
Result<Value> Expansion::with_arguments(const Command& command, const Value& dot,
                                        const Value* last) {
  const Expression& first = command.parts[0];
  const auto text = shortened(std::string_view(tree_.text).substr(first.at, first.end - first.at));
  if (first.fields.empty()) {
    return failed(first.at, first.end, "can't give argument to non-function " + text);
  }
  auto value = base(first, dot);
  for (std::size_t i = 0; value && i + 1 < first.fields.size(); ++i) {
    value = field(first, *value, first.fields[i]);
  }
  if (!value) return value;
  auto arguments = values_of(std::span(command.parts).subspan(1), dot, last);
  if (!arguments) return std::unexpected(arguments.error());
  auto answer = call_method(*value, first.fields.back(), *arguments);
  if (!answer) {
    return failed(first.at, first.end, first.fields.back() + " is not a method but has arguments");
  }
  if (!*answer) return failed(first.at, first.end, answer->error());
  return **answer;
}

Result<Value> Expansion::evaluate(const Expression& expression, const Value& dot) {
  auto value = base(expression, dot);
  for (const std::string& name : expression.fields) {
    if (!value) return value;
    value = field(expression, *value, name);
  }
  return value;
}

Result<Value> Expansion::base(const Expression& expression, const Value& dot) {
  switch (expression.kind) {
    case Expression::Kind::dot:
      return dot;
    case Expression::Kind::nil:
      return Value();
    case Expression::Kind::constant:
      return expression.constant;
    case Expression::Kind::pipe:
      return evaluate(*expression.pipe, dot);
    case Expression::Kind::function:
      return call(expression, {}, dot, nullptr);
    case Expression::Kind::variable:
      break;
  }
  const Value* known = variable(expression.name);
  if (known != nullptr) return *known;
  return failed(expression.at, expression.end, "undefined variable: " + expression.name);
}

Result<Value> Expansion::field(const Expression& expression, const Value& value,
                               const std::string& name) {
  if (const auto* fields = value.get<Fields>()) {
    const auto found = fields->fields.find(name);
    if (found != fields->fields.end()) return found->second;
    if (fields->kind == Fields::Kind::strings) return Value("");
    if (fields->kind == Fields::Kind::any) return Value(Missing{});
  }
  if (value.is_nil()) {
    return failed(expression.at, expression.end, "nil data; no entry for key " + quoted(name));
  }
  const auto answer = call_method(value, name, {});
  if (answer && *answer) return **answer;
  const std::string why =
      answer ? answer->error() : "can't evaluate field " + name + " in type " + value.type();
  return failed(expression.at, expression.end, why);
}

// The value that decides; what stands behind it is not looked at.
Result<Value> Expansion::logic(const Command& command, const Value& dot, const Value* last) {
  const bool wanted = command.parts[0].name == "or";
  const auto arguments = std::span(command.parts).subspan(1);
  if (arguments.empty() && last == nullptr) {
    return failed(
        command.at, command.end,
        fmt::format("wrong number of args for {}: want at least 1 got 0", command.parts[0].name));
  }
  Value value;
  for (const Expression& argument : arguments) {
    auto result = evaluate(argument, dot);
    if (!result) return result;
    value = *std::move(result);
    if (value.truth() == wanted) return value;
  }
  return last != nullptr ? *last : value;
}

Result<std::vector<Value>> Expansion::values_of(std::span<const Expression> arguments,
                                                const Value& dot, const Value* last) {
  std::vector<Value> values;
  for (const Expression& argument : arguments) {
    auto value = evaluate(argument, dot);
    if (!value) return std::unexpected(value.error());
    values.push_back(*std::move(value));
  }
  if (last != nullptr) values.push_back(*last);
  return values;
}

std::string check_count(const Function& function, std::size_t count) {
  const bool few = count < function.least;
  if (!few && (function.variadic || count == function.least)) return "";
  return fmt::format("wrong number of args for {}: want {}{} got {}", function.name,
                     function.variadic ? "at least " : "", function.least, count);
}

// What does not fit the function's type; empty when it does. Go speaks of constants by their text.
std::string check_type(char wanted, const Value& value, std::string_view constant) {
  const auto* fields = value.get<Fields>();
  const bool is_sample = fields != nullptr && fields->type == "*template.sample";
  const bool fits = wanted == 'a' || (wanted == 's' && value.get<std::string>()) ||
                    (wanted == 'l' && value.get<List>()) || (wanted == 'r' && is_sample);
  if (fits) return "";
  if (wanted == 's' && !constant.empty()) return fmt::format("expected string; found {}", constant);
  const char* name = wanted == 's'   ? "string"
                     : wanted == 'l' ? "template.queryResult"
                                     : "*template.sample";
  if (!constant.empty()) return fmt::format("can't handle {} for arg of type {}", constant, name);
  return fmt::format("wrong type for value; expected {}; got {}", name, value.type());
}

Result<Value> Expansion::checked(const Function& function, const Expression& expression,
                                 std::span<const Expression> arguments,
                                 std::span<const Value> values) const {
  const std::string count = check_count(function, values.size());
  if (!count.empty()) return failed(expression.at, expression.end, count);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool last = i >= arguments.size();
    const Expression& at = last ? expression : arguments[i];
    const bool constant = !last && at.kind == Expression::Kind::constant;
    const std::string_view text = std::string_view(tree_.text).substr(at.at, at.end - at.at);
    const char wanted = function.types[std::min(i, function.types.size() - 1)];
    const std::string misfit = check_type(wanted, values[i], constant ? text : "");
    if (!misfit.empty()) return failed(at.at, at.end, misfit);
  }
  return Value();
}

Result<Value> Expansion::call(const Expression& expression, std::span<const Expression> arguments,
                              const Value& dot, const Value* last) {
  auto values = values_of(arguments, dot, last);
  if (!values) return std::unexpected(values.error());
  const std::size_t end = arguments.empty() ? expression.end : arguments.back().end;
  const Function* function = find_function(expression.name);
  if (function == nullptr) {
    return failed(expression.at, end, expression.name + " stands only at the beginning of a call");
  }
  const auto fits = checked(*function, expression, arguments, *values);
  if (!fits) return fits;
  Answer answer = function->run({environment_, *values});
  if (!answer) {
    return failed(expression.at, end,
                  fmt::format("error calling {}: {}", expression.name, answer.error()));
  }
  const std::string excess = account(*values, *answer);
  if (!excess.empty()) return failed(expression.at, end, excess);
  return *std::move(answer);
}

// What a call cost; a sentence when it was too much.
std::string Expansion::account(std::span<const Value> values, const Value& answer) {
  for (const Value& value : values) {
    const auto* text = value.get<std::string>();
    steps_ += text ? static_cast<std::int64_t>(text->size()) / kBytesPerStep : 0;
  }
  const auto* text = answer.get<std::string>();
  const auto* list = answer.get<List>();
  memory_ += text ? text->size() : list ? list->size() * sizeof(Value) : sizeof(Value);
  if (text && text->size() > kMostText) return "the text has become too long";
  return memory_ > kMostMemory ? "the template takes too much memory" : "";
}

}  // namespace

bool is_function(std::string_view name) {
  return name == "and" || name == "or" || find_function(name) != nullptr;
}

std::string Error::text() const {
  return fmt::format("template: {}:{}:{}: {}", name, line, column, message);
}

std::string expansion_error(const Error& error) {
  return "<error expanding template: " + error.text() + ">";
}

std::expected<Template, Error> Template::parse(std::string name, std::string_view text) {
  auto tree = parse_tree(std::move(name), text);
  if (!tree) return std::unexpected(std::move(tree.error()));
  return Template(std::make_shared<const Tree>(*std::move(tree)));
}

std::expected<std::string, Error> Template::expand(const Environment& environment) const {
  return Expansion(*tree_, environment).run();
}

}  // namespace rules::templates
