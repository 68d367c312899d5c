"""The ports `Shares` and `ShareViews` over SQLite."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from domain.ids import MemberId, ShareId
from domain.shares import ShareState
from infra.sqlite.connections import connect, create, writing
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of
from infra.sqlite.shapes import HIGHEST
from projections.shares import SHARES, ShareRow
from projections.visibility import VISIBILITY, ShareStateRow, share_state

T = TypeVar("T")
V = TypeVar("V")

_TABLE: Final = "CREATE TABLE views (share_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID"
_COUNT: Final = "INSERT INTO views VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1"


class SqliteShares:
    """Links, by whom they were made and by what they open."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def get(self, share_id: ShareId) -> ShareState | None:
        """What opens a link; None once it is taken back."""
        tail = "WHERE share_id = ? AND NOT _dropped"
        found = await self._models.read(VISIBILITY, lambda reader: reader.rows(ShareStateRow, tail, share_id))
        return share_state(found[0]) if found else None

    async def of(self, owner_id: MemberId, *, before: ShareId | None, limit: int) -> Sequence[ShareRow]:
        """Newest first."""
        tail = "WHERE owner_id = ? AND share_id < ? ORDER BY share_id DESC LIMIT ?"
        return await self._models.read(
            SHARES, lambda reader: reader.rows(ShareRow, tail, owner_id, before or HIGHEST, limit)
        )


class SqliteShareViews:
    """How often links were opened, in a file of its own; to be closed after use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="share-views")
        self._connection: sqlite3.Connection | None = None

    async def count(self, share_id: ShareId) -> None:
        """One more."""
        await self._run(self._count, share_id)

    async def read(self, share_ids: Iterable[ShareId]) -> Mapping[ShareId, int]:
        """How often each was opened; those that never were are left out."""
        return await self._run(self._read, any_of(share_ids))

    def close(self) -> None:
        """Let the file go."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    async def _run(self, function: Callable[[V], T], value: V) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, value)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if not self._path.exists():
                create(self._path, [_TABLE])
            self._connection = connect(self._path)
        return self._connection

    def _count(self, share_id: ShareId) -> None:
        connection = self._open()
        with writing(connection):
            connection.execute(_COUNT, (share_id,))

    def _read(self, wanted: str) -> dict[ShareId, int]:
        statement = f"SELECT share_id, count FROM views WHERE share_id {ANY_OF}"  # noqa: S608 a constant
        return dict(self._open().execute(statement, (wanted,)).fetchall())

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
