// Asks an exporter, or a Prometheus, for something of its HTTP API. One request, blocking; for the
// verbs of slatool.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace exporter::tool {

struct ApiServer {
  std::string url;  // "http://127.0.0.1:9849", with a prefix if it is served behind one
  std::string user, password_file, ca_file;
  std::chrono::milliseconds timeout{150'000};  // longer than a query may take there
};

using Form = std::vector<std::pair<std::string, std::string>>;

// The body of an answer of the API, which may be an error of its own. The error here is a sentence
// that says what to do: nobody answers, or not an API.
std::expected<std::string, std::string> ask_api(const ApiServer& server, const std::string& path,
                                                const Form& form);

}  // namespace exporter::tool
