"""Starts a function again and again, as Lambda does, and measures: start to first poll of the Runtime API, and start to first
completed invocation. Compressed sizes besides. docs/performance.md has the command and the figures.

    python measure.py BUILT [--starts N]

BUILT is the folder that `cargo lambda build --release --output-format zip` fills: `target/lambda`. The functions' AWS calls go
to a local cloud of `cargo build -p perennial`, which runs as long as this does.
"""

import argparse
import os
import socket
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from local_cloud import ROOT, LocalCloud  # noqa: E402

FUNCTIONS = ["ingest", "train", "evaluate", "promote", "reconcile", "cleanup"]
MB = 1_000_000
MOST_BYTES = 4 * MB
# Seconds in which a function must come, or go on.
PATIENCE = 30
TICK = ROOT / "events" / "scheduled_rule_tick.json"
HERE = Path(__file__).resolve().parent


class Head:
    """Reads requests from one connection, whole."""

    def __init__(self, connection):
        self.connection = connection
        self.rest = b""

    def next(self) -> tuple[str, bytes]:
        """A request's first line and its body."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        if fields.get("transfer-encoding") == "chunked":
            while not self.rest.endswith(b"0\r\n\r\n"):
                self._more()
            self.rest = b""
        length = int(fields.get("content-length", 0))
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return lines[0], body

    def _more(self):
        piece = self.connection.recv(65536)
        if not piece:
            raise ConnectionError("the function closed the connection")
        self.rest += piece


def answer(connection, status: str, body: bytes, *fields: str) -> None:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *fields])
    connection.sendall(head.encode() + b"\r\n\r\n" + body)


def accept(server):
    """A connection of the function's that waits for nothing for ever: it does not have its timeout from the server."""
    connection, _ = server.accept()
    connection.settimeout(PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def start(command: list[str], environment: dict, tick: bytes) -> tuple[float, float]:
    """Milliseconds to the first poll, and to the first completed invocation, of one process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        environment = {**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.getsockname()[1]}"}
        quiet = os.open(os.devnull, os.O_WRONLY)
        began = time.perf_counter_ns()
        process = os.posix_spawn(command[0], command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2)])
        try:
            with accept(server) as connection:
                head = Head(connection)
                line, _ = head.next()
                polled = time.perf_counter_ns()
                assert line.startswith("GET /2018-06-01/runtime/invocation/next"), line
                deadline = f"lambda-runtime-deadline-ms: {int(time.time() * 1000) + 60_000}"
                arn = "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:reconcile"
                answer(connection, "200 OK", tick, "lambda-runtime-aws-request-id: request-1", deadline, arn)
                try:
                    line, body = head.next()
                except ConnectionError:
                    # The answer may come on a connection of its own.
                    with accept(server) as another:
                        line, body = Head(another).next()
                done = time.perf_counter_ns()
                assert line.startswith("POST /2018-06-01/runtime/invocation/request-1/response"), (line, body)
        finally:
            os.close(quiet)
            os.kill(process, 9)
            os.waitpid(process, 0)
    return (polled - began) / 1e6, (done - began) / 1e6


def summary(name: str, figures: list[float]) -> str:
    figures = sorted(figures)
    return f"{name}: median {statistics.median(figures):.1f} ms, from {figures[0]:.1f} to {figures[-1]:.1f}"


def sizes(built: Path) -> bool:
    small = True
    for name in FUNCTIONS:
        package = built / name / "bootstrap.zip"
        with zipfile.ZipFile(package) as opened:
            raw = sum(entry.file_size for entry in opened.infolist())
        with tempfile.NamedTemporaryFile() as again:
            with zipfile.ZipFile(package) as opened, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
                for entry in opened.infolist():
                    out.writestr(entry.filename, opened.read(entry))
            packed = os.path.getsize(again.name)
        small = small and packed < MOST_BYTES
        print(f"{name}: {packed / MB:.2f} MB compressed, {raw / MB:.2f} MB ({packed:,} and {raw:,} bytes)")
    return small


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("built", type=Path)
    arguments.add_argument("--starts", type=int, default=30)
    given = arguments.parse_args()
    if not sizes(given.built):
        print(f"a package is over {MOST_BYTES} bytes", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        package = zipfile.ZipFile(given.built / "reconcile" / "bootstrap.zip")
        bootstrap = package.extract("bootstrap", folder)
        os.chmod(bootstrap, 0o755)
        cloud = LocalCloud(Path(folder) / "cloud")
        try:
            return compare(given.starts, bootstrap, cloud)
        finally:
            cloud.stop()


def compare(starts: int, bootstrap: str, cloud: LocalCloud) -> int:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": "reconcile",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_DEFAULT_REGION": cloud.environment["AWS_REGION"],
        "PERENNIAL_JOB_ROLE_ARN": "arn:aws:iam::123456789012:role/jobs",
        "PERENNIAL_BUS": "default",
        "PERENNIAL_POLL_SECONDS": "60",
        **cloud.environment,
    }
    commands = {
        "Rust": [bootstrap],
        "Python with boto3": [sys.executable, str(HERE / "reconcile.py")],
    }
    tick = TICK.read_bytes()
    polls: dict[str, list[float]] = {name: [] for name in commands}
    dones: dict[str, list[float]] = {name: [] for name in commands}
    for round_ in range(starts + 1):
        for name, command in commands.items():
            polled, done = start(command, environment, tick)
            # The first start of each reads its files from the disk, and Python compiles its modules.
            if round_ > 0:
                polls[name].append(polled)
                dones[name].append(done)
    print(f"{starts} starts of each, in turn")
    for name in commands:
        print(summary(f"{name}, start to first poll", polls[name]))
        print(summary(f"{name}, start to first completed invocation", dones[name]))
    slow, fast = (statistics.median(polls[name]) for name in ("Python with boto3", "Rust"))
    print(f"to the first poll, Rust is {slow / fast:.0f} times as fast")
    slow, fast = (statistics.median(dones[name]) for name in ("Python with boto3", "Rust"))
    print(f"to the first completed invocation, Rust is {slow / fast:.0f} times as fast")
    return 0 if statistics.median(polls["Python with boto3"]) >= 50 * statistics.median(polls["Rust"]) else 1


if __name__ == "__main__":
    sys.exit(main())
