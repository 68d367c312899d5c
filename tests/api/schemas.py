"""The server's OpenAPI document as a judge: whether an answer is one of those that it promises."""

import re
from typing import Any

import httpx
import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "patch", "delete")


class Document:
    """The document, and what it says of each call."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        resource = Resource(contents=document, specification=DRAFT202012)
        self._registry: Any = Registry().with_resource("urn:document", resource)

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Every method and path with what is said of it."""
        return [
            (method.upper(), path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            if method in METHODS
        ]

    def validate(self, instance: Any, schema: dict[str, Any]) -> None:
        """Raises where an instance is not of the schema."""
        pointed = {"$ref": "urn:document" + schema["$ref"]} if "$ref" in schema else self._absolute(schema)
        jsonschema.Draft202012Validator(pointed, registry=self._registry).validate(instance)

    def judge(self, method: str, answer: httpx.Response) -> None:
        """Raises for a status, a content type or a body that the document does not know."""
        path = answer.request.url.path
        operation = next(
            operation
            for known, template, operation in self.operations()
            if known == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        )
        said = operation["responses"].get(str(answer.status_code))
        assert said is not None, f"{method} {path} answers {answer.status_code}, of which the document says nothing"
        if not answer.content:
            return
        content_type = answer.headers["Content-Type"].partition(";")[0]
        assert content_type in said["content"], f"{method} {path} {answer.status_code} answers {content_type}"
        self.validate(answer.json(), said["content"][content_type]["schema"])

    def _absolute(self, schema: Any) -> Any:
        if isinstance(schema, dict):
            return {
                key: f"urn:document{value}" if key == "$ref" else self._absolute(value) for key, value in schema.items()
            }
        return [self._absolute(item) for item in schema] if isinstance(schema, list) else schema
