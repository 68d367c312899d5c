"""Export: a range of the event log as files, in parts that go on where the one before ended.

The log is read once, a page at a time, and every table's rows are written in groups of a fixed size. So memory does
not grow with the log, and the same range gives the same bytes. A killed export leaves files that no manifest names;
the next run writes them again.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from domain.events import event_type
from domain.recorded import Recorded, Unreadable, name_of
from domain.wire import chosen, stored_names
from infra.analysis.columns import EVENTS, EventTable, table_name, tables
from infra.analysis.formats import ROWS, Sheet, open_sheet
from infra.analysis.manifest import Content, ExportError, File, Manifest, Part, load, save, sha256_of
from streams.ports import EventLog

PAGE: Final = 4_000

Report = Callable[[int], None]
"""Told how many events were written since it was last called."""


async def export(
    log: EventLog,
    directory: Path,
    content: Content,
    *,
    after: Mapping[int, int],
    through: Mapping[int, int],
    report: Report = lambda _: None,
) -> Manifest:
    """Add a part with the events after one position, up to and including another, unless there is nothing to add.

    Where the folder holds an export already, the part begins where that one ends and `after` is left aside. Raises
    `ExportError` where that export holds something else than `content`.
    """
    manifest = await asyncio.to_thread(load, directory)
    if manifest is None:
        manifest = Manifest(content)
        after = {number: after.get(number, 0) for number in range(log.logs)}
    else:
        if manifest.content != content:
            raise ExportError(f"{directory} holds another export, of {manifest.content}; export to another folder")
        after = manifest.through
    through = {number: max(through.get(number, 0), start) for number, start in after.items()}
    if through == after and manifest.parts:
        return manifest
    writing = _Writing(directory, content, len(manifest.parts) + 1)
    try:
        for number, start in after.items():
            await _copy(log, number, start, through[number], writing, report)
    finally:
        files = await asyncio.to_thread(writing.close)
    manifest = manifest.with_part(Part(len(manifest.parts) + 1, after, through, writing.events, files))
    await asyncio.to_thread(save, directory, manifest)
    return manifest


async def _copy(log: EventLog, number: int, start: int, end: int, writing: "_Writing", report: Report) -> None:
    types = writing.content.types
    names = None if types is None else stored_names(types)
    reached = start
    while reached < end:
        page = await log.read(number, reached, PAGE, names, personal=writing.content.personal)
        facts = [
            fact
            for fact in page.facts
            if fact.position.number <= end and (types is None or chosen(frozenset(types))[name_of(fact)])
        ]
        for fact in facts:
            if isinstance(fact.event, Unreadable):
                place = f"{number}:{fact.position.number}"
                raise ExportError(
                    f"{fact.event.name} at {place} can't be read: {fact.event.error}"
                ) from fact.event.error
        await asyncio.to_thread(writing.add, facts)
        report(len(facts))
        if page.last <= reached:
            raise ExportError(f"log {number} ends at {page.last}, before {end}")
        reached = page.last


class _Writing:
    """The files of one part, each opened when it has its first rows."""

    def __init__(self, directory: Path, content: Content, part: int) -> None:
        self.content = content
        self.events = 0
        self._directory = directory
        self._part = part
        self._tables = tables(personal=content.personal)
        self._waiting: dict[str, list[Recorded]] = {}
        self._rows: dict[str, int] = {}
        self._sheets: dict[str, Sheet] = {}

    def add(self, facts: list[Recorded]) -> None:
        """Take facts, in order."""
        self.events += len(facts)
        for fact in facts:
            self._take(EVENTS, fact)
            self._take(table_name(event_type(fact.event)), fact)

    def close(self) -> tuple[File, ...]:
        """End all files."""
        for name in self._waiting:
            self._flush(name)
        for sheet in self._sheets.values():
            sheet.close()
        return tuple(self._file(name) for name in sorted(self._sheets))

    def _take(self, name: str, fact: Recorded) -> None:
        waiting = self._waiting.setdefault(name, [])
        waiting.append(fact)
        if len(waiting) >= ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        waiting = self._waiting[name]
        if not waiting:
            return
        if name not in self._sheets:
            self._sheets[name] = self._open(self._tables[name])
        self._sheets[name].write(waiting)
        self._rows[name] = self._rows.get(name, 0) + len(waiting)
        waiting.clear()

    def _open(self, table: EventTable) -> Sheet:
        path = self._directory / self._path(table.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return open_sheet(path, table, self.content.format)

    def _path(self, name: str) -> str:
        return f"{name}/part-{self._part:05}.{self.content.format}"

    def _file(self, name: str) -> File:
        path = self._directory / self._path(name)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        return File(self._path(name), name, self._rows[name], path.stat().st_size, sha256_of(path))
