"""Our own programs as the integration tests run them: the demo company and the daemon, and how to read /metrics."""

import collections
import datetime
import http.client
import json
import re
import time
import urllib.parse

import harness

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\.|[^"\\])*)",?')
VERDICTS = ("good", "bad", "unknown", "excluded")


class Page:
    """Samples of /metrics by name and labels."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        self.by_name = collections.defaultdict(dict)
        for line in text.splitlines():
            match = SAMPLE.match(line) if line and not line.startswith("#") else None
            if match:
                labels = tuple(sorted(LABEL.findall(match.group(2) or "")))
                self.samples[(match.group(1), labels)] = float(match.group(3))
                self.by_name[match.group(1)][labels] = float(match.group(3))

    def all(self, name, **labels):
        """{labels: value} of the series of `name` that carry `labels`."""
        wanted = set(labels.items())
        return {ls: v for ls, v in self.by_name.get(name, {}).items() if wanted <= set(ls)}

    def one(self, name, **labels):
        found = self.all(name, **labels)
        if len(found) != 1:
            raise LookupError(f"{len(found)} series of {name} with {labels}")
        return next(iter(found.values()))

    def total(self, name, **labels):
        return sum(self.all(name, **labels).values())

    def services(self):
        """(agreement, service) of everything that is accounted."""
        return sorted({(dict(ls)["sla_agreement"], dict(ls)["sla_service"]) for ls in self.all("sla_slots_total")})


def broken_identities(page):
    """Where expected = good + bad + unknown + excluded + pending does not hold, as sentences."""
    for labels, expected in page.all("sla_month_expected_slots").items():
        where = dict(labels)
        counts = {v: page.total("sla_month_slots", verdict=v, **where) for v in VERDICTS}
        pending = page.total("sla_month_pending_slots", **where)
        if expected != sum(counts.values()) + pending:
            yield f"{where}: expected {expected}, but {counts} and {pending} pending"


COUNTERS = ("sla_slots_total", "sla_slots_rescued_total", "sla_unknown_slots_total", "sla_check_runs_total",
            "sla_check_failures_total")


def steps_back(before, after):
    """Durable counters of `before` that are smaller in `after`, or gone."""
    for (name, labels), value in before.samples.items():
        if name in COUNTERS and after.samples.get((name, labels), -1) < value:
            yield f"{name}{dict(labels)} was {value} and is {after.samples.get((name, labels))}"


class Demo:
    """slatool demo on free ports, and the sla.yml it writes."""

    def __init__(self, test):
        self.config = test.folder / "demo" / "sla.yml"
        self.tickets = self.config.parent / "demo-tickets.jsonl"
        command = [harness.SLATOOL, "demo", "--ports", "0", "--write-config", self.config]
        self.process = test.start(command, "demo", ours=True)
        harness.wait_for(self.is_open, "the demo company to open")
        self.control = re.search(r"control page\s+(http://\S+)", self.process.output()).group(1)

    def is_open(self):
        if not self.process.running():
            raise AssertionError(f"slatool demo ended:\n{self.process.output()}")
        return "Ctrl-C" in self.process.output() and self.config.exists()

    def set_mode(self, service, mode):
        headers = {"Content-Type": "application/json"}
        answer = harness.fetch(f"{self.control}api/services/{service}/mode", "POST", headers,
                               data=json.dumps({"mode": mode}).encode())
        if answer.status != 200:
            raise AssertionError(f"{service} {mode}: {answer.status} {answer.text}")

    def disturb_the_tickets(self):
        """Among what the help desk writes: a line that no exporter can read, and a ticket with answers at once."""
        event = {"ticket": "disturbance", "at": int(time.time())}
        told = [{"type": "opened", "actor": "customer"}, {"type": "auto_reply", "actor": "system"}, {"type": "reaction"}]
        lines = [json.dumps({**event, "seq": seq, **each}) for seq, each in enumerate(told, 1)]
        with self.tickets.open("a") as file:
            file.write("".join(f"{line}\n" for line in ["not an event", *lines]))


class Exporter:
    """The daemon on a port of its own; it may be killed and started again on the same ledger."""

    def __init__(self, test, config, name="exporter", env=None):
        self.test, self.config, self.name, self.env = test, config, name, env
        self.storage = test.folder / f"{name}-data"
        self.port = harness.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.process = None

    def launch(self):
        """Starts it and waits for nothing."""
        command = [harness.EXPORTER, f"--config.file={self.config}", f"--storage.path={self.storage}",
                   f"--web.listen-address={self.address}", "--web.enable-lifecycle"]
        self.process = self.test.start(command, self.name, ours=True, env=self.env)

    def start(self, seconds=20):
        self.launch()
        self.test.wait_until_up(self.process, f"{self.url}/-/ready", seconds=seconds)
        return self

    def page(self):
        answer = harness.fetch(f"{self.url}/metrics")
        if answer.status != 200:
            raise ValueError(f"/metrics answered {answer.status}")
        return Page(answer.text)

    def verify(self):
        """What `slatool ledger verify` says about the storage."""
        return harness.run([harness.SLATOOL, "ledger", "verify", "--storage.path", self.storage])


# What changes in the demo's sla.yml so that an outage shows within seconds; the numbers obey the same rule as the
# demo's own, and the labels give sla_service_info and sla_service_dependency_info something to say.
HURRIED = {
    "timezone: UTC\n": "timezone: {zone}\n",
    "every: 10s\n": "every: 4s\n",
    "timeout: 2s\n": "timeout: 1s\n",
    "after: 1s}}\n": "after: 500ms}}\n",
    # Holidays of a year end some day, and then somebody has to be told.
    'holidays: ["01-01", "12-25"]': 'holidays: ["01-01", "2099-12-25"]',
    "  smtp:\n": "  smtp:\n    depends_on: [website]\n    labels: {{team: mail}}\n"
                "    runbook_url: https://wiki.example.com/smtp\n",
}


def quiet_zone(now=None):
    """A zone in which no month ends during a test, nor so soon that no slot of it may be bad."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    in_an_hour = now + datetime.timedelta(hours=1)
    return "UTC" if in_an_hour.month == now.month else "UTC-12:00"


def hurried(config):
    """Rewrites the demo's sla.yml so that slots take four seconds."""
    text = config.read_text()
    for old, new in HURRIED.items():
        old, new = old.format(), new.format(zone=quiet_zone())
        if text.count(old) != 1:
            raise AssertionError(f"the demo's sla.yml has {text.count(old)} times {old!r}")
        text = text.replace(old, new)
    config.write_text(text)
    return config


def keep_alive(exporter):
    """A connection for many scrapes."""
    return http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def yaml_of(value):
    """JSON is YAML."""
    return json.dumps(value, indent=1)


def fast_services(count, targets, every="2s"):
    """sla.yml with `count` services whose slots are short; targets are dealt out in turn."""
    services = collections.OrderedDict()
    for i in range(count):
        check = {"module": "http_2xx", "targets": [targets[i % len(targets)]]}
        services[f"service{i:03d}"] = {"checks": [check]}
    defaults = {"objective": "99%", "every": every, "timeout": "500ms", "confirm": {"retries": 0}}
    agreement = {"provider": "Test", "timezone": "UTC"}
    return {"place": {"name": "test"}, "agreement": agreement, "defaults": defaults, "services": services}


def fast_variants(count, targets):
    """Two sla.yml, as text, of the same services; they differ in a label and in a check that does not count."""
    plain, other = fast_services(count, targets), fast_services(count, targets)
    for service in other["services"].values():
        service["labels"] = {"team": "other"}
    address = urllib.parse.urlsplit(targets[0]).netloc
    first = other["services"]["service000"]["checks"]
    first[0]["name"] = "http_2xx"
    first.append({"name": "extra", "module": "tcp_connect", "targets": [address], "counts": False})
    return [yaml_of(plain), yaml_of(other)]
