"""Reads a page of /metrics in either format and says what is wrong with it, by rules of our own; and reads the tables of
docs/metrics.md, which promise what the page holds.
"""

import re

import harness
import ours

HISTOGRAM = ("_bucket", "_sum", "_count")
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TEXT = "text/plain; version=0.0.4"
HEAD = re.compile(r"^# (HELP|TYPE|UNIT) (\S+) (.*)$")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$", re.M)

# What moves between two pages of the same snapshot, but for these few.
LIVE = ("process_", "sla_exporter_")
STEADY = ("sla_exporter_build_info", "sla_exporter_place_info", "sla_exporter_snapshot_timestamp_seconds",
          "process_start_time_seconds", "process_max_fds")


def settled(samples):
    """Those of {(name, labels): value} that all pages of a snapshot give alike."""
    return {key: value for key, value in samples.items() if key[0] in STEADY or not key[0].startswith(LIVE)}


class Family:
    """What the page says of a metric; `name` as the samples of an info or a counter have it."""

    def __init__(self, name):
        self.name, self.type, self.help = name, None, None
        self.samples = []  # (name, labels as the page has them)

    def labels(self):
        """The names of all labels its samples carry."""
        return {label for _, labels in self.samples for label, _ in ours.LABEL.findall(labels)}


class Checked:
    """A page as families in its order, and the problems found while reading it."""

    def __init__(self, text, openmetrics):
        self.openmetrics = openmetrics
        self.families = {}  # by the name of HELP and TYPE
        self.problems = []
        self.current, self.seen = None, set()
        body, end, after = text.partition("# EOF\n")
        if bool(end) != openmetrics or after:
            self.problems.append("# EOF ends OpenMetrics, and only that")
        for line in body.splitlines():
            self.read(line)
        for family in self.families.values():
            self.problems += list(self.judge(family))

    def read(self, line):
        head = HEAD.match(line)
        if head:
            self.head(*head.groups())
            return
        match = ours.SAMPLE.match(line)
        if not match:
            self.problems.append(f"neither a head nor a sample: {line}")
            return
        name, labels = match.group(1), match.group(2) or ""
        key = (name, tuple(sorted(ours.LABEL.findall(labels))))
        if key in self.seen:
            self.problems.append(f"duplicate series: {line}")
        self.seen.add(key)
        if self.current is None or name not in self.names_of(self.current):
            self.problems.append(f"sample outside its family: {line}")
            return
        self.current.samples.append((name, labels))

    def head(self, keyword, name, value):
        if self.current is None or name != self.current.name:
            if name in self.families:
                self.problems.append(f"split family: {name}")
            self.current = self.families.setdefault(name, Family(name))
        if self.current.samples:
            self.problems.append(f"{keyword} of {name} after its samples")
        if keyword == "UNIT":
            return
        if getattr(self.current, keyword.lower(), None) is not None:
            self.problems.append(f"second {keyword} of {name}")
        setattr(self.current, keyword.lower(), value)

    def names_of(self, family):
        """What samples of a family may be called."""
        if family.type == "histogram":
            return {family.name + suffix for suffix in HISTOGRAM}
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "") if self.openmetrics else ""
        return {family.name + suffix}

    def judge(self, family):
        if not family.help or not family.type:
            yield f"no HELP or no TYPE: {family.name}"
        if not family.samples:
            yield f"no samples: {family.name}"
        for name in self.names_of(family):
            if name.endswith("_total") != (family.type == "counter"):
                yield f"counters, and only they, end in _total: {name} is a {family.type}"

    def documented(self):
        """Families by the name that docs/metrics.md has for them."""
        histogram = {f.name: f for f in self.families.values() if f.type == "histogram"}
        return histogram | {n: f for f in self.families.values() for n in self.names_of(f) if f.name not in histogram}


def documented():
    """{name: (type, labels, meaning)} of docs/metrics.md; labels hold ... where the user or the target adds some."""
    text = (harness.ROOT / "docs" / "metrics.md").read_text()
    rows = {}
    for name, kind, labels, meaning in ROW.findall(text):
        listed = set(re.findall(r"`(\w+)`|(\.\.\.)", labels))
        rows[name] = (kind, {named or more for named, more in listed}, meaning)
    return rows


def undocumented(families, table):
    """Where a page in OpenMetrics and docs/metrics.md disagree, as sentences."""
    for name, family in families.items():
        if name not in table:
            yield f"{name} is not documented"
            continue
        kind, labels, meaning = table[name]
        if family.type != kind:
            yield f"{name} is a {family.type}, documented as {kind}"
        if "..." not in labels and family.labels() - labels:
            yield f"{name} has {sorted(family.labels() - labels)}, not documented"
        if labels - family.labels() - {"..."}:
            yield f"{name} is documented with {sorted(labels - family.labels() - {'...'})} and has none"
        if family.help != meaning:
            yield f"{name}: help {family.help!r}, documented as {meaning!r}"
