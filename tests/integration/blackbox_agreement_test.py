"""The same target, probed by Debian's blackbox exporter and by `slatool probe` with the same module, gives the same
values of what both can know and the same set of metric names. Where we differ on purpose stands in
docs/blackbox-compatibility.md, and in the tables below.
"""

import json
import unittest

import harness
import peers
import sockets

# Values that must be equal whenever the blackbox exporter gives them.
SAME_VALUE = [
    "probe_success",
    "probe_http_status_code",
    "probe_http_version",
    "probe_http_redirects",
    "probe_http_ssl",
    "probe_http_content_length",
    "probe_http_uncompressed_body_length",
    "probe_failed_due_to_regex",
    "probe_ip_protocol",
    "probe_ip_addr_hash",
    "probe_ssl_earliest_cert_expiry",
    "probe_ssl_last_chain_expiry_timestamp_seconds",
    "probe_tls_version_info",
    "probe_dns_answer_rrs",
    "probe_dns_authority_rrs",
    "probe_dns_additional_rrs",
    "probe_dns_query_succeeded",
    "probe_dns_serial",
]
# Names that came after 0.23.0, so that Debian's cannot have them.
NEWER = {"probe_tls_cipher_info", "probe_expect_info", "probe_failed_due_to_bytes", "probe_timeout_seconds"}
# Names we give where the blackbox exporter gives none, by case: a certificate that is refused is still shown.
MORE = {
    "expired certificate": {
        "probe_ssl_earliest_cert_expiry",
        "probe_ssl_last_chain_info",
        "probe_tls_version_info",
    }
}

CHAIN = "probe_ssl_last_chain_info"
# Values that differ by case: it does not read the body of a redirect that it does not follow, we do.
OTHERWISE = {"redirect not followed": {"probe_http_uncompressed_body_length"}}
TIMEOUT = "3s"


def parse(text):
    """(name, labels) -> value of the samples in `text`."""
    from prometheus_client.parser import text_string_to_metric_families

    samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[(sample.name, tuple(sorted(sample.labels.items())))] = sample.value
    return samples


def names(samples):
    return {name for name, _ in samples}


def series(samples):
    """Names with labels, but for the one whose labels have grown since 0.23.0."""
    return {key for key in samples if key[0] not in NEWER | {CHAIN}}


def chain(samples):
    """The labels of the certificate chain."""
    return next((dict(labels) for name, labels in samples if name == CHAIN), {})


class BlackboxAgreement(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        try:
            import prometheus_client  # noqa: F401: the parser both texts go through
        except ImportError:
            self.skipTest("python3-prometheus-client not installed: deploy/install-deps --tests")
        self.need("prometheus-blackbox-exporter")

    def compare(self, case, prober, settings, target, success):
        """Probes `target` with both and holds one against the other."""
        module = {"prober": prober, "timeout": TIMEOUT, prober: {"preferred_ip_protocol": "ip4", **settings}}
        theirs = parse(peers.Blackbox(self, {"it": module}).probe("it", target))
        config = self.write("sla.yml", json.dumps({"services": {}, "modules": {"it": module}}))
        done = harness.run([harness.SLATOOL, "probe", "--module", "it", "--target", target, "--config.file", config])
        self.assertEqual(0 if success else 1, done.code, str(done))
        ours = parse(done.out)
        self.assertEqual(float(success), theirs[("probe_success", ())], "the blackbox exporter sees it otherwise")
        for key, value in theirs.items():
            if key[0] in SAME_VALUE and key[0] not in OTHERWISE.get(case, ()):
                self.assertIn(key, ours, f"{case}: we do not give {key}")
                self.assertEqual(value, ours[key], f"{case}: {key}")
        more = MORE.get(case, set())
        self.assertEqual(series(theirs), {key for key in series(ours) if key[0] not in more}, case)
        self.assertEqual(CHAIN in names(theirs), CHAIN in names(ours) - more, case)
        for label, value in chain(theirs).items():
            self.assertEqual(value, chain(ours).get(label), f"{case}: {label} of {CHAIN}")
        return ours

    def web(self):
        """nginx over http, https and https with an expired certificate."""
        certificates = peers.Certificates(self)
        self.ca_file = certificates.ca_file
        certificate, key = certificates.sign("server")
        expired, expired_key = certificates.sign("expired", end="20240201000000Z")
        self.http, self.https, self.expired = (harness.free_port() for _ in range(3))
        nginx = peers.Nginx(self, f"""
server {{ listen 127.0.0.1:{self.http};
  location = /moved {{ return 301 http://127.0.0.1:{self.http}/index.html; }}
  location = /secure {{ return 302 https://localhost:{self.https}/; }} }}
server {{ listen 127.0.0.1:{self.https} ssl http2; server_name localhost;
  ssl_certificate {certificate}; ssl_certificate_key {key}; }}
server {{ listen 127.0.0.1:{self.expired} ssl;
  ssl_certificate {expired}; ssl_certificate_key {expired_key}; }}
""")
        self.wait_until_up(nginx.process, f"http://127.0.0.1:{self.http}/")

    def tls(self):
        return {"tls_config": {"ca_file": str(self.ca_file)}}

    def test_http(self):
        self.web()
        self.compare("http", "http", {}, f"http://127.0.0.1:{self.http}/", True)

    def test_http_status_that_is_not_accepted(self):
        self.web()
        self.compare("status", "http", {}, f"http://127.0.0.1:{self.http}/missing", False)

    def test_http_body_that_must_match(self):
        self.web()
        settings = {"fail_if_body_not_matches_regexp": ["<title>.*works"]}
        self.compare("body", "http", settings, f"http://127.0.0.1:{self.http}/", True)
        settings = {"fail_if_body_matches_regexp": ["Hello"]}
        self.compare("body", "http", settings, f"http://127.0.0.1:{self.http}/", False)

    def test_https(self):
        self.web()
        ours = self.compare("https", "http", self.tls(), f"https://localhost:{self.https}/", True)
        self.assertEqual(2.0, ours[("probe_http_version", ())])

    def test_redirect(self):
        self.web()
        self.compare("redirect", "http", {}, f"http://127.0.0.1:{self.http}/moved", True)

    def test_redirect_that_is_not_followed(self):
        self.web()
        settings = {"follow_redirects": False, "valid_status_codes": [301]}
        self.compare("redirect not followed", "http", settings, f"http://127.0.0.1:{self.http}/moved", True)

    def test_redirect_to_https(self):
        self.web()
        self.compare("redirect", "http", self.tls(), f"http://127.0.0.1:{self.http}/secure", True)

    def test_expired_certificate(self):
        self.web()
        ours = self.compare(
            "expired certificate", "http", self.tls(), f"https://localhost:{self.expired}/", False
        )
        # 2024-02-01 00:00 UTC: the very figure an operator looks for when this probe fails.
        self.assertEqual(1706745600.0, ours[("probe_ssl_earliest_cert_expiry", ())])

    def test_refused_port(self):
        port = sockets.refused_port(self)
        self.compare("refused", "http", {}, f"http://127.0.0.1:{port}/", False)
        self.compare("refused", "tcp", {}, f"127.0.0.1:{port}", False)

    def test_silent_port(self):
        silent = sockets.Listener(self, sockets.stay_silent)
        self.compare("silent", "http", {}, f"http://{silent.address}/", False)
        self.compare("silent", "tcp", {"query_response": [{"expect": "^220 "}]}, silent.address, False)

    def test_tcp_connect(self):
        silent = sockets.Listener(self, sockets.stay_silent)
        self.compare("connect", "tcp", {}, silent.address, True)

    def test_smtp_starttls_dialog(self):
        certificates = peers.Certificates(self)
        self.ca_file = certificates.ca_file
        mail = sockets.Listener(self, sockets.smtp_server(*certificates.sign("mail")))
        dialog = [
            {"expect": "^220 ([^ ]+) ESMTP (.+)$"},
            {"send": "EHLO prober\r"},
            {"expect": "^250-STARTTLS"},
            {"send": "STARTTLS\r"},
            {"expect": "^220"},
            {"starttls": True},
            {"send": "EHLO prober\r"},
            {"expect": "^250-PIPELINING"},
            {"send": "QUIT\r"},
        ]
        target = f"localhost:{mail.port}"
        self.compare("smtp", "tcp", {"query_response": dialog, **self.tls()}, target, True)
        never = [*dialog[:2], {"expect": "^250-NEVER"}]
        self.compare("smtp", "tcp", {"query_response": never, **self.tls()}, target, False)

    def test_dns_queries(self):
        knot = peers.Knot(self)
        target = f"127.0.0.1:{knot.port}"
        self.compare("dns", "dns", {"query_name": "www.example.test", "query_type": "A"}, target, True)
        self.compare("dns", "dns", {"query_name": "example.test", "query_type": "SOA"}, target, True)
        tcp = {"query_name": "example.test", "query_type": "MX", "transport_protocol": "tcp"}
        self.compare("dns", "dns", tcp, target, True)
        self.compare("dns", "dns", {"query_name": "none.example.test", "query_type": "A"}, target, False)

    def test_dns_answer_that_must_match(self):
        knot = peers.Knot(self)
        target = f"127.0.0.1:{knot.port}"
        wanted = {"fail_if_not_matches_regexp": [r"www\.example\.test\.\t300\tIN\tA\t192\.0\.2\.1[01]"]}
        settings = {"query_name": "www.example.test", "query_type": "A", "validate_answer_rrs": wanted}
        self.compare("dns", "dns", settings, target, True)
        settings["validate_answer_rrs"] = {"fail_if_matches_regexp": [r"192\.0\.2\.11"]}
        self.compare("dns", "dns", settings, target, False)


if __name__ == "__main__":
    harness.main()
