"""The dashboards are what their description gives and keep the rules of Grafana's dashboard linter: one data source
variable, job and instance everywhere, titles, descriptions and units, rates over $__rate_interval, nothing editable.
Beyond the linter: panels do not overlap, ids are unique, and every metric and label exists in exporter/metrics/names.h.
"""

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ.get("SLA_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
NAMES = ROOT / "exporter/metrics/names.h"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "grafana"))

import build as dashboards_build  # noqa: E402
import expressions  # noqa: E402

NEWEST_SCHEMA = 42
# (dashboard, panel) that may use fixed ranges: grafana/.lint gives the reason.
FIXED_RANGES = {("SLA: agreement", "Burn rate"), ("SLA: reactions", "Time to the reaction"),
                ("SLA: reactions", "How long level $level took"), ("SLA: reactions", "First message of a human"),
                ("SLA: reactions", "Time to the number")}
UNITS = {"none", "short", "percentunit", "s", "dtdurations", "dateTimeFromNow"}
DATASOURCES = {"$datasource", "${datasource}"}
REQUIRED_MATCHERS = ['job=~"$job"', 'instance=~"$instance"']
COUNTER_FUNCTIONS = ("rate(", "irate(", "increase(")
SELECTOR = re.compile(r"\b((?:sla|probe|process)_[a-z0-9_]+)(\{[^}]*\})?(\[[^\]]*\])?")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def panels(dashboard):
    return [p for p in expressions.panels_of(dashboard) if p["type"] != "row"]


def selectors(expr):
    """(metric, matchers, range, what stands before) of every selector; label lists are no selectors."""
    bare = GROUPING.sub(lambda m: " " * len(m.group(0)), expr)
    for match in SELECTOR.finditer(re.sub(r"(?<=\{)[^}]*(?=\})", lambda m: " " * len(m.group(0)), bare)):
        matchers = expr[match.start(2) : match.end(2)] if match.group(2) else ""
        yield match.group(1), matchers, match.group(3) or "", bare[: match.start()]


# --- rules: each gives its findings about one dashboard ---------------------------------------------------------------


def datasource_variable(dashboard):
    found = [v for v in dashboard["templating"]["list"] if v["type"] == "datasource"]
    if [(v["name"], v["label"], v["query"]) for v in found] != [("datasource", "Data source", "prometheus")]:
        yield "there must be one data source variable: datasource, labelled Data source, of type prometheus"


def job_and_instance_variables(dashboard):
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    for name in ("job", "instance"):
        each = variables.get(name)
        if each is None:
            yield f"variable {name} is missing"
            continue
        wanted = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+"}
        for key, value in wanted.items():
            if each.get(key) != value:
                yield f"variable {name}: {key} must be {value!r}"


def variables_follow_the_time_range(dashboard):
    for each in dashboard["templating"]["list"]:
        if each["type"] != "query":
            continue
        if each.get("refresh") != 2:
            yield f"variable {each['name']}: refresh must be 2"
        if each["datasource"]["uid"] not in DATASOURCES:
            yield f"variable {each['name']}: its data source must be the variable"


def variables_are_used(dashboard):
    text = json.dumps(dashboard)
    for each in dashboard["templating"]["list"]:
        if not re.search(rf"\$\{{?{each['name']}\b", text):
            yield f"variable {each['name']} is never used"


def datasource_of_panels(dashboard):
    for panel in panels(dashboard):
        for place in [panel, *panel.get("targets", [])]:
            if place.get("datasource", {}).get("uid") not in DATASOURCES:
                yield f"panel {panel['title']}: its data source must be the variable"


def titles_and_descriptions(dashboard):
    titles = [p.get("title") for p in panels(dashboard)]
    for panel in panels(dashboard):
        if not panel.get("title") or not panel.get("description"):
            yield f"panel {panel['id']}: title or description is missing"
        if panel.get("title") and titles.count(panel["title"]) > 1:
            yield f"panel {panel['title']}: another one has the same title"


def units(dashboard):
    for panel in panels(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        if defaults.get("unit") not in UNITS and not defaults.get("mappings"):
            yield f"panel {panel['title']}: unit {defaults.get('unit')!r} is not one we know"


def targets(dashboard):
    for panel in panels(dashboard):
        ids = [t["refId"] for t in panel.get("targets", [])]
        if not ids:
            yield f"panel {panel['title']}: it asks for nothing"
        if len(ids) != len(set(ids)):
            yield f"panel {panel['title']}: a refId is used twice"


def matchers(dashboard):
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            for metric, text, _, _ in selectors(target["expr"]):
                for matcher in REQUIRED_MATCHERS:
                    if matcher not in text:
                        yield f"panel {panel['title']}: {metric} lacks {matcher}"


def rate_interval(dashboard):
    for panel in panels(dashboard):
        if (dashboard["title"], panel["title"]) in FIXED_RANGES:
            continue
        for target in panel.get("targets", []):
            for found in re.findall(r"\[[^\]]*\]", target["expr"]):
                if found != "[$__rate_interval]":
                    yield f"panel {panel['title']}: range {found} must be [$__rate_interval]"


def counters_are_rated(dashboard):
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            for metric, _, span, before in selectors(target["expr"]):
                if metric.endswith("_total") and not (span and before.endswith(COUNTER_FUNCTIONS)):
                    yield f"panel {panel['title']}: counter {metric} needs rate, irate or increase"


def not_editable(dashboard):
    if dashboard.get("editable") is not False:
        yield "editable must be false"


def classic_schema(dashboard):
    if not dashboard.get("uid") or dashboard.get("schemaVersion", 0) > NEWEST_SCHEMA:
        yield f"uid must be set and schemaVersion at most {NEWEST_SCHEMA}"


def places(dashboard):
    taken, ids = {}, set()
    for panel in expressions.panels_of(dashboard):
        if panel["id"] in ids:
            yield f"id {panel['id']} is used twice"
        ids.add(panel["id"])
        grid = panel["gridPos"]
        if grid["x"] + grid["w"] > 24:
            yield f"panel {panel['title']}: it stands over the right edge"
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    yield f"panel {panel['title']}: it overlaps {other}"
                    return


RULES = [datasource_variable, job_and_instance_variables, variables_follow_the_time_range, variables_are_used,
         datasource_of_panels, titles_and_descriptions, units, targets, matchers, rate_interval, counters_are_rated,
         not_editable, classic_schema, places]


# --- metrics that exist -----------------------------------------------------------------------------------------------

ROW = re.compile(r'\{"(\w+)",\s*MetricKind::(\w+),\s*"\w*",\s*((?:"[^"]*"\s*)+),')


def known_metrics(text):
    """Series name -> its labels, from the table of names."""
    known = {}
    for name, kind, labels in ROW.findall(text):
        allowed = set(re.findall(r"[\w+]+", labels)) | {"job", "instance"}
        if kind == "histogram":
            known[name + "_bucket"] = allowed
            known[name + "_sum"] = known[name + "_count"] = allowed - {"le"}
        else:
            known[name] = allowed
    return known


def unknown_names(expr, known):
    for metric, text, _, _ in selectors(expr):
        if metric not in known:
            yield f"no metric is called {metric}: {expr}"
            continue
        for label in LABEL.findall(re.sub(r'"[^"]*"', '""', text)):
            if label not in known[metric] and "+" not in known[metric]:
                yield f"{metric} has no label {label}: {expr}"


# --- tests ------------------------------------------------------------------------------------------------------------


def loaded():
    return {p.name: json.loads(p.read_text()) for p in sorted((ROOT / "grafana/dashboards").glob("*.json"))}


def broken(change):
    dashboard = copy.deepcopy(loaded()["sla-agreement.json"])
    change(dashboard, panels(dashboard)[0], dashboard["templating"]["list"])
    return dashboard


def asks(expr):
    return lambda d, p, v: p["targets"][0].update(expr=expr)


GOOD = 'job=~"$job", instance=~"$instance"'
BAD_EXAMPLES = [
    (datasource_variable, lambda d, p, v: v.pop(0)),
    (job_and_instance_variables, lambda d, p, v: v.pop(1)),
    (job_and_instance_variables, lambda d, p, v: v[2].update(allValue=".*")),
    (variables_follow_the_time_range, lambda d, p, v: v[3].update(refresh=1)),
    (variables_are_used, lambda d, p, v: v.append({**v[1], "name": "planet"})),
    (datasource_of_panels, lambda d, p, v: p.update(datasource={"uid": "abc"})),
    (titles_and_descriptions, lambda d, p, v: p.update(description="")),
    (titles_and_descriptions, lambda d, p, v: p.update(title="Now")),
    (units, lambda d, p, v: p["fieldConfig"].update(defaults={"unit": "parsec"})),
    (targets, lambda d, p, v: p.update(targets=[])),
    (matchers, asks("sla_slots_total")),
    (matchers, asks('sum by (sla_service) (sla_objective_ratio{job=~"$job"})')),
    (rate_interval, asks(f"rate(sla_slots_total{{{GOOD}}}[5m])")),
    (counters_are_rated, asks(f"sla_slots_total{{{GOOD}}}")),
    (counters_are_rated, asks(f"sum by (verdict) (sla_slots_total{{{GOOD}}})")),
    (not_editable, lambda d, p, v: d.update(editable=True)),
    (classic_schema, lambda d, p, v: d.update(schemaVersion=43)),
    (places, lambda d, p, v: p.update(id=1)),
    (places, lambda d, p, v: p["gridPos"].update(h=p["gridPos"]["h"] + 1)),
    (places, lambda d, p, v: p["gridPos"].update(x=20)),
]


class SelfTest(unittest.TestCase):
    def test_every_rule_catches_its_bad_examples(self):
        self.assertEqual({rule for rule, _ in BAD_EXAMPLES}, set(RULES))
        for number, (rule, change) in enumerate(BAD_EXAMPLES):
            self.assertTrue(list(rule(broken(change))), f"{rule.__name__}, example {number}")

    def test_names_that_do_not_exist_are_caught(self):
        known = known_metrics('{"sla_slots_total", MetricKind::counter, "", "sla_service,"\n "verdict",\n"Help."},'
                              '{"sla_lag_seconds", MetricKind::histogram, "seconds", "le", "Help."},')
        self.assertFalse(list(unknown_names('rate(sla_slots_total{job=~"x", verdict="bad"}[5m])', known)))
        self.assertFalse(list(unknown_names("sum by (le) (sla_lag_seconds_bucket)", known)))
        self.assertTrue(list(unknown_names("sla_slot_total", known)))
        self.assertTrue(list(unknown_names('sla_slots_total{check="a"}', known)))
        self.assertTrue(list(unknown_names("sla_lag_seconds", known)))

    def test_stale_files_are_caught(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in dashboards_build.built().items():
                pathlib.Path(folder, name).write_text(text.replace("Burn rate", "Bum rate"))
            pathlib.Path(folder, "left.json").write_text("{}")
            self.assertEqual(["left.json", "sla-agreement.json"], dashboards_build.stale(pathlib.Path(folder)))

    def test_unknown_variables_are_an_error(self):
        with self.assertRaises(ValueError):
            expressions.substitute("rate(x[$__rate_intervall])", expressions.values_of("5m"))


class TheTree(unittest.TestCase):
    def test_files_are_what_their_description_gives(self):
        self.assertEqual([], dashboards_build.stale(), "run grafana/build.py")

    def test_dashboards_keep_every_rule(self):
        found = [f"{name}: {f}" for name, d in loaded().items() for rule in RULES for f in rule(d)]
        self.assertEqual([], found)

    def test_uids_are_unique(self):
        uids = [d["uid"] for d in loaded().values()]
        self.assertEqual(sorted(set(uids)), sorted(uids))

    def test_metrics_and_labels_exist(self):
        if not NAMES.exists():
            self.skipTest(f"{NAMES} does not exist")
        known = known_metrics(NAMES.read_text())
        found = [f for each in expressions.expressions() for f in unknown_names(each.expr, known)]
        self.assertEqual([], found)

    def test_expressions_are_promql(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed: apt-get install prometheus")
        rules = [{"record": f"test:expression:{i}", "expr": each.expr}
                 for i, each in enumerate(expressions.expressions())]
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "rules.yml")  # JSON is YAML
            file.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
            result = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True)
        self.assertEqual(0, result.returncode, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
