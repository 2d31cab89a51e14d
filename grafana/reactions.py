"""The dashboard of reaction times: how many reactions of the month were in time, which clocks run out next, how the
waiting is distributed, what was handed over, and whether the help desk can be read.
"""

from model import (BLUE, GREEN, GREY, RED, TARGET, YELLOW, Panel, colored, dashboard, mapping, query, stat, table,
                   thresholds, timeseries, variable)

# Several exporters may read the same help desk; the worst of them is shown.
LEVEL = TARGET + ', sla_agreement=~"$agreement", level=~"$level"'
BY_LEVEL = "by (sla_agreement, level)"
NAME = "{{sla_agreement}} / {{level}}"
IN_TIME = {"decimals": 1, "max": 1, "thresholds": thresholds(RED, (0.95, YELLOW), (1, GREEN)),
           "noValue": "nothing was decided"}
STATE_COLORS = [colored("/.*running$/", GREEN), colored("/.*at_risk$/", YELLOW), colored("/.*breached$/", RED),
                colored("/.*paused$/", BLUE)]
RESULT_COLORS = [colored("/.* met$/", GREEN), colored("/.* missed$/", RED)]


def of_month(metric, month="current", more=""):
    return f'min {BY_LEVEL} ({metric}{{{LEVEL}, month="{month}"{more}}})'


def month_row():
    states = " or ".join(f'(sla_ticket_month_state{{{LEVEL}, month="previous", state="{state}"}} * {number})'
                         for number, state in enumerate(["ended", "open", "unproven"], 1))
    return [
        stat("In time this month", "First reactions in time of all that were decided this month, in opening hours. "
             "Each reaction is promised, so anything below 100 % is a broken promise.",
             [query(of_month("sla_ticket_month_compliance_ratio"), NAME)], "percentunit", defaults=IN_TIME, height=6),
        stat("Strictly", "The same when nothing but a message to the customer counts: no notes, no hand-overs, no "
             "closing without a word.",
             [query(of_month("sla_ticket_month_strict_compliance_ratio"), NAME)], "percentunit", defaults=IN_TIME,
             height=6),
        stat("In time last month", "The month before, corrections included.",
             [query(of_month("sla_ticket_month_compliance_ratio", "previous"), NAME)], "percentunit",
             defaults=IN_TIME, height=6),
        figures_table(),
        stat("Last month is complete", "Unproven: a help desk has not been read past its end.",
             [query(f"max {BY_LEVEL} ({states})", NAME)], width=6, height=7,
             defaults={"mappings": mapping((1, "complete", GREEN), (2, "open", BLUE), (3, "unproven", YELLOW))}),
    ]


def figures_table():
    first = ', kind="first"'
    figures = {
        "met": of_month("sla_ticket_month_decided", more=first + ', result="met"'),
        "missed": of_month("sla_ticket_month_decided", more=first + ', result="missed"'),
    }
    for event in ("reply", "note", "handed_over", "closed"):
        figures[event] = f'sum {BY_LEVEL} (sla_ticket_month_reactions{{{LEVEL}, month="current", event="{event}"}})'
    figures["none"] = of_month("sla_ticket_month_reactions", more=', event="none"')
    figures["next_missed"] = of_month("sla_ticket_month_decided", more=', kind="next", result="missed"')
    columns = {"sla_agreement": "agreement", "level": "level", "met": "met", "missed": "missed", "reply": "by reply",
               "note": "by note", "handed_over": "handed over", "closed": "closed", "none": "still unanswered",
               "next_missed": "later messages missed"}
    return table("The month in reactions", "met + missed = by reply + by note + handed over + closed + still unanswered. "
                 "Later messages of the customer are shown beside it and are no part of the promise.",
                 [query(expr, table_column=name) for name, expr in figures.items()], columns, width=18, height=7)


def waiting_row():
    oldest = f"max {BY_LEVEL} (sla_ticket_oldest_business_seconds{{{LEVEL}}})"
    target = f"max {BY_LEVEL} (sla_ticket_target_seconds{{{LEVEL}}})"
    by_state = f"max by (sla_agreement, level, state) (sla_ticket_open{{{LEVEL}}})"
    return [
        stat("Breached now", "Tickets that still wait although their time is over.",
             [query(f'max {BY_LEVEL} (sla_ticket_open{{{LEVEL}, state="breached"}})', NAME)],
             defaults={"thresholds": thresholds(GREEN, (1, RED))}, width=6, height=6),
        stat("At risk now", "Tickets that have used up three quarters of their time, or what is set.",
             [query(f'max {BY_LEVEL} (sla_ticket_open{{{LEVEL}, state="at_risk"}})', NAME)],
             defaults={"thresholds": thresholds(GREEN, (1, YELLOW))}, width=6, height=6),
        stat("Next due", "When the next reaction is due, of tickets that are neither breached nor wait for the "
             "customer.",
             [query(f"min {BY_LEVEL} (sla_ticket_next_due_timestamp_seconds{{{LEVEL}}}) * 1000", NAME)],
             "dateTimeFromNow", defaults={"noValue": "nothing is due", "thresholds": thresholds(BLUE)}, width=6,
             height=6),
        stat("Longest wait", "What the ticket that waits longest has used up of the promised time.",
             [query(f"{oldest} / {target}", NAME)], "percentunit", width=6, height=6,
             defaults={"min": 0, "decimals": 0, "thresholds": thresholds(GREEN, (0.75, YELLOW), (1, RED))}),
        timeseries("Open clocks", "Each ticket that waits for a reaction once: breached, else paused, else at risk, else "
                   "running.", [query(by_state, NAME + " {{state}}")], "short", stacked=True, width=24,
                   overrides=STATE_COLORS),
    ]


def quantiles(metric, matchers, grouping, window):
    """Queries for median and 95th percentile of a histogram."""
    buckets = f"sum by ({', '.join(['le', *grouping])}) (rate({metric}_bucket{{{matchers}}}[{window}]))"
    name = " / ".join(f"{{{{{label}}}}}" for label in grouping)
    return [query(f"histogram_quantile({part}, {buckets})", f"{name} {words}".strip())
            for part, words in ((0.5, "median"), (0.95, "95th percentile"))]


def reaction_row():
    buckets = f"sum by (le) (increase(sla_ticket_reaction_business_seconds_bucket{{{LEVEL}}}[30d]))"
    decided = (f'sum by (sla_agreement, level, result) '
               f'(increase(sla_ticket_reactions_total{{{LEVEL}, kind="first"}}[$__rate_interval]))')
    target = f"max {BY_LEVEL} (sla_ticket_target_seconds{{{LEVEL}}})"
    return [
        timeseries("Time to the reaction", "Opening hours until the first reaction, over the last seven days, and the "
                   "promised time.",
                   [*quantiles("sla_ticket_reaction_business_seconds", LEVEL, ["sla_agreement", "level"], "7d"),
                    query(target, NAME + " promised")], "dtdurations", defaults={"min": 0},
                   overrides=[colored("/.*promised$/", RED)]),
        timeseries("Clocks decided", "Met by a reaction in time, missed when the time was over.",
                   [query(decided, NAME + " {{result}}")], "short", stacked=True, overrides=RESULT_COLORS),
        timeseries("First message of a human", "Time from the opening of a ticket to the first message to the customer at "
                   "any level, day and night, over the last seven days: what the customer sees, whoever had the ticket.",
                   quantiles("sla_ticket_first_human_reply_seconds", TARGET, [], "7d"), "dtdurations",
                   defaults={"min": 0}),
        Panel("bargauge", "How long level $level took", "Reactions of the last thirty days by the opening hours they took, up "
              "to so many seconds. One of the bounds is the promised time: 14400 are four hours.",
              [query(buckets, "{{le}} s", buckets=True)], "short", width=24, repeat="level",
              defaults={"min": 0, "decimals": 0, "thresholds": thresholds(BLUE)},
              options={"orientation": "horizontal", "displayMode": "basic",
                       "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}),
    ]


def counted(title, description, metric, labels, legend, matchers=TARGET, **more):
    expr = f"sum by ({labels}) (increase({metric}{{{matchers}}}[$__rate_interval]))"
    return timeseries(title, description, [query(expr, legend)], "short", stacked=True, **more)


def tickets_row():
    complete = f"sum(increase(sla_ticket_hand_overs_complete_total{{{TARGET}}}[$__rate_interval]))"
    return [
        counted("Tickets opened", "By the way they came and the customer's language.", "sla_ticket_opened_total",
                "channel, language", "{{channel}} / {{language}}"),
        counted("Handed over", "Tickets that a level gave up, by where they went.", "sla_ticket_hand_overs_total", "to",
                "{{to}}"),
        timeseries("Handed over with a complete checklist", "Everything on the list had been done.",
                   [query(complete, "complete")], "short", stacked=True, overrides=[colored("complete", GREEN)]),
        counted("Gaps in the checklist", "Items that had not been done when the first level handed a ticket over.",
                "sla_ticket_checklist_gaps_total", "item", "{{item}}"),
        counted("Moved between levels", "By hand or by an automaton, up and down.", "sla_ticket_level_changes_total",
                "from, to", "{{from}} to {{to}}"),
        counted("Void clocks", "Tickets whose clock counts neither as met nor as missed.", "sla_ticket_void_total",
                "level, reason", "{{level}} {{reason}}", LEVEL),
    ]


def number_row():
    late = f"sum(increase(sla_ticket_ack_late_total{{{TARGET}}}[$__rate_interval]))"
    return [
        stat("Numbers missing now", "Tickets whose number should have been mailed by now and was not.",
             [query(f"max(sla_ticket_ack_missing{{{TARGET}}})", "missing")], width=6,
             defaults={"thresholds": thresholds(GREEN, (1, RED))}),
        timeseries("Time to the number", "From the opening of a ticket to the mail with its number, over the last seven "
                   "days, and the promised time.",
                   [*quantiles("sla_ticket_ack_seconds", TARGET, [], "7d"),
                    query(f"max(sla_ticket_ack_target_seconds{{{TARGET}}})", "promised")], "dtdurations", width=12,
                   defaults={"min": 0}, overrides=[colored("promised", RED)]),
        timeseries("Numbers late", "Mailed after the promised time, or not at all.", [query(late, "late")], "short",
                   stacked=True, width=6, overrides=[colored("late", RED)]),
    ]


def source_row():
    errors = "sum by (source, reason) (increase(sla_ticket_source_errors_total{%s}[$__rate_interval]))" % TARGET
    events = "sum by (source, event) (increase(sla_ticket_source_events_total{%s}[$__rate_interval]))" % TARGET
    return [
        stat("Help desk is read", "No: the figures above stay as they were until it is.",
             [query(f"min by (source) (sla_ticket_source_up{{{TARGET}}})", "{{source}}")], width=6,
             defaults={"mappings": mapping((1, "yes", GREEN), (0, "no", RED))}),
        timeseries("Behind the present by", "What happened longer ago has been read. Results are counted up to here.",
                   [query(f"max by (source) (sla_ticket_source_lag_seconds{{{TARGET}}})", "{{source}}")], "s", width=6,
                   defaults={"min": 0}),
        timeseries("Events read", "By type.", [query(events, "{{source}} {{event}}")], "short", stacked=True, width=6),
        timeseries("Readings that failed", "By reason; the log has a sentence for each.",
                   [query(errors, "{{source}} {{reason}}")], "short", stacked=True, width=6),
    ]


def calendar_row():
    def each(metric):
        return f"max by (calendar) ({metric}{{{TARGET}}})"
    return [
        stat("Desk is open", "Clocks run while their calendar is open.",
             [query(each("sla_calendar_open"), "{{calendar}}")], width=6, height=6,
             defaults={"mappings": mapping((1, "open", GREEN), (0, "closed", GREY))}),
        stat("Opens or closes", "The next change.",
             [query(each("sla_calendar_next_change_timestamp_seconds") + " * 1000", "{{calendar}}")],
             "dateTimeFromNow", width=6, height=6,
             defaults={"noValue": "never", "thresholds": thresholds(BLUE)}),
        stat("Opening hours of a week", "Of an ordinary week, without holidays.",
             [query(each("sla_calendar_week_open_seconds") + " / 3600", "{{calendar}}")], "none", width=6, height=6,
             defaults={"thresholds": thresholds(BLUE)}),
        stat("Holidays known for", "After that no day is taken for a holiday.",
             [query(f"min by (calendar) (sla_calendar_holidays_known_until_timestamp_seconds{{{TARGET}}}) - time()",
                    "{{calendar}}")], "dtdurations", width=6, height=6,
             defaults={"noValue": "no holidays listed",
                       "thresholds": thresholds(RED, (7 * 86400, YELLOW), (30 * 86400, GREEN))}),
    ]


def build():
    variables = [
        variable("job", "Job", "sla_ticket_target_seconds", "job"),
        variable("instance", "Instance", 'sla_ticket_target_seconds{job=~"$job"}', "instance"),
        variable("agreement", "Agreement", f"sla_ticket_target_seconds{{{TARGET}}}", "sla_agreement"),
        variable("level", "Level", f'sla_ticket_target_seconds{{{TARGET}, sla_agreement=~"$agreement"}}', "level"),
    ]
    rows = [
        ("This month", month_row()),
        ("Waiting", waiting_row()),
        ("Reactions", reaction_row()),
        ("Tickets", tickets_row()),
        ("Ticket numbers", number_row()),
        ("Help desks", source_row()),
        ("Calendars", calendar_row()),
    ]
    return dashboard("sla-reactions", "SLA: reactions",
                     "Reaction times by support level: the month, what waits, and the help desk behind it.", variables,
                     rows)
