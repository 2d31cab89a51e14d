"""What we ship for running the program is sound: Prometheus and Alertmanager accept their examples, the systemd unit
is as closed as promised, and the shell scripts parse. A tool that is not installed skips its test.
"""

import pathlib
import re
import shutil
import subprocess
import tempfile

import house

DEPLOY = house.ROOT / "deploy"
UNIT = DEPLOY / "systemd/sla-exporter.service"
MAX_EXPOSURE = 1.5


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


def exposure(unit):
    """The figure of `systemd-analyze security`: 0 is closed, 10 is open."""
    result = run("systemd-analyze", "security", "--offline=true", unit)
    match = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    if not match:
        raise AssertionError(f"systemd-analyze gave no figure: {result.stdout}{result.stderr}")
    return float(match.group(1))


class Tools(house.Rule):
    def need(self, tool):
        if shutil.which(tool) is None:
            self.skipTest(f"{tool} is not installed; deploy/install-deps --tests brings it")


class SelfTest(Tools):
    def test_an_open_unit_is_caught(self):
        self.need("systemd-analyze")
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "open.service")
            unit.write_text("[Service]\nExecStart=/bin/true\n")
            self.assertGreater(exposure(unit), MAX_EXPOSURE)

    def test_a_broken_example_is_caught(self):
        self.need("promtool")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "prometheus.yml")
            file.write_text("scrape_config: []\n")
            self.assertNotEqual(0, run("promtool", "check", "config", file).returncode)


class TheTree(Tools):
    def test_prometheus_accepts_its_example(self):
        self.need("promtool")
        result = run("promtool", "check", "config", DEPLOY / "prometheus/prometheus.yml")
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_alertmanager_accepts_its_example(self):
        self.need("amtool")
        result = run("amtool", "check-config", DEPLOY / "alertmanager/alertmanager.yml")
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_the_unit_is_closed(self):
        self.need("systemd-analyze")
        self.assertLessEqual(exposure(UNIT), MAX_EXPOSURE)

    def test_the_unit_has_no_unknown_key(self):
        self.need("systemd-analyze")
        # The program is not installed here, and that is all there may be to say.
        result = run("systemd-analyze", "verify", "--man=no", UNIT)
        complaints = [line for line in result.stderr.splitlines() if UNIT.name in line]
        self.hold((line for line in complaints if "is not executable" not in line), "See systemd.exec(5).")

    def test_scripts_parse(self):
        for script in ("quickstart", "install-deps"):
            result = run("bash", "-n", DEPLOY / script)
            self.assertEqual(0, result.returncode, result.stderr)


if __name__ == "__main__":
    house.main()
