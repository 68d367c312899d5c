"""Schemathesis over the published OpenAPI document: whatever it draws, the answer is one that the document promises."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.people import Person, person, promoted
from tests.serving import Server

EXAMPLES = int(os.environ.get("FILMROLL_FUZZ_EXAMPLES", "20"))
NEVER_ENDS = ("GET", "/v1/live")
"""A stream; it has tests of its own (`tests/api/test_live.py`)."""
ENDS_THE_SESSION = ("DELETE", "/v1/sessions/current")


@pytest.fixture(scope="module")
def caller(server: Server) -> Person:
    """Someone with something to be found: a photo, a like, a comment."""
    me = person(server.url, f"fuzz{uuid.uuid4().hex[:8]}")
    photo = me.publish(seed=3, caption="fuzzed #fuzz")
    me.ready(photo)
    me.call("PUT", f"/photos/{photo}/like", status=200)
    me.call("POST", f"/photos/{photo}/comments", json={"text": "hello"}, status=201)
    return me


def operations(url: str) -> Iterator[Any]:
    """Every route with every method, as the server describes them."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    for found in schema.get_all_operations():
        yield found.ok()


def fuzz(operation: Any, headers: dict[str, str], examples: int) -> None:
    """Draw requests for one operation, and hold each answer to the document."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        # what a token or a cursor may hold can't be said in a schema: drawn ones are refused, and rightly so
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    holds()


def failures(url: str, headers: dict[str, str], *, examples: int = EXAMPLES) -> dict[str, str]:
    """What did not hold, by operation."""
    found: dict[str, str] = {}
    checked = 0
    for operation in operations(url):
        if (operation.method.upper(), operation.path) == NEVER_ENDS:
            continue
        checked += 1
        mine = {} if (operation.method.upper(), operation.path) == ENDS_THE_SESSION else headers
        try:
            fuzz(operation, mine, examples)
        except (Exception, ExceptionGroup) as error:  # noqa: BLE001 - each is tried; what failed is shown together
            inner = error.exceptions if isinstance(error, ExceptionGroup) else [error]
            found[f"{operation.method.upper()} {operation.path}"] = "\n".join(map(str, inner))[:1500]
    assert checked > 30
    return found


@pytest.mark.timeout(900)
def test_a_member_gets_what_the_document_promises(server: Server, caller: Person) -> None:
    broken = failures(server.url, {"Authorization": caller.headers["Authorization"]})
    assert not broken, "\n\n".join(f"{name}: {why}" for name, why in broken.items())


@pytest.mark.timeout(900)
def test_anyone_gets_what_the_document_promises(server: Server) -> None:
    broken = failures(server.url, {})
    assert not broken, "\n\n".join(f"{name}: {why}" for name, why in broken.items())


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["moderator", "analyst", "operator"])
def test_each_role_gets_what_the_document_promises(server: Server, role: str) -> None:
    name = person(server.url, f"fuzz{uuid.uuid4().hex[:8]}").username
    held = promoted(server.url, name, role, settings=server.settings).headers["Authorization"]
    broken = failures(server.url, {"Authorization": held}, examples=EXAMPLES // 4)
    assert not broken, "\n\n".join(f"{name}: {why}" for name, why in broken.items())
