// What the HTTP services of the demo company answer when nothing is broken: a web site, an
// application behind a log-in, an API and an SMS gateway. Functions from request to reply; all
// that is remembered is in Shop. Loop thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/demo/front.h"
#include "exporter/demo/modes.h"

namespace exporter::demo {

// The secrets of a demo are no secrets: they are printed, written into sla.yml and the same for
// everyone.
inline constexpr std::string_view kApiToken = "demo-token";
inline constexpr std::string_view kSmsKey = "demo-key";
inline constexpr std::string_view kPassword = "demo";

struct Shop {
  std::string session = "demo-session";  // the cookie of whoever has logged in
  std::uint64_t messages_queued = 0;     // by POST /v1/messages
  std::uint64_t sms_sent = 0;            // each costs one of kSmsCredit
};
inline constexpr std::uint64_t kSmsCredit = 1000;

// The reply of a working service; smtp has none and gives 404.
HttpReply answer(Service service, const HttpRequest& request, Shop& shop);
// The reply of a service that answers with an error.
HttpReply answer_with_error(Service service);

std::string escape_html(std::string_view text);
// A whole page around `body`, which is HTML already; light and dark, readable without scripts.
std::string page(std::string_view title, std::string_view body);

}  // namespace exporter::demo
