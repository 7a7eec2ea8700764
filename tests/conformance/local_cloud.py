"""The real `perennial local`, started on a free port of 127.0.0.1 in a folder of its own, and its control endpoint."""

import json
import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 30.0


def program() -> Path:
    """The binary under test: PERENNIAL_BIN, else the one that `cargo build -p perennial` makes."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = Path(os.environ.get("PERENNIAL_BIN", target / "debug" / "perennial"))
    if not path.is_file():
        raise RuntimeError(f"there is no {path}; `cargo build -p perennial` makes it")
    return path


class LocalCloud:
    """One running cloud."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._log = open(folder.parent / "local-cloud.log", "wb")
        command = [str(program()), "local", "--dir", str(folder), "--port", "0"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        try:
            self.environment = self._wait()
        except BaseException:
            self.stop()
            raise
        self.endpoint = self.environment["AWS_ENDPOINT_URL"]

    def _wait(self) -> dict:
        until = time.monotonic() + STARTS_WITHIN
        command = [str(program()), "local", "env", "--dir", str(self.folder)]
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            asked = subprocess.run(command, capture_output=True, text=True)
            exports = dict(re.findall(r"^export (\w+)=(.*)$", asked.stdout, re.MULTILINE))
            if asked.returncode == 0 and "AWS_ENDPOINT_URL" in exports:
                try:
                    self._ask(exports["AWS_ENDPOINT_URL"], "GET", "health")
                    return exports
                except OSError:
                    pass
            time.sleep(0.05)
        log = Path(self._log.name).read_text(errors="replace")
        raise RuntimeError(f"`perennial local` did not start within {STARTS_WITHIN} s: {log}")

    @staticmethod
    def _ask(endpoint: str, method: str, path: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{endpoint}/_perennial/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def control(self, method: str, path: str, body=None):
        """Asks the control endpoint (docs/local-cloud.md)."""
        return self._ask(self.endpoint, method, path, body)

    def advance(self, seconds: int) -> None:
        """Moves the cloud's clock forward; jobs and deployments move on with the next tick."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def stop(self) -> None:
        """Ends this process and no other."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def wait_for(look, wanted, seconds: float = 20.0):
    """Looks until `wanted` holds of what is seen, and gives it."""
    until = time.monotonic() + seconds
    while True:
        seen = look()
        if wanted(seen):
            return seen
        if time.monotonic() > until:
            raise AssertionError(f"within {seconds} s it did not come to what was waited for; at last: {seen}")
        time.sleep(0.05)
