"""Circuit breakers: a server that was seen to be away is not waited for by everybody, again and again.

Time limits bound one wait. A server that hangs would still cost every request that limit, and the threads and
connections that wait with it; behind a breaker, one call in a while finds out for all.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from commands.errors import Unavailable

FAILURES: Final = 3
"""So many calls in a row that found a server away open its breaker."""
REST_S: Final = 1.0
"""An open breaker lets one call through after so long, or after longer where the last one had to wait for its failure."""
SHARE: Final = 4
"""It rests for so many times as long as the call had to wait: who asks seldom is seldom the one who waits."""
UNREPORTED_S: Final = 15.0
"""A call that was let through and of which nothing was heard for so long was called off."""

_OPEN: Final = Gauge("filmroll_dependency_away", "1 while a server counts as away, and is not waited for.", ["server"])
_REFUSED: Final = Counter("filmroll_dependency_refusals", "Calls that were not sent to a server away.", ["server"])

_log = structlog.get_logger(__name__)


class Breaker:
    """Whether one server is worth waiting for; any thread may use it.

    Closed, it lets every call through. When `failures` calls in a row found the server away it opens: calls are refused
    at once, but for one at a time, with rests between them. The first call that is answered closes it.
    """

    def __init__(
        self,
        server: str,
        *,
        failures: int = FAILURES,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._failures = 0
        self._next_try = 0.0
        self._tried_at: float | None = None
        _OPEN.labels(server).set(0)

    @property
    def open(self) -> bool:
        """Whether calls are refused."""
        return self._failures >= self._limit

    def admits(self) -> bool:
        """Whether a call may be sent now; who is admitted tells afterwards what came of it."""
        if not self.open:
            return True
        now = self._clock()
        if now < self._next_try:
            _REFUSED.labels(self._server).inc()
            return False
        self._tried_at, self._next_try = now, now + UNREPORTED_S
        return True

    def answered(self) -> None:
        """The server answered, whatever it said."""
        if self._failures:
            if self.open:
                _log.info("server answers again", server=self._server)
                _OPEN.labels(self._server).set(0)
            self._failures, self._tried_at = 0, None

    def away(self) -> None:
        """The server could not be reached, or did not answer in time."""
        self._failures += 1
        now = self._clock()
        if self._failures == self._limit:
            self._next_try = now + self._rest_s
            _log.warning("server is away", server=self._server)
            _OPEN.labels(self._server).set(1)
        elif self._tried_at is not None:
            self._next_try = now + max(self._rest_s, SHARE * (now - self._tried_at))
            self._tried_at = None

    @contextmanager
    def calling(self) -> Iterator[None]:
        """One call: raises `Unavailable` where it is not admitted, and takes `Unavailable` as a sign of absence."""
        if not self.admits():
            raise Unavailable(f"{self._server} is away")
        try:
            yield
        except Unavailable:
            self.away()
            raise
        except Exception:
            self.answered()
            raise
        else:
            self.answered()
