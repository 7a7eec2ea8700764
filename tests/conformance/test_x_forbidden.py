"""What AWS's model forbids is refused: every operation that the suite drove, with one thing wrong at a time.

The wrong forms are made of the parameters that the other tests sent with success, so this file comes after theirs.
"""

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from forbidden import wrongs
from request_model import CHECKED

# Refusals of the form of a request; a conflict or a missing resource would mean that the form was not looked at.
OF_THE_FORM = {
    "ValidationException",
    "SerializationException",
    "TooManyTagsException",
    # CloudWatch's, as its older protocol named them.
    "ValidationError",
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "MissingParameter",
    "SerializationError",
    # SSM's.
    "InvalidResourceType",
    "HierarchyLevelLimitExceededException",
}


@pytest.mark.parametrize("service", CHECKED)
def test_what_the_model_forbids_is_refused(clients, service):
    client = clients(service, validate=False)
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    taken, tried = [], 0
    for (of, name), calls in sorted(clients.succeeded.items()):
        if of != service:
            continue
        operation = client.meta.service_model.operation_model(name)
        if operation.input_shape is None:
            continue
        seen = set()
        # A sample: the calls with the most members tell the most.
        for parameters in sorted(calls, key=lambda call: -len(str(call)))[:4]:
            for what, wrong in wrongs(operation, parameters):
                if what in seen:
                    continue
                seen.add(what)
                tried += 1
                try:
                    getattr(client, methods[name])(**wrong)
                    taken.append(f"{name}: {what}: taken")
                except ClientError as refused:
                    code = refused.response["Error"]["Code"]
                    if code not in OF_THE_FORM:
                        taken.append(f"{name}: {what}: {code}")
                except ParamValidationError:
                    tried -= 1
                except AssertionError as wrongly:
                    taken.append(f"{name}: {what}: {wrongly}")
    print(f"{service}: {tried} wrong requests")
    assert tried > 0, f"the suite drove nothing of {service} before this test; run the whole of it"
    assert not taken, "\n" + "\n".join(taken)
