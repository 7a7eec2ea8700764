"""One local cloud for the whole suite, and clients of AWS's SDK whose every answer is checked against AWS's model."""

import copy

import botocore.config
import botocore.session
import pytest

import model
from local_cloud import LocalCloud


class CheckedClients:
    """Clients of the local cloud by service, and a record of what they were used for."""

    def __init__(self, cloud: LocalCloud):
        self.cloud = cloud
        # By (service, operation): the parameters of the calls that succeeded, and the error codes of those that did not.
        self.succeeded: dict[tuple[str, str], list[dict]] = {}
        self.refused: dict[tuple[str, str], set[str]] = {}
        self._made: dict[tuple, object] = {}

    def __call__(self, service: str, *, validate: bool = True, protocol: str | None = None):
        """A client that tries once and checks what it sends; with `validate=False`, one that sends anything."""
        key = (service, validate, protocol)
        if key not in self._made:
            self._made[key] = self._make(service, validate, protocol)
        return self._made[key]

    def _make(self, service: str, validate: bool, protocol: str | None):
        session = botocore.session.Session()
        environment = self.cloud.environment
        session.set_credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        if protocol is not None:
            session.register_component("data_loader", OneProtocol(session.get_component("data_loader"), protocol))
        client = session.create_client(
            service,
            region_name=environment["AWS_REGION"],
            endpoint_url=self.cloud.endpoint,
            config=botocore.config.Config(
                parameter_validation=validate,
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )
        protocol = client.meta.service_model.resolved_protocol
        last: dict[str, dict] = {}

        def remember(params, model, **_):
            last[model.name] = copy.deepcopy(params) if model.name not in ("PutObject", "UploadPart") else params

        def look(operation_model, response_dict, **_):
            model.check(operation_model, protocol, response_dict)
            key = (service, operation_model.name)
            if response_dict["status_code"] < 300:
                self.succeeded.setdefault(key, []).append(last[operation_model.name])

        def after(parsed, model, **_):
            code = parsed.get("Error", {}).get("Code")
            # A request that the model forbids is refused by its form, which tells nothing of its operation.
            if code and validate:
                self.refused.setdefault((service, model.name), set()).add(code)

        client.meta.events.register("provide-client-params.*.*", remember)
        client.meta.events.register("before-parse.*.*", look)
        client.meta.events.register("after-call.*.*", after)
        return client


class OneProtocol:
    """botocore's models, as if the service spoke one protocol only: botocore prefers JSON, the SDK for Rust CBOR."""

    def __init__(self, loader, protocol: str):
        self._loader = loader
        self._protocol = protocol

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def load_service_model(self, service_name, type_name, api_version=None):
        found = self._loader.load_service_model(service_name, type_name, api_version)
        if type_name != "service-2":
            return found
        found = copy.deepcopy(found)
        found["metadata"]["protocols"] = [self._protocol]
        found["metadata"]["protocol"] = self._protocol
        return found


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("conformance") / "cloud")
    yield cloud
    cloud.stop()


@pytest.fixture(scope="session")
def clients(cloud):
    return CheckedClients(cloud)


@pytest.fixture
def refuse(cloud):
    """Has the next call of an operation refused with a code."""

    def plant(operation: str, code: str, times: int = 1):
        cloud.control("PUT", "faults", {"refuse": {operation: {"times": times, "code": code, "message": "as asked"}}})

    yield plant
    cloud.control("PUT", "faults", {})


@pytest.fixture
def settings(cloud):
    """Changes the services' settings for one test."""
    before = cloud.control("GET", "services")["settings"]

    def change(**members):
        cloud.control("PUT", "services", {**before, **members})

    yield change
    cloud.control("PUT", "services", before)
