"""The library's PostgreSQL recorder of one log, which inserts a group in one statement.

Two things differ from the library's own. Order at write time is kept by an advisory lock for each log: the library's
`LOCK TABLE … IN EXCLUSIVE MODE` also waits for VACUUM and ANALYZE, and makes PostgreSQL cancel them, so that a busy log
would never be vacuumed. And nobody is notified: `NOTIFY` takes a lock of the whole database at commit, readers poll.
"""

from collections.abc import Sequence
from typing import Any, Final

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Cursor, RawCursor
from psycopg.sql import SQL, Composed, Identifier

from infra.eventstore.codec import STAMPED
from infra.eventstore.postgres_arrays import Blobs, Numbers, Texts

LOCK_CLASS: Final = 0x66696C6D
"""Distinguishes our advisory locks, whose other half is the log."""

MIGRATION_LOCK: Final = -1
"""Held by migrations and moves, in place of a log."""

KEYS_LOCK: Final = -2
"""Held while members' keys are ended, in place of a log."""

LOCK_LOGS: Final = f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, log::int) FROM unnest($1) AS log"  # noqa: S608 - a number
"""Takes the locks of logs, in the order in which they are given."""

AWAIT_LOGS: Final = f"SELECT pg_advisory_xact_lock_shared({LOCK_CLASS}, log::int) FROM unnest($1) AS log"  # noqa: S608 - a number
"""Waits for whoever holds the locks of logs, one after the other."""

STORAGE: Final = (
    "autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_threshold = 1000, "
    "autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_vacuum_insert_threshold = 10000, "
    "autovacuum_freeze_min_age = 0, "  # nothing changes once it is written: what is vacuumed once is done for ever
    "autovacuum_analyze_scale_factor = 0.2, autovacuum_analyze_threshold = 10000"
)

_COLUMNS: Final = "notification_id, originator_id, originator_version, topic, state"


def table_name(log: int) -> str:
    """The table that holds a log."""
    return f"log_{log:04}"


class LogRecorder(PostgresApplicationRecorder):
    """One log; constructing it asks the database nothing."""

    def __init__(self, datastore: PostgresDatastore, log: int, schema: str = "public") -> None:
        super().__init__(datastore, events_table_name=table_name(log))
        self.log = log
        table = SQL("{0}.{1}").format(Identifier(schema), Identifier(self.events_table_name))
        self.lock_table_statements = [SQL("SELECT pg_advisory_xact_lock({0}, {1})").format(LOCK_CLASS, log)]
        self.sql_create_statements = self._create_statements(table)
        insert = SQL(
            "INSERT INTO {0} (originator_id, originator_version, topic, state)"
            " SELECT * FROM unnest({1}) RETURNING notification_id"
        )
        self.insert_events_statement = insert.format(table, SQL("%b, %b, %b, %b"))
        # For raw cursors, which spare the driver to parse what it is given.
        self.insert_statement = insert.format(table, SQL("$1, $2, $3, $4")).as_string()
        self.standing_statement = (
            SQL(
                "(SELECT NULL AS i, NULL::bigint AS v, substr(state, 1, {1}) FROM {0} ORDER BY notification_id DESC LIMIT 1)"
                " UNION ALL SELECT t.originator_id, t.originator_version, NULL"
                " FROM unnest($1, $2) AS place (i, v) JOIN {0} AS t"
                " ON t.originator_id = place.i AND t.originator_version = place.v"
            )
            .format(table, STAMPED)
            .as_string()
        )
        self.page_statement = (
            SQL(
                f"SELECT {_COLUMNS} FROM {{0}} WHERE notification_id > $1 ORDER BY notification_id LIMIT $2"  # noqa: S608 - our own columns
            )
            .format(table)
            .as_string()
        )
        self.exchange_statement = (
            SQL(
                "UPDATE {0} SET state = given.state FROM unnest($1, $2) AS given (number, state)"
                " WHERE notification_id = given.number"
            )
            .format(table)
            .as_string()
        )
        self.streams_statement = (
            SQL(
                f"SELECT {_COLUMNS} FROM unnest($1) AS name (n) JOIN {{0}} ON originator_id = n"  # noqa: S608
                " ORDER BY originator_id, originator_version"
            )
            .format(table)
            .as_string()
        )

    def insert(self, cursor: RawCursor[Any], stored_events: Sequence[StoredEvent]) -> None:
        """Append, while the log's lock is held; the cursor will give the numbers."""
        cursor.execute(self.insert_statement, _columns(stored_events), prepare=True)

    def _insert_stored_events(self, curs: Cursor[Any], stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """The library's hook: its own `insert_events` locks and inserts as we do."""
        self._lock_table(curs)
        curs.execute(self.insert_events_statement, _columns(stored_events), prepare=True)

    def _create_statements(self, table: Composed) -> list[Composed]:
        """The library's columns and indexes; ids are compared as bytes, whatever the machine's locale becomes."""
        return [
            SQL(
                'CREATE TABLE {0} (originator_id text COLLATE "C" NOT NULL, originator_version bigint NOT NULL,'
                " topic text NOT NULL, state bytea NOT NULL, notification_id bigserial NOT NULL,"
                " PRIMARY KEY (originator_id, originator_version)) WITH ({1})"
            ).format(table, SQL(STORAGE)),
            SQL("CREATE UNIQUE INDEX {0} ON {1} (notification_id)").format(
                Identifier(self.notification_id_index_name), table
            ),
        ]


def _columns(stored_events: Sequence[StoredEvent]) -> tuple[Texts, Numbers, Texts, Blobs]:
    return (
        Texts(str(each.originator_id) for each in stored_events),
        Numbers(each.originator_version for each in stored_events),
        Texts(each.topic for each in stored_events),
        Blobs(each.state for each in stored_events),
    )
