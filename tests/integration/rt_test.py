"""Request Tracker 5 as it is, read by our reader: tickets opened by mail, answered, handed over, put on hold, merged,
thrown away and opened again, over the change to summer time, as an account that is no superuser.

One help desk lives once, on its own clock; every test reads it.
"""

import json

import harness
import request_tracker

READER = harness.BUILD / "tests" / "ticket_reader"
AGENT = ["SeeQueue", "ShowTicket", "ShowTicketComments", "ReplyToTicket", "CommentOnTicket", "ModifyTicket",
         "OwnTicket", "TakeTicket", "CreateTicket", "DeleteTicket", "SeeCustomField", "ModifyCustomField"]
PEOPLE = {
    "queues": ["support", "experts", "legal", "facilities"],
    "fields": ["Region"],
    "groups": {
        "agents": {"members": ["ann", "bob", "bot"], "rights": AGENT},
        "readers": {"members": ["reader"],
                    "rights": ["SeeQueue", "ShowTicket", "ShowTicketComments", "ShowOutgoingEmail", "SeeCustomField",
                               "CommentOnTicket"]},
        # Sees neither notes nor outgoing mails nor custom fields, and only one queue: most pages come short or empty.
        "lookers": {"members": ["looker"], "queues": ["support"], "rights": ["SeeQueue", "ShowTicket"]},
        "strangers": {"members": ["stranger"], "queues": [], "rights": []},
    },
    "timezones": {"reader": "America/Chicago"},
    "system": {"Everyone": ["CreateTicket", "ReplyToTicket"]},
}
SETTINGS = {
    "type": "rt",
    "page": 100,
    "now": "2026-04-01T00:00:00Z",
    "not_human": ["bot"],
    "levels": [{"name": "first", "notes": False}, {"name": "second"}, {"name": "legal"}],
    "map": {
        "level": {"attribute": "queue", "values": {"support": "first", "experts": "second", "legal": "legal"}},
        "calendar": {"attribute": "custom_field", "name": "Region", "values": {"EU": "europe", "US": "america"}},
        "channel": {"attribute": "channel", "values": {"email": "e-mail", "rest": "online", "web": "online"}},
    },
    "checklist": [{"item": "dns", "comment": "checked DNS"}, {"item": "region", "custom_field": "Region"}],
}
SECRET_WORDS = ("Zanzibar", "quagga", "alice", "carl", "customer.example")


class Desk:
    """What happens: a few days of a help desk, told once."""

    def __init__(self, host):
        self.rt = request_tracker.RequestTracker(host, PEOPLE)
        self.told = {}  # expected events by ticket

    def at(self, text):
        self.now = text
        self.rt.set_clock(text)

    def expect(self, ticket, kind, actor, **more):
        instant = self.now.replace(" ", "T") + "Z"
        self.told.setdefault(str(ticket), []).append(dict(more, type=kind, actor=actor, at=instant))

    def opened_by_mail(self, sender, queue="support", level="first", **more):
        ticket = self.rt.mail(sender, "Zanzibar", queue, text="A quagga.")
        self.expect(ticket, "opened", "customer", channel="e-mail", **({"level": level} if level else {}), **more)
        self.expect(ticket, "auto_reply", "system")
        return ticket

    def says(self, account, ticket, kind="correspond", text="A quagga."):
        self.rt.tell("POST", f"ticket/{ticket}/{kind}", {"Content": text, "ContentType": "text/plain"}, account)

    def sets(self, account, ticket, **what):
        self.rt.tell("PUT", f"ticket/{ticket}", what, account)

    def live(self):
        self.over_the_weekend()
        self.handed_over()
        self.merged()
        self.thrown_away()
        self.moved_by_a_machine()
        self.taken_down()

    def over_the_weekend(self):
        """Opened on Friday evening, answered on the first morning of summer time."""
        self.at("2026-03-27 15:30:00")
        ticket = self.opened_by_mail("alice@customer.example")
        self.at("2026-03-29 00:59:59")
        self.rt.mail("colleague@customer.example", "Me too", "support", ticket=ticket)
        self.expect(ticket, "customer_replied", "customer")
        self.at("2026-03-29 01:00:00")
        self.rt.mail("alice@customer.example", "Still", "support", ticket=ticket)
        self.expect(ticket, "customer_replied", "customer")
        self.at("2026-03-30 06:15:00")
        self.says("ann", ticket)
        self.expect(ticket, "reaction", "agent")

    def handed_over(self):
        """Up to the second level, on hold, solved, and back again."""
        self.at("2026-03-30 07:00:00")
        ticket = self.handed = self.opened_by_mail("alice@customer.example")
        self.at("2026-03-30 07:05:00")
        self.says("ann", ticket, "comment", "We checked DNS and a quagga.")
        self.expect(ticket, "note", "agent")
        self.expect(ticket, "checked_item", "agent", item="dns")
        self.sets("ann", ticket, CustomFields={"Region": "EU"}, Owner="ann")
        self.expect(ticket, "assigned", "agent")
        self.expect(ticket, "checked_item", "agent", item="region")
        self.expect(ticket, "attributes", "agent", calendar="europe")
        self.at("2026-03-30 07:10:00")
        self.sets("ann", ticket, Queue="experts")
        self.expect(ticket, "escalated", "agent", level="second")
        self.sets("ann", ticket, Status="stalled")
        self.expect(ticket, "waiting", "agent", reason="stalled")
        self.at("2026-03-30 07:20:00")
        self.rt.mail("alice@customer.example", "Away", "experts", ticket=ticket,
                     headers=["Auto-Submitted: auto-replied"])
        self.expect(ticket, "customer_auto", "customer")
        self.at("2026-03-30 07:30:00")
        self.rt.mail("alice@customer.example", "Here", "experts", ticket=ticket)
        self.expect(ticket, "customer_replied", "customer")
        self.at("2026-03-30 07:40:00")
        self.sets("ann", ticket, Status="open")
        self.expect(ticket, "resumed", "agent")
        self.says("ann", ticket)
        self.expect(ticket, "reaction", "agent")
        self.sets("ann", ticket, Status="resolved")
        self.expect(ticket, "closed", "agent", reason="resolved")
        self.at("2026-03-30 07:50:00")
        self.rt.mail("alice@customer.example", "Not yet", "experts", ticket=ticket)
        self.expect(ticket, "customer_replied", "customer")
        self.expect(ticket, "reopened", "system")
        self.at("2026-03-30 08:00:00")
        self.sets("ann", ticket, Queue="support")
        self.expect(ticket, "returned", "agent", level="first")

    def merged(self):
        """The answered survivor takes over what the customer waits for in the other; his mail to the old number too."""
        self.at("2026-03-30 09:00:00")
        survivor = self.opened_by_mail("carl@customer.example")
        self.at("2026-03-30 09:05:00")
        self.says("ann", survivor)
        self.expect(survivor, "reaction", "agent")
        self.at("2026-03-30 09:10:00")
        other = self.opened_by_mail("carl@customer.example")
        self.at("2026-03-30 09:20:00")
        self.sets("ann", other, MergeInto=survivor)
        self.expect(other, "merged", "agent", into=str(survivor))
        self.expect(survivor, "carry", "agent", since="2026-03-30T09:10:00Z")
        self.at("2026-03-30 09:30:00")
        self.rt.mail("carl@customer.example", "Again", "support", ticket=other)
        self.expect(survivor, "customer_replied", "customer")
        # The survivor is merged in turn: the waiting of the first goes on in the third.
        self.at("2026-03-30 09:40:00")
        third = self.opened_by_mail("carl@customer.example")
        self.sets("ann", survivor, MergeInto=third)
        self.expect(survivor, "merged", "agent", into=str(third))
        self.expect(third, "carry", "agent", since="2026-03-30T09:10:00Z")

    def thrown_away(self):
        self.at("2026-03-30 10:00:00")
        spam = self.opened_by_mail("carl@customer.example")
        self.sets("ann", spam, Status="rejected")
        self.expect(spam, "spam", "agent", reason="rejected")
        gone = self.opened_by_mail("carl@customer.example")
        self.deleted = gone
        self.sets("ann", gone, Status="deleted")
        self.expect(gone, "deleted", "agent", reason="deleted")

    def moved_by_a_machine(self):
        self.at("2026-03-30 11:00:00")
        ticket = self.opened_by_mail("alice@customer.example")
        self.sets("bot", ticket, Queue="legal")
        self.expect(ticket, "routed", "system", level="legal")
        # Nobody promised anything there: the lowest level waits for it.
        self.opened_by_mail("alice@customer.example", "facilities", level=None)

    def taken_down(self):
        """By an agent for a customer, and for himself."""
        self.at("2026-03-30 12:00:00")
        ticket = self.rt.tell("POST", "ticket", {"Queue": "experts", "Subject": "Zanzibar", "Content": "A quagga.",
                                                 "Requestor": "alice@customer.example",
                                                 "CustomFields": {"Region": "US"}}, "ann")["id"]
        self.expect(ticket, "opened", "customer", level="second", calendar="america", channel="online")
        self.expect(ticket, "checked_item", "agent", item="region")
        self.expect(ticket, "auto_reply", "system")
        ticket = self.rt.tell("POST", "ticket", {"Queue": "support", "Subject": "Zanzibar", "Content": "A quagga.",
                                                 "Requestor": "ann"}, "ann")["id"]
        self.expect(ticket, "opened", "agent", level="first", channel="online")
        self.expect(ticket, "auto_reply", "system")


class RequestTrackerReader(harness.IntegrationTest):
    @classmethod
    def setUpClass(cls):
        reason = request_tracker.missing()
        if reason:
            raise harness.unittest.SkipTest(reason)
        cls.host = harness.IntegrationTest()
        cls.host.setUp()
        cls.addClassCleanup(cls.host.doCleanups)
        cls.desk = Desk(cls.host)
        cls.desk.live()
        cls.rt = cls.desk.rt
        cls.whole = None

    def settings(self, account="reader", **more):
        token = self.rt.made["tokens"].get(account, account)
        settings = dict(SETTINGS, url=self.rt.url, token=token, **more)
        return self.write(f"settings-{account}-{len(more)}.json", json.dumps(settings))

    def run_reader(self, settings, cursor, *words):
        done = harness.run([READER, settings, self.folder / cursor, *words], seconds=60)
        lines = [json.loads(line) for line in done.out.splitlines()]
        return done, lines

    def read_all(self, account="reader", **more):
        done, lines = self.run_reader(self.settings(account, **more), "cursor")
        self.assertEqual(0, done.code, str(done))
        return lines

    def read_once(self):
        """Everything, read in one go by one process; once for all tests."""
        if self.whole is None:
            type(self).whole = self.read_all()
        return self.whole

    def events(self, lines):
        return [line for line in lines if line["line"] == "event"]

    def by_ticket(self, lines):
        """What happened, by ticket, without what only the reader knows."""
        told = {}
        for event in self.events(lines):
            words = {k: v for k, v in event.items() if k not in ("line", "source", "ticket", "seq")}
            told.setdefault(event["ticket"], []).append(words)
        return told

    def test_every_ticket_reads_as_it_happened(self):
        lines = self.read_once()
        read = self.by_ticket(lines)
        self.maxDiff = None
        for ticket, told in self.desk.told.items():
            with self.subTest(ticket=ticket):
                self.assertEqual(told, [dict(event) for event in read.get(ticket, [])])
        self.assertEqual(sorted(self.desk.told), sorted(read))
        last = lines[-1]
        self.assertFalse(last["more"])
        self.assertEqual({"queue": 1}, last["unmapped"])
        self.assertEqual("2026-03-31T23:59:00Z", last["read_until"])

    def test_sequence_numbers_rise_within_a_ticket_and_name_an_event_once(self):
        seen, last = set(), {}
        for event in self.events(self.read_once()):
            key = (event["ticket"], event["seq"])
            self.assertNotIn(key, seen)
            self.assertGreater(event["seq"], last.get(event["ticket"], 0))
            seen.add(key)
            last[event["ticket"]] = event["seq"]

    def test_a_reader_killed_after_any_batch_reads_on_without_loss(self):
        whole = {(e["ticket"], e["seq"]): e for e in self.events(self.read_once())}
        settings = self.settings(page=2)
        pieces, batches, more = {}, 0, True
        while more and batches < 200:
            done, lines = self.run_reader(settings, "pieces", "--batches", "1")
            self.assertEqual(0, done.code, str(done))
            batches += 1
            more = lines[-1]["more"]
            for event in self.events(lines):
                pieces.setdefault((event["ticket"], event["seq"]), event)
        self.assertGreater(batches, 20)
        self.assertEqual(whole, pieces)

    def test_short_and_empty_pages_are_no_end(self):
        read = self.by_ticket(self.read_all("looker", page=2))
        visible = {}
        for ticket, told in self.desk.told.items():
            # Without custom fields, notes and outgoing mails, and only as long as the ticket is in the queue.
            visible[ticket] = [e for e in told if e["type"] in ("opened", "reaction", "customer_replied", "spam")]
        spoken = {ticket: [e for e in told if e["type"] in ("opened", "reaction", "customer_replied", "spam")]
                  for ticket, told in read.items()}
        self.assertGreater(len(spoken), 5)
        for ticket, told in spoken.items():
            with self.subTest(ticket=ticket):
                self.assertEqual(visible[ticket], told)

    def test_nothing_that_people_wrote_is_given_out(self):
        text = json.dumps(self.read_once())
        for word in SECRET_WORDS:
            self.assertNotIn(word, text)

    def test_a_wrong_token_and_missing_rights_are_said_so(self):
        for account, needle in (("1-99-abcdef", "token"), ("stranger", "ShowTicket")):
            done, lines = self.run_reader(self.settings(account), f"cursor-{account}")
            self.assertEqual(1, done.code)
            self.assertEqual("auth", lines[-1]["reason"])
            self.assertIn(needle, lines[-1]["message"])
            self.assertNotIn("abcdef", lines[-1]["message"])

    def test_a_note_of_ours_is_left_and_is_no_reaction(self):
        settings = self.settings(page=20)
        known = {(e["ticket"], e["seq"]) for e in self.events(self.read_once())}
        self.write("cursor", self.read_once()[-1]["cursor"])
        done, _ = self.run_reader(settings, "cursor", "--note", str(self.desk.handed), "Due at noon: \u00e9")
        self.assertEqual(0, done.code, str(done))
        self.assertEqual("reader", self.rt.newest("Comment")["Creator"]["id"])
        _, lines = self.run_reader(settings, "cursor")
        self.assertGreater(json.loads(lines[-1]["cursor"])["read"], json.loads(self.read_once()[-1]["cursor"])["read"])
        # A new process meets the last rows again; whoever keeps events knows them by their numbers.
        self.assertEqual([], [e for e in self.events(lines) if (e["ticket"], e["seq"]) not in known])
        _, lines = self.run_reader(self.settings("looker"), "cursor", "--note", str(self.desk.handed), "No.")
        self.assertEqual("auth", lines[-1]["reason"])
        self.assertIn("CommentOnTicket", lines[-1]["message"])


if __name__ == "__main__":
    harness.main()
