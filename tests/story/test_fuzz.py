"""Schemathesis over the published OpenAPI document: whatever it draws, the answer is one that the document promises."""

import os
import uuid
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth

from tests.people import Person, person
from tests.serving import Server

EXAMPLES = int(os.environ.get("FILMROLL_FUZZ_EXAMPLES", "25"))


@pytest.fixture(scope="module")
def caller(server: Server) -> Person:
    """Someone with something to be found: a photo, a like, a comment, a follower."""
    me = person(server.url, f"fuzz{uuid.uuid4().hex[:8]}")
    photo = me.publish(seed=3, caption="fuzzed #fuzz")
    me.ready(photo)
    me.call("PUT", f"/photos/{photo}/like", status=200)
    me.call("POST", f"/photos/{photo}/comments", json={"text": "hello"}, status=201)
    return me


@pytest.fixture(scope="module")
def contract(server: Server) -> Any:
    """What the server says of itself."""
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


every_route = schemathesis.pytest.from_fixture("contract")
patiently = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@every_route.parametrize()
@patiently
def test_a_member_gets_what_the_document_promises(case: Any, caller: Person) -> None:
    # a session that the test itself ends would make every later call anonymous
    if (case.method, case.path) == ("DELETE", "/v1/sessions/current"):
        case.call_and_validate()
        return
    case.call_and_validate(headers={"Authorization": caller.headers["Authorization"]}, excluded_checks=[ignored_auth])


@every_route.parametrize()
@patiently
def test_anyone_gets_what_the_document_promises(case: Any) -> None:
    case.call_and_validate(excluded_checks=[ignored_auth])
