#!/usr/bin/env python3
"""Writes the dashboards from their descriptions: `grafana/build.py`. With --check it writes nothing and says which
files are not what their description gives.
"""

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
sys.dont_write_bytecode = True

import agreement  # noqa: E402  (the folder has to be on the path first)
import reactions  # noqa: E402

DASHBOARDS = {"sla-agreement.json": agreement.build, "sla-reactions.json": reactions.build}


def built():
    """File name -> text of every dashboard."""
    return {name: json.dumps(build(), indent=2) + "\n" for name, build in DASHBOARDS.items()}


def stale(folder=FOLDER / "dashboards"):
    """Names of files that differ from their description or have none."""
    texts = built()
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in texts.keys() | present.keys() if texts.get(name) != present.get(name))


def main(arguments):
    if arguments == ["--check"]:
        for name in stale():
            print(f"grafana/dashboards/{name} is not what grafana/build.py writes; run it", file=sys.stderr)
        return 1 if stale() else 0
    if arguments:
        print("usage: grafana/build.py [--check]", file=sys.stderr)
        return 2
    for name, text in built().items():
        (FOLDER / "dashboards" / name).write_text(text, encoding="utf-8")
        print(f"wrote grafana/dashboards/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
