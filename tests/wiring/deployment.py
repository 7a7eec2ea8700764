"""infra/template.yaml, deployed and removed by AWS's own `sam`."""

import os
import re
import subprocess
import sys
from pathlib import Path

from account import REGION, Account
from local_cloud import ROOT, binary

TEMPLATE = ROOT / "infra" / "template.yaml"
FUNCTIONS = ["ingest", "train", "evaluate", "promote", "reconcile", "cleanup"]
PACKAGES = "packages"
STACK = "perennial"


def build(template: str, folder: Path) -> Path:
    """What `sam build` would leave: a template beside a folder for each function, with its `bootstrap` in it.

    The bootstrap starts the binary where cargo left it; a debug binary has 70 MB.
    """
    template, places = re.subn(r"CodeUri: \.\./functions/(\w+)", r"CodeUri: \1", template)
    assert places == len(FUNCTIONS), f"{places} of {len(FUNCTIONS)} functions name their code"
    for function in FUNCTIONS:
        bootstrap = folder / function / "bootstrap"
        bootstrap.parent.mkdir(parents=True)
        bootstrap.write_text(f"#!/bin/sh\nexec '{binary(function)}'\n")
        bootstrap.chmod(0o755)
    built = folder / "template.yaml"
    built.write_text(template)
    return built


def sam(account: Account, *arguments: str) -> str:
    """AWS's own command, at the emulator."""
    command = [str(Path(sys.executable).with_name("sam")), *arguments, "--region", REGION]
    environment = {"PATH": os.environ["PATH"], "HOME": str(account.folder), "SAM_CLI_TELEMETRY": "0"} | account.credentials()
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=account.folder)
    assert ran.returncode == 0, f"sam {' '.join(arguments[:1])}:\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}\n{account.log()[-3000:]}"
    return ran.stdout


def deploy(account: Account, template: str, parameters: dict[str, str]) -> dict[str, str]:
    """Deploys as docs/deploy.md says, and answers the stack's outputs."""
    built = build(template, account.folder / "build")
    account.client("s3").create_bucket(Bucket=PACKAGES)
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    sam(
        account,
        *("deploy", "--stack-name", STACK, "--template-file", str(built), "--s3-bucket", PACKAGES),
        *("--capabilities", "CAPABILITY_IAM", "--no-progressbar", "--parameter-overrides", *overrides),
    )
    # ministack 1.5.33 keeps a number that came by Ref as text, and its poller compares it with numbers.
    functions = account.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 2})
    stack = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def remove(account: Account) -> None:
    """As docs/deploy.md says."""
    sam(account, "delete", "--stack-name", STACK, "--no-prompts")
