#!/usr/bin/env python3
"""What the whole daemon costs with many one-minute services, side by side in one run.

For each number of services a configuration is written, the daemon runs against a small HTTP server on
loopback, and after a minute of warming up its CPU time, memory, commits and start lateness are read
from /proc and from its own /metrics over the measured minutes. CPU is CPU time of the daemon alone,
so a busy machine does not change it much.

    tests/bench/daemon_load.py [--build build/release] [--minutes 2] [--services 10,100,1000,10000]
"""

import argparse
import asyncio
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


async def answer(reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def serve(ready):
    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
        ready.append(server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()

    asyncio.run(main())


def start_target():
    """Runs the server in a process of its own and returns (pid, port)."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        ready = []
        threading.Thread(target=serve, args=(ready,), daemon=True).start()
        while not ready:
            time.sleep(0.01)
        os.write(write_end, str(ready[0]).encode())
        os.close(write_end)
        signal.pause()
    os.close(write_end)
    port = int(os.read(read_end, 16))
    os.close(read_end)
    return pid, port


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        return response.read().decode()


def total(page, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if re.match(rf"{name}(\{{| )", line))


def late_share(page):
    """Share of starts that were more than 100 ms late."""
    count = total(page, "sla_exporter_start_lateness_seconds_count")
    within = sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines()
                 if line.startswith('sla_exporter_start_lateness_seconds_bucket{le="0.1"}'))
    return 0.0 if count == 0 else 1 - within / count


def measure(build, services, target_port, minutes, listen_port):
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "sla.yml"
        with config.open("w") as out:
            out.write("agreement: {provider: bench}\ndefaults: {objective: 99%, every: 1m}\nservices:\n")
            for i in range(services):
                out.write(f"  s{i}: {{checks: [{{module: http_2xx, targets: ['http://127.0.0.1:{target_port}/']}}]}}\n")
        log = (pathlib.Path(folder) / "log").open("w")
        daemon = subprocess.Popen([f"{build}/sla_exporter", f"--config.file={config}", f"--storage.path={folder}/data",
                                   f"--web.listen-address=127.0.0.1:{listen_port}"], stderr=log)
        try:
            time.sleep(60)
            if daemon.poll() is not None:
                sys.exit(pathlib.Path(folder, "log").read_text())
            first, cpu_before, began = scrape(listen_port), cpu_seconds(daemon.pid), time.monotonic()
            time.sleep(60 * minutes)
            cpu, elapsed = cpu_seconds(daemon.pid) - cpu_before, time.monotonic() - began
            last, rss = scrape(listen_port), rss_megabytes(daemon.pid)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(30)
        commits = total(last, "sla_exporter_commits_total") - total(first, "sla_exporter_commits_total")
        runs = total(last, "sla_check_runs_total") - total(first, "sla_check_runs_total")
        unknown = [line for line in last.splitlines() if line.startswith("sla_unknown_slots_total") and 'cause="overload"' in line]
        overloaded = sum(float(line.rsplit(" ", 1)[1]) for line in unknown)
        return (services, cpu / elapsed, rss, commits / elapsed, runs / elapsed, late_share(last), overloaded)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--services", default="10,100,1000,10000")
    parser.add_argument("--port", type=int, default=19849)
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    target, port = start_target()
    print(f"{'services':>8} {'core share':>10} {'RSS MB':>8} {'commits/s':>9} {'probes/s':>9} {'>100 ms late':>12} {'overload':>8}")
    worst = 0.0
    try:
        for services in map(int, arguments.services.split(",")):
            row = measure(arguments.build, services, port, arguments.minutes, arguments.port)
            print("{:>8} {:>9.1%} {:>8.1f} {:>9.2f} {:>9.1f} {:>12.2%} {:>8.0f}".format(*row), flush=True)
            worst = max(worst, row[1])
    finally:
        os.kill(target, signal.SIGTERM)
    return 0 if worst < 0.25 else 1


if __name__ == "__main__":
    sys.exit(main())
