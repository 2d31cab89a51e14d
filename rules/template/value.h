// What a template computes with: the values Go's text/template would meet in an alert, with Go's
// names for their types, because error texts and "%!d(string=x)" show them. Values are immutable
// and copies share their content. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/labels.h"

namespace rules::templates {

struct Nil {};      // the literal nil
struct Missing {};  // what a map without fixed types says of a key it has not: "<no value>"
struct Duration {
  std::int64_t nanoseconds = 0;
};
struct Time {
  std::int64_t nanoseconds = 0;  // since the epoch, in UTC
};

class Value;
using List = std::vector<Value>;

struct Fields {
  // strings: a key that is missing is an empty text. any: it is Missing. record: it is an error.
  enum class Kind { strings, any, record };
  Kind kind = Kind::any;
  std::string type;  // as Go names it
  std::map<std::string, Value, std::less<>> fields;
  std::vector<std::string> order;  // of a record that is not printed by name
  int depth = 1;  // of maps in maps, so that nobody nests them until the stack ends
};

class Value {
 public:
  Value() : content_(Nil{}) {}
  Value(Missing) : content_(Missing{}) {}
  Value(bool value) : content_(value) {}
  Value(std::int64_t value) : content_(value) {}
  Value(double value) : content_(value) {}
  Value(std::string value) : content_(std::make_shared<const std::string>(std::move(value))) {}
  Value(const char* value) : Value(std::string(value)) {}
  Value(Duration value) : content_(value) {}
  Value(Time value) : content_(value) {}
  Value(List list) : content_(std::make_shared<const List>(std::move(list))) {}
  Value(Fields fields) : content_(std::make_shared<const Fields>(std::move(fields))) {}

  template <class T>
  const T* get() const {
    if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, List> ||
                  std::is_same_v<T, Fields>) {
      const auto* held = std::get_if<std::shared_ptr<const T>>(&content_);
      return held == nullptr ? nullptr : held->get();
    } else {
      return std::get_if<T>(&content_);
    }
  }
  bool is_nil() const { return get<Nil>() != nullptr || get<Missing>() != nullptr; }
  // Go's truth: false, 0, nil and what is empty are not true.
  bool truth() const;
  std::string type() const;

 private:
  std::variant<Nil, Missing, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               Duration, Time, std::shared_ptr<const List>, std::shared_ptr<const Fields>>
      content_;
};

Value labels_value(const Labels& labels);
// One element of a query's result: .Labels and .Value.
Value sample_value(const Labels& labels, double value);

}  // namespace rules::templates
