// What an endpoint answers: data, or an error of one of Prometheus' kinds, and the envelope that
// either goes out in. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/web/server.h"

namespace exporter::api {

enum class ErrorKind { bad_data, execution, timeout, canceled, not_found, unavailable };

struct Error {
  ErrorKind kind = ErrorKind::bad_data;
  std::string text;
};

struct Data {
  // Begins with the envelope, because a large body is not moved for the sake of its head.
  std::string body = R"({"status":"success","data":)";
  std::vector<std::string> warnings, infos;
};
using Answer = std::expected<Data, Error>;

// invalid parameter "step": ...
std::unexpected<Error> bad_parameter(std::string_view name, std::string_view why);
std::unexpected<Error> bad_data(std::string text);
std::unexpected<Error> no_series();  // the store is not there (yet)

inline constexpr std::string_view kTruncated = "results truncated due to limit";

// ["a","b"]
void append_list(std::string& out, const std::vector<std::string>& texts);

WebResponse reply(Answer answer);

}  // namespace exporter::api
