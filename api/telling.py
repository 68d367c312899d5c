"""What events say, as clients are told it: the fields of the wire form, times as everywhere else in the contract."""

from collections.abc import Container
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from api.answers import stamp
from domain.events import Event


def told(event: Event, but: Container[str] = ()) -> dict[str, Any]:
    """The fields of an event, but for some; times are RFC 3339 in UTC with milliseconds, stored ones have more."""
    said: dict[str, Any] = _told(event)
    return {name: value for name, value in said.items() if name not in but}


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, tuple):
        return [_told(item) for item in value]
    return {field.name: _told(getattr(value, field.name)) for field in fields(value)} if is_dataclass(value) else value
