"""The libraries of the extra `analyst`, imported where they are used."""

from importlib import import_module
from typing import Any


class MissingExtraError(Exception):
    """What was asked for needs a library that is not installed; the message says how to get it."""

    def __init__(self, library: str, install: str) -> None:
        super().__init__(f"this needs {library}; install it with: {install}")


def extra(library: str, install: str = "pip install 'filmroll[analyst]'") -> Any:
    """A module of an optional library; raises `MissingExtraError` where it is not installed."""
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        raise MissingExtraError(library.partition(".")[0], install) from error
