"""The dashboard of the agreement: is this month's promise kept, how much budget is left, how fast does it burn, and
which check is the reason.
"""

from model import (AGREEMENT, BLUE, GREEN, GREY, RED, SERVICE, TARGET, VERDICT_COLORS, YELLOW, Panel, colored,
                   dashboard, mapping, query, stat, table, thresholds, timeseries, variable)

# Several exporters may watch the same service from several places; the worst of them is shown.
BY_SERVICE = "by (sla_agreement, sla_service)"
NAME = "{{sla_agreement}} / {{sla_service}}"
CHECK = "{{sla_service}} / {{check}}"
MONTH = AGREEMENT + ', month="current"'


def numbered(metric, matchers, states):
    """One number a service for a metric that has one series a state: the position of the state that is 1."""
    terms = [f'({metric}{{{matchers}, state="{state}"}} * {number})' for number, state in enumerate(states, 1)]
    return f"max {BY_SERVICE} ({' or '.join(terms)})"


def month_row():
    return [
        stat("State of the month",
             "Met: kept even if every slot still to come were bad. Missed: more bad slots than the budget allows. "
             "Open: not decided. Unproven: over, but too much was not observed to say.",
             [query(numbered("sla_month_state", MONTH, ["met", "open", "unproven", "missed"]), NAME)],
             defaults={"mappings": mapping((1, "met", GREEN), (2, "open", BLUE), (3, "unproven", YELLOW),
                                           (4, "missed", RED))}, height=6),
        stat("Now", "Verdict of the last slot that has ended.",
             [query(numbered("sla_service_state", AGREEMENT, ["good", "excluded", "unknown", "bad"]), NAME)],
             defaults={"mappings": mapping((1, "good", GREEN), (2, "maintenance", BLUE), (3, "unknown", GREY),
                                           (4, "bad", RED))}, height=6),
        stat("Budget remaining",
             "Share of this month's error budget that is left. Negative when overspent; absent when no slot may be "
             "bad.",
             [query(f"min {BY_SERVICE} (sla_error_budget_remaining_ratio{{{AGREEMENT}}})", NAME)],
             "percentunit", defaults={"decimals": 1, "thresholds": thresholds(RED, (0.001, YELLOW), (0.5, GREEN))},
             height=6),
        stat("Budget remaining, as time", "So long may the service still be bad this month.",
             [query(f"min {BY_SERVICE} (sla_error_budget_remaining_seconds{{{AGREEMENT}}})", NAME)],
             "dtdurations", defaults={"thresholds": thresholds(RED, (1, GREEN))}, width=12, height=6),
        stat("Budget gone", "When the budget will be used up at the rate of the last days. Empty: not in sight.",
             [query(f"min {BY_SERVICE} (sla_error_budget_exhaustion_timestamp_seconds{{{AGREEMENT}}}) * 1000", NAME)],
             "dateTimeFromNow", defaults={"noValue": "not in sight", "thresholds": thresholds(YELLOW)}, width=12,
             height=6),
    ]


def figures_table():
    columns = {"sla_agreement": "agreement", "sla_service": "service", "expected": "expected", "good": "good",
               "bad": "bad", "unknown": "unknown", "excluded": "excluded", "pending": "pending",
               "allowed": "allowed bad", "remaining": "remaining", "availability": "availability"}
    counts = {"expected": f"max {BY_SERVICE} (sla_month_expected_slots{{{MONTH}}})"}
    for verdict in ("good", "bad", "unknown", "excluded"):
        counts[verdict] = f'max {BY_SERVICE} (sla_month_slots{{{MONTH}, verdict="{verdict}"}})'
    counts["pending"] = f"max {BY_SERVICE} (sla_month_pending_slots{{{MONTH}}})"
    counts["allowed"] = f"min {BY_SERVICE} (sla_error_budget_slots{{{AGREEMENT}}})"
    counts["remaining"] = f"min {BY_SERVICE} (sla_error_budget_remaining_slots{{{AGREEMENT}}})"
    counts["availability"] = f"min {BY_SERVICE} (sla_month_availability_ratio{{{MONTH}}})"
    share = {"matcher": {"id": "byName", "options": "availability"},
             "properties": [{"id": "unit", "value": "percentunit"}, {"id": "decimals", "value": 3}]}
    return table("The month in slots",
                 "expected = good + bad + unknown + excluded + pending. A slot is one interval of the service; the "
                 "month is cut in the agreement's zone.",
                 [query(expr, table_column=name) for name, expr in counts.items()], columns, width=24,
                 overrides=[share])


def burn(window):
    """Bad slots of a window as a multiple of the pace that spends exactly the budget in a month."""
    def slots(verdicts):
        return f'sum {BY_SERVICE} (increase(sla_slots_total{{{AGREEMENT}, verdict=~"{verdicts}"}}[{window}]))'
    allowed = f"(1 - max {BY_SERVICE} (sla_objective_ratio{{{AGREEMENT}}}))"
    return f"{slots('bad')} / {slots('good|bad|unknown')} / {allowed}"


def budget_row():
    low, high = (f"min {BY_SERVICE} (sla_month_availability_{end}_ratio{{{MONTH}}})" for end in ("low", "high"))
    slots = (f"sum by (sla_agreement, sla_service, verdict) "
             f"(increase(sla_slots_total{{{AGREEMENT}}}[$__rate_interval]))")
    return [
        timeseries("Budget remaining over time", "It starts at 100 % with the month and never rises, except by "
                   "maintenance that is taken out of the month and by corrections.",
                   [query(f"min {BY_SERVICE} (sla_error_budget_remaining_ratio{{{AGREEMENT}}})", NAME)],
                   "percentunit", width=12, defaults={"max": 1}),
        timeseries("Burn rate", "1: the budget lasts exactly a month. 10: it lasts three days. The short window "
                   "reacts, the long one decides.",
                   [query(burn("1h"), NAME + " 1h"), query(burn("6h"), NAME + " 6h")], "short", width=12,
                   defaults={"min": 0, "thresholds": thresholds(GREEN, (1, YELLOW), (10, RED))},
                   custom={"thresholdsStyle": {"mode": "dashed"}}),
        timeseries("Availability of the month", "Good slots of all good and bad ones so far. Low counts every unknown "
                   "slot as bad, high as good; they inform and never decide.",
                   [query(f"min {BY_SERVICE} (sla_month_availability_ratio{{{MONTH}}})", NAME),
                    query(low, NAME + " low"), query(high, NAME + " high"),
                    query(f"max {BY_SERVICE} (sla_objective_ratio{{{AGREEMENT}}})", NAME + " objective")],
                   "percentunit", width=12, defaults={"max": 1, "decimals": 3},
                   overrides=[colored("/.*objective$/", RED)]),
        timeseries("Slots by verdict", "Each slot once, when it was judged.",
                   [query(slots, NAME + " {{verdict}}")],
                   "short", stacked=True, width=12, overrides=VERDICT_COLORS),
    ]


def check_row():
    expiry = f"min by (sla_service, check) (probe_ssl_earliest_cert_expiry{{{SERVICE}}}) - time()"
    runs = f"sum by (outcome) (increase(sla_check_runs_total{{{SERVICE}}}[$__rate_interval]))"
    failures = (f"sum by (sla_service, check, reason) "
                f"(increase(sla_check_failures_total{{{SERVICE}}}[$__rate_interval]))")
    return [
        Panel("state-timeline", "Checks", "Up (also when slow) or down, by the last confirmed attempt.",
              [query(f"min by (sla_service, check) (probe_success{{{SERVICE}}})", CHECK)], width=24,
              defaults={"mappings": mapping((1, "up", GREEN), (0, "down", RED)),
                        "custom": {"lineWidth": 0, "fillOpacity": 80}},
              options={"mergeValues": True, "showValue": "never", "rowHeight": 0.8,
                       "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}),
        timeseries("Duration", "How long the last confirmed attempt took from beginning to end.",
                   [query(f"max by (sla_service, check) (probe_duration_seconds{{{SERVICE}}})", CHECK)], "s",
                   defaults={"min": 0}),
        timeseries("Failures by reason", "Attempts that were not up, confirmations included.",
                   [query(failures, CHECK + " {{reason}}")], "short", stacked=True),
        timeseries("Attempts by outcome", "Every attempt, confirmations included.",
                   [query(runs, "{{outcome}}")], "short", stacked=True, overrides=VERDICT_COLORS),
        Panel("bargauge", "Certificates expire in", "Time left to the first certificate of the chain that expires.",
              [query(expiry, CHECK)], "dtdurations", width=24,
              defaults={"min": 0, "max": 90 * 86400,
                        "thresholds": thresholds(RED, (7 * 86400, YELLOW), (21 * 86400, GREEN))},
              options={"orientation": "horizontal", "displayMode": "basic",
                       "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}),
    ]


def exporter_row():
    lag = (f"histogram_quantile(0.99, sum by (le, instance) "
           f"(rate(sla_exporter_loop_lag_seconds_bucket{{{TARGET}}}[$__rate_interval])))")
    yes_no = mapping((1, "yes", GREEN), (0, "no", RED))
    no_yes = mapping((0, "no", GREEN), (1, "yes", RED))
    return [
        stat("Configuration is the one on disk", "No: the last reload failed and the old configuration goes on; the "
             "log names the line.", [query(f"sla_exporter_config_last_reload_successful{{{TARGET}}}", "{{instance}}")],
             width=6, height=5, defaults={"mappings": yes_no}),
        stat("Clock is synchronised", "Slots are named by the wall clock.",
             [query(f"sla_exporter_clock_synchronized{{{TARGET}}}", "{{instance}}")], width=6, height=5,
             defaults={"mappings": yes_no}),
        stat("Connected", "Whether the connectivity canaries answer. No: failures on the path are unknown, not bad.",
             [query(f"sla_exporter_connected{{{TARGET}}}", "{{instance}}")], width=6, height=5,
             defaults={"mappings": yes_no}),
        stat("Disk is full", "Nothing can be committed until there is room again; what happens meanwhile is unknown.",
             [query(f"sla_exporter_storage_full{{{TARGET}}}", "{{instance}}")], width=6, height=5,
             defaults={"mappings": no_yes}),
        timeseries("Age of the last commit", "The ledger commits at most once a second and at least once a slot.",
                   [query(f"time() - sla_exporter_last_commit_timestamp_seconds{{{TARGET}}}", "{{instance}}")], "s",
                   width=12, defaults={"min": 0}),
        timeseries("Lag of the event loop, 99th percentile", "Above 0.1 s the times of probes are no longer to be "
                   "trusted: too many checks for this machine.", [query(lag, "{{instance}}")], "s", width=12,
                   defaults={"min": 0}),
    ]


def build():
    variables = [
        variable("job", "Job", "sla_agreement_info", "job"),
        variable("instance", "Instance", 'sla_agreement_info{job=~"$job"}', "instance"),
        variable("agreement", "Agreement", f"sla_objective_ratio{{{TARGET}}}", "sla_agreement"),
        variable("service", "Service", f'sla_objective_ratio{{{TARGET}, sla_agreement=~"$agreement"}}', "sla_service"),
    ]
    rows = [
        ("This month", [*month_row(), figures_table()]),
        ("Budget", budget_row()),
        ("Checks", check_row()),
        ("The exporter itself", exporter_row()),
    ]
    return dashboard("sla-agreement", "SLA: agreement",
                     "The promise of the month: state, budget, burn, and the checks behind it.", variables, rows)
