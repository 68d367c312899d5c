"""What can go wrong with a stack, in words that say what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a server needs and the machine lacks, and how to get it."""

    service: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.service}: {self.what} is missing. {self.remedy}"


class StackError(Exception):
    """A stack could not be brought to the state that was asked for; the message is for people."""


class Unavailable(StackError):
    """Some servers can't run on this machine; `missing` says which, and why."""

    def __init__(self, missing: list[Missing]) -> None:
        super().__init__("\n".join(str(each) for each in missing))
        self.missing = missing


class Failed(StackError):
    """A server did not start, or died before it answered."""
