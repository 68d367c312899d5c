"""How counters are named in Redis, and the scripts that change them."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson

from projections.stores import Model

_KNOWN: Final = 1 << 16
"""So many names are kept: what is counted at all is counted again soon."""
GROUPS: Final = 64
"""Hashes that a build's counts fall into; fixed for ever, as every group keeps checkpoints of its own."""
MARK: Final = b""
"""The field of a group that says whether its counts are whole; without it, the group was lost."""
WHOLE: Final = b"1"
REFILLING: Final = b"0"
Tallied = tuple[str, str]
"""A subject, and a kind of what is counted of it."""
STATE: Final = b"state"
"""The field beside a build's checkpoints that says the same of all groups."""

_COUNT: Final = """
local function count(field, by)
  local reached = redis.call('HINCRBY', KEYS[1], field, by)
  if reached == 0 then redis.call('HDEL', KEYS[1], field) end
  if not KEYS[3] then return end
  local cut = string.find(field, string.char(0), 1, true)
  local ranks, kind = KEYS[3] .. string.sub(field, 1, cut - 1), string.sub(field, cut + 1)
  if reached == 0 then return redis.call('ZREM', ranks, kind) end
  redis.call('ZADD', ranks, reached, kind)
  redis.call('EXPIRE', ranks, 1382400)
end
local function count_all(packed)
  local counts = cjson.decode(packed)
  for at = 1, #counts, 2 do count(counts[at], counts[at + 1]) end
end
"""
"""Tallies, packed as JSON (`packed`): each a field of a hash, and where a third key says so, the same in a sorted set for its subject.

A tally that is back at zero is no field, so that live and rebuilt counts are the same. The sets lie in the slot of
their group, and last for 16 days after their last change: they are read for seven days after the hour or the day that
is their subject.
"""

ADD: Final = f"""{_COUNT}
if redis.call('HEXISTS', KEYS[1], '') == 0 then return -1 end
if (redis.call('HGET', KEYS[2], ARGV[1]) or '0') ~= ARGV[2] then return 0 end
count_all(ARGV[4])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1
"""
"""Counts of one log into one group, from one checkpoint to the next: 1 added, 0 not there, -1 the group was lost."""

BEHIND: Final = """
local low = redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[1], '+inf')
local high = low + redis.call('ZCOUNT', KEYS[1], ARGV[1], ARGV[1])
while low < high do
  local middle = math.floor((low + high) / 2)
  if redis.call('ZREVRANGE', KEYS[1], middle, middle)[1] < ARGV[2] then high = middle else low = middle + 1 end
end
return redis.call('ZREVRANGE', KEYS[1], low, low + ARGV[3] - 1, 'WITHSCORES')
"""
"""Members of a sorted set and their counts behind a place (a count and a member), from the highest count on.

Members of one count lie in the order of their names, so the place is found by halves, whether it is there or not.
"""

MOVE: Final = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '0') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
"""A build's checkpoint for one log, from where it is expected."""

ADD_PARKED: Final = f"""{_COUNT}
if redis.call('HEXISTS', KEYS[1], '') == 0 then return -1 end
if redis.call('HSETNX', KEYS[2], ARGV[1], '1') == 0 then return 0 end
count_all(ARGV[2])
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
    """The two keys of a group, in one slot, and what the keys of its sorted sets begin with."""

    counts: str
    at: str
    ranked: str

    def written(self, *, ranked: bool) -> tuple[int | str, ...]:
        """The keys that counting writes, after their number."""
        return (3, self.counts, self.at, self.ranked) if ranked else (2, self.counts, self.at)

    def ranks(self, subject: str) -> str:
        """The sorted set of a subject."""
        return f"{self.ranked}{subject}"


class Names:
    """The keys of one build."""

    def __init__(self, realm: str, model: Model) -> None:
        base = f"{realm}:{model}"
        self.checkpoints = f"{{{base}}}:checkpoints"
        self.letters = f"{{{base}}}:letters"
        homes = (f"{{{base}:{number}}}" for number in range(GROUPS))
        self.groups = tuple(Group(f"{home}:counts", f"{home}:at", f"{home}:ranks:") for home in homes)

    def all(self) -> Iterable[str]:
        """Every key."""
        yield from (self.checkpoints, self.letters)
        for group in self.groups:
            yield from (group.counts, group.at)


@lru_cache(_KNOWN)
def group_of(subject: str) -> int:
    """The group that a subject's counts lie in."""
    return int.from_bytes(blake2b(subject.encode(), digest_size=4).digest(), "big") % GROUPS


@lru_cache(_KNOWN)
def field_of(subject: str, kind: str) -> bytes:
    """The field of a tally."""
    return _field(subject, kind).encode()


def packed(sums: Mapping[Tallied, int]) -> bytes:
    """What scripts are to add, as one argument: fields and counts in turn; an argument for each takes twice as long."""
    return orjson.dumps([part for (subject, kind), by in sums.items() if by for part in (_field(subject, kind), by)])


def _field(subject: str, kind: str) -> str:
    return f"{subject}\0{kind}"


def tally_of(field: bytes) -> tuple[str, str]:
    """The subject and kind of a field."""
    subject, _, kind = field.decode().rpartition("\0")
    return subject, kind
