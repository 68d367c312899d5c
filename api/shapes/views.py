"""The shape of views."""

from typing import Annotated

from pydantic import Field

from api.bodies import Body

MOST_VIEWED = 100


class Views(Body):
    """The photos that someone has looked at."""

    photo_ids: Annotated[
        list[Annotated[str, Field(max_length=64)]], Field(max_length=MOST_VIEWED, examples=[["01m5z3k9qw8rt"]])
    ]
