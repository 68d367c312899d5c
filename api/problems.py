"""Refusals as clients see them: RFC 9457 `application/problem+json`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import orjson
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Exception):
    """A refusal that belongs to HTTP rather than to the domain."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


def respond(problem: Problem) -> Response:
    """The answer that tells of a problem; 401 says how to authenticate, 422 says which fields are wrong."""
    headers = {"Cache-Control": "no-store", "Vary": "Authorization", **problem.headers}
    body: dict[str, object] = {
        "type": "about:blank",
        "title": _title(problem.status),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["errors"] = [{"field": field, "message": message} for field, message in problem.errors]
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", "1")
    return Response(orjson.dumps(body), problem.status, headers, MEDIA_TYPE)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
