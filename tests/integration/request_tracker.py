"""A Request Tracker 5 of its own: Debian's package on a database and a configuration in the test's folder, reached on
a free port of the loopback, with a clock that the test sets. Nothing under /etc is read or written, no mail leaves.

The clock stands until it is set again: libfaketime reads it from a file before each look. A whole weekend, or a change
to summer time, passes in the milliseconds that rewriting a file takes.
"""

import json
import os
import pathlib
import urllib.parse

import harness

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
LIBEXEC = pathlib.Path("/usr/share/request-tracker5/libexec")
SETUP_DATABASE = "rt-setup-database-5"
MAILGATE = "rt-mailgate-5"
NAME = "desk.example.com"

SITE_CONFIG = """
Set($rtname, '{name}');
Set($Organization, '{name}');
Set($CorrespondAddress, 'support@{name}');
Set($CommentAddress, 'comment@{name}');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($WebBaseURL, 'http://127.0.0.1:{port}');
Set($Timezone, '{timezone}');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.sqlite');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($LogDir, '{folder}');
Set($MasonDataDir, '{folder}/mason');
Set($MasonSessionDir, '{folder}/sessions');
# A real one takes a quarter of a second to check a token; this one has to be quick, not safe.
Set($BcryptCost, 4);
1;
"""

# Queues, people, custom fields, rights and tokens, in one program: REST can make none of the last two.
# Reads what is wanted as JSON and prints ids and tokens as JSON.
PREPARE = r"""
use strict; use warnings; use JSON; use RT; use RT::Interface::CLI;
RT::LoadConfig(); RT::Init();
my $want = decode_json(do { local $/; <STDIN> });
my (%made, %queue, %group);
sub must { my ($ok, $message) = @_; die "$message\n" unless $ok; return $ok }
for my $name (@{ $want->{queues} }) {
  my $queue = RT::Queue->new(RT->SystemUser);
  must($queue->Create(Name => $name, CorrespondAddress => "$name\@__NAME__"));
  $queue{$name} = $queue; $made{queues}{$name} = $queue->id;
}
for my $name (@{ $want->{fields} }) {
  my $field = RT::CustomField->new(RT->SystemUser);
  must($field->Create(Name => $name, Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket'));
  must($field->AddToObject(RT::Queue->new(RT->SystemUser)));
  $made{fields}{$name} = $field->id;
}
for my $name (sort keys %{ $want->{groups} }) {
  my $group = RT::Group->new(RT->SystemUser);
  must($group->CreateUserDefinedGroup(Name => $name));
  $group{$name} = $group;
}
sub grant {
  my ($principal, $queues, $rights) = @_;
  for my $right (@$rights) {
    if ($right =~ /CustomField$/) { must($principal->GrantRight(Object => RT->System, Right => $right)); next }
    must($principal->GrantRight(Object => $queue{$_}, Right => $right)) for @$queues;
  }
}
for my $name (sort keys %{ $want->{groups} }) {
  my $one = $want->{groups}{$name};
  grant($group{$name}->PrincipalObj, $one->{queues} || $want->{queues}, $one->{rights});
  for my $login (@{ $one->{members} }) {
    my $user = RT::User->new(RT->SystemUser);
    $user->Load($login);
    unless ($user->id) {
      must($user->Create(Name => $login, EmailAddress => "$login\@__NAME__", Privileged => 1, Password => 'password',
                         Timezone => $want->{timezones}{$login}));
      my $token = RT::AuthToken->new(RT->SystemUser);
      my ($ok, $message, $text) = $token->Create(Owner => $user->id, Description => 'test');
      must($ok, $message);
      $made{tokens}{$login} = $text;
    }
    must($group{$name}->AddMember($user->PrincipalId));
  }
}
for my $name ('Everyone', 'Requestor') {
  my $rights = $want->{system}{$name} or next;
  for my $queue (values %queue) {
    my $group = RT::Group->new(RT->SystemUser);
    if ($name eq 'Everyone') { $group->LoadSystemInternalGroup($name) }
    else { $group->LoadRoleGroup(Object => RT->System, Name => $name) }
    must($group->PrincipalObj->GrantRight(Object => $queue, Right => $_)) for @$rights;
  }
}
print encode_json(\%made);
"""


def missing():
    """Why there is no Request Tracker here, or None."""
    wanted = [harness.find(SETUP_DATABASE), harness.find(MAILGATE), (LIBEXEC / "rt-server").exists(),
              pathlib.Path(FAKETIME).exists()]
    return None if all(wanted) else "Request Tracker 5 or libfaketime not installed: deploy/install-deps --tests"


class RequestTracker:
    """`people` is what PREPARE reads. Ends with the test."""

    def __init__(self, test, people, now="2026-03-27 15:30:00", timezone="Europe/Berlin"):
        reason = missing()
        if reason:
            test.skipTest(reason)
        self.test = test
        self.folder = test.folder / "rt"
        for name in ("config.d", "mason", "sessions"):
            (self.folder / name).mkdir(parents=True)
        self.port = harness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock_file = self.folder / "clock"
        self.set_clock(now)
        config = SITE_CONFIG.format(name=NAME, port=self.port, folder=self.folder, timezone=timezone)
        (self.folder / "RT_SiteConfig.pm").write_text(config)
        self.environment = dict(os.environ, RT_SITE_CONFIG=str(self.folder / "RT_SiteConfig.pm"),
                                RT_SITE_CONFIG_DIR=str(self.folder / "config.d"), TZ="UTC", LC_ALL="C.UTF-8")
        self.made = self.prepare(people)
        self.process = None
        self.start()

    def prepare(self, people):
        done = self.run([SETUP_DATABASE, "--action", "init", "--skip-create"], seconds=60)
        self.test.assertEqual(0, done.code, str(done))
        script = self.folder / "prepare.pl"
        script.write_text(PREPARE.replace("__NAME__", NAME))
        wanted = self.folder / "people.json"
        wanted.write_text(json.dumps(people))
        command = f"exec perl -I/usr/share/request-tracker5/lib {script} < {wanted}"
        done = self.run(["sh", "-c", command], seconds=60)
        self.test.assertEqual(0, done.code, str(done))
        return json.loads(done.out)

    def run(self, command, seconds=30):
        return harness.run([harness.find(command[0]) or command[0], *command[1:]], seconds=seconds,
                           env=self.faked(), cwd=self.folder)

    def faked(self):
        return dict(self.environment, LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=str(self.clock_file),
                    FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")

    def start(self):
        self.process = self.test.start([LIBEXEC / "rt-server", "--host", "127.0.0.1", "--port", self.port,
                                        "--max-workers", "2"], "rt", env=self.faked(), cwd=self.folder)
        self.test.wait_until_up(self.process, f"{self.url}/REST/2.0/rt", status=401, seconds=40)

    def set_clock(self, text):
        """`text` is UTC, YYYY-MM-DD HH:MM:SS."""
        beside = self.clock_file.with_suffix(".new")
        beside.write_text(text + "\n")
        beside.replace(self.clock_file)

    def ask(self, method, path, body=None, account="root", headers=None):
        """Asks REST 2.0 as root, or with the token of an account; the answer, whatever its status."""
        headers = dict(headers or {}, Accept="application/json")
        if account == "root":
            headers["Authorization"] = "Basic cm9vdDpwYXNzd29yZA=="
        else:
            headers["Authorization"] = f"token {self.made['tokens'][account]}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        return harness.fetch(f"{self.url}/REST/2.0/{path}", method=method, headers=headers, data=data)

    def tell(self, method, path, body=None, account="root"):
        """The same for what must succeed; its JSON."""
        answer = self.ask(method, path, body, account)
        self.test.assertIn(answer.status, (200, 201), f"{method} {path}: {answer.status} {answer.text}")
        return json.loads(answer.text)

    def mail(self, sender, subject, queue, text="Words.", headers=(), ticket=None):
        """A customer's mail as the mail server hands it over; the id of a new ticket."""
        if ticket:
            subject = f"[{NAME} #{ticket}] {subject}"
        head = [f"From: {sender}", f"To: {queue}@{NAME}", f"Subject: {subject}", *headers]
        message = self.folder / "message"
        message.write_text("\n".join(head) + "\n\n" + text + "\n")
        gate = f"exec {harness.find(MAILGATE)} --debug --url {self.url} --queue {queue} --action correspond < {message}"
        done = harness.run(["sh", "-c", gate], seconds=30, env=self.environment)
        # It returns 0 also when the mail is refused.
        self.test.assertIn("ok", done.err.splitlines(), str(done))
        return ticket or self.newest("Create")["ObjectId"]

    def newest(self, kind):
        """The newest transaction of a type."""
        query = urllib.parse.quote(f"ObjectType='RT::Ticket' AND Type='{kind}'")
        rows = self.tell("GET", f"transactions?query={query}&orderby=id&order=DESC&per_page=1&fields=ObjectId,Creator")["items"]
        return rows[0]
