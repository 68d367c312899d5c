"""The types of events' fields in the four shapes that they have, for whoever maps them to another type system."""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mapped(Generic[T]):
    """How each shape is said elsewhere: a plain value, one that may be None, a tuple, a dataclass of values."""

    leaf: Callable[[type], T]
    optional: Callable[[T], T]
    several: Callable[[T], T]
    made: Callable[[type, Mapping[str, T]], T]

    def of(self, hint: Any) -> T:
        """A type, mapped from the inside out."""
        if get_origin(hint) in (Union, types.UnionType):
            (inner,) = (part for part in get_args(hint) if part is not types.NoneType)
            return self.optional(self.of(inner))
        if get_origin(hint) is tuple:
            return self.several(self.of(get_args(hint)[0]))
        if is_dataclass(hint) and isinstance(hint, type):
            return self.made(hint, {name: self.of(inner) for name, inner in hints_of(hint).items()})
        return self.leaf(hint)


def hints_of(cls: type) -> Mapping[str, Any]:
    """The fields of a dataclass in their order, each with its type."""
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}
