"""How counters are named in Redis, and the scripts that change them."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

from projections.stores import Model

GROUPS: Final = 64
"""Hashes that a build's counts fall into; fixed for ever, as every group keeps checkpoints of its own."""
MARK: Final = b""
"""The field of a group that says whether its counts are whole; without it, the group was lost."""
WHOLE: Final = b"1"
REFILLING: Final = b"0"
STATE: Final = b"state"
"""The field beside a build's checkpoints that says the same of all groups."""

ADD: Final = """
if redis.call('HEXISTS', KEYS[1], '') == 0 then return -1 end
if (redis.call('HGET', KEYS[2], ARGV[1]) or '0') ~= ARGV[2] then return 0 end
for at = 4, #ARGV, 2 do
  if redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1]) == 0 then redis.call('HDEL', KEYS[1], ARGV[at]) end
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1
"""
"""Counts of one log into one group, from one checkpoint to the next: 1 added, 0 not there, -1 the group was lost.

A tally that is back at zero is no field, so that live and rebuilt counts are the same.
"""

MOVE: Final = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '0') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
"""A build's checkpoint for one log, from where it is expected."""

ADD_PARKED: Final = """
if redis.call('HEXISTS', KEYS[1], '') == 0 then return -1 end
if redis.call('HSETNX', KEYS[2], ARGV[1], '1') == 0 then return 0 end
for at = 2, #ARGV, 2 do
  if redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1]) == 0 then redis.call('HDEL', KEYS[1], ARGV[at]) end
end
return 1
"""
"""Counts of a fact that was parked into one group, once: a mark beside the group's checkpoints stays until its letter
is gone. 1 added, 0 there already, -1 the group was lost."""

RESET: Final = """
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', '0')
"""
"""A build whose groups have to be filled again, from nothing."""


class Group(NamedTuple):
    """The two keys of a group, in one slot."""

    counts: str
    at: str


class Names:
    """The keys of one build."""

    def __init__(self, realm: str, model: Model) -> None:
        base = f"{realm}:{model}"
        self.checkpoints = f"{{{base}}}:checkpoints"
        self.letters = f"{{{base}}}:letters"
        self.groups = tuple(Group(f"{{{base}:{number}}}:counts", f"{{{base}:{number}}}:at") for number in range(GROUPS))

    def all(self) -> Iterable[str]:
        """Every key."""
        yield from (self.checkpoints, self.letters)
        for group in self.groups:
            yield from group


def group_of(subject: str) -> int:
    """The group that a subject's counts lie in."""
    return int.from_bytes(blake2b(subject.encode(), digest_size=4).digest(), "big") % GROUPS


def field_of(subject: str, kind: str) -> bytes:
    """The field of a tally."""
    return f"{subject}\0{kind}".encode()


def tally_of(field: bytes) -> tuple[str, str]:
    """The subject and kind of a field."""
    subject, _, kind = field.decode().rpartition("\0")
    return subject, kind
