"""The form of requests that the services check is that of AWS's models."""

import request_model


def test_the_services_check_what_botocores_models_demand(cloud):
    wanted = request_model.text(request_model.make(request_model.checked(cloud.control("GET", "operations"))))
    advice = "`python tests/conformance/request_model.py` writes it anew"
    assert request_model.FILE.read_text() == wanted, f"{request_model.FILE} is not what botocore's models say; {advice}"
