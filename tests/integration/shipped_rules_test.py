"""The rules we ship, in the hands of others: Debian's promtool finds nothing to complain of, their unit tests pass with
promtool and with slatool, Debian's Prometheus loads and evaluates them, and Debian's Alertmanager with our example sends
one message for what is one incident.
"""

import json
import re
import unittest

import harness
import peers

SHIPPED = harness.ROOT / "rules" / "shipped"
RULES = sorted(SHIPPED.glob("*.yml")) + sorted((SHIPPED / "prometheus").glob("*.yml"))
UNIT_TESTS = sorted((SHIPPED / "tests").glob("*.yml"))
ALERTMANAGER = harness.ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
ALERT = re.compile(r"^      - alert: (\w+)$", re.M)
FIRES = re.compile(r"alertname: (\w+)\n +eval_time: \S+\n +exp_alerts:\n")


def alerts():
    return [name for path in RULES for name in ALERT.findall(path.read_text())]


class ShippedRules(harness.IntegrationTest):
    def test_promtool_and_slatool_have_nothing_to_say(self):
        (promtool,) = self.need("promtool")
        for program in (promtool, harness.SLATOOL):
            done = harness.run([program, "check", "rules", "--lint=all", "--lint-fatal", *RULES])
            self.assertEqual(0, done.code, f"{program}: {done}")
            found = sum(int(count) for count in re.findall(r"(\d+) rules found", done.out))
            self.assertEqual(len(alerts()), found)

    def test_unit_tests_pass_in_both(self):
        (promtool,) = self.need("promtool")
        self.assertGreaterEqual(len(UNIT_TESTS), 8)
        for path in UNIT_TESTS:
            for program in (promtool, harness.SLATOOL):
                with self.subTest(file=path.name, program=str(program)):
                    done = harness.run([program, "test", "rules", path], seconds=300)
                    self.assertEqual(0, done.code, str(done))

    def test_every_alert_is_seen_firing_and_quiet(self):
        text = "\n".join(path.read_text() for path in UNIT_TESTS)
        fires = set(FIRES.findall(text))
        # The one that always fires, and the one that is seen silent in a test of its expression.
        quiet = set(re.findall(r"alertname: (\w+), eval_time: \S+, exp_alerts: \[\]", text)) | {"Watchdog"}
        self.assertEqual(set(alerts()), fires)
        self.assertEqual(set(alerts()), quiet)

    def test_a_broken_rule_fails_its_unit_test(self):
        text = (SHIPPED / "availability.yml").read_text()
        self.assertEqual(1, text.count("        for: 2m\n"))
        self.write("availability.yml", text.replace("        for: 2m\n", "        for: 3m\n"))
        test = self.write("tests/service_down.yml", (SHIPPED / "tests" / "service_down.yml").read_text())
        done = harness.run([harness.SLATOOL, "test", "rules", test])
        self.assertEqual(1, done.code, str(done))

    def test_prometheus_evaluates_them(self):
        self.need("prometheus")
        address = f"127.0.0.1:{harness.free_port()}"
        files = json.dumps([str(path) for path in RULES])
        config = (f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: {files}\n"
                  f"scrape_configs: [{{job_name: prometheus, static_configs: [{{targets: ['{address}']}}]}}]\n")
        prometheus = peers.Prometheus(self, config, address)

        def evaluated():
            rules = [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
            return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None

        # The slowest group is evaluated every two minutes, at a moment of its own.
        rules = harness.wait_for(evaluated, "all groups to be evaluated", seconds=150, pause=0.5)
        self.assertEqual(sorted(alerts()), sorted(rule["name"] for rule in rules))
        self.assertEqual([], [(rule["name"], rule["lastError"]) for rule in rules if rule["health"] != "ok"])
        firing = {alert["labels"]["alertname"] for alert in prometheus.api("alerts")["alerts"]}
        self.assertIn("Watchdog", firing)


class AlertmanagerExample(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        (program,) = self.need("prometheus-alertmanager")
        self.address = f"127.0.0.1:{harness.free_port()}"
        config = self.write("alertmanager.yml", ALERTMANAGER.read_text())
        self.process = self.start(
            [program, f"--config.file={config}", f"--storage.path={self.folder / 'alertmanager'}",
             f"--web.listen-address={self.address}", "--cluster.listen-address="], "alertmanager")
        self.wait_until_up(self.process, f"http://{self.address}/-/ready")

    def send(self, *alerts):
        body = json.dumps([{"labels": labels} for labels in alerts])
        headers = {"Content-Type": "application/json"}
        answer = harness.fetch(f"http://{self.address}/api/v2/alerts", "POST", headers, data=body.encode())
        self.assertEqual(200, answer.status, answer.text)

    def states(self):
        """{(alert, service): state}; suppressed ones are never sent."""
        found = json.loads(harness.fetch(f"http://{self.address}/api/v2/alerts").text)
        return {(a["labels"]["alertname"], a["labels"].get("sla_service", "")): a["status"]["state"] for a in found}

    def suppressed(self, expected):
        """Waits until exactly these are held back; until an alert was looked at it is `unprocessed`."""
        def held_back():
            states = self.states()
            if "unprocessed" in states.values():
                raise LookupError(f"{states}")
            found = {key for key, state in states.items() if state == "suppressed"}
            if found != expected:
                raise LookupError(f"held back are {sorted(found)}")
            return True
        # An alert is looked at when its group is due: after half a minute.
        harness.wait_for(held_back, f"{sorted(expected)} to be held back", seconds=60, pause=0.2)

    def test_one_incident_is_one_message(self):
        self.send(alert("ServiceDown", "website", "page"), alert("ErrorBudgetBurnFast", "website", "page"),
                  alert("ErrorBudgetBurnSlow", "website", "ticket"), alert("ErrorBudgetAtRisk", "website", "info"),
                  {"alertname": "DependencyDown", "sla_service": "smtp", "severity": "info"},
                  alert("ServiceDown", "smtp", "page"), alert("ErrorBudgetExhausted", "smtp", "ticket"),
                  alert("MonthMissed", "api", "ticket"), alert("ErrorBudgetExhausted", "api", "ticket"),
                  alert("ErrorBudgetBurnSlow", "sms", "ticket"), {"alertname": "Watchdog", "severity": "info"})
        self.suppressed({("ErrorBudgetBurnFast", "website"), ("ErrorBudgetBurnSlow", "website"),
                         ("ErrorBudgetAtRisk", "website"), ("ServiceDown", "smtp"), ("ErrorBudgetExhausted", "api")})

    def test_while_a_help_desk_is_not_read_only_what_is_breached_is_told(self):
        level = {"sla_agreement": "published", "level": "first", "severity": "ticket"}
        self.send({"alertname": "TicketSourceNotRead", "source": "helpdesk", "severity": "ticket"},
                  {"alertname": "ReactionAtRisk", **level}, {"alertname": "ReactionBreached", **level},
                  {"alertname": "ReactionMonthUnproven", **level}, {"alertname": "TicketNumberNotMailed", "severity": "ticket"},
                  alert("ServiceDown", "smtp", "page"))
        self.suppressed({("ReactionAtRisk", ""), ("ReactionMonthUnproven", ""), ("TicketNumberNotMailed", "")})

    def test_a_breach_does_not_hide_what_is_at_risk(self):
        level = {"sla_agreement": "published", "level": "first", "severity": "ticket"}
        self.send({"alertname": "ReactionBreached", **level}, {"alertname": "ReactionAtRisk", **level},
                  {"alertname": "NoConnectivity", "place": "Geneva", "severity": "ticket"},
                  alert("ServiceDown", "smtp", "page"))
        self.suppressed({("ServiceDown", "smtp")})

    def test_without_a_line_nothing_is_said_about_services(self):
        self.send({"alertname": "NoConnectivity", "place": "Geneva", "severity": "ticket"},
                  alert("ServiceDown", "website", "page"), alert("ErrorBudgetBurnSlow", "smtp", "ticket"),
                  {"alertname": "LedgerNotWritten", "place": "Geneva", "severity": "ticket"})
        self.suppressed({("ServiceDown", "website"), ("ErrorBudgetBurnSlow", "smtp")})


def alert(name, service, severity):
    return {"alertname": name, "sla_agreement": "published", "sla_service": service, "severity": severity}


if __name__ == "__main__":
    unittest.main()
