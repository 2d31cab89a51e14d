// Which series there are, and which labels they have, in a stretch of time. All three listings come
// from the same look at the store.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exporter/web/api_endpoints.h"
#include "exporter/web/api_json.h"
#include "exporter/web/api_params.h"
#include "rules/promql/quote.h"

namespace exporter::api {
namespace {

// Long before and after any sample, and no sum of the two overflows.
constexpr std::int64_t kEver = std::int64_t{1} << 61;
constexpr std::string_view kLabelPath = "/api/v1/label/", kLabelEnd = "/values";

struct Window {
  std::int64_t start = -kEver, end = kEver;
};

std::expected<Window, Error> window_of(const WebRequest& request) {
  const auto start = time_or(request, "start", -kEver);
  if (!start) return std::unexpected(start.error());
  const auto end = time_or(request, "end", kEver);
  if (!end) return std::unexpected(end.error());
  return Window{std::clamp(*start, -kEver, kEver), std::clamp(*end, -kEver, kEver)};
}

// Calls `visit` with the labels of each series that one of the sets matches; of all without a set.
// A series that several sets match may come several times.
template <class Visit>
std::optional<Error> visit_series(const ApiContext& context, const WebRequest& request,
                                  std::vector<Matchers> sets, Window window, Visit visit) {
  const auto source = context.source();
  if (!source) return no_series().error();
  if (sets.empty()) sets.emplace_back();
  Patience patience(request, context.limits.timeout);
  for (const Matchers& matchers : sets) {
    for (const auto& cursor : source->select(matchers, window.start - 1, window.end)) {
      if (patience.over()) return patience.error();
      rules::Sample newest;
      if (cursor->latest(window.start - 1, window.end, newest)) visit(cursor->labels());
    }
  }
  return std::nullopt;
}

template <class Sorted>
std::vector<std::string> first_of(const Sorted& texts, std::size_t limit, Data& data) {
  std::vector<std::string> list(texts.begin(), texts.end());
  if (limit == 0 || list.size() <= limit) return list;
  list.resize(limit);
  data.warnings.emplace_back(kTruncated);
  return list;
}

using Texts = std::set<std::string, std::less<>>;

// What label_names and label_values have in common: `pick` takes from each series what is listed.
template <class Pick>
Answer list_texts(const ApiContext& context, const WebRequest& request, Pick pick) {
  const auto limit = limit_of(request);
  if (!limit) return std::unexpected(limit.error());
  const auto window = window_of(request);
  if (!window) return std::unexpected(window.error());
  auto sets = parse_matchers(parameters(request, "match[]"));
  if (!sets) return bad_data(sets.error());
  Texts texts;
  const auto error = visit_series(context, request, *std::move(sets), *window,
                                  [&](const rules::Labels& labels) { pick(labels, texts); });
  if (error) return std::unexpected(*error);
  Data data;
  append_list(data.body, first_of(texts, *limit, data));
  return data;
}

void insert(Texts& texts, std::string_view text) {
  if (!texts.contains(text)) texts.emplace(text);
}

}  // namespace

Answer series(const ApiContext& context, const WebRequest& request) {
  const std::vector<std::string> selectors = parameters(request, "match[]");
  if (selectors.empty()) return bad_data("no match[] parameter provided");
  const auto limit = limit_of(request);
  if (!limit) return std::unexpected(limit.error());
  const auto window = window_of(request);
  if (!window) return std::unexpected(window.error());
  auto sets = parse_matchers(selectors);
  if (!sets) return bad_parameter("match[]", sets.error());
  std::vector<rules::Labels> found;
  const auto error = visit_series(context, request, *std::move(sets), *window,
                                  [&](const rules::Labels& labels) { found.push_back(labels); });
  if (error) return std::unexpected(*error);

  std::ranges::sort(found);
  const auto equal = std::ranges::unique(found);
  found.erase(equal.begin(), equal.end());
  Data data;
  if (*limit > 0 && found.size() > *limit) {
    found.resize(*limit);
    data.warnings.emplace_back(kTruncated);
  }
  data.body.push_back('[');
  for (const rules::Labels& labels : found) {
    if (&labels != &found.front()) data.body.push_back(',');
    append_labels(data.body, labels);
  }
  data.body.push_back(']');
  return data;
}

Answer label_names(const ApiContext& context, const WebRequest& request) {
  return list_texts(context, request, [](const rules::Labels& labels, Texts& names) {
    for (const auto& [name, value] : labels.pairs()) insert(names, name);
  });
}

Answer label_values(const ApiContext& context, const WebRequest& request) {
  std::string_view name = request.path;
  name.remove_prefix(std::min(kLabelPath.size(), name.size()));
  if (!name.ends_with(kLabelEnd)) {
    return std::unexpected(Error{ErrorKind::not_found, "the path is " + std::string(kLabelPath) +
                                                           "NAME" + std::string(kLabelEnd)});
  }
  name.remove_suffix(kLabelEnd.size());
  if (!rules::is_utf8(name))
    return bad_data(fmt::format("invalid label name: {}", rules::quote(name)));
  return list_texts(context, request, [name](const rules::Labels& labels, Texts& values) {
    const std::string_view value = labels.get(name);
    if (!value.empty()) insert(values, value);
  });
}

}  // namespace exporter::api
