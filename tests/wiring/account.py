"""An AWS account by ministack, an emulator that is not ours: started on a free port of 127.0.0.1, with permissions enforced.

With AUTH=true ministack checks signatures, evaluates the policies of roles, queues, topics and buckets, and gives each
function a session of its own role. So what the template forgets to allow is denied here.
"""

import os
import sys
import time
import urllib.request
from pathlib import Path

from local_cloud import Clients, end, free_port, start

ACCOUNT = "123456789012"
REGION = "us-east-1"
STARTS_WITHIN = 30.0


class Account:
    """One running emulator, and `client`, which gives a client for a service that may do everything in it."""

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
        self._process = start([program], env=keep | own | environment, cwd=folder, stdout=self._log, stderr=self._log)
        self._own = own
        self.client = Clients(self.endpoint, own["AWS_ACCESS_KEY_ID"], own["AWS_SECRET_ACCESS_KEY"], REGION)
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

    def credentials(self) -> dict[str, str]:
        """For the environment of AWS's commands."""
        names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        return {name: self._own[name] for name in names}

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text(errors="replace")

    def stop(self) -> None:
        """Ends it, with its functions."""
        end(self._process)
        self._log.close()
