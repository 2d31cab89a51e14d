"""Queries over HTTP are answered as a real Prometheus answers them: Debian's server, its blocks filled by `promtool
tsdb create-blocks-from openmetrics`, and ours, filled from the same file of samples, are asked the same random queries,
at an instant and over a range.

What 2.42 and 3.x answer differently on purpose is kept out of the data and the questions: no window ends on a sample
(samples lie on whole minutes, questions half a minute later), no gap is longer than the lookback, counters stay far from
zero, and the queries themselves are those of promql_queries.

Both print enough digits to read back the same number, so what is compared is bits. Only what adds up many values or asks
the mathematical library may differ in its last digits (2.42 adds plainly where 3.x carries the rounding error along, and
Go has a library of its own): by 1e-12 of the value; by 1e-10 where squares of large values cancel out; and where all has
cancelled out and only rounding is left, both are below 1e-15. How many differ at all is bounded too.
"""

import collections
import http.client
import json
import math
import os
import random
import re
import unittest
import urllib.parse

import api_sides
import harness
from promql_queries import Writer

START = 1_764_000_000 - 1_764_000_000 % 7200
MINUTES = 150
QUERIES = 4000
# The same every time: a value that is rounded otherwise may be filtered by a comparison once in many thousand queries.
SEEDS = [int(os.environ["SLA_SEED"])] if "SLA_SEED" in os.environ else range(7, 12) if harness.FULL else [7]
RELATIVE, SQUARES, NOTHING = 1e-12, 1e-10, 1e-15
MOST_ROUNDED = 0.03  # of all values
ROUNDS = re.compile(r"\b(?:sum|avg|stddev|stdvar|quantile|deriv|predict_linear|\w+_over_time|histogram_quantile"
                    r"|sin|exp|ln)\b|\^")
# 2.42 lets a window that @ holds still move on with the steps of a range query, but not of an instant one.
MOVES = re.compile(r"predict_linear.*@")
KIND = re.compile(r"[a-z ]*")


def counter(chance, steps, start):
    """Grows, sometimes fast, and begins again once, far from zero."""
    value, values = start + chance.randrange(1000), []
    reset = chance.randrange(20, MINUTES)
    for minute in range(MINUTES):
        value = start + chance.random() * 10 if minute == reset else value + chance.choice(steps)
        values.append(value)
    return values


def gauge(chance):
    """Of one of several shapes."""
    shape = chance.randrange(5)
    walk, values = chance.uniform(-50, 50), []
    for minute in range(MINUTES):
        walk += chance.gauss(0, 3)
        values.append([walk, math.floor(walk), chance.choice([0, 1, 1, 1]), 1e6 * math.sin(minute / 9) + 0.1,
                       chance.choice([0.1, 0.2, 0.3, -0.4])][shape])
    return values


def buckets(chance):
    """Four counters of which each holds all that the one before it does."""
    steps = [[chance.randrange(4) for _ in range(4)] for _ in range(MINUTES)]
    totals, values = [100 * i for i in range(1, 5)], [[], [], [], []]
    for step in steps:
        for i in range(4):
            totals[i] += sum(step[: i + 1])
            values[i].append(totals[i])
    return values


def generated_series(chance):
    """Text of the labels -> a value for each minute, None where there is none."""
    series = {}
    for x, y in [("1", "p"), ("2", "p"), ("3", "q"), ("4", "q"), ("12", "")]:
        steps = chance.choice([[0, 1], [7], [0.1, 0.25], [0, 0, 0, 90]])
        series[f'a_total{{x="{x}",y="{y}"}}' if y else f'a_total{{x="{x}"}}'] = counter(chance, steps, 50_000)
    for x, y in [("1", "p"), ("2", "q"), ("4", "q"), ("5", "p"), ("6", "r")]:
        series[f'b{{x="{x}",y="{y}"}}'] = gauge(chance)
    for x in "12":
        for le, values in zip(["0.5", "1", "2.5", "+Inf"], buckets(chance), strict=True):
            series[f'c_bucket{{le="{le}",x="{x}"}}'] = values
    for x, team in [("1", "mail"), ("2", "web"), ("4", "web")]:
        series[f'info{{team="{team}",x="{x}"}}'] = [1] * MINUTES
    for values in series.values():
        if chance.random() < 0.4:
            thin_out(chance, values)
    return series


def thin_out(chance, values):
    """Gaps of up to three minutes."""
    for begin in range(3, MINUTES - 8, 8):
        if chance.random() < 0.5:
            gap = chance.randrange(1, 4)
            values[begin : begin + gap] = [None] * gap


def open_metrics(series):
    lines = [f"{name} {value!r} {START + 60 * minute}" for name, values in series.items()
             for minute, value in enumerate(values) if value is not None]
    return "\n".join([*lines, "# EOF", ""])


class Server:
    """One of the two, asked over a connection that stays open."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)

    def close(self):
        self.connection.close()

    def ask(self, path, **parameters):
        """Labels -> [(time, value)], or the kind of error and how its text begins."""
        self.connection.request("POST", f"/api/v1/{path}", urllib.parse.urlencode(parameters),
                                {"Content-Type": "application/x-www-form-urlencoded"})
        answer = json.loads(self.connection.getresponse().read())
        if answer["status"] != "success":
            # Which of several faulty series is named depends on their order.
            return answer["errorType"], KIND.match(answer["error"]).group(0)
        data = answer["data"]
        if data["resultType"] in ("scalar", "string"):
            return {(): [tuple(data["result"])]}
        return {tuple(sorted(one["metric"].items())): [tuple(point) for point in one.get("values") or [one["value"]]]
                for one in data["result"]}


class PromqlServers(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        self.need("prometheus", "promtool")

    def close_enough(self, query, theirs, ours):
        """Whether two texts are the same number, or sums of the same that were rounded otherwise."""
        self.values += 1
        theirs, ours = float(theirs), float(ours)
        if theirs == ours or (math.isnan(theirs) and math.isnan(ours)):
            return True
        self.rounded += 1
        larger = max(abs(theirs), abs(ours))
        allowed = SQUARES if re.search(r"std(?:dev|var)", query) else RELATIVE
        return ROUNDS.search(query) is not None and (larger < NOTHING or abs(theirs - ours) <= allowed * larger)

    def judge(self, query, theirs, ours):
        """Why the answers differ, or nothing."""
        if isinstance(theirs, tuple) or isinstance(ours, tuple):
            return "" if theirs == ours else f"theirs {theirs!r:.300}, ours {ours!r:.300}"
        if theirs.keys() != ours.keys():
            return f"only theirs {list(theirs.keys() - ours.keys())[:3]}, only ours {list(ours.keys() - theirs.keys())[:3]}"
        for labels, points in theirs.items():
            if [at for at, _ in points] != [at for at, _ in ours[labels]]:
                return f"{labels}: times {points} and {ours[labels]}"
            for (at, theirs_value), (_, ours_value) in zip(points, ours[labels], strict=True):
                if not self.close_enough(query, theirs_value, ours_value):
                    return f"{labels} at {at - START}: theirs {theirs_value}, ours {ours_value}"
        return ""

    def questions(self, writer, chance):
        for _ in range(QUERIES):
            query = writer.vector(chance.choice([1, 2, 2, 3]))
            yield "query", {"query": query, "time": START + 60 * chance.randrange(12, MINUTES) + 30}
            if MOVES.search(query):
                continue
            first = START + 60 * chance.randrange(12, 100) + 30
            yield "query_range", {"query": query, "start": first, "end": first + 60 * chance.randrange(1, 45),
                                  "step": 60 * chance.choice([1, 1, 2, 7])}

    def compare(self, seed):
        chance = random.Random(seed)
        self.values, self.rounded = 0, 0
        sides = api_sides.Sides(self, open_metrics(generated_series(chance)))
        theirs, ours = Server(sides.peer.url), Server(sides.ours.url)
        self.addCleanup(theirs.close)
        self.addCleanup(ours.close)
        kinds, wrong = collections.Counter(), []
        for path, parameters in self.questions(Writer(chance, START), chance):
            expected, found = theirs.ask(path, **parameters), ours.ask(path, **parameters)
            kinds["error" if isinstance(expected, tuple) else "filled" if expected else "empty"] += 1
            difference = self.judge(parameters["query"], expected, found)
            if difference:
                wrong.append(f"{path} {parameters}\n    {difference}")
        if wrong:
            self.fail("\n".join([f"{len(wrong)} of {sum(kinds.values())} answers differ:", *wrong[:20]]))
        self.assertGreater(kinds["filled"], QUERIES, "too few queries have a result to tell anything")
        self.assertGreater(kinds["error"], 0)
        self.assertLess(self.rounded, MOST_ROUNDED * self.values)
        print(f"seed {seed}: {dict(kinds)}: {self.values} values, of which {self.rounded} differ in their last digits", flush=True)


def test_of(seed):
    def test(self):
        with harness.seed_shown(seed):
            self.compare(seed)

    return test


# A folder and two servers for each set of series.
for each in SEEDS:
    setattr(PromqlServers, f"test_random_queries_of_seed_{each}_have_the_same_answers", test_of(each))


if __name__ == "__main__":
    unittest.main()
