"""The OpenAPI document: what each route says of itself, and what all of them have in common."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from api.problems import MEDIA_TYPE
from api.shapes.problems import InvalidProblem, Pending, Problem

_MEANINGS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("position_invalid", "A token (position, cursor) that was not given out here."),
    401: ("bad_token", "The access token is missing or does not count."),
    403: ("forbidden", "The caller sees it, but may not do that."),
    404: ("not_found", "There is no such thing, or the caller may not see it."),
    409: ("conflict", "What is already recorded speaks against it."),
    413: ("too_large", "More bytes than are taken."),
    415: ("unsupported_media_type", "A content type that is not taken."),
    416: ("range_not_satisfiable", "The file has no such range."),
    422: ("invalid", "The request has not the form that it should have."),
    429: ("rate_limited", "Too many requests; please wait."),
    503: ("not_caught_up", "The read models have not reached the position yet; `unavailable` where a store is down."),
}
ANYONE: Final = "anyone"
MEMBER: Final = "member"
_READ: Final = (400, 401, 429, 503)
_COMMAND: Final = (400, 401, 429, 503)
_BODY: Final = (413, 415, 422)
_HEADERS: Final[Mapping[str, str]] = {
    "X-Position": "An opaque token of how far the event log had come.",
    "X-Projection-Lag-Ms": "How far the read models were behind, in milliseconds.",
    "ETag": "Changes with what the answer says.",
}


def read(
    summary: str, tag: str, shape: type[BaseModel] | None, example: Any, *errors: int, status: int = 200
) -> dict[str, Any]:
    """What `router.get` is told of a read."""
    headers = ("X-Position", "X-Projection-Lag-Ms", "ETag")
    answers = {status: _answer(status, shape, example, headers), 304: {"description": "Nothing has changed."}}
    return _route(summary, tag, status, answers, (*_READ, *errors))


def command(
    summary: str,
    tag: str,
    status: int,
    shape: type[BaseModel] | Any | None,
    example: Any,
    *errors: int,
    body: bool = False,
    pending: bool = False,
) -> dict[str, Any]:
    """What a route is told of a command; with `pending`, its effect may come later (202)."""
    answers = {status: _answer(status, shape, example, ("X-Position",))}
    if pending:
        answers[202] = _answer(202, Pending, {"effect": "pending"}, ("X-Position",))
    return _route(summary, tag, status, answers, (*_COMMAND, *(_BODY if body else ()), *errors))


def plain(summary: str, tag: str, *, errors: Iterable[int] = (), content: str, example: Any) -> dict[str, Any]:
    """What a route is told that speaks of the server itself."""
    answers = {200: {"description": "As asked.", "content": {content: {"example": example}}}}
    return _route(summary, tag, 200, answers, tuple(errors))


def problem_answer(status: int) -> dict[str, Any]:
    """A refusal in the document."""
    code, meaning = _MEANINGS[status]
    shape = "InvalidProblem" if status == HTTPStatus.UNPROCESSABLE_ENTITY else "Problem"
    example: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": meaning,
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = [{"field": "limit", "message": "Input should be less than or equal to 100"}]
    schema = {"$ref": f"#/components/schemas/{shape}"}
    told = {"description": meaning, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        told["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return told


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document; made once, and kept by the application."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for shape in (Problem, InvalidProblem):
            described = shape.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
            schemas.update(described.pop("$defs", {}))
            schemas[shape.__name__] = described
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path, operations in made["paths"].items():
            for method, operation in operations.items():
                operation["operationId"] = _named(method, path)
                _tidy(operation)
        for route in app.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    _exemplify(made["paths"][route.path_format][method.lower()]["responses"], route.responses)
        app.openapi_schema = made
    return app.openapi_schema


def _route(summary: str, tag: str, status: int, answers: Mapping[int, Any], errors: tuple[int, ...]) -> dict[str, Any]:
    refusals = {code: problem_answer(code) for code in sorted(set(errors))}
    return {
        "summary": summary,
        "tags": [tag],
        "status_code": status,
        "response_class": Response,
        "responses": {**answers, **refusals},
    }


def _named(method: str, path: str) -> str:
    """What generated clients call a call by: `get_member_photos`, `put_photo_like`."""
    words = [method]
    for part in path.removeprefix("/v1").strip("/").split("/"):
        if part.startswith("{"):
            words[-1] = words[-1].removesuffix("s")
        else:
            words.append(part.replace("-", "_"))
    return "_".join(words)


def _tidy(operation: dict[str, Any]) -> None:
    """Undo what the framework says of every route: its own form of 422, and parameters that could be null."""
    answers = operation["responses"]
    if "application/json" in answers.get("422", {}).get("content", {}):
        del answers["422"]
    for parameter in operation.get("parameters", ()):
        cases = [case for case in parameter["schema"].pop("anyOf", ()) if case != {"type": "null"}]
        if cases:
            parameter["schema"].update(cases[0])


def _exemplify(answers: dict[str, Any], said: Mapping[int | str, dict[str, Any]]) -> None:
    """Show examples as they are: the framework leaves nulls out of them."""
    for status, answer in said.items():
        for content_type, content in answer.get("content", {}).items():
            if "example" in content:
                answers[str(status)]["content"][content_type]["example"] = content["example"]


def _answer(status: int, shape: Any, example: Any, headers: Iterable[str]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "headers": {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in headers},
    }
    if shape is not None:
        described["model"] = shape
        described["content"] = {"application/json": {"example": example}}
    return described
