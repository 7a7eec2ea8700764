"""One tool that is not ours over one file, and one line of JSON about it, as the binary of tests/dataset-bench prints it.

    python compare.py TOOL [--threads N] [--runs N] FILE

Timed is the work itself: the interpreter is up and the tool imported before. Status 3 says that the tool cannot be measured here;
why is on standard error.
"""

import argparse
import importlib.util
import json
import os
import resource
import sys
import time
import types
from contextlib import redirect_stdout
from pathlib import Path

NOT_MEASURED = 3


def json_loads(_threads):
    def work(path):
        with open(path, "rb") as file:
            return sum(1 for line in file if json.loads(line) is not None)

    return work


def nova_forge(validator):
    """amzn-nova-forge's validator of that name, fed as its own loader feeds it.

    Its packages' `__init__` import SageMaker's SDK and telemetry, which no validator needs: empty packages stand in for them.
    """
    found = importlib.util.find_spec("amzn_nova_forge")
    if found is None:
        sys.stderr.write(f"amzn-nova-forge needs Python 3.12, and this is {sys.version.split()[0]}\n")
        sys.exit(NOT_MEASURED)
    root = Path(found.origin).parent
    for name in ["amzn_nova_forge", "amzn_nova_forge.dataset", "amzn_nova_forge.validation"]:
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    # An S3 client is made before the first record, and asked nothing without media.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from amzn_nova_forge.core.enums import Model
    from amzn_nova_forge.dataset import dataset_validator as validators

    def records(path):
        with open(path, encoding="utf-8-sig") as file:
            for line in file:
                line = line.strip()
                if line:
                    yield json.loads(line)

    def work(path):
        checked = getattr(validators, validator)()
        with redirect_stdout(sys.stderr):
            checked.validate(records(path), Model.NOVA_MICRO)
        return checked.num_samples

    return work


def together(_threads):
    from together.lib.utils.files import check_file

    def work(path):
        report = check_file(path)
        if not report["is_check_passed"]:
            sys.exit(f"together refused the file: {report['message']}")
        return report["num_samples"]

    return work


def polars(threads):
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    from polars import read_ndjson

    return lambda path: read_ndjson(path).height


def duckdb(threads):
    import duckdb as database

    # Every value is read, as a count alone would not ask for, and nothing kept.
    query = "SELECT count(*), bit_xor(hash(record)) FROM read_ndjson(?) AS record"

    def work(path):
        with database.connect(config={"threads": threads}) as connection:
            return connection.execute(query, [path]).fetchone()[0]

    return work


TOOLS = {
    "json": json_loads,
    "nova-forge-sft": lambda _threads: nova_forge("SFTDatasetValidator"),
    "nova-forge-cpt": lambda _threads: nova_forge("CPTDatasetValidator"),
    "together": together,
    "polars": polars,
    "duckdb": duckdb,
}


def peak_bytes():
    status = Path("/proc/self/status").read_text()
    kib = next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]
    return int(kib) * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("file")
    arguments = parser.parse_args()
    work = TOOLS[arguments.tool](arguments.threads)
    runs = []
    for _ in range(arguments.runs):
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.perf_counter()
        records = work(arguments.file)
        seconds = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_SELF)
        runs.append((seconds, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, records))
    seconds, user, system, records = min(runs)
    measured = {
        "seconds": seconds,
        "user_seconds": user,
        "system_seconds": system,
        "bytes": os.path.getsize(arguments.file),
        "records": records,
        "peak_bytes": peak_bytes(),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
