// Linear search: there are a dozen routes, and the order of the table is the order of help.
#include "exporter/web/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exporter/web/status.h"

namespace exporter {
namespace {

// How much of the path the route names; -1 when it does not match.
long match_length(const Route& route, const std::string& path) {
  const std::string& pattern = route.path;
  if (pattern.ends_with('*')) {
    const std::string_view prefix(pattern.data(), pattern.size() - 1);
    return path.starts_with(prefix) ? static_cast<long>(prefix.size()) : -1;
  }
  return path == pattern ? static_cast<long>(path.size()) + 1 : -1;
}

bool allows(const Route& route, const std::string& method) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(route.methods, name) != route.methods.end();
  };
  return has(method) || (method == "HEAD" && has("GET"));
}

}  // namespace

WebResponse error_response(int status, std::string_view explanation) {
  WebResponse response;
  response.status = status;
  response.body = fmt::format("{} {}: {}\n", status, reason_phrase(status), explanation);
  return response;
}

const Route* Router::best_path(const std::string& path, const std::string& method) const {
  const Route* best = nullptr;
  long best_length = -1;
  for (const Route& route : routes_) {
    const long length = match_length(route, path);
    if (length <= best_length || (!method.empty() && !allows(route, method))) continue;
    best = &route;
    best_length = length;
  }
  return best;
}

std::string Router::allowed(const std::string& path) const {
  std::set<std::string> methods;
  for (const Route& route : routes_) {
    if (match_length(route, path) < 0) continue;
    methods.insert(route.methods.begin(), route.methods.end());
  }
  if (methods.contains("GET")) methods.insert("HEAD");
  return fmt::format("{}", fmt::join(methods, ", "));
}

std::variant<const Route*, WebResponse> Router::find(const WebRequest& request) const {
  if (best_path(request.path, "") == nullptr) {
    return error_response(404, "nothing is served here; / lists what is");
  }
  if (const Route* route = best_path(request.path, request.method)) return route;
  const std::string methods = allowed(request.path);
  WebResponse response = error_response(405, "this address takes " + methods);
  response.headers.emplace_back("Allow", methods);
  return response;
}

}  // namespace exporter
