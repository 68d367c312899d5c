"""A bounded mapping that lets go of what was not used lately."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from infra.caching.hits import Tally

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps what was used among the last `most` things, and at most that many; None is no value.

    Two plain dictionaries take turns, so that a look costs one look: a list of uses, as an exact order would need, costs
    more than all the rest of a hot path. What is used moves to the younger one; once that is full, the older is let go.
    """

    def __init__(self, most: int, tally: Tally) -> None:
        self._half = max(1, most // 2)
        self._tally = tally
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        """How much is kept."""
        return len(self._young) + len(self._old)

    def some(self, keys: Iterable[K]) -> tuple[dict[K, V], list[K]]:
        """What is kept under the keys, and the keys under which nothing is."""
        found: dict[K, V] = {}
        missing: list[K] = []
        look = self._young.get
        for key in keys:
            value = look(key)
            if value is None:
                value = self._old.pop(key, None)
                if value is None:
                    missing.append(key)
                    continue
                self._put(key, value)
                look = self._young.get
            found[key] = value
        self._tally.found += len(found)
        self._tally.missed += len(missing)
        return found, missing

    def get(self, key: K) -> V | None:
        """What is kept under a key; not counted."""
        value = self._young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self._put(key, value)
        return value

    def same(self, keys: Sequence[K], values: list[V]) -> bool:
        """Whether exactly these values are still kept under the keys; not counted."""
        if [*map(self._young.get, keys)] == values:  # the same objects are equal without a closer look
            return True
        return [*map(self.get, keys)] == values

    def keep(self, values: Mapping[K, V]) -> None:
        """Keep values under their keys."""
        for key, value in values.items():
            self._old.pop(key, None)
            self._put(key, value)

    def drop(self, keys: Iterable[K]) -> None:
        """Keep nothing under these keys."""
        for key in keys:
            self._young.pop(key, None)
            self._old.pop(key, None)

    def clear(self) -> None:
        """Keep nothing at all."""
        self._young, self._old = {}, {}

    def _put(self, key: K, value: V) -> None:
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = value
