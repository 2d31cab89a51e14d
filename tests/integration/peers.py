"""Real peers from Debian for the integration tests: nginx, knot, the blackbox exporter, Prometheus, Alertmanager, a
mail server, and certificates from openssl. Each is started on free ports in the folder of the test and ends with it.
"""

import email
import email.policy
import json
import ssl
import textwrap
import urllib.parse

import harness

CA_CONFIG = """
[ca]
default_ca = it
[it]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {common_name}
[ca_extensions]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""


class Certificates:
    """A certificate authority in the test's folder and what it signs."""

    def __init__(self, test):
        test.need("openssl")
        self.test = test
        self.folder = test.folder / "ca"
        self.folder.mkdir()
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n")
        self.ca_file = self.folder / "ca.pem"
        self.ca_key = self.folder / "ca.key"
        config = self.config("Test authority")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                     "-config", config, "-extensions", "ca_extensions", "-keyout", self.ca_key, "-out", self.ca_file)

    def config(self, common_name):
        path = self.folder / "openssl.cnf"
        path.write_text(CA_CONFIG.format(folder=self.folder, common_name=common_name))
        return path

    def openssl(self, *words):
        done = harness.run(["openssl", *words])
        self.test.assertEqual(0, done.code, f"openssl {words[0]}: {done}")

    def sign(self, name, begin="20240101000000Z", end="20450101000000Z", names="DNS:localhost,IP:127.0.0.1,IP:::1"):
        """(certificate file, key file) of a server; `end` in the past makes an expired one."""
        request, certificate, key = (self.folder / f"{name}.{kind}" for kind in ("csr", "pem", "key"))
        config = self.config("localhost")
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", config,
                     "-addext", f"subjectAltName={names}", "-keyout", key, "-out", request)
        self.openssl("ca", "-batch", "-notext", "-config", config, "-cert", self.ca_file, "-keyfile", self.ca_key,
                     "-startdate", begin, "-enddate", end, "-in", request, "-out", certificate)
        return certificate, key


class Nginx:
    """nginx with the server blocks it is given; `listen` lines use the ports of `ports`."""

    def __init__(self, test, servers):
        (program,) = test.need("nginx")
        folder = test.folder / "nginx"
        (folder / "www").mkdir(parents=True)
        (folder / "www" / "index.html").write_text("<html><title>It works</title><body>Hello</body></html>\n")
        temporary = "".join(
            f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # One process without a master: it runs as we do and ends with its id.
        config = folder / "nginx.conf"
        config.write_text(
            f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
            f"events {{ worker_connections 512; }}\nhttp {{\n{temporary}  access_log off;\n  root {folder}/www;\n"
            f"{textwrap.indent(servers, '  ')}\n}}\n"
        )
        self.process = test.start([program, "-p", folder, "-c", config], "nginx")


class Knot:
    """knot with the zone example.test on loopback."""

    ZONE = """\
$ORIGIN example.test.
$TTL 300
@   SOA ns hostmaster 2026010101 3600 600 86400 300
@   NS  ns
@   MX  10 mail
@   TXT "v=spf1 mx -all"
ns  A   127.0.0.1
www A   192.0.2.10
www A   192.0.2.11
www AAAA 2001:db8::10
"""

    def __init__(self, test):
        (program,) = test.need("knotd")
        folder = test.folder / "knot"
        folder.mkdir()
        self.port = harness.free_port()
        (folder / "example.test.zone").write_text(self.ZONE)
        config = folder / "knot.conf"
        config.write_text(
            f'server:\n  rundir: "{folder}"\n  listen: 127.0.0.1@{self.port}\n  udp-workers: 1\n  tcp-workers: 1\n'
            f'  background-workers: 1\ndatabase:\n  storage: "{folder}"\nlog:\n  - target: stderr\n    any: info\n'
            f'zone:\n  - domain: example.test\n    storage: "{folder}"\n    file: example.test.zone\n'
        )
        self.process = test.start([program, "-c", config], "knot")
        harness.wait_for(self.loaded, "knot to load its zone")

    def loaded(self):
        if not self.process.running():
            raise AssertionError(f"knotd ended:\n{self.process.output()}")
        return "server started" in self.process.output() and "loaded" in self.process.output()


class Blackbox:
    """Debian's blackbox exporter with the given modules."""

    def __init__(self, test, modules):
        (program,) = test.need("prometheus-blackbox-exporter")
        # JSON is YAML, and needs no library to write.
        config = test.write("blackbox.yml", json.dumps({"modules": modules}))
        self.url = f"http://127.0.0.1:{harness.free_port()}"
        self.process = test.start(
            [program, f"--config.file={config}", f"--web.listen-address={self.url[7:]}"], "blackbox"
        )
        test.wait_until_up(self.process, self.url + "/-/healthy")

    def probe(self, module, target):
        """The text of one probe."""
        query = urllib.parse.urlencode({"module": module, "target": target})
        return harness.fetch(f"{self.url}/probe?{query}").text


class Prometheus:
    """Debian's Prometheus on `address` with the text of a configuration; `data` may be blocks of samples of any age."""

    def __init__(self, test, config, address, data=None):
        (program,) = test.need("prometheus")
        path = test.write("prometheus.yml", config)
        self.url = f"http://{address}"
        self.process = test.start(
            [program, f"--config.file={path}", f"--storage.tsdb.path={data or test.folder / 'tsdb'}",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address={address}"], "prometheus"
        )
        test.wait_until_up(self.process, self.url + "/-/ready")

    def api(self, path, **query):
        """The data of an API answer; an error of the query is a failure that names it."""
        answer = harness.fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}")
        reply = json.loads(answer.text)
        if reply["status"] != "success":
            raise AssertionError(f"{path} {query}: {reply.get('error')}")
        return reply["data"]

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        data = self.api("query", query=expression)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def query_range(self, expression, start, end, step=1):
        """[(labels, [value])] of a range query."""
        data = self.api("query_range", query=expression, start=start, end=end, step=step)
        return [(one["metric"], [float(value) for _, value in one["values"]]) for one in data["result"]]


class Alertmanager:
    """Debian's Alertmanager, alone on its port; `web` is the path of a web configuration."""

    CONFIG = "route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n"

    def __init__(self, test, name="alertmanager", web=None):
        (self.program,) = test.need("prometheus-alertmanager")
        self.test, self.name, self.web = test, name, web
        self.port = harness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = test.write(f"{name}.yml", self.CONFIG)
        self.starts = 0

    def start(self):
        """Begins empty: it keeps alerts in memory alone."""
        self.starts += 1
        extra = [f"--web.config.file={self.web}"] if self.web else []
        self.process = self.test.start(
            [self.program, f"--config.file={self.config}", f"--storage.path={self.test.folder / self.name}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=", *extra],
            f"{self.name}-{self.starts}")
        if not self.web:
            self.test.wait_until_up(self.process, self.url + "/-/ready")
        return self

    def stop(self):
        self.process.stop()

    def alerts(self, opener=harness.fetch):
        """{name: alert} of those that fire."""
        return {a["labels"]["alertname"]: a for a in json.loads(opener(self.url + "/api/v2/alerts").text)}


class MailServer:
    """aiosmtpd in a thread: STARTTLS and a login are required before it takes a mail."""

    USER, PASSWORD = "sla", "a secret: \u00e9"

    def __init__(self, test, certificate, key):
        try:
            from aiosmtpd.controller import Controller
            from aiosmtpd.smtp import AuthResult
        except ImportError:
            test.skipTest("python3-aiosmtpd not installed: deploy/install-deps --tests")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        self.mails = []  # (envelope, message)

        def login(server, session, envelope, mechanism, data):
            good = (data.login, data.password) == (self.USER.encode(), self.PASSWORD.encode())
            return AuthResult(success=good, handled=False)

        self.port = harness.free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, tls_context=context,
                                     require_starttls=True, authenticator=login, auth_required=True)
        self.controller.start()
        test.addCleanup(self.controller.stop)

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope, message))
        return "250 taken"
