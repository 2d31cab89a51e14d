#!/usr/bin/env python3
"""Every PromQL expression of the dashboards with Grafana's variables filled in, so that a test can ask a real
Prometheus: `grafana/expressions.py [--rate-interval 5m]` prints one JSON object a line with dashboard, panel and expr.
"""

import argparse
import json
import pathlib
import re
import sys
from typing import NamedTuple

FOLDER = pathlib.Path(__file__).resolve().parent / "dashboards"
LABEL_VALUES = re.compile(r"^label_values\((?P<selector>.+),\s*(?P<label>\w+)\)$")
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")


class Expression(NamedTuple):
    dashboard: str  # title
    panel: str      # title, or "variable NAME"
    expr: str       # ready to be evaluated


def values_of(rate_interval):
    """What Grafana would put in with everything selected."""
    return {"__rate_interval": rate_interval, "__interval": "1m", "__range": "1h", "job": ".+", "instance": ".+",
            "agreement": ".+", "service": ".+", "level": ".+"}


def substitute(expr, values):
    """Replaces $name and ${name}; a variable nobody knows is an error."""
    def value(match):
        name = match.group(1) or match.group(2)
        if name not in values:
            raise ValueError(f"unknown variable ${name} in {expr}")
        return values[name]
    return VARIABLE.sub(value, expr)


def panels_of(dashboard):
    """Panels, those inside collapsed rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def expressions(folder=FOLDER, rate_interval="5m"):
    """All expressions of all dashboards in a folder, in the order of the files."""
    values = values_of(rate_interval)
    found = []
    for path in sorted(folder.glob("*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        for variable in dashboard["templating"]["list"]:
            match = variable["type"] == "query" and LABEL_VALUES.match(variable["query"]["query"])
            if match:
                expr = substitute(match.group("selector"), values)
                found.append(Expression(dashboard["title"], f"variable {variable['name']}", expr))
        for panel in panels_of(dashboard):
            for target in panel.get("targets", []):
                found.append(Expression(dashboard["title"], panel["title"], substitute(target["expr"], values)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate-interval", default="5m", help="stands for $__rate_interval")
    arguments = parser.parse_args()
    for each in expressions(rate_interval=arguments.rate_interval):
        print(json.dumps(each._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
