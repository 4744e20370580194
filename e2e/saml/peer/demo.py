"""The program under test: starts a demo, reads what it logged and stored, ends it."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

START_S_MAX = 30
"""Longest start that is waited for: a busy machine with a debug build needs some seconds."""

STOP_S_MAX = 15
"""Longest stop: running requests may finish."""

TABLES = ("once", "grants", "records", "lookup")
"""Everything that a store keeps of a request, but for the audit."""


def program() -> str:
    """`SLUIS`, or what `cargo build` left."""
    target = os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")
    return os.environ.get("SLUIS", str(Path(target) / "debug" / "sluis"))


class Demo:
    """A demo that serves."""

    def __init__(self, input_folder: Path, *arguments: str):
        self.state = Path(tempfile.mkdtemp(prefix="sluis-e2e-saml-state-"))
        self._printed = tempfile.TemporaryFile()
        ordered = ["demo", "--port", "0", "--state", str(self.state), "--input", str(input_folder)]
        self._process = subprocess.Popen(
            [program(), *ordered, *arguments], stdout=self._printed, stderr=subprocess.STDOUT
        )
        try:
            self.told = self._ready()
        except BaseException:
            self.stop()
            raise

    def _ready(self) -> dict:
        until = time.monotonic() + START_S_MAX
        while time.monotonic() < until and self._process.poll() is None:
            file = self.state / "demo.json"
            told = json.loads(file.read_text()) if file.exists() else {}
            if told.get("ready"):
                return told
            time.sleep(0.02)
        raise AssertionError(f"the demo did not start:\n{self.output()}")

    @property
    def authority(self) -> Path:
        return Path(self.told["ca_file"])

    def url(self, host: str, rest: str = "") -> str:
        """The base URL of a host, or of a path there."""
        return self.told["hosts"][host] + rest

    def bsn(self, name: str) -> str:
        """The BSN of somebody of the sample, by given name."""
        return next(p["bsn"] for p in self.told["people"] if p["name"].split()[0] == name)

    def output(self) -> str:
        """Everything that it printed."""
        self._printed.seek(0)
        return self._printed.read().decode()

    def log(self) -> str:
        return (self.state / "log.jsonl").read_text()

    def refusals(self, trace: str) -> list[str]:
        """The requirements by which something was refused under this trace id."""
        lines = [json.loads(line) for line in self.log().splitlines()]
        return [line["requirement"] for line in lines if line["trace_id"] == trace]

    def rows(self, party: str) -> dict[str, set]:
        """Every row of a party's store, by table."""
        with self._store(party) as store:
            return {table: set(store.execute(f"SELECT * FROM {table}")) for table in TABLES}

    def audit(self, party: str) -> list[tuple[str, str, bytes | None]]:
        """A party's audit: requirement, outcome, and about whom."""
        with self._store(party) as store:
            told = "SELECT requirement, outcome, whose FROM audit ORDER BY seq"
            return store.execute(told).fetchall()

    def _store(self, party: str):
        file = self.state / party / "store.sqlite3"
        return closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True))

    def stop(self):
        """Asks it to stop, and takes away what it kept."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._printed.close()
        shutil.rmtree(self.state, ignore_errors=True)
