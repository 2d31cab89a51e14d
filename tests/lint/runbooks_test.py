"""Every alert we ship has a runbook page and every page an alert; each page has the parts that somebody woken at night
looks for; and every alert says how severe it is, what happened and where its page is.
"""

import re

import house

RULES = sorted((house.ROOT / "rules" / "shipped").rglob("*.yml"))
PAGES = house.ROOT / "rules" / "runbooks"
SHIPPED_UNDER = "file:///usr/share/doc/sla-exporter/runbooks/"
SEVERITIES = {"page", "ticket", "info"}
# Only these may wake somebody.
PAGING = {"ServiceDown", "ErrorBudgetBurnFast"}
PARTS = ["## What it means", "## What customers see", "## First look", "## Causes", "## What to do", "## When it ends"]
ALERT = re.compile(r"^      - alert: (\w+)$", re.M)
SEVERITY = re.compile(r"^          severity: (?:'\{\{ or \$labels\.severity \"(\w+)\" \}\}'|(\w+))$", re.M)


def rule_files():
    return [path for path in RULES if "tests" not in path.parts]


def alerts(text):
    """(name, its rule as text) of every alert of a file."""
    starts = [*ALERT.finditer(text)]
    for match, following in zip(starts, [*starts[1:], None]):
        yield match.group(1), text[match.start() : following.start() if following else None]


def findings_in(name, rule):
    severity = SEVERITY.search(rule)
    if not severity:
        yield f"{name} has no severity"
    else:
        level = severity.group(1) or severity.group(2)
        if level not in SEVERITIES:
            yield f"{name}: severity {level} is none of {', '.join(sorted(SEVERITIES))}"
        if (level == "page") != (name in PAGING):
            yield f"{name} must {'' if name in PAGING else 'not '}page"
    for annotation in ("summary", "description", "runbook_url"):
        if f"          {annotation}: " not in rule.partition("        annotations:\n")[2]:
            yield f"{name} has no {annotation}"
    if f"{SHIPPED_UNDER}{name}.md" not in rule:
        yield f"{name} does not name its page {SHIPPED_UNDER}{name}.md"


def findings_on(name, page):
    if not page.startswith(f"# {name}\n"):
        yield f"{name}.md does not begin with its name"
    found = [line for line in page.splitlines() if line.startswith("## ")]
    if found != PARTS:
        yield f"{name}.md has the parts {found}, not {PARTS}"
    for part, text in re.findall(r"^(## .*)\n+((?:(?!## ).*\n)*)", page, re.M):
        if not text.strip():
            yield f"{name}.md: {part} is empty"


class SelfTest(house.Rule):
    GOOD = ("      - alert: Disk\n        expr: x\n        labels:\n          severity: ticket\n        annotations:\n"
            f"          summary: a\n          description: b\n          runbook_url: {SHIPPED_UNDER}Disk.md\n")
    PAGE = "# Disk\n\n" + "".join(f"{part}\n\ntext\n\n" for part in PARTS)

    def test_alerts_are_found_with_their_rules(self):
        names = [name for name, _ in alerts("groups:\n" + self.GOOD + self.GOOD.replace("Disk", "Other"))]
        self.assertEqual(["Disk", "Other"], names)

    def test_what_an_alert_lacks_is_caught(self):
        self.assertFalse(list(findings_in("Disk", self.GOOD)))
        for old, new in [("ticket", "critical"), ("ticket", "page"), ("summary", "title"), ("Disk.md", "Disc.md"),
                         ("          severity: ticket\n", "")]:
            self.assertTrue(list(findings_in("Disk", self.GOOD.replace(old, new))), old)

    def test_what_a_page_lacks_is_caught(self):
        self.assertFalse(list(findings_on("Disk", self.PAGE)))
        for old, new in [("# Disk", "# Disc"), ("## Causes", "## Reasons"), ("## Causes\n\ntext\n", "## Causes\n")]:
            self.assertTrue(list(findings_on("Disk", self.PAGE.replace(old, new, 1))), old)


class TheTree(house.Rule):
    def setUp(self):
        self.rules = [found for path in rule_files() for found in alerts(path.read_text())]

    def test_alerts_say_what_they_must(self):
        self.assertGreater(len(self.rules), 10)
        self.hold((f for name, rule in self.rules for f in findings_in(name, rule)), "See docs/alerts.md.")

    def test_no_name_is_given_twice(self):
        names = [name for name, _ in self.rules]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_alerts_and_pages_are_the_same(self):
        pages = {path.stem for path in PAGES.glob("*.md")}
        self.assertEqual({name for name, _ in self.rules}, pages)

    def test_pages_have_all_parts(self):
        pages = sorted(PAGES.glob("*.md"))
        self.hold((f for path in pages for f in findings_on(path.stem, path.read_text())), "The parts are in this file.")

    def test_the_table_of_alerts_is_complete(self):
        table = (house.ROOT / "docs" / "alerts.md").read_text()
        listed = set(re.findall(r"^\| \[`(\w+)`\]\(\.\./rules/runbooks/\1\.md\) \|", table, re.M))
        self.assertEqual({name for name, _ in self.rules}, listed)


if __name__ == "__main__":
    house.main()
