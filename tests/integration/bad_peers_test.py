"""Targets that drip, reset, lie about length, send a gigabyte or redirect for ever: each probe ends in time, with
bounded memory, and says the right reason.
"""

import gzip
import itertools
import json
import random
import re
import socket
import ssl
import struct
import threading
import time
import unittest

import harness
import ours
import peers
import sockets

TIMEOUT = 2.0
# A probe ends at its timeout plus this at most, by its own clock.
PUNCTUAL = 0.1
# Starting and ending the program takes its part too.
ALLOWANCE = 0.6
MEBIBYTE = 1 << 20
# What a probe may hold at most above what the program needs to print its help.
MEMORY = 48 * MEBIBYTE
OK = b"HTTP/1.1 200 OK\r\n"


def drip(head, byte, pause=0.05):
    """A server that answers with `head` and then one byte at a time, for ever."""

    def serve(connection):
        stop = threading.Event()
        sockets.read_request(connection)
        connection.sendall(head)
        while not stop.wait(pause):
            connection.sendall(byte)

    return serve


def flood(head, chunk, total):
    """A server that sends `total` bytes as fast as they are taken."""

    def serve(connection):
        sockets.read_request(connection)
        connection.sendall(head)
        sent = 0
        while sent < total:
            connection.sendall(chunk)
            sent += len(chunk)

    return serve


def drip_at_once(byte):
    def serve(connection):
        pause = threading.Event()
        while not pause.wait(0.05):
            connection.sendall(byte)

    return serve


def flood_at_once(chunk, total):
    def serve(connection):
        for _ in range(total // len(chunk)):
            connection.sendall(chunk)

    return serve


def say(answer, then=None):
    """A server that answers one request and closes, or does `then` to the connection."""

    def serve(connection):
        sockets.read_request(connection)
        connection.sendall(answer)
        if then:
            then(connection)

    return serve


def banner(text, closes=True):
    """A server that greets, and then closes at the first word or reads none."""

    def serve(connection):
        connection.sendall(text)
        if closes:
            connection.recv(1)
        else:
            threading.Event().wait(TIMEOUT * 2)

    return serve


class BadPeers(harness.IntegrationTest):
    def setUp(self):
        super().setUp()
        if not harness.SLATOOL.exists():
            self.skipTest(f"{harness.SLATOOL} is not built")

    def probe(self, target, prober="http", **settings):
        module = {"prober": prober, "timeout": f"{TIMEOUT:g}s", prober: {"preferred_ip_protocol": "ip4", **settings}}
        config = self.write("sla.yml", json.dumps({"services": {}, "modules": {"it": module}}))
        return harness.run([harness.SLATOOL, "probe", "--module", "it", "--target", target, "--config.file", config])

    def expect(self, reason, done, code=1, reading=0.0):
        """`done` ended in time and in bounds, with this reason; a large configuration takes a moment to read."""
        self.assertEqual(code, done.code, str(done))
        # `slatool probe` says status and reason on standard error: "down (timeout) in 2000 ms: ...".
        self.assertIn(f" ({reason}) ", done.err, str(done))
        took = int(re.search(r" in (\d+) ms", done.err).group(1)) / 1000
        if reason == "timeout":
            self.assertGreaterEqual(took, TIMEOUT - PUNCTUAL, str(done))
        if harness.JUDGES_FIGURES:
            self.assertLessEqual(took, TIMEOUT + PUNCTUAL, str(done))
            self.assertLess(done.seconds, TIMEOUT + ALLOWANCE + reading, str(done))
            self.assertLess(done.peak_bytes, self.idle_bytes() + MEMORY, "memory is not bounded")

    def idle_bytes(self):
        return harness.run([harness.SLATOOL, "--help"]).peak_bytes

    def listen(self, serve, **options):
        return sockets.Listener(self, serve, **options)

    def url(self, serve, **options):
        return f"http://{self.listen(serve, **options).address}/"

    def test_a_header_that_drips_times_out(self):
        self.expect("timeout", self.probe(self.url(drip(OK + b"X-Slow: ", b"a"))))

    def test_a_body_that_drips_times_out(self):
        self.expect("timeout", self.probe(self.url(drip(OK + b"Content-Length: 100000\r\n\r\n", b"a"))))

    def test_silence_times_out(self):
        self.expect("timeout", self.probe(self.url(sockets.stay_silent)))

    # A reset may be the path's doing, so it counts as a failure to connect, which is confirmed before it is believed.
    def test_a_reset_instead_of_an_answer_is_a_connect_error(self):
        self.expect("connect", self.probe(self.url(say(b"", sockets.reset))))

    def test_a_reset_within_the_body_is_a_connect_error(self):
        answer = OK + b"Content-Length: 1000\r\n\r\nhalf"
        self.expect("connect", self.probe(self.url(say(answer, sockets.reset))))

    def test_a_length_longer_than_the_body_is_a_protocol_error(self):
        self.expect("protocol", self.probe(self.url(say(OK + b"Content-Length: 1000\r\n\r\nshort"))))

    def test_a_length_shorter_than_the_body_ends_at_the_length(self):
        done = self.probe(self.url(say(OK + b"Content-Length: 4\r\n\r\nshort and more")))
        self.assertEqual(0, done.code, str(done))
        self.assertIn("probe_http_uncompressed_body_length 4\n", done.out)

    def test_two_lengths_that_differ_are_a_protocol_error(self):
        answer = OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"
        self.expect("protocol", self.probe(self.url(say(answer))))

    def test_a_chunk_that_lies_about_its_size_is_a_protocol_error(self):
        answer = OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc"
        self.expect("protocol", self.probe(self.url(say(answer))))

    def test_no_http_at_all_is_a_protocol_error(self):
        self.expect("protocol", self.probe(self.url(say(b"SSH-2.0-OpenSSH_9.2\r\n"))))

    def test_a_length_that_is_none_is_a_protocol_error(self):
        for length in (b"-5", b"99999999999999999999999", b"4 4", b"0x10", b"four"):
            answer = OK + b"Content-Length: " + length + b"\r\n\r\nabcd"
            self.expect("protocol", self.probe(self.url(say(answer))))

    def test_a_compressed_body_cut_short_is_a_body_error(self):
        body = gzip.compress(random.Random(1).randbytes(4096))[:2000]
        answer = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        self.expect("body", self.probe(self.url(say(answer)), compression="gzip"))

    def test_chunks_without_end_time_out(self):
        head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
        self.expect("timeout", self.probe(self.url(drip(head, b"1\r\nx\r\n"))))

    def test_interim_answers_without_end_are_stopped(self):
        done = self.probe(self.url(flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 1 << 30)))
        self.assertRegex(done.err, r" \((timeout|protocol|size)\) ")
        self.expect(re.search(r" \((\w+)\) ", done.err).group(1), done)

    def test_a_status_line_without_end_reaches_a_limit(self):
        done = self.probe(self.url(flood(b"HTTP/1.1 200 ", b"y" * MEBIBYTE, 1 << 30)))
        self.assertRegex(done.err, r" \((protocol|size)\) ")
        self.expect(re.search(r" \((\w+)\) ", done.err).group(1), done)

    def test_a_gigabyte_is_not_kept(self):
        head = OK + b"Content-Length: 1073741824\r\n\r\n"
        done = self.probe(self.url(flood(head, b"x" * MEBIBYTE, 1 << 30)), body_size_limit="1MB")
        self.expect("size", done)

    def test_a_gigabyte_without_a_limit_is_not_kept_either(self):
        head = OK + b"Content-Length: 1073741824\r\n\r\n"
        done = self.probe(self.url(flood(head, b"x" * MEBIBYTE, 1 << 30)))
        self.assertLess(done.peak_bytes, self.idle_bytes() + MEMORY, "memory is not bounded")
        self.assertLess(done.seconds, (TIMEOUT + ALLOWANCE) * harness.PATIENCE, str(done))

    def test_a_gigabyte_of_header_reaches_the_limit(self):
        line = b"X-Long: " + b"y" * 8000 + b"\r\n"
        self.expect("size", self.probe(self.url(flood(OK, line, 1 << 30))))

    def test_a_gzip_bomb_reaches_the_limit(self):
        bomb = gzip.compress(b"\0" * (256 * MEBIBYTE), compresslevel=9)
        answer = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
        done = self.probe(self.url(say(answer)), compression="gzip", body_size_limit="1MB")
        self.expect("size", done)

    def test_a_redirect_that_never_ends_is_stopped(self):
        self.expect("redirect", self.probe(self.url(say(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"))))

    def test_redirects_that_never_repeat_are_stopped_as_well(self):
        numbers = itertools.count()

        def serve(connection):
            sockets.read_request(connection)
            location = b"/%d%s" % (next(numbers), b"a" * 2000)
            connection.sendall(b"HTTP/1.1 307 Go on\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n")

        self.expect("redirect", self.probe(self.url(serve)))
        self.assertLess(next(numbers), 20)

    def test_slow_redirects_share_one_timeout(self):
        def serve(connection):
            sockets.read_request(connection)
            threading.Event().wait(TIMEOUT / 4)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

        self.expect("timeout", self.probe(self.url(serve)))

    def test_a_redirect_with_a_gigabyte_is_stopped(self):
        head = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1073741824\r\n\r\n"
        done = self.probe(self.url(flood(head, b"x" * MEBIBYTE, 1 << 30)))
        self.assertRegex(done.err, r" \((redirect|timeout|size)\) ")
        self.expect(re.search(r" \((\w+)\) ", done.err).group(1), done)

    def test_a_redirect_to_something_else_than_the_web_is_refused(self):
        for location in (b"file:///etc/passwd", b"gopher://127.0.0.1/", b"//[bad"):
            answer = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
            self.expect("redirect", self.probe(self.url(say(answer))))

    @unittest.skipUnless(harness.has_ipv6(), "no IPv6 on loopback")
    def test_a_target_on_ipv6_only_is_reached(self):
        listener = self.listen(say(OK + b"Content-Length: 2\r\n\r\nhi"), host="::1")
        targets = [f"http://[::1]:{listener.port}/"]
        if harness.names_ipv6("localhost"):
            targets.append(f"http://localhost:{listener.port}/")
        for target in targets:
            done = self.probe(target)
            self.assertEqual(0, done.code, str(done))
            self.assertIn("probe_ip_protocol 6\n", done.out)

    def test_a_handshake_with_garbage_is_a_tls_error(self):
        garbage = self.listen(lambda c: c.recv(1) and c.sendall(b"not a handshake at all\r\n"))
        self.expect("tls", self.probe(f"https://{garbage.address}/"))

    def test_a_handshake_that_never_ends_times_out(self):
        silent = self.listen(sockets.stay_silent)
        self.expect("timeout", self.probe(f"https://{silent.address}/"))

    def test_a_certificate_of_another_name_is_a_certificate_error(self):
        certificates = peers.Certificates(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates.sign("other", names="DNS:other.example.test"))
        listener = self.listen(lambda c: context.wrap_socket(c, server_side=True).recv(1))
        tls = {"ca_file": str(certificates.ca_file)}
        self.expect("certificate", self.probe(f"https://localhost:{listener.port}/", tls_config=tls))
        # Without our authority the same chain is not trusted.
        self.expect("certificate", self.probe(f"https://localhost:{listener.port}/"))

    def test_a_banner_without_end_is_bounded(self):
        endless = flood_at_once(b"z" * MEBIBYTE, 1 << 30)
        done = self.probe(self.listen(endless).address, "tcp", query_response=[{"expect": "^220"}])
        self.expect("size", done)

    def test_a_dialog_that_drips_times_out(self):
        self.expect("timeout", self.probe(self.listen(drip_at_once(b"2")).address, "tcp", query_response=[{"expect": "^220"}]))

    def test_a_dialog_with_silence_times_out(self):
        silent = self.listen(sockets.stay_silent)
        self.expect("timeout", self.probe(silent.address, "tcp", query_response=[{"expect": "^220"}]))

    def test_a_dialog_that_is_reset_is_a_connect_error(self):
        for greeting in (b"", b"220 hello\r\n"):
            def serve(connection, greeting=greeting):
                connection.sendall(greeting)
                connection.recv(1) if greeting else None
                sockets.reset(connection)

            dialog = [{"expect": "^220", "send": "EHLO x"}, {"expect": "^250"}]
            self.expect("connect", self.probe(self.listen(serve).address, "tcp", query_response=dialog))

    def test_a_dialog_that_ends_early_is_a_protocol_error(self):
        listener = self.listen(lambda connection: connection.sendall(b"22"))
        self.expect("protocol", self.probe(listener.address, "tcp", query_response=[{"expect": "^220"}]))

    def test_a_dialog_of_noise_is_not_taken_for_an_answer(self):
        noise = random.Random(1).randbytes(3000).replace(b"220", b"\0\0\0")
        listener = self.listen(lambda connection: connection.sendall(noise))
        self.expect("protocol", self.probe(listener.address, "tcp", query_response=[{"expect": "^220"}]))

    def test_lines_without_end_are_bounded(self):
        lines = flood_at_once(b"not what you want\r\n" * 50_000, 1 << 30)
        self.expect("size", self.probe(self.listen(lines).address, "tcp", query_response=[{"expect": "^220"}]))

    def test_a_peer_that_reads_nothing_times_out(self):
        # More than the system takes off our hands for a peer with a small window.
        dialog = [{"expect": "^220", "send": "x"}] + [{"send": "x" * 65536}] * 90 + [{"expect": "^250"}]
        listener = self.listen(banner(b"220 hello\r\n", closes=False), receive_bytes=4096)
        done = self.probe(listener.address, "tcp", query_response=dialog)
        self.expect("timeout", done, reading=10.0)
        self.assertIn("while sending", done.err)

    def test_a_handshake_in_a_dialog_ends_in_time(self):
        garbage = self.listen(lambda c: c.recv(1) and c.sendall(b"not a handshake at all\r\n"))
        self.expect("tls", self.probe(garbage.address, "tcp", tls=True))
        self.expect("timeout", self.probe(self.listen(sockets.stay_silent).address, "tcp", tls=True))

    def test_a_port_where_nobody_accepts_times_out(self):
        for prober, scheme in (("tcp", ""), ("http", "http://")):
            self.expect("timeout", self.probe(scheme + sockets.full_port(self), prober))

    def test_a_port_where_nobody_listens_is_a_connect_error(self):
        for prober, scheme in (("tcp", ""), ("http", "http://")):
            self.expect("connect", self.probe(f"{scheme}127.0.0.1:{sockets.refused_port(self)}", prober))

    @unittest.skipUnless(harness.has_ipv6(), "no IPv6 on loopback")
    def test_a_dialog_on_ipv6_only_is_held(self):
        listener = self.listen(banner(b"220 hello\r\n"), host="::1")
        targets = [listener.address]
        if harness.names_ipv6("localhost"):
            targets.append(f"localhost:{listener.port}")
        for target in targets:
            done = self.probe(target, "tcp", query_response=[{"expect": "^220"}])
            self.assertEqual(0, done.code, str(done))
            self.assertIn("probe_ip_protocol 6\n", done.out)

    def test_bytes_before_starttls_are_refused(self):
        listener = self.listen(banner(b"220 go\r\n250 injected\r\n"))
        dialog = [{"expect": "^220"}, {"starttls": True}]
        self.expect("protocol", self.probe(listener.address, "tcp", query_response=dialog))

    def test_a_resolver_that_talks_nonsense_times_out(self):
        for answer in (b"", b"\0", b"\xff" * 600, b"\0" * 12):
            target = self.resolver(answer)
            self.expect("timeout", self.probe(target, "dns", query_name="example.test", query_type="A"))

    def test_a_resolver_whose_names_run_in_circles_is_a_protocol_error(self):
        # One question, one answer whose name is a pointer to itself.
        tail = struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
        question = b"\x07example\x04test\0" + struct.pack("!HH", 1, 1)
        loop = struct.pack("!H", 0xC000 + 12 + len(question)) + struct.pack("!HHIH", 1, 1, 60, 4) + b"\x7f\0\0\x01"
        target = self.resolver(tail + question + loop, keep_id=True)
        self.expect("protocol", self.probe(target, "dns", query_name="example.test", query_type="A"))

    def test_a_resolver_that_promises_more_over_tcp_times_out(self):
        def serve(connection):
            while connection.recv(4096):
                connection.sendall(b"\xff\xff" + b"\0" * 20)

        listener = self.listen(serve)
        settings = {"query_name": "example.test", "query_type": "A", "transport_protocol": "tcp"}
        self.expect("timeout", self.probe(listener.address, "dns", **settings))

    def resolver(self, answer, keep_id=False):
        """A UDP resolver that says `answer` to every question, with the question's id when asked to."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve():
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    question, peer = server.recvfrom(4096)
                    server.sendto((question[:2] if keep_id else b"") + answer, peer)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"


class DaemonBesideBadPeers(harness.IntegrationTest):
    """All of them at once, slot after slot."""

    def http(self, serve, **settings):
        url = f"http://{sockets.Listener(self, serve).address}/"
        return {"module": "http_2xx", "targets": [url], "with": settings}

    def tcp(self, serve):
        return {"module": "greeting", "targets": [sockets.Listener(self, serve).address]}

    def bad_ones(self):
        """{service: (its reason, its check)}"""
        gigabyte = flood(OK + b"Content-Length: 1073741824\r\n\r\n", b"x" * MEBIBYTE, 1 << 30)
        circle = say(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        return {
            "drip": ("timeout", self.http(drip(OK + b"Content-Length: 100000\r\n\r\n", b"a"))),
            "silence": ("timeout", self.http(sockets.stay_silent)),
            "reset": ("connect", self.http(say(b"", sockets.reset))),
            "lie": ("protocol", self.http(say(OK + b"Content-Length: 1000\r\n\r\nshort"))),
            "gigabyte": ("size", self.http(gigabyte, body_size_limit="1MB")),
            "circle": ("redirect", self.http(circle)),
            "full": ("timeout", {"module": "tcp_connect", "targets": [sockets.full_port(self)]}),
            "tcp-drip": ("timeout", self.tcp(drip_at_once(b"2"))),
            "tcp-reset": ("connect", self.tcp(sockets.reset)),
            "tcp-gigabyte": ("size", self.tcp(flood_at_once(b"z" * MEBIBYTE, 1 << 30))),
        }

    def good_ones(self):
        ok = say(OK + b"Content-Length: 2\r\n\r\nhi")
        checks = {"good": self.http(ok)}
        if harness.has_ipv6() and harness.names_ipv6("localhost"):
            port = sockets.Listener(self, ok, host="::1").port
            checks["six"] = {"module": "http_2xx", "targets": [f"http://localhost:{port}/"]}
        return checks

    def test_reasons_are_right_memory_is_bounded_and_the_others_do_not_notice(self):
        bad, good = self.bad_ones(), self.good_ones()
        config = ours.fast_services(0, [])
        config["modules"] = {"greeting": {"prober": "tcp", "tcp": {"query_response": [{"expect": "^220"}]}}}
        checks = good | {name: check for name, (_, check) in bad.items()}
        config["services"] = {name: {"checks": [check]} for name, check in checks.items()}
        exporter = ours.Exporter(self, self.write("sla.yml", ours.yaml_of(config))).start()
        begin = exporter.process.peak_bytes()
        harness.wait_for(lambda: min(runs(exporter.page(), name) for name in bad) >= 6, "six attempts at each", 60)
        page = exporter.page()
        for name, (reason, _) in bad.items():
            failures = {dict(ls)["reason"]: n for ls, n in page.all("sla_check_failures_total", sla_service=name).items() if n}
            self.assertEqual([reason], list(failures), name)
            self.assertEqual(0, page.one("sla_slots_total", sla_service=name, verdict="good"), name)
        for name in good:
            self.assertEqual(0, page.total("sla_check_failures_total", sla_service=name), page.text)
            self.assertEqual(0, page.one("sla_slots_total", sla_service=name, verdict="bad"), name)
            self.assertGreaterEqual(page.one("sla_slots_total", sla_service=name, verdict="good"), 3, name)
        if harness.JUDGES_FIGURES:
            self.assertLess(exporter.process.peak_bytes(), begin + MEMORY, "memory is not bounded")


def runs(page, service):
    return page.total("sla_check_runs_total", sla_service=service)


if __name__ == "__main__":
    harness.main()
