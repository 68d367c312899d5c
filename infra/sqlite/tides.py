"""A word to all who wait for read models to move on."""

import asyncio


class Tides:
    """Waiters take an event, look at how things stand, and wait for the event if that is not enough yet."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Set as soon as anything moves from now on."""
        return self._next

    def turn(self) -> None:
        """Something moved."""
        moved, self._next = self._next, asyncio.Event()
        moved.set()
