#!/usr/bin/env python3
"""Probes per CPU-second, ours beside Debian's blackbox exporter, in one run on one machine.

Both probe the same pages of an nginx on loopback, and only the prober's own CPU time is counted. Theirs is driven by
/probe, as Prometheus drives it; ours by the loop that schedules checks. Each probe opens a new connection; certificates
are verified against the system's CA bundle plus one CA of this run, with a full handshake each time.

usage: tests/bench/probes_vs_blackbox.py [--build build/release] [--quick] [--all]
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import subprocess
import sys

import measure

FIGURES = {"http": 8.0, "https": 1.5}
HANDSHAKE_MILLISECONDS = 5.0  # of CPU time, for one HTTPS probe: more means that the CA bundle is read again each time
JUDGED_FROM = 1000  # probes; fewer are shown, but start-up and chance decide them
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
MODULES = """
modules:
  http_2xx: {prober: http, timeout: 10s, http: {preferred_ip_protocol: ip4}}
"""


def openssl(*arguments):
    subprocess.run([measure.need("openssl"), *arguments], check=True, capture_output=True)


def make_certificates(folder):
    """A CA and a server certificate of it, and the system's bundle with that CA added."""
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench CA",
            "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=bench", "-keyout", f"{folder}/server.key",
            "-out", f"{folder}/server.csr")
    openssl("x509", "-req", "-in", f"{folder}/server.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", str(extensions), "-out", f"{folder}/server.pem")
    bundle = folder / "bundle.pem"
    bundle.write_text(pathlib.Path(SYSTEM_BUNDLE).read_text() + (folder / "ca.pem").read_text())
    return bundle


def probe_share(port, target, count):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(count):
        connection.request("GET", f"/probe?module=http_2xx&target={target}")
        if b"\nprobe_success 1" not in connection.getresponse().read():
            sys.exit(f"the blackbox exporter found {target} down")


def rate_of_theirs(pid, port, target, count):
    workers = min(8, count)
    shares = [count // workers + (1 if i < count % workers else 0) for i in range(workers)]
    before = measure.cpu_seconds(pid)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda share: probe_share(port, target, share), shares))
    return count / (measure.cpu_seconds(pid) - before)


def rate_of_ours(bench, target, bundle, count):
    result = subprocess.run([bench, "--url", target, "--ca-file", bundle, "--probes", str(count), "--in-flight", "50"],
                            stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{bench} ended with {result.returncode}")
    return json.loads(result.stdout)["probes_per_cpu_second"]


def sizes(options, scheme):
    """Numbers of probes, with the rounds of each, and whether the peer makes them too."""
    if options.quick:
        return [(10, 2, True), (100, 2, True), (1000, 2, True)]
    most = [(100_000, 1, options.all)] if scheme == "http" or options.all else []
    return [(10, 5, True), (100, 5, True), (1000, 4, True), (10_000, 3, True)] + most


def rows(options, bench, bundle, exporter, port, targets):
    """The best of the rounds of each side, in turns: what other programs take away is not ours to count."""
    for scheme, target in targets.items():
        probe_share(port, target, 50)
        best = None
        for count, rounds, with_peer in sizes(options, scheme):
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(float(rate_of_ours(bench, target, bundle, count)))
                if with_peer:
                    theirs.append(rate_of_theirs(exporter.pid, port, target, count))
            best = max(theirs) if with_peer else best
            yield scheme, count, max(ours), max(theirs) if with_peer else None, max(ours) / best


def measured(options):
    bench, exporter_path = measure.built(options, "tests/http_bench"), measure.need("prometheus-blackbox-exporter")
    version = measure.package_version("prometheus-blackbox-exporter")
    with measure.workplace() as (folder, start):
        bundle = make_certificates(folder)
        targets = measure.start_nginx(folder, start, with_tls=True)
        (folder / "modules.yml").write_text(MODULES)
        port = measure.harness.free_port()
        exporter = start([exporter_path, f"--config.file={folder}/modules.yml", f"--web.listen-address=127.0.0.1:{port}",
                          "--log.level=error"], "blackbox", env={**os.environ, "SSL_CERT_FILE": str(bundle)})
        measure.await_answer(exporter, f"http://127.0.0.1:{port}/")
        table = list(rows(options, bench, bundle, exporter, port, targets))
    section = measure.Section("Probes per CPU-second", f"""
A new connection for each probe; HTTPS with a full handshake and the chain verified against the system's CA bundle.
Beside Debian's blackbox exporter {version}, driven by `/probe`. The best of some rounds in turns. Where the peer has
no figure of its own (it would take minutes), the ratio is to its largest size.""")
    section.table(["scheme", "probes", "ours", "blackbox exporter", "ratio"], table)
    for scheme, bound in FIGURES.items():
        judged = [row for row in table if row[0] == scheme and row[1] >= JUDGED_FROM]
        section.at_least(f"{scheme.upper()} probes, worst ratio from {JUDGED_FROM:,} on", min(r[4] for r in judged), bound)
    slowest = min(row[2] for row in table if row[0] == "https" and row[1] >= JUDGED_FROM)
    section.at_most("CPU time of one HTTPS probe", 1000 / slowest, HANDSHAKE_MILLISECONDS, " ms")
    return section


if __name__ == "__main__":
    sys.exit(measure.main(measured, __doc__))
