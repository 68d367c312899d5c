"""Single flight: what is being loaded already is waited for, not loaded again."""

import asyncio
from asyncio import Task
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Flights(Generic[K, V]):
    """Loads under way, by key; a load goes on where the one who began it was cancelled."""

    def __init__(self) -> None:
        self._under_way: dict[K, Task[Mapping[K, V]]] = {}

    async def load(self, keys: list[K], load: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> dict[K, V]:
        """What is found under the keys; each is asked for by one load at a time, whose error all get who wait."""
        own = [key for key in keys if key not in self._under_way]
        if own:
            task = asyncio.ensure_future(_run(load, own))
            self._under_way.update(dict.fromkeys(own, task))
            task.add_done_callback(lambda _: self._land(own))
        flights = {key: self._under_way[key] for key in keys}
        loaded = {id(task): await asyncio.shield(task) for task in set(flights.values())}
        found = ((key, loaded[id(task)].get(key)) for key, task in flights.items())
        return {key: value for key, value in found if value is not None}

    def _land(self, keys: list[K]) -> None:
        for key in keys:
            del self._under_way[key]


async def _run(load: Callable[[list[K]], Awaitable[Mapping[K, V]]], keys: list[K]) -> Mapping[K, V]:
    return await load(keys)
