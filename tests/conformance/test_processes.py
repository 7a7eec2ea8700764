"""A run that is broken off leaves no process behind: not the one that it started, and not what that one started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import local_cloud
from local_cloud import wait_for

# A run that starts a program, which starts another, and then waits; when both are there it says who they are. Under
# `nohup`, or in the background, what breaks a run off is ignored by whatever is started: here it is not.
RUN = """
import signal, subprocess, time

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
from local_cloud import start

program = "echo $$; sleep 600 & echo $!; wait"
started = start(["sh", "-c", program], stdout=subprocess.PIPE, text=True)
print(started.stdout.readline() + started.stdout.readline(), end="", flush=True)
time.sleep(600)
"""


def lives(process: int) -> bool:
    """Whether it is there and not dead; one whose parent has gone may wait for a while to be taken note of."""
    stat = Path(f"/proc/{process}/stat")
    if Path("/proc/self/stat").exists():
        try:
            return stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda sent: sent.name)
def test_what_a_run_started_ends_with_it(sent):
    folder = Path(local_cloud.__file__).parent
    broken = subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        started = [int(broken.stdout.readline()) for _ in range(2)]
        assert all(lives(process) for process in started)
        broken.send_signal(sent)
        broken.wait(30)
    finally:
        broken.kill()
        broken.communicate()
    wait_for(lambda: [process for process in started if lives(process)], lambda left: not left)
