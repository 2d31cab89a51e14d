"""Turns a short description of a dashboard into Grafana's classic JSON (schemaVersion 42 and older load it).

A dashboard is a list of rows; a row is a title and panels; a panel says its title, what it means, its unit and its
queries. Everything that must be the same everywhere is added here: the data source variable, the matchers of job and
instance, positions on the grid, ids, colours of verdicts.
"""

SCHEMA_VERSION = 39
GRID_WIDTH = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

# Stands in every selector. Metrics of checks have no agreement.
TARGET = 'job=~"$job", instance=~"$instance"'
SERVICE = TARGET + ', sla_service=~"$service"'
AGREEMENT = SERVICE + ', sla_agreement=~"$agreement"'

GREEN, BLUE, YELLOW, RED, GREY = "green", "blue", "yellow", "red", "#8e8e8e"


def query(expr, legend="", table_column=None, buckets=False):
    """One query of a panel; `table_column` makes it an instant one for a table, `buckets` has Grafana put the buckets of a
    histogram in order and count each on its own.
    """
    return {"expr": " ".join(expr.split()), "legend": legend, "column": table_column, "buckets": buckets}


def mapping(*rows):
    """Words and colours for numbers: (value, text, colour), ..."""
    options = {str(value): {"text": text, "color": color, "index": i} for i, (value, text, color) in enumerate(rows)}
    return [{"type": "value", "options": options}]


def thresholds(base, *steps):
    """A colour from minus infinity on, then (value, colour), ..."""
    return {
        "mode": "absolute",
        "steps": [{"color": base, "value": None}, *({"color": color, "value": value} for value, color in steps)],
    }


def colored(matcher, color):
    """Fixes the colour of the series whose name matches the regular expression."""
    return {
        "matcher": {"id": "byRegexp", "options": matcher},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
    }


VERDICT_COLORS = [
    colored("/.*(good|up)$/", GREEN),
    colored("/.*(bad|down)$/", RED),
    colored("/.*(unknown)$/", GREY),
    colored("/.*(excluded)$/", BLUE),
    colored("/.*(degraded)$/", YELLOW),
]


class Panel:
    """A panel without its place; the row gives it one."""

    def __init__(self, kind, title, description, queries, unit="none", width=8, height=8, **more):
        self.kind, self.title, self.description = kind, title, description
        self.queries, self.unit, self.width, self.height = queries, unit, width, height
        self.defaults = {"unit": unit, **more.pop("defaults", {})}
        self.overrides = more.pop("overrides", [])
        self.options = more.pop("options", {})
        self.transformations = more.pop("transformations", [])
        # The variable whose every value gets a panel of its own, side by side.
        self.repeat = more.pop("repeat", None)
        assert not more, f"{title}: unknown settings {sorted(more)}"

    def to_json(self, panel_id, x, y):
        repeated = {"repeat": self.repeat, "repeatDirection": "h", "maxPerRow": 4} if self.repeat else {}
        return {
            "id": panel_id,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": self.defaults, "overrides": self.overrides},
            "options": self.options,
            "transformations": self.transformations,
            "targets": [self.target(i, each) for i, each in enumerate(self.queries)],
            **repeated,
        }

    def target(self, index, each):
        instant = each["column"] is not None or self.kind in ("stat", "bargauge")
        return {
            "refId": each["column"] or chr(ord("A") + index),
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": each["expr"],
            "legendFormat": each["legend"] or "__auto",
            "instant": instant,
            "range": not instant,
            "format": "table" if each["column"] else "heatmap" if each["buckets"] else "time_series",
        }


def stat(title, description, queries, unit="none", **more):
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "textMode": "value_and_name",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return Panel("stat", title, description, queries, unit, options=options, **more)


def timeseries(title, description, queries, unit="none", stacked=False, **more):
    custom = {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": False}
    if stacked:
        custom = {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
    defaults = {"custom": {**custom, **more.pop("custom", {})}, **more.pop("defaults", {})}
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull"], "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return Panel("timeseries", title, description, queries, unit, defaults=defaults, options=options, **more)


def table(title, description, queries, columns, unit="none", **more):
    """One line a service; `columns` renames and orders: refId or label -> heading."""
    hidden = {"Time": True, "job": True, "instance": True}
    of_queries = {each["column"]: f"Value #{each['column']}" for each in queries}
    names = {of_queries.get(key, key): heading for key, heading in columns.items()}
    order = {name: position for position, name in enumerate(names)}
    organize = {"excludeByName": hidden, "renameByName": names, "indexByName": order}
    transformations = [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]
    return Panel("table", title, description, queries, unit, transformations=transformations,
                 options={"showHeader": True, "cellHeight": "sm"}, **more)


def variable(name, label, selector, label_name):
    definition = f"label_values({selector}, {label_name})"
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": definition, "refId": f"variable-{name}"},
        "refresh": 2,  # when the time range changes: services come and go
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    }


def datasource_variable():
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "current": {"text": "default", "value": "default"},
    }


def place(rows):
    """Panels of each row from left to right, wrapped at the width of the grid."""
    panels, panel_id, y = [], 1, 0
    for title, row in rows:
        panels.append({"id": panel_id, "type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": y, "w": GRID_WIDTH, "h": 1}})
        panel_id, y, x, line_height = panel_id + 1, y + 1, 0, 0
        for panel in row:
            if x + panel.width > GRID_WIDTH:
                x, y, line_height = 0, y + line_height, 0
            panels.append(panel.to_json(panel_id, x, y))
            panel_id, x, line_height = panel_id + 1, x + panel.width, max(line_height, panel.height)
        y += line_height
    return panels


def dashboard(uid, title, description, variables, rows):
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["sla"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [datasource_variable(), *variables]},
        "panels": place(rows),
    }
