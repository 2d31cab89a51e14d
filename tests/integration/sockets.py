"""Small servers on threads of the test: one that says nothing, one that refuses, a mail server with STARTTLS, peers
that misbehave, and a relay that keeps what was said. Each listens on loopback, on a port of its own, and is closed with
the test.
"""

import contextlib
import http.client
import io
import socket
import ssl
import struct
import threading


class Listener:
    """Accepts connections and gives each to `serve(connection)` on a thread."""

    def __init__(self, test, serve, host="127.0.0.1", receive_bytes=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.serve = serve
        self.closing = threading.Event()
        self.connections = []
        self.socket = socket.socket(family)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.bind((host, 0))
        self.socket.listen(64)
        self.host, self.port = host, self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        test.addCleanup(self.close)

    def accept(self):
        while not self.closing.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        # The other side going away is what most of these servers are for.
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            self.serve(connection)
        if self.serve is not stay_silent:
            connection.close()

    def close(self):
        self.closing.set()
        for open_socket in [self.socket, *self.connections]:
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()

    @property
    def address(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def stay_silent(connection):
    """Accepts and never says a word; the connection stays open until the test ends."""


class Relay(Listener):
    """Passes HTTP on to `port` and keeps the heads of the first request and the first answer of each connection."""

    KEPT = 16384

    def __init__(self, test, port):
        self.behind = port
        self.exchanges = []
        super().__init__(test, self.pass_on)

    def pass_on(self, connection):
        upstream = socket.create_connection((self.host, self.behind))
        self.connections.append(upstream)
        asked, answered = bytearray(), bytearray()
        self.exchanges.append((asked, answered))
        threading.Thread(target=self.pump, args=(upstream, connection, answered), daemon=True).start()
        self.pump(connection, upstream, asked)

    def pump(self, source, sink, kept):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                kept += data[: self.KEPT - len(kept)]
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def heads(self):
        """(headers of the request, headers of the answer) where both are complete."""
        whole = [both for both in self.exchanges if all(b"\r\n\r\n" in said for said in both)]
        return [tuple(headers_of(bytes(said)) for said in both) for both in whole]


def headers_of(said):
    stream = io.BytesIO(said)
    stream.readline()
    return http.client.parse_headers(stream)


def refused_port(test):
    """A port that is taken but not listened on: connecting is refused for as long as the test runs."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    test.addCleanup(taken.close)
    return taken.getsockname()[1]


def full_port(test):
    """An address whose queue of connections is full: whoever connects waits for an answer that does not come."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    test.addCleanup(listener.close)
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
        test.addCleanup(waiting.close)
    return f"127.0.0.1:{listener.getsockname()[1]}"


def reset(connection):
    """Closes so that the peer sees a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_request(connection):
    """An HTTP request up to its empty line."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    return data


def smtp_server(certificate, key):
    """A `serve` for Listener: enough SMTP for a STARTTLS dialog."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(connection):
        stream = connection
        try:
            stream = dialog(connection)
        finally:
            stream.close()

    def dialog(connection):
        connection.sendall(b"220 mail.example.test ESMTP ready\r\n")
        stream = connection
        while line := read_line(stream):
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                stream.sendall(b"250-mail.example.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
            elif verb == b"STARTTLS":
                stream.sendall(b"220 2.0.0 ready to start TLS\r\n")
                stream = context.wrap_socket(stream, server_side=True)
            elif verb == b"QUIT":
                stream.sendall(b"221 2.0.0 bye\r\n")
                break
            else:
                stream.sendall(b"500 5.5.1 command unrecognised\r\n")
        return stream

    return serve


def read_line(stream):
    line = b""
    while not line.endswith(b"\n"):
        byte = stream.recv(1)
        if not byte:
            return line
        line += byte
    return line
