"""The one place where what goes wrong becomes an HTTP status and a stable code."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from api.problems import Problem, respond
from commands.errors import Conflict, Unavailable
from domain import errors
from projections.stores import NoLiveModelError

_STATUS: Final[dict[type[errors.Refused], int]] = {
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Contradicted: HTTPStatus.CONFLICT,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Unsupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
_CODES: Final = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The request could not be read."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing under this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This address does not take that method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "The body is too large."),
}
_KINDS_OF_PLACE: Final = {"body", "query", "path", "header"}


def install(app: FastAPI) -> None:
    """Let every refusal and every fault of the application answer as a problem."""

    async def answer(request: Request, error: Exception) -> Response:
        return respond(problem_of(error, request, app))

    for kind in (
        Problem,
        errors.Refused,
        Conflict,
        Unavailable,
        NoLiveModelError,
        HTTPException,
        RequestValidationError,
    ):
        app.add_exception_handler(kind, answer)


def problem_of(error: Exception, request: Request, app: FastAPI) -> Problem:
    """What a client is told of an error."""
    match error:
        case Problem():
            return error
        case errors.Refused():
            return _refused(error)
        case Conflict():
            return Problem(HTTPStatus.CONFLICT, "conflict", "Others changed the same thing; please try again.")
        case Unavailable() | NoLiveModelError():
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "The store can't be reached at the moment.")
        case RequestValidationError():
            return _invalid(error.errors())
        case HTTPException():
            return _http(error, request, app)
        case _:
            return internal()


def internal() -> Problem:
    """What is told of a fault of the server: nothing."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on the server.")


def _refused(error: errors.Refused) -> Problem:
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
    if status != HTTPStatus.UNPROCESSABLE_ENTITY:
        return Problem(status, error.code, error.detail)
    detail = error.detail if error.field is None else "The request breaks a rule; see `errors`."
    return Problem(status, error.code, detail, errors=[(error.field or "", error.detail)])


def _invalid(found: Sequence[Any]) -> Problem:
    """The form of the request is wrong: every field with what it should be."""
    fields = [(_field(error), _message(error)) for error in found]
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "The request has not the form that it should have.", errors=fields
    )


def _field(error: Any) -> str:
    if error["type"] == "json_invalid":
        return ""
    parts = [str(part) for part in error["loc"] if not str(part).startswith("(")]  # (…) names a case of a union
    if parts and parts[0] in _KINDS_OF_PLACE:
        parts = parts[1:]
    return re.sub(r"[^\w.\-\[\]]", "?", ".".join(parts))[:200]


def _message(error: Any) -> str:
    if error["type"] == "json_invalid":
        return "The body is not JSON."
    return re.sub(r"^Value error, ", "", str(error["msg"]))[:300]


def _http(error: HTTPException, request: Request, app: FastAPI) -> Problem:
    code, detail = _CODES.get(HTTPStatus(error.status_code), ("error", str(error.detail)))
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed(request, app)))
    return Problem(error.status_code, code, detail, headers=headers)


def _allowed(request: Request, app: FastAPI) -> set[str]:
    """The methods that all the routes of this address take together."""
    methods: set[str] = set()
    for route in app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return methods | ({"HEAD"} if "GET" in methods else set())
