"""Request bodies: JSON only, read by orjson (which takes no NaN, no broken text and no bottomless nesting), strictly typed."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.problems import Problem


class Body(BaseModel):
    """A request's JSON: types are not converted, fields that nobody knows are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", str_max_length=100_000)


Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
"""Text of a single line, without control characters."""

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Text of any number of lines."""


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 5.0 is a whole one (JSON Schema, section 6.1.1 of its validation part)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def moment(value: Any) -> Any:
    """JSON has no times: they are texts, as RFC 3339 writes them."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a time as RFC 3339 writes it") from None


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number, however it is written."""


class JsonRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """The body's value; raises `json.JSONDecodeError` for anything that is not one."""
        return orjson.loads(await self.body())


class JsonRoute(APIRoute):
    """A route that takes nothing but JSON for a body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind a look at the content type."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        needs_body = self.body_field is not None and self.body_field.field_info.is_required()

        async def strictly(request: Request) -> Response:
            if (
                takes_body
                and (needs_body or await request.body())
                and not _is_json(request.headers.get("Content-Type", ""))
            ):
                raise Problem(
                    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "The body has to be JSON, with the content type application/json.",
                )
            again = JsonRequest(request.scope, request.receive)
            if takes_body and not needs_body:
                again._body = await request.body()  # noqa: SLF001 read already, to see whether there is one
            return await handle(again)

        return strictly


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
