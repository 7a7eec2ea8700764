"""The official validators themselves, so far as they can be had: what each says on the text of a file.

The Nova Forge SDK comes from the package index at one version, checked by its digest, without its dependencies: of it only the
validators are loaded, which need pydantic and filetype, in place of what starts jobs and sends telemetry. In place of S3 stands a
bucket in which each object is there, small, and of the kind that its record declares.

The script of aws-samples/amazon-nova-samples is in no package index. Who has it names it: PERENNIAL_NOVA_VALIDATOR=/path/to/it.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import io
import json
import logging
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

VERSION = "1.4.10"
WHEEL = f"amzn_nova_forge-{VERSION}-py3-none-any.whl"
SHA256 = "b9058e061d0f91f4a792373991b334f87ec9ad1b72bd15539ab5205082ba309b"
PACKAGES = ("", ".core", ".dataset", ".util", ".validation")
SCRIPT = "PERENNIAL_NOVA_VALIDATOR"


def wheel(folder: Path) -> Path:
    """The SDK, fetched once."""
    path = folder / WHEEL
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        # It asks for Python 3.12 or newer, for its other parts: the validators run on any that pydantic runs on.
        fetched = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            + ["--only-binary=:all:", "--python-version", "3.12", "--dest", str(folder), f"amzn-nova-forge=={VERSION}"],
            capture_output=True,
            text=True,
        )
        if fetched.returncode != 0:
            # Without the chain that pytest would show: what is missing is the network, no line of this file.
            pytest.exit(
                f"amzn-nova-forge {VERSION} was not fetched; the package index must be within reach once:\n{fetched.stderr}",
                returncode=1,
            )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise RuntimeError(f"{path} is not the SDK that the statement was written from: its SHA-256 is {digest}")
    return path


class Bucket:
    """A stand-in for boto3 and its S3 client: every object that has a name is there, and small."""

    def __init__(self):
        self.declared = ""

    def client(self, *_, **__):
        return self

    def head_object(self, *, Bucket, Key):
        self._look(Bucket, Key)
        return {"ContentLength": 1024}

    def get_object(self, *, Bucket, Key, Range):
        self._look(Bucket, Key)
        return {"Body": io.BytesIO(b"the head of a file")}

    @staticmethod
    def _look(bucket, key):
        if not bucket or not key:
            raise ValueError("botocore takes no empty name")

    def match(self, _head):
        """In place of `filetype.match`: the object is what its record declares."""
        declared = self.declared.lower()
        return types.SimpleNamespace(extension="jpg" if declared == "jpeg" else declared)


class Forge:
    """The Nova Forge SDK's validators."""

    def __init__(self, folder: Path):
        path = wheel(folder)
        sys.path.insert(0, str(path))
        for suffix in PACKAGES:
            name = f"amzn_nova_forge{suffix}"
            # The packages' own beginnings load everything else.
            package = types.ModuleType(name)
            package.__path__ = [str(path / name.replace(".", "/"))]
            sys.modules[name] = package
        bucket = Bucket()
        sys.modules["boto3"] = bucket
        self.validators = importlib.import_module("amzn_nova_forge.dataset.dataset_validator")
        self.models = importlib.import_module("amzn_nova_forge.core.enums").Model
        base = importlib.import_module("amzn_nova_forge.dataset.dataset_validator.dataset_validator")
        base.filetype = bucket
        look = base._validate_format_allowlist

        def declared(instance, validation, context):
            bucket.declared = instance.format
            look(instance, validation, context)

        base._EXECUTORS["format_allowlist"] = declared
        # Both open the object itself.
        del base._EXECUTORS["image_dimensions"], base._EXECUTORS["video_duration"]
        importlib.import_module("amzn_nova_forge.util.logging").logger.setLevel(logging.CRITICAL)

    def says(self, validator: str, model: str, text: str) -> str | None:
        """Why it refuses the file; None if it does not."""
        model = {
            "micro": self.models.NOVA_MICRO,
            "lite": self.models.NOVA_LITE,
            "pro": self.models.NOVA_PRO,
            "lite-2.0": self.models.NOVA_LITE_2,
        }[model]
        made = {
            "F": self.validators.SFTDatasetValidator,
            "F cpt": self.validators.CPTDatasetValidator,
            "F rft": lambda: self.validators.RFTDatasetValidator(model),
        }[validator]()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                made.validate(records(text), model)
        except Exception as error:  # Whatever ends the validation is a refusal.
            return f"{type(error).__name__}: {error}"
        return None


def records(text: str):
    """As the SDK's JSONLDatasetLoader reads a file, which cannot be loaded without everything else."""
    for line in io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8-sig"):
        line = line.strip()
        if line:
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(line)


class Script:
    """The AWS Nova Dataset Validator, where somebody has it."""

    def __init__(self, folder: Path):
        path = Path(os.environ[SCRIPT])
        spec = importlib.util.spec_from_file_location("nova_ft_dataset_validator", path)
        self.module = importlib.util.module_from_spec(spec)
        # It declares dataclasses, which look their module up.
        sys.modules[spec.name] = self.module
        spec.loader.exec_module(self.module)
        self.file = folder / "file.jsonl"

    def says(self, validator: str, model: str, text: str) -> str | None:
        """Why it refuses the file; None if it does not. It is told to go on behind a bad sample, and no bounds."""
        self.file.write_bytes(text.encode())
        task = self.module.TaskType[{"V": "SFT", "V cpt": "CPT", "V rft": "RFT"}[validator]]
        report = self.module.validate_jsonl_file(str(self.file), model, task, skip_bad_samples=True)
        return report.summary() if report.errors else None
