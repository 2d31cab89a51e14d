"""Alerts on their way to Debian's Alertmanagers and, when none answers, to a mail server: nothing is lost by an outage
or a kill, one bad alert does not keep others back, and secrets get through.
"""

import http.server
import json
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import harness
import peers


class Sender:
    """Our delivery, told what fires by words."""

    PROGRAM = harness.BUILD / "tests" / "alert_sender"

    def __init__(self, test, alerting):
        self.test = test
        # JSON is YAML.
        self.config = test.write("sla.yml", json.dumps({"services": {}, "place": {"name": "Gen\u00e8ve"},
                                                        "alerting": alerting}))
        self.rows = test.folder / "rows.json"
        self.start()

    def start(self):
        self.log = self.test.folder / "sender.log"
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.PROGRAM, self.config, self.rows], text=True, stderr=log,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.test.addCleanup(self.end, self.process)

    def end(self, process):
        if process.poll() is None:
            process.stdin.close()
            self.test.assertEqual(0, process.wait(20), self.log.read_text())
        process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def figures(self):
        self.say("figures")
        return json.loads(self.process.stdout.readline())

    def waiting(self):
        return [one["waiting"] for one in self.figures()["alertmanagers"]]


def static(*alertmanagers):
    return [{"static_configs": [{"targets": [f"127.0.0.1:{a.port}" for a in alertmanagers]}]}]


def serve(test, handler):
    """An HTTP server in threads; its handler says nothing on standard error. Its port."""
    handler.log_message = lambda self, *words: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for clean in (server.server_close, thread.join, server.shutdown):
        test.addCleanup(clean)
    return server.server_port


class Login:
    """A token server that wants the secret in the form, and a front before an Alertmanager that wants its tokens."""

    SECRET = "s3cret & more"

    def __init__(self, test, alertmanager, life):
        self.life, self.good_until, self.given, self.refused, self.forms = life, {}, 0, 0, []
        login = self

        class TokenServer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                login.forms.append((self.headers["Authorization"] is not None, form))
                status, answer = login.answer(dict(urllib.parse.parse_qsl(form)))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        class Front(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = 401
                if login.is_good(self.headers["Authorization"] or ""):
                    status = harness.fetch(alertmanager.url + self.path, "POST", {"Content-Type": "application/json"},
                                           data=body).status
                else:
                    login.refused += 1
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.url = f"http://127.0.0.1:{serve(test, TokenServer)}/token"
        self.front = serve(test, Front)

    def answer(self, form):
        if form.get("client_id") != "sla" or form.get("client_secret") != self.SECRET:
            return 401, {"error": "invalid_client", "error_description": "nobody we know"}
        self.given += 1
        token = f"token-{self.given}"
        self.good_until["Bearer " + token] = time.monotonic() + self.life
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": self.life}

    def is_good(self, authorization):
        return self.good_until.get(authorization, 0) > time.monotonic()

    def block(self):
        return {"static_configs": [{"targets": [f"127.0.0.1:{self.front}"]}],
                "oauth2": {"client_id": "sla", "client_secret_file": "secret", "scopes": ["alerts"],
                           "token_url": self.url, "endpoint_params": {"audience": "alert manager"}}}


class AlertDelivery(harness.IntegrationTest):
    def pair(self):
        return peers.Alertmanager(self, "one").start(), peers.Alertmanager(self, "two").start()

    def test_every_alertmanager_gets_every_alert_as_it_is(self):
        one, two = self.pair()
        sender = Sender(self, {"alertmanagers": static(one, two), "external_labels": {"place": "here"}})
        sender.say("fire Down sla_service=web")
        for peer in (one, two):
            alert = harness.wait_for(lambda: peer.alerts().get("Down"), f"the alert at {peer.name}")
            self.assertEqual({"alertname": "Down", "sla_service": "web", "place": "here"}, alert["labels"])
            self.assertEqual({"summary": 'Down is down, "really" \u00e9'}, alert["annotations"])
            self.assertEqual("http://sender.test/graph?g0.expr=up+%3D%3D+0&g0.tab=1", alert["generatorURL"])
        sender.say("resolve Down sla_service=web")
        for peer in (one, two):
            harness.wait_for(lambda: not peer.alerts(), f"the end of the alert at {peer.name}")
        figures = sender.figures()["alertmanagers"]
        self.assertEqual([2, 2], [a["sent"] for a in figures])
        self.assertEqual([0, 0], [a["errors"] for a in figures])

    def test_an_outage_loses_nothing(self):
        one, two = self.pair()
        sender = Sender(self, {"alertmanagers": static(one, two)})
        two.stop()
        names = [f"n{i:03}" for i in range(300)]
        sender.say(*(f"fire {name}" for name in names), *(f"resolve {name}" for name in names[:100]))
        harness.wait_for(lambda: set(one.alerts()) == set(names[100:]), "the one that is up to know it all")
        self.assertEqual([0, 300], sender.waiting())
        two.start()
        harness.wait_for(lambda: set(two.alerts()) == set(names[100:]), "the other to know it as well")
        harness.wait_for(lambda: sender.waiting() == [0, 0], "the queues to be empty")
        self.assertEqual([0, 0], [a["dropped"] for a in sender.figures()["alertmanagers"]])

    def test_a_kill_loses_nothing(self):
        one, two = self.pair()
        two.stop()
        sender = Sender(self, {"alertmanagers": static(one, two)})
        sender.say("fire a", "fire b", "resolve b")
        harness.wait_for(lambda: len(sender.rows.read_text().splitlines()) == 2, "what waits to be stored")
        sender.kill()
        two.start()
        sender.start()
        harness.wait_for(lambda: set(two.alerts()) == {"a"}, "what waited to be sent")
        harness.wait_for(lambda: sender.rows.read_text() == "", "the rows to go")

    def test_a_bad_alert_does_not_keep_others_back(self):
        one = peers.Alertmanager(self).start()
        sender = Sender(self, {"alertmanagers": static(one)})
        names = [f"n{i:03}" for i in range(40)]
        # Alertmanager 0.25 takes no such label name; Prometheus 3 has them.
        sender.say(*(f"fire {name}" for name in names), "fire bad not-a-name=1", "fire last")
        harness.wait_for(lambda: set(one.alerts()) == {*names, "last"}, "the good ones")
        harness.wait_for(lambda: sender.waiting() == [0], "the queue to be empty")
        self.assertEqual(1, sender.figures()["alertmanagers"][0]["dropped"])
        self.assertIn("not-a-name", sender.log.read_text())

    def test_an_empty_list_is_welcome(self):
        one = peers.Alertmanager(self).start()
        answer = harness.fetch(one.url + "/api/v2/alerts", "POST", {"Content-Type": "application/json"}, data=b"[]")
        self.assertEqual(200, answer.status)

    def test_tls_and_a_password(self):
        certificates = peers.Certificates(self)
        certificate, key = certificates.sign("alertmanager")
        password, bcrypt = "p:\u00e4ss", "$2b$04$U7Iemi3q/cBiXixv9epFROavRxajAHUavqMsfwqLKtdpLKY0QUOTe"
        web = self.write("web.yml", json.dumps({
            "tls_server_config": {"cert_file": str(certificate), "key_file": str(key)},
            "basic_auth_users": {"sla": bcrypt}}))
        one = peers.Alertmanager(self, web=web).start()
        self.write("password", password + "\n")
        block = static(one)[0] | {"scheme": "https", "tls_config": {"ca_file": str(certificates.ca_file)},
                                  "basic_auth": {"username": "sla", "password_file": "password"}}
        sender = Sender(self, {"alertmanagers": [block]})
        sender.say("fire Down")
        harness.wait_for(lambda: sender.figures()["alertmanagers"][0]["sent"] == 1, "the alert to be taken")
        self.assertNotIn(password, sender.log.read_text())
        manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
        manager.add_password(None, f"https://127.0.0.1:{one.port}/", "sla", password, is_authenticated=True)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(manager),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=certificates.ca_file)))
        with opener.open(f"https://127.0.0.1:{one.port}/api/v2/alerts") as reply:
            self.assertEqual(["Down"], [a["labels"]["alertname"] for a in json.load(reply)])

    def test_tokens_are_fetched_kept_and_replaced(self):
        one = peers.Alertmanager(self).start()
        login = Login(self, one, life=4)
        self.write("secret", login.SECRET + "\n")
        sender = Sender(self, {"alertmanagers": [login.block()]})
        sender.say("fire a")
        harness.wait_for(lambda: "a" in one.alerts(), "the alert behind the token")
        # By the header first, which this server does not take.
        self.assertEqual([True, False], [by_header for by_header, _ in login.forms])
        self.assertEqual({"grant_type": "client_credentials", "scope": "alerts", "audience": "alert manager",
                          "client_id": "sla", "client_secret": login.SECRET},
                         dict(urllib.parse.parse_qsl(login.forms[1][1])))
        sender.say("fire b")
        harness.wait_for(lambda: "b" in one.alerts(), "another alert")
        # Its end was told, so that it is replaced before anybody is refused.
        harness.wait_for(lambda: not login.is_good(f"Bearer token-{login.given}"), "the end of the token")
        before, login.life = login.given, 600
        sender.say("fire c")
        harness.wait_for(lambda: "c" in one.alerts(), "an alert with the next token")
        self.assertEqual((before + 1, 0), (login.given, login.refused))
        # A token server that forgets its tokens told nobody.
        login.good_until.clear()
        sender.say("fire d")
        harness.wait_for(lambda: "d" in one.alerts(), "an alert after the refusal")
        figures = sender.figures()["alertmanagers"][0]
        self.assertEqual((4, 0), (figures["sent"], figures["errors"]))
        self.assertEqual((before + 2, 1), (login.given, login.refused))

    def test_a_client_that_the_token_server_does_not_know_is_said(self):
        one = peers.Alertmanager(self).start()
        login = Login(self, one, life=60)
        secret = self.write("secret", "wr0ng\n")
        sender = Sender(self, {"alertmanagers": [login.block()]})
        sender.say("fire a")
        harness.wait_for(lambda: sender.figures()["alertmanagers"][0]["errors"] > 0, "the failure")
        self.assertEqual([1], sender.waiting())
        harness.wait_for(lambda: sender.rows.read_text(), "what waits to be stored")
        log = sender.log.read_text()
        self.assertIn(f"no access token from {login.url}", log)
        self.assertIn("invalid_client: nobody we know", log)
        self.assertNotIn("wr0ng", log)
        self.assertEqual({}, one.alerts())
        secret.write_text(login.SECRET + "\n")
        sender.kill()
        sender.start()
        harness.wait_for(lambda: "a" in one.alerts(), "what waited, after a start with the right secret")

    def test_mail_begins_and_ends_with_an_outage(self):
        certificates = peers.Certificates(self)
        server = peers.MailServer(self, *certificates.sign("mail"))
        one = peers.Alertmanager(self)
        self.write("password", server.PASSWORD + "\n")
        sender = Sender(self, {"alertmanagers": static(one), "mail": {
            "server": f"127.0.0.1:{server.port}", "from": "sla@example.com", "to": ["ops@example.com", "on@example.com"],
            "user": server.USER, "password_file": "password", "after": "1s",
            "tls_config": {"ca_file": str(certificates.ca_file)}}})
        sender.say("fire Down place=Gen\u00e8ve")
        harness.wait_for(lambda: server.mails, "a mail", seconds=30)
        envelope, message = server.mails[0]
        self.assertEqual("sla@example.com", envelope.mail_from)
        self.assertEqual(["ops@example.com", "on@example.com"], envelope.rcpt_tos)
        self.assertEqual("[FIRING:1] Down (Gen\u00e8ve)", message["Subject"])
        self.assertEqual("auto-generated", message["Auto-Submitted"])
        self.assertEqual(["ops@example.com", "on@example.com"], [a.addr_spec for a in message["To"].addresses])
        self.assertIsNotNone(message["Date"].datetime)
        self.assertEqual([], [str(defect) for value in message.values() for defect in value.defects])
        self.assertIn('summary: Down is down, "really" \u00e9', message.get_content())
        one.start()
        harness.wait_for(lambda: "Down" in one.alerts(), "the alert at the Alertmanager", seconds=60)
        # A mail a minute at most.
        harness.wait_for(lambda: len(server.mails) == 2, "the mail that it is over", seconds=90)
        self.assertIn("[OVER]", server.mails[1][1]["Subject"])
        self.assertNotEqual(message["Message-ID"], server.mails[1][1]["Message-ID"])
        self.assertNotIn(server.PASSWORD, sender.log.read_text())

    def test_a_heartbeat_is_heard(self):
        beats = []

        class Watcher(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                beats.append((self.path, self.headers["Content-Length"], self.headers["Authorization"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words):
                pass

        watcher = http.server.HTTPServer(("127.0.0.1", 0), Watcher)
        thread = threading.Thread(target=watcher.serve_forever)
        thread.start()
        self.addCleanup(watcher.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(watcher.shutdown)
        self.write("url", f"http://127.0.0.1:{watcher.server_port}/ping/s3cret\n")
        self.write("token", "t0ken\n")
        sender = Sender(self, {"heartbeat": {"url_file": "url", "authorization": {"credentials_file": "token"}}})
        self.assertEqual(0, sender.figures()["heartbeats"])
        sender.say("fire Down")
        harness.wait_for(lambda: sender.figures()["heartbeats"] == 1, "the beat to be taken")
        self.assertEqual([("/ping/s3cret", "0", "Bearer t0ken")], beats)

    def test_a_password_that_is_wrong_is_said(self):
        certificates = peers.Certificates(self)
        server = peers.MailServer(self, *certificates.sign("mail"))
        self.write("password", "wrong\n")
        sender = Sender(self, {"mail": {
            "server": f"127.0.0.1:{server.port}", "from": "sla@example.com", "to": "ops@example.com",
            "user": server.USER, "password_file": "password", "tls_config": {"ca_file": str(certificates.ca_file)}}})
        harness.wait_for(lambda: sender.rows.exists(), "mail to be the only way")
        sender.say("fire Down")
        harness.wait_for(lambda: sender.figures()["mail_failures"] == 1, "the refusal", seconds=30)
        self.assertIn("AUTH PLAIN: the server answered 535", sender.log.read_text())
        self.assertEqual([], server.mails)


if __name__ == "__main__":
    harness.main()
