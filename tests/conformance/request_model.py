"""Makes `local/services/src/request_model.json` of botocore's models: the form that AWS demands of requests.

The simulated services check each request against that file before anything else. `python request_model.py` writes it;
`test_request_model.py` holds it to botocore's models and to what the local cloud simulates.
"""

import json
from pathlib import Path

import botocore.session

import model

FILE = Path(__file__).resolve().parents[2] / "local" / "services" / "src" / "request_model.json"
# Not simulated: the services refuse these members by name, so that their form is not needed.
NOT_SIMULATED = {
    "AlgorithmName",
    "DatasetSource",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "EndpointId",
    "EntityMetricData",
    "ExperimentConfig",
    "FileSystemDataSource",
    "HubAccessConfig",
    "InfraCheckConfig",
    "InstanceGroups",
    "InstancePlacementConfig",
    "InstancePreferences",
    "MetricDefinitions",
    "MlflowConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "RemoteDebugConfig",
    "SelectedInstanceType",
    "SessionChainingConfig",
    "TensorBoardOutputConfig",
    "TrainingImageConfig",
    "additionalModelResponseFieldPaths",
    "audio",
    "cachePoint",
    "citationsContent",
    "document",
    "guardContent",
    "guardrailConfig",
    "image",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "reasoningContent",
    "requestMetadata",
    "requestMetadataFilters",
    "searchResult",
    "serviceTier",
    "toolAddition",
    "toolConfig",
    "toolRemoval",
    "toolResult",
    "toolUse",
    "video",
}
KINDS = {"long": "integer", "double": "number", "float": "number"}


def form(shape, within=()) -> dict | None:
    """What the shape demands; `None` if that is nothing."""
    kind = shape.type_name
    if shape.name in within or getattr(shape, "is_document_type", False):
        return None
    within = (*within, shape.name)
    found = {"type": KINDS.get(kind, kind)}
    pattern = model.constraint(shape, "pattern")
    # Java's classes of letters of all languages: the services that have them look at such strings themselves.
    if pattern and r"\p{" not in pattern:
        found["pattern"] = pattern
    for name in ("min", "max", "enum"):
        value = model.constraint(shape, name)
        # No minimum of 0 members or characters says anything.
        if value is not None and not (name == "min" and value == 0 and kind not in ("integer", "long", "float", "double")):
            found[name] = value
    if kind == "structure":
        if shape.required_members:
            found["required"] = sorted(wire(shape.members[name], name) for name in shape.required_members)
        members = {}
        for name, member in shape.members.items():
            below = None if name in NOT_SIMULATED else form(member, within)
            if below:
                members[wire(member, name)] = below
        if members:
            found["members"] = members
    elif kind == "list":
        found["member"] = form(shape.member, within)
    elif kind == "map":
        found["key"], found["value"] = form(shape.key, within), form(shape.value, within)
    found = {name: value for name, value in found.items() if value is not None}
    return found if len(found) > 1 or kind == "string" else None


def wire(shape, name: str) -> str:
    return shape.serialization.get("name", name)


def make(simulated: dict[str, list[str]]) -> dict:
    """The file's content for these operations, by service and name."""
    session = botocore.session.get_session()
    made = {}
    for service, names in sorted(simulated.items()):
        of = session.get_service_model(service)
        forms = {name: of.operation_model(name).input_shape for name in sorted(names)}
        found = {name: form(shape) for name, shape in forms.items() if shape is not None}
        made[service] = {name: shape for name, shape in found.items() if shape}
    return {service: forms for service, forms in made.items() if forms}


def text(made: dict) -> str:
    """One line an operation, so that a change of AWS's shows where it is."""
    services = []
    for service, forms in made.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(shape, sort_keys=True)}" for name, shape in forms.items())
        services.append(f" {json.dumps(service)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(services) + "\n}\n"


# The services whose requests are checked here; S3's and DynamoDB's are checked by `s3s` and `dynoxide`, and STS's has no members.
CHECKED = ("bedrock", "bedrock-runtime", "cloudwatch", "events", "sagemaker", "ssm")


def checked(operations: dict[str, list[str]]) -> dict[str, list[str]]:
    return {service: names for service, names in operations.items() if service in CHECKED}


if __name__ == "__main__":
    import sys
    import tempfile

    sys.path.append(str(FILE.parents[3] / "tests"))
    from local_cloud import LocalCloud

    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder) / "cloud")
        try:
            FILE.write_text(text(make(checked(cloud.control("GET", "operations")))))
        finally:
            cloud.stop()
