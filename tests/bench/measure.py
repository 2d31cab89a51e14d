"""What the benches share: the machine in words, CPU time of a process, Markdown tables, and figures that are
reached or missed.

CPU time comes from the scheduler in nanoseconds, so that ten probes can be measured and a busy machine changes
little; where a figure is wall time the page says so. A program that a machine does not have skips its section.
"""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402

MISSING = 77  # the exit status of a bench whose programs are not there


class Missing(Exception):
    """A program this section needs is not on this machine."""


@dataclasses.dataclass
class Options:
    build: pathlib.Path = harness.BUILD
    quick: bool = False  # smaller sizes, one round: whether all is about right
    all: bool = False  # also the sizes that take the peer minutes


@dataclasses.dataclass
class Figure:
    """A figure that DESIGN section 9 asks for, and what was seen."""

    what: str
    wanted: str
    seen: str
    reached: bool


@dataclasses.dataclass
class Section:
    title: str
    text: str = ""
    tables: list = dataclasses.field(default_factory=list)
    figures: list = dataclasses.field(default_factory=list)

    def table(self, header, rows):
        """Adds a table; columns are aligned to the right but for the first."""
        lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
        lines += ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in rows]
        self.tables.append("\n".join(lines))

    def at_least(self, what, seen, bound, unit=""):
        self.figures.append(Figure(what, f"at least {shown(bound)}{unit}", shown(seen) + unit, seen >= bound))

    def at_most(self, what, seen, bound, unit=""):
        self.figures.append(Figure(what, f"at most {shown(bound)}{unit}", shown(seen) + unit, seen <= bound))

    def markdown(self):
        parts = [f"## {self.title}"] + ([self.text.strip()] if self.text else []) + self.tables
        if self.figures:
            lines = ["| figure | to reach | seen | |", "| --- | ---: | ---: | --- |"]
            for figure in self.figures:
                word = "reached" if figure.reached else "**missed**"
                lines.append(f"| {figure.what} | {figure.wanted} | {figure.seen} | {word} |")
            parts.append("\n".join(lines))
        return "\n\n".join(parts)


def shown(cell):
    """Three digits that mean something, thousands with commas."""
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return f"{cell:,}" if isinstance(cell, int) else str(cell)
    if abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.3g}"


def need(name):
    found = harness.find(name)
    if not found:
        raise Missing(f"{name} is not installed: ./deploy/install-deps --tests")
    return found


def built(options, name):
    path = options.build / name
    if not path.exists():
        raise Missing(f"{path} is not built: cmake --preset release -DSLA_BENCH=ON && ninja -C build/release {path.name}")
    return path


def cpu_seconds(pid):
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


@contextlib.contextmanager
def workplace():
    """A folder and a way to start programs in it that end with it, by their own id."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sla-bench-")))

        def start(command, name, **options):
            process = harness.Process(command, folder / f"{name}.log", **options)
            stack.callback(process.stop)
            return process

        yield folder, start


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {tls}
  server {{ listen 127.0.0.1:{http} backlog=4096; location / {{ return 200 "hello world\\n"; }} }}
  {more}
}}
"""
NGINX_TLS = "ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_protocols TLSv1.2 TLSv1.3;"
NGINX_HTTPS = 'server {{ listen 127.0.0.1:{port} ssl http2 backlog=4096; location / {{ return 200 "hello world\\n"; }} }}'


def start_nginx(folder, start, with_tls=False):
    """A page of twelve bytes on loopback; returns its URLs by scheme. With TLS, server.pem and .key are in `folder`."""
    ports = {"http": harness.free_port()} | ({"https": harness.free_port()} if with_tls else {})
    tls = NGINX_TLS.format(folder=folder) if with_tls else ""
    more = NGINX_HTTPS.format(port=ports["https"]) if with_tls else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, http=ports["http"], tls=tls, more=more))
    process = start([need("nginx"), "-p", folder, "-c", folder / "nginx.conf"], "nginx")
    await_answer(process, f"http://127.0.0.1:{ports['http']}/")
    return {scheme: f"{scheme}://127.0.0.1:{port}/" for scheme, port in ports.items()}


def await_answer(process, url, seconds=60):
    def answered():
        if not process.running():
            raise SystemExit(f"{process.command[0]} ended:\n{process.output()[-4000:]}")
        return harness.answers(url)()

    harness.wait_for(answered, url, seconds)


def write_config(folder, services, target, name="sla.yml"):
    """So many one-minute services with a check each."""
    lines = ["agreement: {provider: bench}", "defaults: {objective: 99%, every: 1m}", "services:"]
    lines += [f"  service{i}: {{checks: [{{module: http_2xx, targets: ['{target}']}}]}}" for i in range(services)]
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def package_version(package):
    query = shutil.which("dpkg-query")
    if not query:
        return None
    done = subprocess.run([query, "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def machine():
    """The machine in general terms: what decides the figures and nothing that names it."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores ({model}), {pages / 2**30:.0f} GiB"


def main(measured, description):
    """The command line of one bench on its own: prints its section, exit 1 when a figure is missed."""
    import argparse

    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options = parse(parser)
    try:
        section = measured(options)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return MISSING
    print(section.markdown())
    return 0 if all(figure.reached for figure in section.figures) else 1


def parse(parser):
    parser.add_argument("--build", type=pathlib.Path, default=harness.BUILD, help="the build to measure")
    parser.add_argument("--quick", action="store_true", help="smaller sizes: whether all is about right, in four minutes")
    parser.add_argument("--all", action="store_true", help="also the sizes that take the peer minutes")
    arguments = parser.parse_args()
    return Options(build=arguments.build.resolve(), quick=arguments.quick, all=arguments.all)
