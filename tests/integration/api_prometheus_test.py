"""The HTTP API answers as a real Prometheus does: Debian's Prometheus 2.42 and our server hold the same samples and get
the same requests; status and JSON must be equal. What Debian's version does not have yet is not asked here, and where it
says the same in other words a table says which.

Samples lie on half minutes and queries are evaluated beside them, so that no window ends on a sample: Prometheus 3 and we
leave out the left edge of a window, Debian's version does not.
"""

import json
import math
import re
import unittest

import api_sides
import harness

START = 1_700_000_010
STEP = 30
COUNT = 240
AT = START + 61 * STEP + 7.25

NUMBER = re.compile(r"-?\d+\.\d{10,}")


def samples():
    """OpenMetrics text with every kind of value and label that JSON has to carry."""
    lines = ["# TYPE load gauge"]
    odd = {0: "1e-7", 1: "-0.000001", 2: "1e21", 3: "123456789012345680000", 4: "NaN", 5: "+Inf", 6: "-Inf", 7: "0.1", 8: "-0"}
    for host in ("web", "mail", 'odd \\"quoted\\" <&> \\\\ ä€😀\\n'):
        lines += [f'load{{host="{host}",zone="eu"}} {odd.get(i % 20, i * 1.5)} {START + i * STEP}' for i in range(COUNT)]
    # A series that ends early and one that begins late.
    lines += [f'load{{host="old"}} {i} {START + i * STEP}' for i in range(40)]
    lines += [f'load{{host="new",zone="us"}} {i} {START + i * STEP}.5' for i in range(150, COUNT)]
    lines.append("# TYPE requests counter")
    for code in ("200", "500"):
        lines += [f'requests_total{{code="{code}",host="web"}} {(i % 90) * 7} {START + i * STEP}' for i in range(COUNT)]
    lines.append("# TYPE wait histogram")
    for i in range(COUNT):
        at = START + i * STEP
        lines += [f'wait_bucket{{le="{le}"}} {i * n} {at}' for le, n in (("0.5", 2), ("1.0", 5), ("+Inf", 8))]
        lines += [f"wait_count {i * 8} {at}", f"wait_sum {i * 4.5} {at}"]
    return "\n".join([*lines, "# EOF", ""])


# (path, parameters): equal in status and in every byte of the JSON but the order of a vector.
QUERIES = [
    "load", 'load{host=~"w.*"}', "load[2m]", "1+1", "-1e-7", "1e21", "1/0", "-1/0", "0/0", "time()", '"a <text> & \\"more\\""',
    "vector(1e-7)", "vector(1e21)", "vector(123456789.123)", "vector(-0)", "rate(requests_total[3m])",
    "sum by (zone) (load > -1e300 < 1e300)", "histogram_quantile(0.9, rate(wait_bucket[4m]))", "nothing", "nothing[5m]",
    "count_values(\"v\", load)", "absent(nothing{a=\"b\"})", "sort_desc(requests_total)", "topk(1, requests_total)",
    "label_replace(load{host=~\"web|mail\"}, \"x\", \"<$1>\", \"host\", \"(.*)\")", "load offset 1h", "load @ 1700001000", "scalar(nothing)",
    "max_over_time(requests_total[10m:1m])", "requests_total / ignoring(code) group_left wait_count", "count(load) by (host)",
]
WRONG = [
    "", " ", "sum(", "load{", "load[5m", "nonsense(load)", "rate(load)", "load{host=~\"(\"}", "1 +", "load + on(host) load",
    "load load", "{}", "label_replace(load, \"__name__\", \"a\", \"\", \"\")", "load\nand\n(", "sum(load) by (", "load * on() requests_total",
    "<script>", "ä", "load{host=\"\\z\"}", "\"unclosed",
]
# Go's printer gave these an exponent then.
NOT_FORMATTED = ["-1e-7", "1e21", "vector(1e-7)", "vector(1e21)", "vector(123456789.123)",
                 "sum by (zone) (load > -1e300 < 1e300)"]
TIMES = ["1700001000", "1700001000.123", "1700001000.1239", "2023-11-14T22:30:07Z", "2023-11-14T22:30:07.5Z", "-1", "-1.5", "1e9",
         "2023-11-14T23:30:07.123456789+01:00", "", "0", "1700001000.5555555"]
WRONG_TIMES = ["yesterday", "2023-11-14", "12:00", "2023-11-14T22:30Z", "2023-13-14T22:30:07Z", "1700001000s", "2023-11-14T22:30:07",
               "2023-11-14 22:30:07Z", "0x", "1,5", "@1700001000", "2023-11-14T22:30:07.Z", " 1"]
STEPS = ["30", "30s", "1m", "0.5m", "1h30m", "17.5", "500ms", "1e2", "", "0", "-5", "abc", "1x", "0s", "1m1h", "1e300", "NaN", "5 m", "0x10"]
LIMITS = [0, 10999, 11000, 11001, 20000]
MATCHES = [
    ["load"], ['{__name__=~".+"}'], ["load", "requests_total"], ["load", 'load{host="web"}'], ["nothing"], ['{host="web"}'],
    ['{host!=""}'], ['load{zone=""}'], ["{}"], ['{host=""}'], ['{host=~".*"}'], ["load["], ["sum(load)"], ["load offset 5m"], [""],
    ["load", "{"], ["load[5m]"], ['{x="\\q"}'],
]
WINDOWS = [{}, {"start": START, "end": START + COUNT * STEP}, {"start": "x"}, {"end": "y"}, {"start": "2023-11-14T22:13:00Z"}]
LABELS = ["host", "__name__", "code", "le", "none", "_"]

# The same in other words: (path, what Debian's version says, what is said today).
SAME = [
    (".*", r"Invalid time value", "invalid time value"),
    ("query_range", r'^(?=\d+:\d+: parse error|invalid expression type)', 'invalid parameter "query": '),
    (".*", r"timed out in query (execution|queue)", "timed out in expression evaluation"),
    # Go's regular expressions and RE2 complain each in its own way.
    (".*", r"(error parsing regexp: missing).*", r"\1 ): ("),
    (".*", r"unknown escape sequence U\+00.. '(.)'", r'invalid escape sequence in "\\\1"'),
    # They are named in order now.
    (".*", r"(the right hand-side of the operation: )\[(\{.*?\}), (\{.*?\})\]", r"\1[\3, \2]"),
]


def requests():
    for query in [*QUERIES, *WRONG]:
        yield "query", {"query": query, "time": AT}
        yield "query", api_sides.Form(query=query, time=AT)
        yield "query_range", {"query": query, "start": AT, "end": AT + 600, "step": 60}
        if query not in NOT_FORMATTED:
            yield "format_query", {"query": query}
    for time in [*TIMES, *WRONG_TIMES]:
        yield "query", {"query": "time()" if time else "1", "time": time or AT}
        yield "query_range", {"query": "time()", "start": time, "end": 1_700_001_100, "step": 1_000_000}
        yield "query_range", {"query": "time()", "start": 1_700_001_000, "end": time, "step": 1_000_000}
        yield "query_range", api_sides.Form(query="time()", start=time, end=time, step=60)
    for step in STEPS:
        yield "query_range", {"query": "load", "start": AT, "end": AT + 3600, "step": step}
        yield "query", {"query": "1", "time": AT, "timeout": step}
    for points in LIMITS:
        yield "query_range", {"query": "vector(1)", "start": 0, "end": points * 10, "step": 10}
    yield from listings()


def listings():
    for match in MATCHES:
        yield "series", {"match[]": match, **WINDOWS[1]}
        yield "series", api_sides.Form({"match[]": match})
        yield "labels", {"match[]": match}
        yield "label/host/values", {"match[]": match}
    for window in WINDOWS:
        yield "series", {"match[]": "load", **window}
        yield "labels", window
        yield "labels", api_sides.Form(window)
        for label in LABELS:
            yield f"label/{label}/values", window
    yield "series", {}


def content_of(answer):
    """The JSON with the lists in order whose order says nothing, and without remarks, which came with Prometheus 3."""
    if answer.headers.get("Content-Type") != "application/json":
        return answer.text
    content = json.loads(answer.text)
    content.pop("warnings", None)
    content.pop("infos", None)
    data = content.get("data")
    if isinstance(data, dict) and data.get("resultType") in ("vector", "matrix"):
        data["result"].sort(key=lambda one: json.dumps(one["metric"], sort_keys=True))
    if isinstance(data, list):
        data.sort(key=lambda one: json.dumps(one, sort_keys=True))
    return content


def translated(path, content):
    """What Debian's version said, in today's words."""
    if not isinstance(content, dict) or "error" not in content:
        return content
    error = content["error"]
    for where, theirs, ours in SAME:
        if re.fullmatch(where, path):
            error = re.sub(theirs, ours, error)
    return {**content, "error": error}


def alike(ours, theirs):
    """Equal, but for the last digits of numbers: in which order an average is taken has changed."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if ours != theirs and NUMBER.fullmatch(str(ours)) and NUMBER.fullmatch(str(theirs)):
        return math.isclose(float(ours), float(theirs), rel_tol=1e-14)
    return ours == theirs


class PrometheusApi(harness.IntegrationTest):
    def test_the_same_requests_have_the_same_answers(self):
        sides = api_sides.Sides(self, samples())
        asked, differing = 0, []
        for path, parameters in requests():
            ours, theirs = sides.ask(path, parameters)
            asked += 1
            same = alike(content_of(ours), translated(path, content_of(theirs)))
            if not same or ours.status != theirs.status:
                differing.append(f"{path} {parameters}\n  ours   {ours.status} {ours.text[:700]}\n  theirs {theirs.status} {theirs.text[:700]}")
        self.assertFalse(differing, f"{len(differing)} of {asked} differ:\n" + "\n".join(differing))
        self.assertGreater(asked, 300)


if __name__ == "__main__":
    unittest.main()
