#!/usr/bin/env python3
"""What the whole daemon costs with many one-minute services.

For each number of services the daemon runs against an nginx on loopback. When every check has run once, its CPU time,
memory, commits and start lateness are read from /proc and from its own /metrics over the measured minutes. CPU is the
time of the daemon alone; lateness is wall time, so the machine should be quiet.

usage: tests/bench/daemon_load.py [--build build/release] [--quick]
"""

import re
import resource
import sys
import time

import measure
from measure import harness

CORE_PERCENT, RSS_MEGABYTES, COMMITS, LATENESS_SECONDS = 25.0, 400.0, 1.0, 0.1
# The window begins and ends between two commits of a tick, so one more than the seconds may fall into it.
COMMITS_TOLERANCE = 0.05
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)


class Page:
    """A scrape, and what the daemon had used up when it was asked."""

    def __init__(self, daemon, url):
        self.cpu, self.time = measure.cpu_seconds(daemon.pid), time.monotonic()
        self.samples = [(name, labels or "", float(value)) for name, labels, value in
                        SAMPLE.findall(harness.fetch(url).text)]

    def total(self, name, label=""):
        return sum(value for found, labels, value in self.samples if found == name and label in labels)

    def buckets(self, name):
        """Cumulative counts by upper bound."""
        return [(float(re.search(r'le="([^"]+)"', labels).group(1)), value)
                for found, labels, value in self.samples if found == name + "_bucket"]


def quantile_bound(before, after, name, share):
    """The bucket's bound below which this share of what was observed between the pages lies."""
    counts = [(bound, late - early) for (bound, late), (_, early) in zip(after.buckets(name), before.buckets(name))]
    return next(bound for bound, count in counts if count >= share * counts[-1][1])


def row(options, services, seconds):
    with measure.workplace() as (folder, start):
        config = measure.write_config(folder, services, measure.start_nginx(folder, start)["http"])
        with config.open("a") as text:
            text.write(f"alerting: {{rule_files: ['{harness.ROOT}/rules/shipped/*.yml']}}\n")
        port = harness.free_port()
        daemon = start([options.build / "sla_exporter", f"--config.file={config}", f"--storage.path={folder}/data",
                        f"--web.listen-address=127.0.0.1:{port}"], "daemon")
        url = f"http://127.0.0.1:{port}/metrics"
        measure.await_answer(daemon, url)
        if not options.quick:
            # Each check is made up for at the start or has its phase within the first minute.
            harness.wait_for(lambda: Page(daemon, url).total("sla_check_runs_total") >= services, "every check", 120)
        first = Page(daemon, url)
        time.sleep(seconds)
        rss = daemon.resident_bytes() / 1e6
        last = Page(daemon, url)
        elapsed = last.time - first.time

        def grown(name):
            return (last.total(name) - first.total(name)) / elapsed

        return (services, 100 * (last.cpu - first.cpu) / elapsed, rss, grown("sla_exporter_commits_total"),
                grown("sla_check_runs_total"),
                1e3 * quantile_bound(first, last, "sla_exporter_start_lateness_seconds", 0.99),
                int(last.total("sla_unknown_slots_total", 'cause="overload"')))


def measured(options):
    measure.built(options, "sla_exporter")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Whole minutes, for the phases of the checks lie in a part of theirs.
    sizes, seconds = ((1000,), 60) if options.quick else ((10, 100, 1000, 10_000), 120)
    rows = [row(options, services, seconds) for services in sizes]
    section = measure.Section("Many services", f"""
One-minute services with one HTTP check each against an nginx on loopback, with the shipped rules loaded, over {seconds} s. CPU in percent of one core,
of the daemon alone, two scrapes included; p99 lateness is the bucket's upper bound.""")
    section.table(["services", "CPU, % of a core", "RSS, MB", "commits a second", "probes a second",
                   "p99 lateness, ms, at most", "slots lost to overload"], rows)
    most = f"{rows[-1][0]:,} services: "
    section.at_most(most + "CPU of one core", rows[-1][1], CORE_PERCENT, " %")
    section.at_most(most + "RSS", rows[-1][2], RSS_MEGABYTES, " MB")
    section.at_most(most + "commits a second", max(r[3] for r in rows), COMMITS + COMMITS_TOLERANCE)
    section.at_most(most + "p99 start lateness", rows[-1][5], 1e3 * LATENESS_SECONDS, " ms")
    section.at_most(most + "slots lost to overload", max(r[6] for r in rows), 0)
    return section


if __name__ == "__main__":
    sys.exit(measure.main(measured, __doc__))
