"""A key per member, so that destroying it erases what is personal in every event the member ever caused."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commands.errors import Unavailable
from infra.eventstore.sealing import unwrap, wrap

STALE_SECONDS: Final = 2.0
"""A key destroyed by another process is served from this process's cache for at most so long."""

CACHED_KEYS: Final = 50_000
FIND_CHUNK: Final = 10_000


class KeyDestroyed(Exception):
    """Personal fields were to be written for a member whose key was destroyed: the member is erased for good."""

    def __init__(self, member: str) -> None:
        super().__init__(f"the key of member {member} was destroyed")
        self.member = member


class Keys(Protocol):
    """The members' keys; all calls but `at_hand` may block, and raise `commands.errors.Unavailable`."""

    def create(self, member: str) -> AESGCM:
        """The member's key, made and durable if there was none; raises `KeyDestroyed` for an erased member."""
        ...

    def get(self, members: Iterable[str]) -> Mapping[str, AESGCM]:
        """The keys of those members that have one."""
        ...

    def at_hand(self, members: Iterable[str]) -> Mapping[str, AESGCM] | None:
        """The same where it can be told without blocking and every member has one, else None."""
        ...

    def destroy(self, member: str) -> None:
        """End the member's key, for ever and in all processes (elsewhere within `STALE_SECONDS`); may be repeated."""
        ...

    def close(self) -> None:
        """Let go of the table."""
        ...


class KeyCache:
    """Keys in memory, bounded, good for `STALE_SECONDS` after the last look at what other processes destroyed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, size: int = CACHED_KEYS) -> None:
        self._clock = clock
        self._size = size
        self._keys: dict[str, AESGCM] = {}
        self._looked = float("-inf")

    @property
    def fresh(self) -> bool:
        """Whether the keys may be served without another look."""
        return self._clock() - self._looked < STALE_SECONDS

    def looked(self, at: float, destroyed: Iterable[str]) -> None:
        """Another look began `at`, and found these destroyed."""
        for member in destroyed:
            self._keys.pop(member, None)
        self._looked = at

    def find(self, members: Iterable[str]) -> dict[str, AESGCM]:
        """Those of the members' keys that are here; only to be served while `fresh`."""
        keys = self._keys
        return {member: key for member in members if (key := keys.get(member)) is not None}

    def keep(self, found: Mapping[str, AESGCM]) -> None:
        """Remember keys; the oldest make room."""
        self._keys.update(found)
        while len(self._keys) > self._size:
            self._keys.pop(next(iter(self._keys)))

    def drop(self, member: str) -> None:
        """Forget a key."""
        self._keys.pop(member, None)


class SqliteKeys:
    """The keys in an SQLite file of their own, each wrapped by the master key; any thread may call.

    The file is kept apart from the events so that its backups can be short-lived: a key is gone when they are.
    """

    def __init__(self, path: Path, master_key: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        if len(master_key) != 32:  # noqa: PLR2004 - AES-256
            raise ValueError("the master key has to have 32 bytes")
        self._master = AESGCM(master_key)
        self._clock = clock
        self._cache = KeyCache(clock)
        self._lock = threading.Lock()
        self._ended = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA secure_delete=ON",
            "CREATE TABLE IF NOT EXISTS keys (member TEXT PRIMARY KEY, wrapped BLOB, ended INTEGER UNIQUE)",
        ):
            self._db.execute(statement)

    def create(self, member: str) -> AESGCM:
        """The member's key, made and durable if there was none; raises `KeyDestroyed` for an erased member."""
        fresh = AESGCM.generate_key(bit_length=256)
        with self._alone():
            self._db.execute(
                "INSERT INTO keys (member, wrapped) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (member, wrap(self._master, member, fresh)),
            )
            (wrapped,) = self._db.execute("SELECT wrapped FROM keys WHERE member = ?", (member,)).fetchone()
            if wrapped is None:
                raise KeyDestroyed(member)
            key = unwrap(self._master, member, wrapped)
            self._cache.keep({member: key})
        return key

    def get(self, members: Iterable[str]) -> Mapping[str, AESGCM]:
        """The keys of those members that have one."""
        wanted = set(members)
        with self._alone():
            self._look()
            found = self._cache.find(wanted)
            missing = sorted(wanted - found.keys())
            for start in range(0, len(missing), FIND_CHUNK):
                rows = self._db.execute(
                    "SELECT member, wrapped FROM keys WHERE wrapped IS NOT NULL"
                    " AND member IN (SELECT value FROM json_each(?))",
                    (orjson.dumps(missing[start : start + FIND_CHUNK]).decode(),),
                )
                loaded = {member: unwrap(self._master, member, wrapped) for member, wrapped in rows}
                self._cache.keep(loaded)
                found |= loaded
        return found

    def at_hand(self, members: Iterable[str]) -> Mapping[str, AESGCM] | None:
        """The same where it can be told without blocking and every member has one, else None."""
        if not self._cache.fresh:
            return None
        wanted = set(members)
        found = self._cache.find(wanted)
        return found if len(found) == len(wanted) else None

    def destroy(self, member: str) -> None:
        """End the member's key, for ever and in all processes (elsewhere within `STALE_SECONDS`); may be repeated.

        Its bytes leave the files too; only where another process reads at this very moment, the log keeps them until
        its next checkpoint.
        """
        with self._alone():
            self._db.execute(
                "INSERT INTO keys (member, ended) SELECT ?1, coalesce(max(ended), 0) + 1 FROM keys WHERE true"
                " ON CONFLICT (member) DO UPDATE SET wrapped = NULL, ended = excluded.ended WHERE ended IS NULL",
                (member,),
            )
            self._cache.drop(member)
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Let go of the table."""
        with self._alone():
            self._db.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread at a time; the driver's errors as the port's."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise Unavailable(f"the key table can't be reached: {error}") from error

    def _look(self) -> None:
        """See which keys other processes destroyed since the last look."""
        if self._cache.fresh:
            return
        began = self._clock()
        ended = self._db.execute("SELECT ended, member FROM keys WHERE ended > ? ORDER BY ended", (self._ended,))
        destroyed = ended.fetchall()
        self._cache.looked(began, [member for _, member in destroyed])
        self._ended = destroyed[-1][0] if destroyed else self._ended
