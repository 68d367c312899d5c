"""A database's records, with payloads that have moved to the archive read from there: nobody above sees a difference."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from eventsourcing.persistence import PersistenceError

from commands.errors import Unavailable
from domain.errors import Refused
from infra.analysis.extras import MissingExtraError
from infra.eventstore.archive import Archive, DamagedError, is_away
from infra.eventstore.records import Records, Writing
from streams.ports import Stored


class ArchivedRecords:
    """`infra.eventstore.records.Records` over others and an archive."""

    def __init__(self, inner: Records, archive: Archive) -> None:
        self.inner = inner
        self.archive = archive

    def lane(self, log: int) -> int:
        """The lane of the records beneath."""
        return self.inner.lane(log)

    def writing(self, logs: Iterable[int]) -> AbstractContextManager[Writing]:
        """Lock the logs; the archive has no part in writing."""
        return self.inner.writing(logs)

    def head(self, log: int) -> int:
        """The number of the last committed fact of a log, 0 where there is none."""
        return self.inner.head(log)

    def page(self, log: int, after: int, limit: int) -> list[Stored]:
        """Committed facts of a log after a number, in order."""
        return self._whole(self.inner.page(log, after, limit))

    def streams(self, names: Mapping[int, Iterable[str]]) -> list[Stored]:
        """All committed facts of the named streams of each log, in order within a stream."""
        return self._whole(self.inner.streams(names))

    def exchange(self, log: int, states: Sequence[tuple[int, bytes]]) -> int:
        """Put other payloads under these numbers."""
        return self.inner.exchange(log, states)

    def settle(self) -> None:
        """Wait for whoever writes."""
        self.inner.settle()

    def close(self) -> None:
        """Let go of the records beneath."""
        self.inner.close()

    def _whole(self, rows: list[Stored]) -> list[Stored]:
        away: dict[int, list[int]] = {}
        for row in rows:
            if is_away(row.state):
                away.setdefault(row.log, []).append(row.number)
        if not away:
            return rows
        try:
            held = {log: self.archive.payloads(log, numbers) for log, numbers in away.items()}
        except (DamagedError, Refused, Unavailable, MissingExtraError, OSError) as error:
            raise PersistenceError(f"the archive can't be read: {error}") from error
        return [row._replace(state=held[row.log][row.number]) if is_away(row.state) else row for row in rows]
