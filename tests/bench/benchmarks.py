#!/usr/bin/env python3
"""The benchmarks that are one C++ program: a page of metrics beside prometheus-cpp's stock registry, the ledger's
size and speed, and business time. Google Benchmark runs them; the best CPU time of some repetitions counts.

usage: tests/bench/benchmarks.py [--build build/release] [--quick]
"""

import json
import re
import subprocess
import sys

import measure

PAGE_RATIO = 5.0
PAGE_MEMORY = 2.0
VERDICT_KILOBYTES = 15.0
OUTCOME_KILOBYTES = 100.0
ELAPSED_A_SECOND = 1e6
JUDGED_SERIES = 100_000
TO_MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}


def run(program, pattern, options):
    """Runs by name: the repetition with the least CPU time, in milliseconds under `cpu_ms`."""
    repetitions, seconds = (1, 0.05) if options.quick else (5, 0.3)
    done = subprocess.run([program, f"--benchmark_filter={pattern}", f"--benchmark_repetitions={repetitions}",
                           f"--benchmark_min_time={seconds}", "--benchmark_enable_random_interleaving=true",
                           "--benchmark_format=json"], check=True, stdout=subprocess.PIPE, text=True)
    best = {}
    for entry in json.loads(done.stdout)["benchmarks"]:
        if entry["run_type"] != "iteration":
            continue
        entry["cpu_ms"] = entry["cpu_time"] * TO_MILLISECONDS[entry["time_unit"]]
        name = re.sub("/(iterations|repeats):.*", "", entry["run_name"])
        if name not in best or entry["cpu_ms"] < best[name]["cpu_ms"]:
            best[name] = entry
    return best


def measured_page(options):
    """/metrics beside the stock registry."""
    best = run(measure.built(options, "tests/metrics_bench"), "", options)
    section = measure.Section("`/metrics`", f"""
A whole page, without gzip, beside prometheus-cpp {measure.package_version("prometheus-cpp-dev")} with its stock Registry
and TextSerializer holding the same series. Memory is the peak of what the program has allocated while it makes the page,
in units of the page. "First" is the first page after a start, when its length is not known yet.""")
    rows = []
    for size in (10, 100, 1000, 10_000, 100_000):
        ours, stock = best[f"BM_Ours/{size}"], best[f"BM_Stock/{size}"]
        rows.append((int(ours["series"]), ours["body_bytes"] / 1e3, ours["cpu_ms"], stock["cpu_ms"],
                     stock["cpu_ms"] / ours["cpu_ms"], ours["peak_per_body"], stock["peak_per_body"]))
    first = best[f"BM_FirstPage/{JUDGED_SERIES}"]
    section.table(["series", "page, kB", "ours, CPU ms", "stock, CPU ms", "ratio", "our memory", "stock memory"], rows)
    section.table(["first page of " + measure.shown(int(first["series"])) + " series", "CPU ms", "memory"],
                  [("ours", first["cpu_ms"], first["peak_per_body"])])
    section.at_least("`/metrics` with 100,000 series, ratio", rows[-1][4], PAGE_RATIO)
    section.at_most("memory for it, in pages", rows[-1][5], PAGE_MEMORY)
    return section


def measured_ledger(options):
    """Bytes on disk and the time of a commit."""
    program = measure.built(options, "tests/ledger_bench")
    best = run(program, "BytesOfAMonth|Commit|MonthOfVerdicts", options)
    size = best["BytesOfAMonth"]
    section = measure.Section("The ledger", """
Bytes in pages of the SQLite file, indices included, for a one-minute service and its check over 30 days: 43,200 slots,
latencies that vary by a quarter, one failure in two hundred slots. A commit is what so many one-minute services bring in
a minute; its CPU time does not hold the wait for the disk.""")
    kilobytes = {kind: size[f"{kind}_bytes"] / 1e3 for kind in ("verdict", "outcome", "evidence")}
    section.table(["of a month", "kB"], [(kind + "s" * (kind != "evidence"), value) for kind, value in kilobytes.items()])
    commits = [(outcomes, best[f"Commit/{outcomes}"]) for outcomes in (1, 10, 100, 1000, 10_000)]
    section.table(["outcomes in a commit", "CPU ms", "us an outcome", "journal bytes an outcome"],
                  [(count, entry["cpu_ms"], entry["cpu_ms"] * 1e3 / count, entry["journal_bytes_per_outcome"])
                   for count, entry in commits])
    section.table(["reading", "CPU ms"], [("a month of verdicts of one service", best["MonthOfVerdicts"]["cpu_ms"])])
    section.at_most("verdicts of a service and month", kilobytes["verdict"], VERDICT_KILOBYTES, " kB")
    section.at_most("outcomes of a check and month", kilobytes["outcome"], OUTCOME_KILOBYTES, " kB")
    return section


def measured_business_time(options):
    """elapsed() and due() over spans and pauses."""
    best = run(measure.built(options, "tests/business_time_bench"), "", options)
    section = measure.Section("Business time", """
Questions to a calendar in Europe/Berlin with two windows a day and two holidays a year, from 4,096 instants all over twenty
years; pauses are a third of the span in all.""")
    rows = []
    for pauses in (0, 2, 10):
        for days, span in ((1, "1 day"), (365, "1 year"), (3652, "10 years")):
            elapsed, due = (best[f"BM_{name}/{days}/{pauses}"]["cpu_ms"] for name in ("Elapsed", "Due"))
            rows.append((span, pauses, elapsed * 1e6, 1e3 / elapsed, due * 1e6))
    section.table(["span", "pauses", "elapsed(), ns", "a second", "due(), ns"], rows)
    section.table(["compiling a calendar", "CPU ms"], [("from 1970 to 2099", best["BM_Compile"]["cpu_ms"])])
    section.at_least("elapsed() a second over ten years", rows[2][3], ELAPSED_A_SECOND)
    return section


def measured(options):
    parts = [measured_page(options), measured_ledger(options), measured_business_time(options)]
    return measure.Section("Pages, ledger and business time", "", [part.markdown() for part in parts],
                           [figure for part in parts for figure in part.figures])


if __name__ == "__main__":
    sys.exit(measure.main(measured, __doc__))
