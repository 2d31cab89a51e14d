#!/usr/bin/env python3
"""Queries and rules beside Debian's Prometheus on the same samples: CPU time of an evaluation, its growth with the series
and with the window, and bytes a sample.

usage: tests/bench/rules_vs_prometheus.py [--build build/release] [--quick] [--all]

query_bench makes the samples, evaluates in its own process and writes them as OpenMetrics, from which promtool makes
blocks; Prometheus reads those and is asked over HTTP. Its time is the CPU time of its process over many requests
less that of requests for `vector(1)`, so its transport counts for nobody. Both answer with one number, which must be the
same. Of several rounds the best counts, of both.
"""

import contextlib
import json
import subprocess
import sys
import urllib.parse

import benchmarks
import measure

import harness

START = 1_764_000_000
RATIO, WINDOW_RATIO, BYTES = 20.0, 2.0, 1.5
KIND = "counter_at_random"
DAY = 24 * 60
ROUNDS = 3
# Prometheus compacts to 18 hours under its default retention; promtool takes the next smaller that fits. For a month it
# gets one block of all, because it reads the whole text once for each.
BLOCK, ONE_BLOCK = "24h", "2000h"
# What our series look like between two changes; the other kinds change with every sample.
SLOW = ["constant", "fraction", "counter_every_5m", "up_mostly", "budget_ratio"]
FUNCTIONS = ["rate", "increase", "sum_over_time", "max_over_time", "avg_over_time", "count_over_time", "changes", "delta"]
GOOD, ALL = 'sla_slots_total{verdict="good"}', 'sla_slots_total{verdict=~"good|bad"}'


def error_ratio(window):
    parts = [f"sum by (sla_service) (increase({what}[{window}]))" for what in (GOOD, ALL)]
    return f"(1 - {parts[0]} / {parts[1]})"


def burns(burn, long, short):
    return f"({error_ratio(long)} > {burn} * 0.01 and {error_ratio(short)} > {burn} * 0.01)"


# The recordings and alerts of an objective of 99 % in their usual form.
GROUP = [error_ratio(window) for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")]
GROUP += [f"{burns(14.4, '1h', '5m')} or {burns(6, '6h', '30m')}", f"{burns(3, '1d', '2h')} or {burns(1, '3d', '6h')}"]


def ours(options, series, minutes, queries):
    """(milliseconds, value) of each query."""
    seconds = 0.1 if options.quick else 0.5
    program = measure.built(options, "tests/query_bench")
    done = subprocess.run([program, "ask", KIND, str(series), str(minutes), str(seconds), *queries], check=True,
                          stdout=subprocess.PIPE, text=True)
    return [tuple(map(float, line.split())) for line in done.stdout.splitlines()]


def fill(options, folder, kind, series, minutes, block):
    """Blocks with the samples, in a folder of their own."""
    blocks = folder / f"{kind}-{series}-{minutes}"
    text = folder / "samples.om"
    with open(text, "w") as out:
        subprocess.run([measure.built(options, "tests/query_bench"), "write", kind, str(series), str(minutes)], check=True,
                       stdout=out)
    subprocess.run([measure.need("promtool"), "tsdb", "create-blocks-from", f"--max-block-duration={block}", "openmetrics",
                    text, blocks], check=True, stdout=subprocess.DEVNULL)
    text.unlink()
    return blocks


class Prometheus:
    def __init__(self, start, folder, blocks, minutes):
        config = folder / "prometheus.yml"
        config.write_text("")
        port = harness.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.at = START + 60 * minutes - 30
        # Nothing is compacted while it is measured.
        self.process = start([measure.need("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={blocks}",
                              "--storage.tsdb.retention.time=100y", "--storage.tsdb.min-block-duration=24h",
                              "--storage.tsdb.max-block-duration=24h", f"--web.listen-address=127.0.0.1:{port}"], blocks.name)
        measure.await_answer(self.process, f"{self.url}/-/ready")

    def asked(self, query):
        words = urllib.parse.urlencode({"query": query, "time": self.at})
        answer = harness.fetch(f"{self.url}/api/v1/query", "POST",
                               {"Content-Type": "application/x-www-form-urlencoded"}, 600, words.encode())
        data = json.loads(answer.text)["data"]
        return sum(float(one["value"][1]) for one in data["result"])

    def cost(self, query, runs):
        """Milliseconds of one, on average."""
        before = measure.cpu_seconds(self.process.pid)
        for _ in range(runs):
            self.asked(query)
        return (measure.cpu_seconds(self.process.pid) - before) * 1e3 / runs

    def costs(self, queries, options):
        """(milliseconds, value) of each query in the best of some rounds; cost None when it is too little to tell."""
        nothing = min(self.cost("vector(1)", 100) for _ in range(ROUNDS))
        results = []
        for query in queries:
            value, once = self.asked(query), self.cost(query, 1)
            runs = int(max(1, min(150, (100 if options.quick else 700) / max(once, 0.1))))
            cost = min(self.cost(query, runs) for _ in range(ROUNDS))
            # What does not stand out from the request itself.
            results.append((cost - nothing if cost > 1.2 * nothing else None, value))
        return results


@contextlib.contextmanager
def filled(options, series, minutes, block):
    with measure.workplace() as (folder, start):
        yield Prometheus(start, folder, fill(options, folder, KIND, series, minutes, block), minutes)


def side_by_side(options, series, minutes, queries, block=BLOCK):
    """(ours, theirs) in milliseconds of each query; the values must be the same."""
    mine = ours(options, series, minutes, queries)
    with filled(options, series, minutes, block) as prometheus:
        theirs = prometheus.costs(queries, options)
    for query, (_, one), (_, other) in zip(queries, mine, theirs, strict=True):
        # 2.42 adds without carrying the rounding error along.
        if abs(one - other) > 1e-9 * max(abs(one), abs(other)):
            raise SystemExit(f"{query}: ours {one}, theirs {other}")
    return [(mine[i][0], theirs[i][0]) for i in range(len(queries))]


def ratio(mine, theirs):
    return theirs / mine if theirs else None


def rate(window):
    return f"sum(rate(sla_slots_total[{window}]))"


def measured_windows(options, section):
    """1,000 series: every window, every function over three days, and a group of rules."""
    windows = ["5m", "1h", "6h", "1d", "3d"]
    series = 100 if options.quick else 1000
    queries = [rate(window) for window in windows]
    queries += [f"sum({function}(sla_slots_total[3d]))" for function in FUNCTIONS] + GROUP
    costs = side_by_side(options, series, 3 * DAY + 10, queries)
    rows = [(window, *costs[i], ratio(*costs[i])) for i, window in enumerate(windows)]
    rows.append(("30d", ours(options, series, 30 * DAY + 10, [rate("30d")])[0][0], None, None))
    if not options.quick:
        # A month of all is much text for promtool; a tenth of the series does.
        mine, theirs = side_by_side(options, series // 10, 30 * DAY + 10, [rate("30d")], ONE_BLOCK)[0]
        rows.append((f"30d of {series // 10} series", mine, theirs, ratio(mine, theirs)))
    section.table([f"rate of {series:,} series over", "ours, CPU ms", "Prometheus, CPU ms", "ratio"], rows)
    by_function = costs[len(windows) : len(windows) + len(FUNCTIONS)]
    section.table(["over 3d", "ours, CPU ms", "Prometheus, CPU ms", "ratio"],
                  [(name, mine, theirs, ratio(mine, theirs)) for name, (mine, theirs) in zip(FUNCTIONS, by_function, strict=True)])
    group = costs[-len(GROUP) :]
    mine, theirs = (sum(cost[side] or 0 for cost in group) for side in (0, 1))
    section.table([f"a group of {len(GROUP)} rules", "ours, CPU ms", "Prometheus, CPU ms", "ratio"],
                  [(f"burn rates of {series // 4} services", mine, theirs, theirs / mine)])
    section.at_least("`rate(x[3d])`, ratio", ratio(*costs[4]), RATIO)
    section.at_most("a window of 3d, in windows of 1h", costs[4][0] / costs[1][0], WINDOW_RATIO)


def measured_series(options, section):
    """An hour's window of more and more series."""
    rows = []
    for series in (10, 100, 1000, 10_000, 100_000):
        queries = [rate("1h"), "sum(sla_slots_total)", 'sum(sla_slots_total{sla_service="service-1"})']
        minutes = 70
        if series <= (1000 if options.quick else 10_000) or options.all:
            costs = side_by_side(options, series, minutes, queries)
        else:
            costs = [(mine, None) for mine, _ in ours(options, series, minutes, queries)]
        rows.append((series, costs[0][0], costs[0][1], costs[0][0] * 1e3 / series, costs[1][0], costs[1][1], costs[2][0],
                     costs[2][1]))
    section.table(["series", "rate 1h, ours, CPU ms", "Prometheus", "ours, us a series", "newest of all, ours",
                   "Prometheus", "of one service, ours", "Prometheus"], rows)


def measured_bytes(options, section):
    """Ours in memory with labels and index; theirs the chunks alone."""
    series, days = 20, 40
    best = benchmarks.run(measure.built(options, "tests/series_bench"), "BytesPerSample", options)
    kinds = {entry["label"]: entry["bytes_per_sample"] for entry in best.values()}
    rows = []
    with measure.workplace() as (folder, _):
        for kind, mine in kinds.items():
            if options.quick and kind not in SLOW:
                continue
            blocks = fill(options, folder, kind, series, days * DAY, ONE_BLOCK)
            chunks = sum(file.stat().st_size for file in blocks.glob("*/chunks/*"))
            rows.append((kind, mine, chunks / (series * days * DAY)))
    section.table([f"bytes a sample, {days} days of {series} series", "ours", "Prometheus' chunks"], rows)
    for kind in SLOW:
        section.at_most(f"bytes a sample, {kind}", kinds[kind], BYTES)


def measured(options):
    section = measure.Section("Queries and rules", f"""
Beside Prometheus {measure.package_version("prometheus")} on the same samples, one a minute. CPU milliseconds of one
evaluation in the best of some rounds; of Prometheus less what a request for `vector(1)` takes. Its samples lie in blocks of
18 hours, to which it compacts by default, in the kernel's cache.

Bytes are ours in memory, labels, index and open ends included, every allocation counted; of Prometheus they are the chunks
in its blocks, which is the least it can have: its head holds the same chunks for two hours and some kilobytes a series
beside them, and nobody holds forty days there.""")
    measured_windows(options, section)
    measured_series(options, section)
    measured_bytes(options, section)
    return section


if __name__ == "__main__":
    sys.exit(measure.main(measured, __doc__))
