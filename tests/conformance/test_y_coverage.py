"""Every operation that the local cloud says it simulates was driven, with success and with a refusal."""

from pathlib import Path

import pytest

import model

# Operations that have nothing to refuse, with the reason.
NOTHING_TO_REFUSE = {
    ("s3", "ListBuckets"): "it takes no name, and a bad signature is refused before the operation is known",
}


def whole_suite(request) -> bool:
    collected = {Path(item.fspath).name for item in request.session.items}
    return {path.name for path in Path(__file__).parent.glob("test_*.py")} <= collected


def test_every_operation_was_driven(cloud, clients, request):
    if not whole_suite(request):
        pytest.skip("only the whole suite can tell")
    simulated = {(service, name) for service, names in cloud.control("GET", "operations").items() for name in names}
    assert len(simulated) > 70, simulated
    never = sorted(simulated - set(clients.succeeded))
    assert not never, f"never driven with success: {never}"
    never = sorted(simulated - set(clients.refused) - set(NOTHING_TO_REFUSE))
    assert not never, f"never refused: {never}"


def test_every_simulated_operation_is_one_of_awss(cloud, clients):
    for service, names in cloud.control("GET", "operations").items():
        known = clients(service).meta.service_model.operation_names
        assert not set(names) - set(known), service


def test_every_exception_is_still_needed(request):
    if not whole_suite(request):
        pytest.skip("only the whole suite can tell")
    unused = [entry for index, entry in enumerate(model.ALLOWED) if index not in model.MET]
    assert not unused, unused
