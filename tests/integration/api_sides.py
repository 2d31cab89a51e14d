"""Our HTTP API and a real Prometheus over the same samples, given as OpenMetrics text with timestamps."""

import urllib.parse

import harness
import peers

API_SERVER = harness.BUILD / "tests" / "api_server"


class Form(dict):
    """Parameters that are sent as a form."""


class Sides:
    """The two servers."""

    def __init__(self, test, text):
        file = test.write("samples.om", text)
        blocks = test.folder / "blocks"
        (promtool,) = test.need("promtool")
        done = harness.run([promtool, "tsdb", "create-blocks-from", "openmetrics", file, blocks])
        test.assertEqual(0, done.code, done)
        self.peer = peers.Prometheus(test, "", f"127.0.0.1:{harness.free_port()}", blocks)
        self.ours = ApiServer(test, file)

    def ask(self, path, parameters):
        """(ours, theirs)"""
        return tuple(ask(base, path, parameters) for base in (self.ours.url, self.peer.url))


class ApiServer:
    def __init__(self, test, samples, *options):
        self.process = test.start([API_SERVER, "--samples", samples, *options], "api_server", ours=True)
        self.port = harness.wait_for(self.printed_port, "the API server")
        self.url = f"http://127.0.0.1:{self.port}"

    def printed_port(self):
        if not self.process.running():
            raise AssertionError(f"api_server ended:\n{self.process.output()}")
        return int(self.process.output().splitlines()[0])


def ask(base, path, parameters):
    text = urllib.parse.urlencode(parameters, doseq=True)
    url = f"{base}/api/v1/{urllib.parse.quote(path)}"
    if isinstance(parameters, Form):
        return harness.fetch(url, "POST", {"Content-Type": "application/x-www-form-urlencoded"}, data=text.encode())
    return harness.fetch(f"{url}?{text}")
