"""Processes that append to a place until they are killed, and what they were told was written."""

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.eventstore.store import LibraryEventStore
from tests.contracts.event_stores import Place

ROOT = Path(__file__).parents[2]
DEADLINE = 60.0


class Writers:
    """Some processes, each with eight callers in as many homes."""

    def __init__(self, place: Place, processes: int) -> None:
        self._address = place.address
        self._count = processes
        self._changed = threading.Condition()
        self._acknowledged: list[str] = []
        self._begun: set[subprocess.Popen[str]] = set()

    def __enter__(self) -> Self:
        module = "tests.contracts.event_store_writer"
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", module, f"writer{number}", *self._address],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(self._count)
        ]
        self._readers = [threading.Thread(target=self._read, args=(each,)) for each in self._processes]
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def wait(self, more: int) -> None:
        """Until every process has begun, and so many more events were acknowledged."""
        with self._changed:
            wanted = len(self._acknowledged) + more
            assert self._changed.wait_for(
                lambda: len(self._acknowledged) >= wanted and len(self._begun) == self._count, DEADLINE
            ), "the writers stand still"

    def kill(self) -> list[str]:
        """End the processes in the middle of it; all that was acknowledged, as `log number event-id`."""
        for process in self._processes:
            process.kill()
        for reader in self._readers:
            reader.join()
        for process in self._processes:
            process.wait()
            assert process.stdout
            process.stdout.close()
        return self._acknowledged

    @property
    def running(self) -> bool:
        """Whether none of them has given up."""
        return all(process.poll() is None for process in self._processes)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout
        for line in process.stdout:
            if line.endswith("\n"):
                with self._changed:
                    self._begun.add(process)
                    self._acknowledged.append(line.strip())
                    self._changed.notify_all()


async def everything(store: LibraryEventStore) -> list[str]:
    """What is in the store, as the writers say it, log by log in order."""
    found: list[str] = []
    for log in range(store.logs):
        facts = (await store.read(log, 0, 10_000_000, personal=False)).facts
        assert [fact.recorded_at for fact in facts] == sorted({fact.recorded_at for fact in facts})
        assert [fact.position.number for fact in facts] == sorted({fact.position.number for fact in facts})
        found += [f"{log} {fact.position.number} {fact.event_id}" for fact in facts]
    return found


async def at_rest(store: LibraryEventStore) -> list[str]:
    """The same, once nothing comes in any more: what was under way when its writer was killed may be written still."""
    found: list[str] = []
    heads: dict[int, int] = {}
    while heads != (heads := {log: await store.head(log) for log in range(store.logs)}):
        found = await everything(store)
    return found
