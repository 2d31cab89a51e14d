// Which handler answers a request: a table of routes, looked up in order. Immutable after
// construction, so any thread may ask.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "exporter/web/server.h"

namespace exporter {

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // The route, or the answer to give instead: 404, or 405 with Allow. An exact path wins over a
  // trailing '*', a longer prefix over a shorter one. HEAD goes wherever GET goes.
  std::variant<const Route*, WebResponse> find(const WebRequest& request) const;

 private:
  const Route* best_path(const std::string& path, const std::string& method) const;
  std::string allowed(const std::string& path) const;

  std::vector<Route> routes_;
};

// A short text answer: "404 Not Found: ...".
WebResponse error_response(int status, std::string_view explanation);

}  // namespace exporter
