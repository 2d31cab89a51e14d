"""From the outage to the message: the daemon watches a web site, evaluates a rule, and Debian's Alertmanager tells a
webhook. The rule holds through slots that nobody observed, as the shipped ones do. The exporter is killed while an alert
waits out its `for` and its `keep_firing_for`; nobody may notice.
"""

import datetime
import http.server
import json
import threading
import time

import harness
import ours
import peers

FOR, KEEP, INTERVAL = 8, 8, 1
RULES = f"""
groups:
- name: site
  interval: {INTERVAL}s
  rules:
  - alert: SiteDown
    expr: sla_service_up == 0
    for: {FOR}s
    keep_firing_for: {KEEP}s
    labels: {{severity: page}}
    annotations: {{summary: '{{{{ $labels.sla_service }}}} is down'}}
  - record: site:bad
    expr: sum(sla_service_state{{state="bad"}})
"""


class Site(http.server.BaseHTTPRequestHandler):
    """Answers as the test says."""

    def do_GET(self):
        self.send_response(200 if self.server.healthy else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Webhook(http.server.BaseHTTPRequestHandler):
    """Keeps what Alertmanager tells, one entry an alert."""

    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            for alert in told["alerts"]:
                self.server.told.append((time.time(), alert["status"], alert))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(test, handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server


def manager_config(webhook):
    return f"""
route: {{receiver: hook, group_by: [alertname, sla_service], group_wait: 0s, group_interval: 1s, repeat_interval: 12h}}
receivers:
- name: hook
  webhook_configs: [{{url: "http://127.0.0.1:{webhook.server_port}/", send_resolved: true}}]
"""


class AlertLives(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.site = serve(self, Site)
        self.site.healthy = True
        self.hook = serve(self, Webhook)
        self.hook.told, self.hook.lock = [], threading.Lock()
        self.managers = [peers.Alertmanager(self, f"alertmanager{i}") for i in range(2)]
        self.managers[0].config.write_text(manager_config(self.hook))
        for manager in self.managers:
            manager.start()
        self.write("rules.yml", RULES)
        self.config = self.write("sla.yml", ours.yaml_of(self.settings()))
        self.exporter = ours.Exporter(self, self.config).start()

    def settings(self):
        settings = ours.fast_services(1, [f"http://127.0.0.1:{self.site.server_port}/"])
        settings["alerting"] = {
            "rule_files": ["rules.yml"], "resend_delay": "2s", "external_labels": {"place": "Genève"},
            "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{m.port}" for m in self.managers]}]}]}
        return settings

    def api(self, path):
        answer = harness.fetch(f"{self.exporter.url}/api/v1/{path}")
        return json.loads(answer.text)["data"] if answer.status == 200 else None

    def alert(self):
        """The alert as the exporter has it; None while there is none, or no answer."""
        alerts = (self.api("alerts") or {"alerts": []})["alerts"]
        return alerts[0] if alerts else None

    def wait_for_state(self, state, seconds=30):
        harness.wait_for(lambda: (self.alert() or {}).get("state") == state, f"the alert to be {state}", seconds)
        return self.alert()

    def told(self, status=None):
        with self.hook.lock:
            return [one for one in self.hook.told if status in (None, one[1])]

    def kill_and_start(self):
        self.exporter.process.kill()
        self.exporter.start()

    def test_the_whole_life_of_an_alert(self):
        self.site.healthy = False
        pending = self.wait_for_state("pending")
        self.assertEqual([], self.told())
        firing = self.wait_for_state("firing")
        self.assertEqual(pending["activeAt"], firing["activeAt"])
        harness.wait_for(lambda: self.told("firing"), "the webhook to be told")
        for manager in self.managers:
            harness.wait_for(lambda: "SiteDown" in manager.alerts(), f"{manager.name} to know it")
        seen = self.managers[1].alerts()["SiteDown"]
        self.assertEqual({"alertname": "SiteDown", "place": "Genève", "severity": "page", "sla_service": "service000"}, seen["labels"])
        self.assertEqual({"summary": "service000 is down"}, seen["annotations"])
        self.assertIn("/graph?g0.expr=sla_service_up", seen["generatorURL"])
        # Sent again and again, so that it does not end by itself.
        harness.wait_for(lambda: self.managers[1].alerts()["SiteDown"]["endsAt"] > seen["endsAt"], "it to be re-sent")
        self.silence_and_speak()
        self.site.healthy = True
        harness.wait_for(lambda: self.told("resolved"), "the webhook to be told that it is over", 40)
        self.assertEqual(["firing", "resolved"], [status for _, status, _ in self.told()])

    def silence_and_speak(self):
        (amtool,) = self.need("amtool")
        url = f"--alertmanager.url={self.managers[1].url}"
        done = harness.run([amtool, url, "silence", "add", "alertname=SiteDown", "--comment=t", "--author=t"])
        self.assertEqual(0, done.code, str(done))
        state = lambda: self.managers[1].alerts()["SiteDown"]["status"]["state"]
        harness.wait_for(lambda: state() == "suppressed", "it to be silenced")
        time_silenced = self.managers[1].alerts()["SiteDown"]["endsAt"]
        harness.wait_for(lambda: self.managers[1].alerts()["SiteDown"]["endsAt"] > time_silenced, "it to go on")
        self.assertEqual("suppressed", state())
        done = harness.run([amtool, url, "silence", "expire", done.out.strip()])
        self.assertEqual(0, done.code, str(done))
        harness.wait_for(lambda: state() == "active", "it to speak again")

    def test_killed_while_it_waits_out_its_for(self):
        self.site.healthy = False
        pending = self.wait_for_state("pending")
        harness.wait_for(lambda: time.time() > instant(pending["activeAt"]) + FOR / 4, "a part of it to be over")
        self.kill_and_start()
        harness.wait_for(self.alert, "the state to be there again")
        self.assertEqual(pending["activeAt"], self.alert()["activeAt"])
        self.wait_for_state("firing")
        harness.wait_for(lambda: self.told("firing"), "the webhook to be told")
        started = instant(self.told("firing")[0][2]["startsAt"])
        waited = started - instant(pending["activeAt"])
        self.assertGreaterEqual(waited, FOR)
        # The restart cost nothing, unless it took longer than what was left of `for`.
        self.assertLess(waited, (FOR + 3 * INTERVAL) * harness.PATIENCE)

    def test_killed_while_it_is_kept_firing(self):
        self.site.healthy = False
        firing = self.wait_for_state("firing")
        harness.wait_for(lambda: self.told("firing"), "the webhook to be told")
        self.site.healthy = True
        bad = lambda: self.api("query?query=site:bad")
        harness.wait_for(lambda: bad() and bad()["result"][0]["value"][1] == "0", "the site to be well")
        for _ in range(2):
            self.kill_and_start()
            harness.wait_for(self.alert, "the state to be there again")
            self.assertEqual(firing["activeAt"], self.alert()["activeAt"])
        harness.wait_for(lambda: self.told("resolved"), "it to be over", 40)
        self.assertEqual(["firing", "resolved"], [status for _, status, _ in self.told()])

    def test_an_alertmanager_that_was_away_hears_of_everything(self):
        self.managers[1].stop()
        self.site.healthy = False
        self.wait_for_state("firing")
        harness.wait_for(lambda: self.told("firing"), "the other one to tell")
        page = self.exporter.page()
        harness.wait_for(lambda: self.exporter.page().one("sla_exporter_alertmanagers_up") == 1, "one to be down")
        self.assertEqual(2, page.one("sla_exporter_alertmanagers"))
        self.kill_and_start()
        self.managers[1].start()
        harness.wait_for(lambda: "SiteDown" in self.managers[1].alerts(), "the one that was away to know", 90)
        self.assertEqual(1, len(self.told("firing")))
        harness.wait_for(lambda: self.exporter.page().one("sla_exporter_alertmanagers_up") == 2, "both to be up", 60)

    def slots(self):
        return float(self.api("query?query=max(sla_slots_total)")["result"][0]["value"][1])

    def test_samples_outlive_a_kill(self):
        harness.wait_for(lambda: self.api("query?query=count_over_time(sla_slots_total[1h])")["result"], "samples")
        query = "query?query=min(min_over_time(timestamp(sla_slots_total)[1h:1s]))"
        first = self.api(query)["result"][0]["value"][1]
        for _ in range(3):
            known = self.slots()
            harness.wait_for(lambda: self.slots() > known, "another slot")
            self.kill_and_start()
            harness.wait_for(lambda: self.api(query) and self.api(query)["result"], "the samples to be read")
            self.assertEqual(first, self.api(query)["result"][0]["value"][1])

    def test_a_broken_rule_file_changes_nothing(self):
        self.write("rules.yml", RULES.replace("sla_service_up ==", "sla_service_up ="))
        answer = harness.fetch(f"{self.exporter.url}/-/reload", "POST")
        self.assertEqual(500, answer.status)
        self.assertRegex(answer.text, r'rules\.yml:7:\d+: group "site", rule 1, "SiteDown": could not parse expression')
        self.assertEqual(["SiteDown", "site:bad"], [rule["name"] for rule in self.api("rules")["groups"][0]["rules"]])


def instant(text):
    """Seconds since the epoch."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    harness.main()
