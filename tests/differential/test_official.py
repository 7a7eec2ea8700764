"""What our statement says of the official validators is what they say themselves, on each file of the differential test."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import official

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
FOLDER = TARGET / "differential"


@pytest.fixture(scope="session")
def verdicts() -> dict[str, list[dict]]:
    """By validator: each file, and what our statement says of it."""
    program = TARGET / "debug" / "perennial-differential"
    if not program.is_file():
        raise RuntimeError(f"there is no {program}; `cargo build --workspace --bins` makes it")
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = FOLDER / "verdicts.jsonl"
    subprocess.run([program, written], check=True, stdout=subprocess.DEVNULL)
    by_validator: dict[str, list[dict]] = {}
    with written.open(encoding="utf-8") as lines:
        # Not by `splitlines`, which cuts at U+2028 as well.
        for line in lines:
            verdict = json.loads(line)
            by_validator.setdefault(verdict["validator"], []).append(verdict)
    return by_validator


@pytest.fixture(scope="session")
def forge() -> official.Forge:
    return official.Forge(FOLDER)


@pytest.fixture(scope="session")
def script() -> official.Script:
    if official.SCRIPT not in os.environ:
        pytest.skip(f"the script is in no package index: {official.SCRIPT}=/path/to/nova_ft_dataset_validator.py names it")
    return official.Script(FOLDER)


def compare(stated: list[dict], validator) -> list[str]:
    """The files on which the two differ, in words."""
    wrong = []
    for verdict in stated:
        said = validator.says(verdict["validator"], verdict["model"], verdict["text"])
        checks = sorted({refusal["check"] for refusal in verdict["refusals"]})
        if (said is None) != (not checks):
            wrong.append(f"{verdict['story']}: stated {checks}, said {said}\n    {verdict['text'][:400]}")
        elif len(verdict["refusals"]) == 1:
            # One check alone must be the one that it means.
            words = verdict["refusals"][0]["words"]
            if validator.__class__ is official.Forge and words not in said:
                wrong.append(f"{verdict['story']}: stated {checks} with “{words}”, said {said}")
    return wrong


@pytest.mark.parametrize("name", ["F", "F cpt", "F rft"])
def test_the_nova_forge_sdk_says_what_is_stated(name, verdicts, forge):
    stated = verdicts[name]
    refused = sum(bool(verdict["refusals"]) for verdict in stated)
    print(f"{name}: {len(stated)} files, {refused} refused")
    assert refused > 100 and len(stated) - refused > 100
    wrong = compare(stated, forge)
    assert not wrong, f"{len(wrong)} of {len(stated)}:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("name", ["V", "V cpt", "V rft"])
def test_the_nova_dataset_validator_says_what_is_stated(name, verdicts, script):
    stated = verdicts[name]
    wrong = compare(stated, script)
    assert not wrong, f"{len(wrong)} of {len(stated)}:\n" + "\n".join(wrong[:20])


def test_a_wrong_statement_is_noticed(forge):
    record = {"schemaVersion": "bedrock-conversation-2024", "messages": []}
    verdict = {"validator": "F", "model": "lite", "story": "no messages", "text": json.dumps(record), "refusals": []}
    assert compare([verdict], forge)
    verdict["refusals"] = [{"check": "role-name", "words": "Invalid value for role"}]
    assert compare([verdict], forge)
    verdict["refusals"] = [{"check": "two-messages", "words": "are needed in sample"}]
    assert not compare([verdict], forge)
