"""Numbers in few letters, for texts that clients carry: of a thousand logs, still shorter than what proxies let pass."""

from base64 import b85decode, b85encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_BITS: Final = 7
_MORE: Final = 1 << _BITS


def packed(numbers: Sequence[int]) -> str:
    """The least of them and by how much the others are more, each in groups of seven bits, the lowest first (LEB128)."""
    least = min(numbers, default=0)
    return b85encode(bytes(_groups([least, *(number - least for number in numbers)]))).decode()


def unpacked(text: str) -> list[int]:
    """The numbers that were packed; only to be asked of what `packed` made."""
    least, *more = _values(b85decode(text))
    return [least + value for value in more]


def _groups(values: Iterable[int]) -> Iterator[int]:
    for value in values:
        rest = value
        while rest >= _MORE:
            yield rest % _MORE | _MORE
            rest >>= _BITS
        yield rest


def _values(groups: Iterable[int]) -> Iterator[int]:
    value = shift = 0
    for group in groups:
        value |= group % _MORE << shift
        if group >= _MORE:
            shift += _BITS
        else:
            yield value
            value = shift = 0
