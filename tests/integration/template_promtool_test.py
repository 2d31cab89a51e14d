"""Our record of what Prometheus makes of templates is what the installed promtool makes of them: one alert whose
annotations are the templates of tests/testdata/templates.txt.
"""

import json
import re
import shutil
import subprocess
import unittest

import harness

DATA = harness.ROOT / "tests" / "testdata" / "templates.txt"
ANNOTATION = re.compile(r'(c\d+)=("(?:[^"\\]|\\.)*")')
FAILURE = re.compile(r'executing "__alert_A" at <.*(?=>$)', re.S)


def unescaped(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), text)


def recorded():
    """Pairs of template and expectation."""
    for line in DATA.read_text().split("\n"):
        if line and not line.startswith("#"):
            yield tuple(unescaped(part) for part in line.split("\t"))


def unquoted(text):
    """A Go string literal, as promtool prints annotations."""
    text = text.replace("\\a", "\\u0007").replace("\\v", "\\u000b")
    return json.loads(re.sub(r"\\x([0-9a-f]{2})", r"\\u00\1", text))


class TemplatesOfPrometheus(unittest.TestCase):
    def promtool(self, folder, cases):
        annotations = {f"c{i}": template for i, (template, _) in enumerate(cases)}
        rule = {"alert": "A", "expr": "m", "annotations": annotations}
        test = {
            "interval": "1m",
            "external_url": "http://testhost:9090/path/prefix",
            "external_labels": {"dc": "gva"},
            "input_series": [
                {"series": 'm{instance="web:9100",job="node"}', "values": "1234.5"},
                {"series": 'sorted{n="c"}', "values": "3"},
                {"series": 'strval{__value__="sv"}', "values": "1"},
            ],
            "alert_rule_test": [{"eval_time": "0m", "alertname": "A", "exp_alerts": []}],
        }
        # JSON is YAML.
        (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}))
        (folder / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [test]}))
        command = ["promtool", "test", "rules", str(folder / "test.yml")]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return ran.stdout + ran.stderr

    def test_the_record_is_still_true(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed: deploy/install-deps --tests")
        cases = list(recorded())
        self.assertGreater(len(cases), 100)
        with harness.tempfile.TemporaryDirectory() as name:
            said = self.promtool(harness.pathlib.Path(name), cases)
        found = dict(ANNOTATION.findall(said))
        self.assertTrue(found, said)
        for i, (template, want) in enumerate(cases):
            got = unquoted(found[f"c{i}"]) if f"c{i}" in found else ""
            failure = FAILURE.search(got)
            got = "!" + failure.group(0).replace("__alert_A", "t") if failure else "=" + got
            self.assertEqual(want, got, template)


if __name__ == "__main__":
    unittest.main()
