#!/usr/bin/env python3
"""From exec to ready: how long the daemon takes to start on a ledger with a past.

fill_ledger writes the ledger a daemon would have after so many days. Then sla_exporter is started on it again and again,
and the wall time until /-/ready answers 200 is taken, with the file in the page cache and, once more, after the kernel
was asked to drop it. Wall time, so the machine should be quiet.

usage: tests/bench/start_time.py [--build build/release] [--quick] [--all]
"""

import os
import pathlib
import socket
import sys
import time

import measure
from measure import harness

FIGURE_SECONDS = 1.0
FIGURE_SERVICES, FIGURE_DAYS = 100, 365
NOBODY = "http://127.0.0.1:1/"  # refuses at once: what a check finds does not matter here


def sizes(options):
    """Services and days; the figure is for 100 and 365. A thousand over two months start as over a year: a start reads
    this month and the one before."""
    if options.quick:
        return [(1, 30), (10, 30), (100, 2)]
    return [(1, 365), (10, 365), (100, 365)] + ([(1000, 62)] if options.all else [])


def is_ready(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /-/ready HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def drop_from_cache(folder):
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def start_once(options, config, data, folder):
    """Wall and CPU seconds until the daemon is ready, and its resident megabytes then."""
    port = harness.free_port()
    began = time.monotonic()
    daemon = harness.Process([options.build / "sla_exporter", f"--config.file={config}", f"--storage.path={data}",
                              f"--web.listen-address=127.0.0.1:{port}"], folder / "daemon.log")
    try:
        harness.wait_for(lambda: is_ready(port) or not daemon.running(), "the daemon", 60, pause=0.001)
        if not daemon.running():
            raise SystemExit(f"the daemon ended:\n{daemon.output()[-4000:]}")
        return time.monotonic() - began, measure.cpu_seconds(daemon.pid), daemon.resident_bytes() / 1e6
    finally:
        daemon.stop()


def row(options, services, days):
    with measure.workplace() as (folder, _):
        config, data = measure.write_config(folder, services, NOBODY), folder / "data"
        data.mkdir()
        filled = harness.run([measure.built(options, "tests/fill_ledger"), config, data, services, days], 3600)
        if filled.code != 0:
            raise SystemExit(f"fill_ledger: {filled}")
        size = sum(path.stat().st_size for path in pathlib.Path(data).iterdir()) / 1e6
        warm = [start_once(options, config, data, folder) for _ in range(3 if options.quick else 7)]
        drop_from_cache(data)
        cold = start_once(options, config, data, folder)
        best = min(warm)
        return services, days, size, best[0] * 1e3, min(w[1] for w in warm) * 1e3, cold[0] * 1e3, best[2]


def measured(options):
    measure.built(options, "sla_exporter")
    rows = [row(options, services, days) for services, days in sizes(options)]
    section = measure.Section("Start", """
From exec until `/-/ready` answers 200, one-minute services with one check each and a ledger with that many days behind
it: the best of some starts, wall time. "Cold" is one start after the kernel dropped the ledger from its cache.""")
    section.table(["services", "days", "ledger, MB", "ready, ms", "CPU, ms", "cold, ms", "RSS, MB"], rows)
    judged = [r for r in rows if r[0] <= FIGURE_SERVICES]
    what = f"ready with {FIGURE_SERVICES} services and {max(r[1] for r in judged if r[0] == FIGURE_SERVICES)} days"
    section.at_most(what, max(r[3] for r in judged) / 1e3, FIGURE_SECONDS, " s")
    return section


if __name__ == "__main__":
    sys.exit(measure.main(measured, __doc__))
