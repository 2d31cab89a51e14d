// The modules that are there without being written: enough to watch a web site, an API, a mail
// server, a TLS or TCP port and a name server. They are YAML like any other, so `with:` can change
// them key by key and documentation can quote them.
#include "exporter/config/modules.h"

namespace exporter::config {

// smtp_starttls: a server may list STARTTLS last ("250 STARTTLS") or before other extensions
// ("250-STARTTLS"), in either case; lines that do not match are skipped. The second EHLO proves
// that the dialog goes on inside TLS; it is a step of its own because a step sends before it starts
// TLS.
std::string_view builtin_modules_text() {
  return R"(
http_2xx:
  prober: http
http_api:
  prober: http
  http:
    follow_redirects: false
    headers: {Accept: application/json}
smtp_starttls:
  prober: tcp
  tcp:
    query_response:
      - expect: '^220( |$)'
        send: "EHLO sla-exporter\r"
      - expect: '(?i)^250[ -]STARTTLS\s*$'
        send: "STARTTLS\r"
      - expect: '^220( |$)'
      - starttls: true
      - send: "EHLO sla-exporter\r"
      - expect: '^250( |$)'
        send: "QUIT\r"
tls_connect:
  prober: tcp
  tcp: {tls: true}
tcp_connect:
  prober: tcp
dns:
  prober: dns
  dns: {query_name: ".", query_type: NS}
)";
}

}  // namespace exporter::config
