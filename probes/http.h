// The http prober: asks for a URL as the blackbox exporter's module says, follows redirects, judges
// the last answer and measures every hop under that exporter's metric names. Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "probes/probe.h"

namespace probes {

// `request.module` holds an HttpModule; a target without scheme is http.
Task<Outcome> probe_http(Net& net, ProbeRequest request, TimePoint deadline);
std::vector<Reason> http_reasons(const Module& module);

// The same for whoever sends something and needs to know how it was taken.
struct HttpAnswer {
  Outcome outcome;
  int status = 0;  // 0: no answer came
  std::vector<HttpHeader> headers;
  std::string body;             // as much of it as the caller keeps
  bool body_truncated = false;  // there was more
  bool as_asked = true;         // false: a redirect made a GET without body of it
};
inline constexpr std::size_t kMaxAnswerBytes = 4096;
// Of the body the first kMaxAnswerBytes are kept, and the rest is read past.
Task<HttpAnswer> ask_http(Net& net, ProbeRequest request, TimePoint deadline);
// A request of whoever is no module of the configuration; `name` says who in messages.
ProbeRequest http_request(std::string name, HttpModule module, std::string target);
// For a caller who needs the whole body: the transfer ends where the body passes `at_most`.
Task<HttpAnswer> fetch_http(Net& net, ProbeRequest request, std::size_t at_most,
                            TimePoint deadline);

}  // namespace probes
