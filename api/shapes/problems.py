"""The shape of refusals."""

from typing import Literal

from pydantic import BaseModel


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """A refusal (RFC 9457); `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str


class InvalidProblem(Problem):
    """A refusal of a request's form or content, with its fields."""

    errors: list[FieldError]


class Pending(BaseModel):
    """The command is recorded; its effect on reads is on its way."""

    effect: Literal["pending"]
