"""A real Prometheus with the configuration we ship scrapes a daemon that watches the demo company: it stores what the
daemon says, an outage shows in it, and every expression of every dashboard finds data there.
"""

import math
import sys
import time

import harness
import ours
import pages
import peers
import sockets

sys.dont_write_bytecode = True
sys.path.insert(0, str(harness.ROOT / "grafana"))

import expressions  # noqa: E402  (the folder has to be on the path first)

SHIPPED = harness.ROOT / "deploy" / "prometheus" / "prometheus.yml"
OURS = '{job="sla", __name__=~"(sla|probe|process)_.+"}'
ATTACHED = {"__name__", "job", "instance"}
SNAPSHOT = ("sla_exporter_snapshot_timestamp_seconds", ())
# The core metrics of an agreement: a silent loss of one would leave both sides equal.
CORE = ["sla_service_state", "sla_service_up", "sla_maintenance_active", "sla_month_closed", "sla_check_interval_seconds",
        "sla_service_info", "sla_service_dependency_info", "sla_agreement_info", "sla_slots_total",
        "sla_slots_rescued_total", "sla_unknown_slots_total", "sla_objective_ratio", "sla_slot_seconds",
        "sla_month_slots", "sla_month_expected_slots", "sla_month_pending_slots", "sla_month_availability_ratio",
        "sla_month_availability_low_ratio", "sla_month_availability_high_ratio", "sla_month_state",
        "sla_error_budget_slots", "sla_error_budget_remaining_slots", "sla_error_budget_remaining_seconds",
        "sla_error_budget_remaining_ratio", "sla_error_budget_exhaustion_timestamp_seconds", "probe_success",
        "probe_duration_seconds", "sla_check_runs_total", "sla_check_failures_total", "sla_check_failing_info",
        "sla_check_last_run_timestamp_seconds", "sla_exporter_last_commit_timestamp_seconds",
        "sla_exporter_clock_synchronized", "sla_exporter_loop_lag_seconds_bucket",
        "sla_exporter_config_last_reload_successful", "sla_exporter_build_info"]


def shipped_config(replaced):
    """The text of the shipped file with exactly these parts replaced."""
    text = SHIPPED.read_text()
    for old, new in replaced.items():
        # Comments may say it too; what counts must be there.
        if old not in text:
            raise AssertionError(f"{SHIPPED} has no {old!r}")
        text = text.replace(old, new)
    return text


class PrometheusScrape(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        _, promtool = self.need("prometheus", "promtool")
        self.demo = ours.Demo(self)
        self.exporter = ours.Exporter(self, ours.hurried(self.demo.config)).start()
        # Between the two stands a relay that keeps what they said to each other.
        self.relay = sockets.Relay(self, self.exporter.port)
        address = f"127.0.0.1:{harness.free_port()}"
        config = shipped_config({
            '["127.0.0.1:9849"]': f'["{self.relay.address}"]',
            '["127.0.0.1:9090"]': f'["{address}"]',
            '["127.0.0.1:9093"]': f'["127.0.0.1:{sockets.refused_port(self)}"]',
            # Seconds where the shipped file has the quarters of a minute, so that a test sees many scrapes.
            "scrape_interval: 1m": "scrape_interval: 1s",
            "scrape_interval: 15s": "scrape_interval: 1s",
            "scrape_timeout: 10s": "scrape_timeout: 1s",
        })
        checked = harness.run([promtool, "check", "config", self.write("derived.yml", config)])
        self.assertEqual(0, checked.code, str(checked))
        self.prometheus = peers.Prometheus(self, config, address)
        harness.wait_for(lambda: self.up() == {"sla": 1, "prometheus": 1}, "both jobs to be up")

    def page(self):
        return harness.fetch(f"{self.exporter.url}/metrics", headers={"Accept": pages.OPENMETRICS}).text

    def up(self):
        return {labels["job"]: value for labels, value in self.prometheus.query("up")}

    def stored(self):
        """{(name, labels): value} of what Prometheus has of us, without the labels that it attaches."""
        found = {}
        for labels, value in self.prometheus.query(OURS):
            own = tuple(sorted((k, v) for k, v in labels.items() if k not in ATTACHED))
            found[(labels["__name__"], own)] = value
        return found

    def one(self, selector):
        """The value of the only series of a selector; in words of wait_for: not yet there is no answer."""
        found = self.prometheus.query(selector)
        if len(found) != 1:
            raise LookupError(f"{len(found)} series of {selector}")
        return found[0][1]

    def equal_snapshots(self):
        """Prometheus' samples and ours, once they follow the same commit and nothing differs."""
        page = ours.Page(self.page())
        # A label without a value is no label to Prometheus.
        shown = {(name, tuple(l for l in labels if l[1])): value for (name, labels), value in page.samples.items()}
        stored = self.stored()
        if stored.get(SNAPSHOT) != shown[SNAPSHOT]:
            raise LookupError("another snapshot")
        differing = pages.settled(shown).items() ^ pages.settled(stored).items()
        if differing:
            raise LookupError(f"{len(differing)} differ: {sorted(differing)[:6]}")
        return shown, stored

    def break_smtp(self):
        self.demo.set_mode("smtp", "refuse")
        self.demo.disturb_the_tickets()
        smtp = 'sla_service="smtp"'
        harness.wait_for(lambda: self.one(f'sla_slots_total{{{smtp}, verdict="bad"}}') > 0, "a bad slot in Prometheus")
        # The service is accounted from its first slot, so the rates are known a slot later at the latest.
        harness.wait_for(lambda: self.one(f"sla_error_budget_exhaustion_timestamp_seconds{{{smtp}}}"), "its budget's end")

    # Prometheus takes five seconds to come to its first scrape, so each test asks it for all that one scene can answer.
    def test_the_shipped_configuration_scrapes_us_without_a_word(self):
        asked, answered = harness.wait_for(self.relay.heads, "a scrape through the relay")[0]
        self.assertIn("application/openmetrics-text", asked["Accept"])
        self.assertIn("gzip", asked["Accept-Encoding"])
        self.assertTrue(answered["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"), answered)
        self.assertEqual("gzip", answered["Content-Encoding"])
        (target,) = [t for t in self.prometheus.api("targets")["activeTargets"] if t["labels"]["job"] == "sla"]
        self.assertEqual(("up", ""), (target["health"], target["lastError"]))
        self.assertNotRegex(self.prometheus.process.output(), "level=(warn|error)")
        # A series given twice would be scraped twice and stored once.
        self.assertEqual(1, self.one(f'count({OURS}) == bool scalar(scrape_samples_scraped{{job="sla"}})'))
        self.no_label_clashes(target["labels"])
        self.types_and_helps_arrive()

    def no_label_clashes(self, attached):
        self.assertEqual({"job": "sla", "instance": self.relay.address}, attached)
        names = self.prometheus.api("labels")
        self.assertIn("sla_service", names)
        self.assertEqual([], [name for name in names if name.startswith("exported_")])

    def types_and_helps_arrive(self):
        shown = pages.Checked(self.page(), openmetrics=True)
        said = {family.name: (family.type, family.help) for family in shown.families.values()}

        def arrived():
            known = self.prometheus.api("targets/metadata", match_target='{job="sla"}')
            differing = said.items() - {one["metric"]: (one["type"], one["help"]) for one in known}.items()
            if differing:
                raise LookupError(f"Prometheus has not {sorted(differing)}")
            return True

        # What has come since its last scrape comes with the next.
        harness.wait_for(arrived, "types and helps in Prometheus", seconds=10)

    def test_prometheus_stores_what_we_say_and_every_panel_finds_data(self):
        begin = time.time()
        self.break_smtp()
        shown, stored = harness.wait_for(self.equal_snapshots, "Prometheus to have just what /metrics says")
        self.assertEqual(set(shown), set(stored))
        self.assertEqual([], sorted(set(CORE) - {name for name, _ in stored}))
        for labels, value in self.prometheus.query("sum by (sla_agreement, sla_service) (sla_service_state)"):
            self.assertEqual(1, value, labels)
        asked = expressions.expressions()
        self.assertEqual(len(list(expressions.FOLDER.glob("*.json"))), len({each.dashboard for each in asked}))
        # A step of a range query may lie just before the first sample: the next one does not.
        harness.wait_for(lambda: self.all_have_data(asked, begin), "data in every panel", seconds=10)
        self.assertFalse(self.has_data('sla_service_state{state="happy"}', begin), "empty must be seen")

    def all_have_data(self, asked, begin):
        without = [each for each in asked if not self.has_data(each.expr, begin)]
        if without:
            raise LookupError(f"nothing for {without}")
        return True

    def has_data(self, expression, begin):
        """Whether numbers come back now, and over the time since `begin`."""
        now = [value for _, value in self.prometheus.query(expression)]
        since = [v for _, values in self.prometheus.query_range(expression, begin, time.time()) for v in values]
        return any(map(math.isfinite, now)) and any(map(math.isfinite, since))

    def test_an_outage_shows_and_ends(self):
        state = 'sla_service_state{{sla_service="smtp", state="{}"}}'
        failures = 'sla_check_failures_total{sla_service="smtp", reason="connect"}'
        remaining = 'sla_error_budget_remaining_slots{sla_service="smtp"}'
        harness.wait_for(lambda: self.one(state.format("good")) == 1, "a good slot")
        self.assertEqual(0, self.one(failures))
        harness.wait_for(lambda: self.one('probe_success{sla_service="smtp"}') == 1, "the check to be up")
        whole = self.one(remaining)
        self.break_smtp()
        harness.wait_for(lambda: self.one(state.format("bad")) == 1, "the state to turn")
        self.assertEqual([0, 0], [self.one(state.format("good")), self.one('probe_success{sla_service="smtp"}')])
        self.assertGreaterEqual(self.one(failures), 2, "the attempt and its confirmation")
        self.assertLess(self.one(remaining), whole)
        self.assertGreater(self.one('increase(sla_slots_total{sla_service="smtp", verdict="bad"}[1m])'), 0)
        self.demo.set_mode("smtp", "up")
        harness.wait_for(lambda: self.one(state.format("good")) == 1, "the state to turn back")
        harness.wait_for(lambda: self.one('probe_success{sla_service="smtp"}') == 1, "the check to be up")
        self.assertLess(self.one(remaining), whole, "what is spent stays spent")


if __name__ == "__main__":
    harness.main()
