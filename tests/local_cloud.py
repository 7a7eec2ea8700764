"""What the Python suites share: the real `perennial local` in a folder of its own, AWS's SDK for Python, and processes that end
with whoever started them. `pytest.ini` puts this folder on the path of every suite.
"""

import atexit
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import boto3.session
import botocore.config

ROOT = Path(__file__).resolve().parents[1]
STARTS_WITHIN = 30.0
ENDS_WITHIN = 10.0


def binary(name: str) -> Path:
    """A program that `cargo build --workspace --bins` made. A relative CARGO_TARGET_DIR is one of the workspace's root."""
    path = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug" / name
    if not path.is_file():
        raise RuntimeError(f"there is no {path}; `cargo build --workspace --bins` makes it")
    return path


def program() -> Path:
    """The command under test: PERENNIAL_BIN, else the one that cargo made."""
    named = os.environ.get("PERENNIAL_BIN")
    return ROOT / named if named else binary("perennial")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# --- processes

# Whoever ends the tests ends them as Ctrl-C does: fixtures and `finally` end what was started.
for _sent in (signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_sent) is signal.SIG_DFL:
        signal.signal(_sent, signal.default_int_handler)

_started: list[subprocess.Popen] = []


def start(command: list, **how) -> subprocess.Popen:
    """Starts a process in a group of its own, so that `end` reaches whatever it starts as well."""
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, start_new_session=True, **how)
    _started.append(process)
    return process


def end(process: subprocess.Popen) -> None:
    """Ends a process of `start`'s: as it is used to, or by force after ten seconds; and by force what it left behind."""
    if process not in _started:
        return
    process.terminate()
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody is left. (macOS says that it is not permitted.)
        pass
    process.wait()
    _started.remove(process)


@atexit.register
def _end_all() -> None:
    for process in list(_started):
        end(process)


# --- clients


class Clients:
    """AWS's SDK for one endpoint: a client for each service, made once. Many threads may use one, but not make one."""

    def __init__(self, endpoint: str, key: str, secret: str, region: str):
        self._endpoint = endpoint
        self._session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)
        self._lock = threading.Lock()
        self._made: dict[str, object] = {}

    def __call__(self, service: str):
        with self._lock:
            if service not in self._made:
                self._made[service] = self._session.client(
                    service,
                    endpoint_url=self._endpoint,
                    config=botocore.config.Config(
                        retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=120
                    ),
                )
            return self._made[service]


# --- the local cloud


class LocalCloud:
    """One running cloud, and `client`, which gives a client of it for a service."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._log = open(folder.parent / "local-cloud.log", "wb")
        command = [program(), "local", "--dir", folder, "--port", "0"]
        self._process = start(command, stdout=self._log, stderr=self._log)
        try:
            self.environment = self._wait()
        except BaseException:
            self.stop()
            raise
        self.endpoint = self.environment["AWS_ENDPOINT_URL"]
        self.client = Clients(
            self.endpoint,
            self.environment["AWS_ACCESS_KEY_ID"],
            self.environment["AWS_SECRET_ACCESS_KEY"],
            self.environment["AWS_REGION"],
        )

    def _wait(self) -> dict:
        until = time.monotonic() + STARTS_WITHIN
        command = [program(), "local", "env", "--dir", self.folder]
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            asked = subprocess.run(command, capture_output=True, text=True, timeout=STARTS_WITHIN)
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
        end(self._process)
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
