"""A cluster of which now one process, now another dies by `kill -9` or is stopped for a while, at work."""

import os
import random
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from urllib.parse import urlsplit

from tests.cluster_story import Story, until

KILLED = ("workers", "workers", "relay", "api", "media")
STOPPED = ("workers", "workers", "relay", "media")
FEEDING = ("relay", "workers")
LONGEST_STOP_S = 3.0
_SOON_S = 0.05


class Hunted:
    """It is brought up by this, and all that is hurt are processes of its own."""

    def __init__(self, story: Story, dice: random.Random) -> None:
        self._story = story
        self.url = story.server.start(deadline_s=240).url
        self._dice = dice
        self._timers: list[threading.Timer] = []
        self._failed: list[BaseException] = []

    def strikes(self, operations: range) -> dict[int, list[Callable[[], None]]]:
        """What happens beside which of the operations."""
        acts = [*(partial(self._kill, part) for part in KILLED), *(partial(self._stop, part) for part in STOPPED)]
        due: dict[int, list[Callable[[], None]]] = {}
        for act in acts:
            due.setdefault(self._dice.choice(operations), []).append(act)
        return due

    def soon(self, act: Callable[[], None], within_s: float = _SOON_S) -> None:
        """Do something in a moment, in the middle of whatever is done then."""

        def tried() -> None:
            try:
                act()
            except BaseException as error:
                self._failed.append(error)
                raise

        self._timers.append(threading.Timer(self._dice.random() * within_s, tried))
        self._timers[-1].start()

    def settle(self) -> None:
        """Wait until all that was to happen has happened, and everybody is there again."""
        while self._timers:
            self._timers.pop().join()
        assert self._failed == []
        self.up()

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Nobody feeds any read model, until this ends."""
        with ExitStack() as stack:
            for part in FEEDING:
                stack.enter_context(self._story.halted(part))
            yield

    def up(self) -> None:
        """Wait until it answers again."""
        address = urlsplit(self.url)

        def answers() -> bool:
            with suppress(OSError), socket.create_connection((address.hostname, address.port), timeout=5):
                return True
            return False

        until(answers, "the API is there again")

    def end(self) -> None:
        """End it in peace."""
        while self._timers:
            self._timers.pop().join()
        self._story.end()

    def _one(self, part: str) -> int:
        """One of the processes of a part, as soon as it has any."""
        found: list[int] = []

        def there() -> bool:
            found[:] = sorted(self._story.processes(part))
            return bool(found)

        until(there, part)
        return self._dice.choice(found)

    def _kill(self, part: str) -> None:
        os.kill(self._one(part), signal.SIGKILL)

    def _stop(self, part: str) -> None:
        process = self._one(part)
        os.kill(process, signal.SIGSTOP)
        self.soon(partial(self._go_on, process), LONGEST_STOP_S)

    @staticmethod
    def _go_on(process: int) -> None:
        with suppress(ProcessLookupError):  # it was killed meanwhile
            os.kill(process, signal.SIGCONT)
