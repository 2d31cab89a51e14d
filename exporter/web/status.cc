// One table of the codes this server can send.
#include "exporter/web/status.h"

#include <array>

namespace exporter {
namespace {

struct StatusPhrase {
  int status;
  std::string_view phrase;
};

constexpr std::array kPhrases = {
    StatusPhrase{200, "OK"},
    StatusPhrase{202, "Accepted"},
    StatusPhrase{204, "No Content"},
    StatusPhrase{301, "Moved Permanently"},
    StatusPhrase{302, "Found"},
    StatusPhrase{303, "See Other"},
    StatusPhrase{304, "Not Modified"},
    StatusPhrase{400, "Bad Request"},
    StatusPhrase{401, "Unauthorized"},
    StatusPhrase{403, "Forbidden"},
    StatusPhrase{404, "Not Found"},
    StatusPhrase{405, "Method Not Allowed"},
    StatusPhrase{409, "Conflict"},
    StatusPhrase{411, "Length Required"},
    StatusPhrase{413, "Content Too Large"},
    StatusPhrase{414, "URI Too Long"},
    StatusPhrase{415, "Unsupported Media Type"},
    StatusPhrase{417, "Expectation Failed"},
    StatusPhrase{422, "Unprocessable Content"},
    StatusPhrase{429, "Too Many Requests"},
    StatusPhrase{431, "Request Header Fields Too Large"},
    StatusPhrase{500, "Internal Server Error"},
    StatusPhrase{501, "Not Implemented"},
    StatusPhrase{503, "Service Unavailable"},
    StatusPhrase{504, "Gateway Timeout"},
    StatusPhrase{505, "HTTP Version Not Supported"},
};

}  // namespace

std::string_view reason_phrase(int status) {
  for (const StatusPhrase& entry : kPhrases) {
    if (entry.status == status) return entry.phrase;
  }
  return "Status";
}

}  // namespace exporter
