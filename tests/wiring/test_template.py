"""AWS's own tools read the template and find nothing."""

import os
import subprocess
import sys
from pathlib import Path

from deployment import TEMPLATE

TOOLS = Path(sys.executable).parent


def run(*command: str) -> None:
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=TEMPLATE.parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_cfn_lint_finds_nothing():
    run(str(TOOLS / "cfn-lint"), "--regions", "us-east-1", "us-west-2", "--", str(TEMPLATE))


def test_sam_takes_it():
    run(str(TOOLS / "sam"), "validate", "--lint", "--template", str(TEMPLATE))
