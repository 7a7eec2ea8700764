"""An AWS account by ministack, an emulator that is not ours: started on a free port of 127.0.0.1, with permissions enforced.

With AUTH=true ministack checks signatures, evaluates the policies of roles, queues, topics and buckets, and gives each
function a session of its own role. So what the template forgets to allow is denied here.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import botocore.config

ACCOUNT = "123456789012"
REGION = "us-east-1"
STARTS_WITHIN = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Account:
    """One running emulator, and clients that may do everything in it."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder = folder
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self._log = open(folder / "ministack.log", "wb")
        temporary = folder / "tmp"
        temporary.mkdir()
        own = {
            # Its default binds every interface.
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "AUTH": "true",
            "TMPDIR": str(temporary),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AWS_ACCESS_KEY_ID": "administrator",
            "AWS_SECRET_ACCESS_KEY": "administrators-key",
            # Reaches the functions and overrides theirs.
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        program = Path(sys.executable).with_name("ministack")
        self._process = subprocess.Popen(
            [program], env=keep | own | environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        self._own = own
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"ministack did not start within {STARTS_WITHIN} s: {self.log()}")

    def client(self, service: str):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self._own["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._own["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=120),
        )

    def credentials(self) -> dict[str, str]:
        """For the environment of AWS's commands."""
        names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        return {name: self._own[name] for name in names}

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text(errors="replace")

    def stop(self) -> None:
        """Ends this process and no other; its functions end with it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
