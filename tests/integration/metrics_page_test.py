"""What a daemon that watches the demo company serves on /metrics is what readers of both formats take without a word:
promtool, the parsers of Prometheus' Python client, and rules of our own; and it is what docs/metrics.md promises.
"""

import datetime
import gzip
import subprocess
import unittest

import harness
import ours
import pages

# Families of docs/metrics.md that this scenario cannot have, and why.
ABSENT = {
    "probe_dns_duration_seconds": "no dns module",
    "probe_dns_answer_rrs": "no dns module",
    "probe_dns_authority_rrs": "no dns module",
    "probe_dns_additional_rrs": "no dns module",
    "probe_dns_query_succeeded": "no dns module",
    "probe_dns_serial": "no dns module",
    "probe_expect_info": "no module takes labels from a target",
    "probe_http_last_modified_timestamp_seconds": "the demo company sends no Last-Modified",
    "sla_exporter_http_certificate_expiry_timestamp_seconds": "the daemon is asked without TLS",
}
# Somebody is named for every way out of the house; nobody is there.
ALERTING = """
alerting:
  rule_files: [watch.yml]
  alertmanagers: [{static_configs: [{targets: ["127.0.0.1:9"]}]}]
  heartbeat: {url: "http://127.0.0.1:9/"}
  mail: {server: "127.0.0.1:9", security: none, from: sla@example.com, to: [oncall@example.com]}
"""
NOTICES = '  notices: {teams: {first: {webhook_url: "http://127.0.0.1:9/"}}}\n'
RULES = "groups: [{name: watch, interval: 4s, rules: [{record: 'watch:one', expr: vector(1)}]}]\n"
TIMEZONES = {"UTC": 0, "UTC-12:00": -12}


def families(text, openmetrics):
    """{name: type, help} and {(name, labels): value} as Prometheus' Python client reads the page."""
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as openmetrics_parser

    read = openmetrics_parser if openmetrics else parser
    heads, samples = {}, {}
    for family in read.text_string_to_metric_families(text):
        name, kind = family.name, family.type
        if openmetrics and kind == "info":
            name, kind = f"{name}_info", "gauge"  # the older format has no info
        heads[name] = (kind, family.documentation)
        for sample in family.samples:
            samples[(sample.name, plain(sample.labels))] = sample.value
    return heads, samples


def plain(labels):
    """Labels to be compared: 1 and 1.0 are the same bound of a bucket."""
    return tuple(sorted((k, str(float(v)) if k == "le" else v) for k, v in labels.items()))


class SelfTest(unittest.TestCase):
    GOOD = (
        "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"1\",y=\"2\"} 1\na_total{x=\"2\",y=\"2\"} 1\n"
        "# HELP b Help.\n# TYPE b gauge\nb 1\n"
        "# HELP c_seconds Help.\n# TYPE c_seconds histogram\nc_seconds_bucket{le=\"+Inf\"} 1\nc_seconds_sum 1\n"
        "c_seconds_count 1\n"
    )

    def found(self, text, openmetrics=False):
        return pages.Checked(text, openmetrics).problems

    def test_a_good_page_passes(self):
        self.assertEqual([], self.found(self.GOOD))
        self.assertEqual([], self.found(self.GOOD.replace(" a_total ", " a ") + "# EOF\n", openmetrics=True))

    def test_a_duplicate_series_is_found(self):
        doubled = self.GOOD.replace("# HELP b ", "a_total{y=\"2\",x=\"1\"} 3\n# HELP b ")
        self.assertEqual(['duplicate series: a_total{y="2",x="1"} 3'], self.found(doubled))

    def test_a_split_family_is_found(self):
        split = self.GOOD + "# HELP b Help.\n# TYPE b gauge\nb{x=\"1\"} 1\n"
        self.assertIn("split family: b", self.found(split))
        self.assertEqual(["sample outside its family: b{x=\"1\"} 1"], self.found(self.GOOD + "b{x=\"1\"} 1\n"))

    def test_other_faults_are_found(self):
        for old, new in [("# HELP b Help.\n", ""), ("# TYPE b gauge\n", ""), ("b 1\n", ""), ("b 1\n", "b one two\n"),
                         ("a_total", "a"), ("b gauge", "b counter"), ("b 1\n", "b 1\n# EOF\n")]:
            self.assertTrue(self.found(self.GOOD.replace(old, new)), (old, new))
        self.assertTrue(self.found(self.GOOD.replace(" a_total ", " a "), openmetrics=True), "no # EOF")

    def test_drift_from_the_documentation_is_found(self):
        page = pages.Checked(self.GOOD, openmetrics=False).documented()
        table = {"a_total": ("counter", {"x", "y"}, "Help."), "b": ("gauge", set(), "Help."),
                 "c_seconds": ("histogram", {"le"}, "Help.")}
        self.assertEqual([], list(pages.undocumented(page, table)))
        for name, row in [("b", ("info", set(), "Help.")), ("b", ("gauge", {"z"}, "Help.")),
                          ("a_total", ("counter", {"x"}, "Help.")), ("b", ("gauge", set(), "Else."))]:
            self.assertEqual(1, len(list(pages.undocumented(page, table | {name: row}))), row)
        del table["b"]
        self.assertEqual(["b is not documented"], list(pages.undocumented(page, table)))

    def test_no_month_ends_during_a_test(self):
        end = datetime.datetime(2026, 12, 1, tzinfo=datetime.timezone.utc)
        for minutes in (1, 59, 61, 600, 750, 10_000):
            now = end - datetime.timedelta(minutes=minutes)
            local = now + datetime.timedelta(hours=TIMEZONES[ours.quiet_zone(now)])
            self.assertEqual(local.month, (local + datetime.timedelta(minutes=55)).month, now)


class MetricsPage(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        try:
            import prometheus_client  # noqa: F401: the parsers of both formats
        except ImportError:
            self.skipTest("python3-prometheus-client not installed: deploy/install-deps --tests")
        self.demo = ours.Demo(self)
        config = ours.hurried(self.demo.config)
        config.write_text(config.read_text().replace("\nsupport:\n", "\nsupport:\n" + NOTICES) + ALERTING)
        (config.parent / "watch.yml").write_text(RULES)
        self.exporter = ours.Exporter(self, config).start()

    def break_something(self):
        """With an outage and a bad line of tickets there is something of everything: the reason of a failure, the end of a
        budget, what cannot be mapped."""
        self.demo.set_mode("smtp", "refuse")
        self.demo.disturb_the_tickets()
        harness.wait_for(self.all_there, "an outage on the page")

    def all_there(self):
        page = self.exporter.page()
        checked = len(page.all("sla_check_last_run_timestamp_seconds")) == 7
        evaluated = page.all("sla_exporter_rule_last_evaluation_timestamp_seconds")
        read = page.total("sla_ticket_month_decided", month="previous") and page.all("sla_ticket_source_unmapped_total")
        return checked and evaluated and read and page.all("sla_error_budget_exhaustion_timestamp_seconds", sla_service="smtp")

    def page(self, accept, **headers):
        answer = harness.fetch(f"{self.exporter.url}/metrics", headers={"Accept": accept, **headers})
        self.assertEqual(200, answer.status)
        return answer

    def of_one_snapshot(self):
        """Both pages, asked for until they follow the same commit."""
        def pair():
            text, openmetrics = self.page(pages.TEXT).text, self.page(pages.OPENMETRICS).text
            same = [ours.Page(t).one("sla_exporter_snapshot_timestamp_seconds") for t in (text, openmetrics)]
            alike = pages.settled(families(text, False)[1]) == pages.settled(families(openmetrics, True)[1])
            return (text, openmetrics) if same[0] == same[1] and alike else None
        return harness.wait_for(pair, "two pages that say the same")

    def test_neither_promtool_nor_our_rules_find_fault(self):
        self.break_something()
        for accept, openmetrics in ((pages.TEXT, False), (pages.OPENMETRICS, True)):
            self.assertEqual([], pages.Checked(self.page(accept).text, openmetrics).problems, accept)
        (promtool,) = self.need("promtool")
        text = self.page(pages.TEXT).body
        broken = text.replace(b"# HELP sla_slots_total ", b"# HELP sla_slots_totals ")
        for body, good in ((text, True), (broken, False)):
            done = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, timeout=30)
            self.assertEqual(good, (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done)

    def test_both_pages_say_the_same_to_the_parsers_of_the_python_client(self):
        self.break_something()
        text, openmetrics = self.of_one_snapshot()
        (text_heads, text_samples), (open_heads, open_samples) = families(text, False), families(openmetrics, True)
        self.assertEqual(text_heads, open_heads)
        self.assertEqual(set(text_samples), set(open_samples))
        self.assertGreater(len(pages.settled(text_samples)), 300)

    def test_the_page_is_what_the_documentation_promises(self):
        self.break_something()
        table = pages.documented()
        served = pages.Checked(self.page(pages.OPENMETRICS).text, openmetrics=True).documented()
        self.assertEqual([], list(pages.undocumented(served, table)))
        self.assertEqual(set(ABSENT), set(table) - set(served))

    def test_format_and_compression_are_what_was_asked_for(self):
        cases = [
            (pages.TEXT, None, "text/plain; version=0.0.4", None),
            ("*/*", "gzip", "text/plain; version=0.0.4", "gzip"),
            (pages.OPENMETRICS, "gzip;q=0, identity", "application/openmetrics-text; version=1.0.0", None),
            (pages.OPENMETRICS, "br, gzip;q=0.5", "application/openmetrics-text; version=1.0.0", "gzip"),
        ]
        for accept, accepted, kind, encoding in cases:
            answer = self.page(accept, **({"Accept-Encoding": accepted} if accepted else {}))
            self.assertTrue(answer.headers["Content-Type"].startswith(kind), answer.headers["Content-Type"])
            self.assertEqual(encoding, answer.headers["Content-Encoding"], (accept, accepted))
            self.assertIn("Accept-Encoding", answer.headers["Vary"])
            text = (gzip.decompress(answer.body) if encoding else answer.body).decode()
            self.assertEqual([], pages.Checked(text, kind.startswith("application")).problems)


if __name__ == "__main__":
    harness.main()
