"""One group's transaction: who is written, who is refused, and what is made of a database that gives no answer."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from eventsourcing.persistence import OperationalError

from commands.errors import Conflict, Unavailable
from infra.eventstore import codec
from infra.eventstore.committing import Append, Committed, Part, commit
from infra.eventstore.records import Writing
from infra.eventstore.sqlite import SqliteRecords
from tests.contracts.event_stores import CONTEXT, START, Clock, liked


class Faulty(SqliteRecords):
    """Fails with the commits that `faults` says: before they are made, or after."""

    def __init__(self, path: Path, *faults: str) -> None:
        super().__init__(path, logs=2)
        self.faults = list(faults)
        self.transactions = 0

    @contextmanager
    def writing(self, logs: Iterable[int]) -> Iterator[Writing]:
        self.transactions += 1
        fault = self.faults.pop(0) if self.faults else ""
        with super().writing(logs) as writing:
            yield writing
            if fault == "before":
                raise OperationalError("went away")
        if fault == "after":
            raise OperationalError("no answer")


def append(stream: str, expected: int = 0, log: int = 0, events: int = 1) -> Append:
    drafts = [
        codec.draft(liked(), stream, expected + n, event_id=codec.new_event_id(START), context=CONTEXT, key=None)
        for n in range(1, events + 1)
    ]
    return Append(log, [Part(stream, expected, drafts)])


def told(outcomes: Iterable[object]) -> list[object]:
    return [list(each.numbers) if isinstance(each, Committed) else type(each) for each in outcomes]


def test_a_group_is_one_transaction_in_the_order_of_its_members(tmp_path: Path) -> None:
    records = Faulty(tmp_path / "events.db")
    group = [append("a", events=2), append("b", log=1), append("a", 2), append("a", 2), append("c")]
    assert told(commit(records, Clock(), group)) == [[1, 2], [1], [3], Conflict, [4]]
    assert records.transactions == 1
    assert [stored.stream for stored in records.page(0, 0, 10)] == ["a", "a", "a", "c"]


def test_a_group_of_nothing_but_conflicts_writes_nothing(tmp_path: Path) -> None:
    records = Faulty(tmp_path / "events.db")
    assert told(commit(records, Clock(), [append("a", 3), append("b", 1)])) == [Conflict, Conflict]
    assert records.head(0) == 0


def test_what_was_committed_without_an_answer_is_known_by_its_ids(tmp_path: Path) -> None:
    records = Faulty(tmp_path / "events.db")
    commit(records, Clock(), [append("taken")])
    records.faults.append("after")
    group = [append("a", events=2), append("taken"), append("b", log=1)]
    assert told(commit(records, Clock(), group)) == [[2, 3], Conflict, [1]]
    assert len(records.page(0, 0, 10)) == 3


def test_what_was_not_committed_is_written_by_the_second_attempt(tmp_path: Path) -> None:
    records = Faulty(tmp_path / "events.db", "before")
    assert told(commit(records, Clock(), [append("a")])) == [[1]]
    assert len(records.page(0, 0, 10)) == 1


@pytest.mark.parametrize("fault", ["before", "after"])
def test_a_database_that_stays_away_is_unavailable(tmp_path: Path, fault: str) -> None:
    records = Faulty(tmp_path / "events.db", *[fault] * 2)
    assert told(commit(records, Clock(), [append("a"), append("b")])) == [Unavailable, Unavailable]
    assert records.transactions == 2


def test_the_number_of_logs_holds_for_life(tmp_path: Path) -> None:
    SqliteRecords(tmp_path / "events.db", 4).close()
    SqliteRecords(tmp_path / "events.db", 4).close()
    with pytest.raises(ValueError, match="4 logs, not 8"):
        SqliteRecords(tmp_path / "events.db", 8)


def test_numbers_outlive_a_vacuum(tmp_path: Path) -> None:
    records = SqliteRecords(tmp_path / "events.db", 1)
    commit(records, Clock(), [append("a"), append("b"), append("c")])
    with records._datastore.get_connection(commit=True) as connection:
        connection.cursor().execute("DELETE FROM log_0000 WHERE rowid = 2")  # a hole, as an archive might leave
        connection.cursor().execute("VACUUM")
    assert [stored.number for stored in records.page(0, 0, 10)] == [1, 3]
    assert [each.id for each in records._recorders[0].select_notifications(1, 10)] == [1, 3]
    assert [each.originator_id for each in records._recorders[0].select_events("c")] == ["c"]
