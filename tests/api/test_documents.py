"""The OpenAPI document: complete, with an example for every body, and true to its own schemas."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.schemas import Document


@pytest.fixture(scope="module")
def document(server) -> Document:
    return Document(httpx.get(f"{server.url}/openapi.json").json())


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_leads_somewhere_and_nothing_of_the_frameworks_own_is_left(document) -> None:
    schemas = document.document["components"]["schemas"]
    for reference in set(references(document.document)):
        assert reference.removeprefix("#/components/schemas/") in schemas
    assert "HTTPValidationError" not in json.dumps(document.document)


def test_every_route_has_a_summary_a_description_and_an_id_of_its_own(document) -> None:
    ids = [operation["operationId"] for _, _, operation in document.operations()]
    assert len(ids) == len(set(ids))
    assert {"get_feed", "get_photo", "get_member_photos", "put_photo_like", "delete_me_follow_request"} <= set(ids)
    for method, path, operation in document.operations():
        assert re.fullmatch(r"(get|put|post|patch|delete)(_[a-z]+)+", operation["operationId"]), (method, path)
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert operation["tags"], (method, path)


def test_every_body_has_an_example_that_is_of_its_schema(document) -> None:
    seen = 0
    for method, path, operation in document.operations():
        for status, answer in operation["responses"].items():
            for content_type, content in answer.get("content", {}).items():
                if not content_type.endswith("json"):
                    continue
                seen += 1
                assert "example" in content, (method, path, status)
                if "schema" in content:
                    document.validate(content["example"], content["schema"])
    assert seen > 100


def test_every_request_body_has_examples_of_its_fields(document) -> None:
    for name, schema in document.document["components"]["schemas"].items():
        used = f'"#/components/schemas/{name}"' in json.dumps(
            [operation.get("requestBody", {}) for _, _, operation in document.operations()]
        )
        for field, said in schema.get("properties", {}).items() if used else ():
            text = json.dumps(said)
            assert "examples" in text or '"boolean"' in text or "$ref" in text or "enum" in text, (name, field)


def test_refusals_are_problems(document) -> None:
    for method, path, operation in document.operations():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


def test_every_call_of_a_member_says_so(document) -> None:
    for method, path, operation in document.operations():
        member = "security" in operation
        mine = path == "/v1/me" or path.startswith(("/v1/me/", "/v1/feed"))
        own = mine or (method != "GET" and path.startswith(("/v1/photos", "/v1/comments")))
        if own:
            assert member, (method, path)
            assert "401" in operation["responses"]


def test_paths_and_fields_are_snake_case(document) -> None:
    for name, schema in document.document["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", field), (name, field)


def test_docs_can_be_browsed(url) -> None:
    answer = httpx.get(f"{url}/docs")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "openapi.json" in answer.text
