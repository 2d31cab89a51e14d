"""The clients that a Prometheus has are content with our HTTP API: Grafana's Prometheus data source, request by request,
Debian's promtool, and slatool query.
"""

import csv
import io
import json
import re
import socket
import unittest
import urllib.parse

import api_sides
import harness
import peers

START = 1_700_000_010
SAMPLES = "\n".join([
    "# TYPE up gauge",
    *(f'up{{instance="a",job="web"}} {i % 2} {START + i * 30}' for i in range(60)),
    *(f'up{{instance="b, or \\"c\\"",job="mail"}} 1 {START + i * 30}' for i in range(60)),
    "# TYPE requests counter",
    *(f'requests_total{{job="web"}} {i * 15} {START + i * 30}' for i in range(60)),
    "# EOF", ""])
END = START + 59 * 30
RULES = """
groups:
- name: shown
  interval: 30s
  rules:
  - {record: job:up:sum, expr: sum by (job) (up)}
  - {alert: Down, expr: up == 0, for: 0s, labels: {severity: page}, annotations: {summary: "{{ $labels.instance }} <is> down"}}
  - {alert: Slow, expr: up > 0, for: 1h}
  - {alert: Broken, expr: "label_replace(up, 'instance', '', 'instance', '.*') * on () up"}
- name: other
  rules:
  - {record: one, expr: vector(1)}
"""
WINDOW = {"start": START, "end": END}
FORM = api_sides.Form

# What Grafana sends, as its source has it (pkg/promlib and packages/grafana-prometheus): when the data source is added
# and saved, when the editor is opened, when a panel and its variables are drawn, when alert rules are listed. Each with
# what must be in the data.
GRAFANA = [
    ("save: is it alive", "query", FORM(query="1+1", time="4"), lambda d: d == {"resultType": "scalar", "result": [4, "2"]}),
    ("save: what is it", "status/buildinfo", {}, lambda d: re.match(r"3\.\d+\.\d+", d["version"]) and "features" not in d),
    ("editor: metrics", "label/__name__/values", {**WINDOW, "limit": "40000"}, lambda d: "up" in d and "job:up:sum" in d),
    ("editor: labels", "labels", FORM({**WINDOW, "limit": "40000"}), lambda d: d == sorted(d) and "instance" in d),
    ("editor: help", "metadata", {}, lambda d: d["sla_slots_total"][0]["type"] == "counter"),
    ("editor: help of a metric", "metadata", {"metric": "probe_success"}, lambda d: list(d) == ["probe_success"]),
    ("editor: labels of a metric", "labels", FORM({**WINDOW, "match[]": "up", "limit": "40000"}),
     lambda d: d == ["__name__", "instance", "job"]),
    ("editor: values", "label/job/values", {**WINDOW, "match[]": '{__name__="up"}', "limit": "2000"}, lambda d: d == ["mail", "web"]),
    ("editor: series", "series", FORM({**WINDOW, "match[]": '{job!=""}', "limit": "40000"}), lambda d: {"__name__": "up", "instance": "a", "job": "web"} in d),
    ("panel: graph", "query_range", FORM(query="rate(requests_total[1m0s])", step="15", **WINDOW),
     lambda d: d["resultType"] == "matrix" and d["result"][0]["values"][-1] == [END, "0.5"]),
    ("panel: graph with a timeout", "query_range", FORM(query="up", step="60", timeout="60s", **WINDOW), lambda d: len(d["result"]) == 2),
    ("panel: table", "query", FORM(query="up", time=str(END)), lambda d: len(d["result"]) == 2),
    ("panel: exemplars", "query_exemplars", FORM(query="rate(requests_total[1m])", **WINDOW), lambda d: d == []),
    ("variable: query_result", "query", FORM(query="max(up) by (job)", time=f"{END}.5"), lambda d: len(d["result"]) == 2),
    ("variable: metrics", "label/__name__/values", WINDOW, lambda d: "up" in d),
    ("variable: series by regexp", "series", FORM({**WINDOW, "match[]": '{__name__=~"re.*"}'}), lambda d: len(d) == 1),
    ("annotations", "query_range", FORM(query='ALERTS{alertstate="firing"}', step="60", **WINDOW), lambda d: len(d["result"]) == 1),
    ("alerts: rules", "rules", {}, lambda d: [g["name"] for g in d["groups"]] == ["shown", "other"]),
    ("alerts: a page of rules", "rules", {"group_limit": "1"}, lambda d: len(d["groups"]) == 1 and d["groupNextToken"]),
    ("alerts: without instances", "rules", {"exclude_alerts": "true", "type": "alert"},
     lambda d: all(r["alerts"] is None for r in d["groups"][0]["rules"])),
    ("alerts: active", "alerts", {}, lambda d: {a["labels"]["alertname"] for a in d["alerts"]} == {"Down", "Slow"}),
]


class Clients(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.samples = self.write("samples.om", SAMPLES)
        self.rules = self.write("rules.yml", RULES)
        self.server = api_sides.ApiServer(self, self.samples, "--rules", self.rules, "--now", END - 30)

    def test_every_request_of_grafana_is_answered(self):
        for what, path, parameters, expected in GRAFANA:
            with self.subTest(what):
                answer = api_sides.ask(self.server.url, path, parameters)
                content = json.loads(answer.text)
                self.assertEqual((200, "success"), (answer.status, content["status"]), answer.text)
                self.assertTrue(expected(content["data"]), answer.text[:2000])

    def test_grafana_turns_from_post_to_get_where_it_must(self):
        # Its back end tries a form first for paths it does not know to be for GET alone, and goes on from 405 or 400.
        answer = api_sides.ask(self.server.url, "status/buildinfo", FORM())
        self.assertEqual(405, answer.status)
        self.assertEqual(404, api_sides.ask(self.server.url, "status/flags", {}).status)

    def test_rules_are_as_prometheus_shows_them(self):
        groups = json.loads(api_sides.ask(self.server.url, "rules", {}).text)["data"]["groups"]
        shown = groups[0]
        self.assertEqual((str(self.rules), 30, 0, 0.004), (shown["file"], shown["interval"], shown["limit"], shown["evaluationTime"]))
        record, down, slow, broken = shown["rules"]
        self.assertEqual(("recording", "ok", "sum by (job) (up)"), (record["type"], record["health"], record["query"]))
        self.assertNotIn("state", record)
        self.assertEqual(("alerting", "firing", 0, 0), (down["type"], down["state"], down["duration"], down["keepFiringFor"]))
        self.assertEqual({"severity": "page"}, down["labels"])
        (alert,) = down["alerts"]
        self.assertEqual({"alertname": "Down", "instance": "a", "job": "web", "severity": "page"}, alert["labels"])
        self.assertEqual(({"summary": "a <is> down"}, "firing", "0e+00"), (alert["annotations"], alert["state"], alert["value"]))
        self.assertRegex(alert["activeAt"], r"^2023-11-14T\d\d:\d\d:\d\dZ$")
        self.assertEqual(("pending", 3600), (slow["state"], slow["duration"]))
        self.assertEqual(("err", "inactive"), (broken["health"], broken["state"]))
        self.assertIn("many-to-many matching not allowed", broken["lastError"])

    def test_promtool_asks_us_as_it_asks_a_prometheus(self):
        (promtool,) = self.need("promtool")
        for words, expected in [
            (["instant", self.server.url, 'requests_total{job="web"}', f"--time={END}"],
             f'requests_total{{job="web"}} => 885 @[{END}]\n'),
            (["instant", self.server.url, "1 + 1", "--time=5"], "scalar: 2 @[5]\n"),
            (["range", self.server.url, "requests_total", f"--start={START}", f"--end={START + 60}", "--step=30s"],
             f'requests_total{{job="web"}} =>\n0 @[{START}]\n15 @[{START + 30}]\n30 @[{START + 60}]\n'),
            (["series", self.server.url, "--match=requests_total", f"--start={START}", f"--end={END}"],
             '{__name__="requests_total", job="web"}\n'),
            (["labels", self.server.url, "job", f"--start={START}", f"--end={END}"], "mail\nweb\n"),
        ]:
            with self.subTest(words[0]):
                done = harness.run([promtool, "query", *words])
                self.assertEqual((0, expected), (done.code, done.out), done)
        refused = harness.run([promtool, "query", "instant", self.server.url, "sum("])
        self.assertNotEqual(0, refused.code)
        self.assertIn("unclosed left parenthesis", refused.out + refused.err)

    def query(self, *words):
        return harness.run([harness.SLATOOL, "query", self.server.url, *words])

    def test_slatool_prints_an_instant_as_a_table(self):
        done = self.query("up", "--time", END)
        self.assertEqual(0, done.code, done)
        self.assertEqual(['up{instance="a", job="web"}             1  2023-11-14T22:43:00Z',
                          'up{instance="b, or \\"c\\"", job="mail"}  1  2023-11-14T22:43:00Z'], sorted(done.out.splitlines()))
        self.assertEqual("2  2023-11-14T22:43:00.25Z\n", self.query("1+1", "--time", f"{END}.25").out)

    def test_slatool_prints_ranges_and_other_formats(self):
        window = ["--start", "2023-11-14T22:13:30Z", "--end", str(START + 60), "--step", "30s"]
        self.assertEqual('requests_total{job="web"}\n  2023-11-14T22:13:30Z  0\n  2023-11-14T22:14:00Z  15\n'
                         "  2023-11-14T22:14:30Z  30\n", self.query("requests_total", *window).out)
        rows = list(csv.DictReader(io.StringIO(self.query('up{job="mail"}', *window, "--format", "csv").out)))
        self.assertEqual({"__name__": "up", "instance": 'b, or "c"', "job": "mail", "time": "2023-11-14T22:13:30Z", "value": "1"}, rows[0])
        data = json.loads(self.query("up", "--format", "json", "--time", END).out)
        self.assertEqual(("vector", 2), (data["resultType"], len(data["result"])))
        without_step = self.query("up", "--start", START, "--end", END, "--format", "json")
        self.assertGreater(len(json.loads(without_step.out)["result"][0]["values"]), 240)

    def test_slatool_says_what_went_wrong(self):
        for words, code, sentence in [
            (["sum("], 1, "1:5: parse error: unclosed left parenthesis"),
            (["up", "--time", "noon"], 2, "--time: cannot parse \"noon\""),
            (["up", "--step", "5"], 2, "belong to a range, which needs --start"),
            (["up", "--time", "5", "--start", "4"], 2, "give one of them"),
            (["up", "--start", "9", "--end", "8"], 2, "--end is before --start"),
            (["up", "--user", "x", "--password-file", str(self.folder / "none")], 1, "holds no password to read"),
        ]:
            with self.subTest(words):
                done = self.query(*words)
                self.assertEqual((code, ""), (done.code, done.out), done)
                self.assertIn(sentence, done.err)
        empty = self.query("nothing")
        self.assertEqual((0, ""), (empty.code, empty.out))
        self.assertIn("nothing matches", empty.err)

    def test_slatool_says_when_there_is_no_such_server(self):
        free = harness.free_port()
        done = harness.run([harness.SLATOOL, "query", f"http://127.0.0.1:{free}", "up"])
        self.assertEqual(1, done.code)
        self.assertIn("is the exporter running there?", done.err)
        done = harness.run([harness.SLATOOL, "query", self.server.url + "/api/v1", "up"])
        self.assertEqual(1, done.code)
        self.assertIn("without /api/v1", done.err)


class Guarded(harness.IntegrationTest):
    """A server with TLS and a user."""

    HASH = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"  # secret

    def setUp(self):
        super().setUp()
        self.authority = peers.Certificates(self)
        certificate, key = self.authority.sign("server")
        guard = {"tls_server_config": {"cert_file": str(certificate), "key_file": str(key)}, "basic_auth_users": {"ann": self.HASH}}
        web_config = self.write("web.yml", json.dumps(guard))
        self.server = api_sides.ApiServer(self, self.write("samples.om", SAMPLES), "--web.config.file", web_config)

    def query(self, *words):
        return harness.run([harness.SLATOOL, "query", self.server.url.replace("http:", "https:"), "1+1", "--time", "5", *words])

    def test_slatool_comes_in_with_a_certificate_and_a_password(self):
        password = self.write("password", "secret\n")
        trust = ["--ca-file", self.authority.ca_file]
        done = self.query(*trust, "--user", "ann", "--password-file", password)
        self.assertEqual((0, "2  1970-01-01T00:00:05Z\n"), (done.code, done.out), done)
        for words, sentence in [
            (trust, "wants a user: give --user and --password-file"),
            ([*trust, "--user", "ann", "--password-file", self.write("wrong", "guess\n")], "wants a user"),
            (["--user", "ann", "--password-file", password], "certificate"),
        ]:
            done = self.query(*words)
            self.assertEqual((1, ""), (done.code, done.out), done)
            self.assertIn(sentence, done.err)
            self.assertNotIn("secret", done.err)


class LongQueries(harness.IntegrationTest):
    """A query that never ends by itself: the server must stay itself around it."""

    ENDLESS = {"query": "quantile_over_time(0.5, vector(time())[400000s:1s])", "start": 0, "end": 11000, "step": 1}

    def setUp(self):
        super().setUp()
        self.server = api_sides.ApiServer(self, self.write("samples.om", SAMPLES))

    def test_its_time_is_limited_and_pages_do_not_wait_for_it(self):
        answer = api_sides.ask(self.server.url, "query_range", FORM(timeout="300ms", **self.ENDLESS))
        self.assertEqual(503, answer.status, answer.text)
        self.assertEqual("timeout", json.loads(answer.text)["errorType"])

    def test_it_ends_with_its_client(self):
        # As many as there are workers for queries; while they run, other pages are served.
        clients = [self.begin(self.ENDLESS) for _ in range(2)]
        self.assertEqual(200, harness.fetch(self.server.url + "/rules").status)
        for client in clients:
            client.close()
        answer = api_sides.ask(self.server.url, "query", {"query": "1"})
        self.assertEqual(200, answer.status)

    def test_it_does_not_hold_up_the_end_of_the_server(self):
        client = self.begin(self.ENDLESS)
        self.addCleanup(client.close)
        self.assertEqual(200, harness.fetch(self.server.url + "/rules").status)
        self.assertEqual(0, self.server.process.stop(seconds=12), self.server.process.output())

    def begin(self, parameters):
        client = socket.create_connection(("127.0.0.1", self.server.port))
        body = urllib.parse.urlencode(parameters)
        client.sendall((f"POST /api/v1/query_range HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        return client


if __name__ == "__main__":
    unittest.main()
