"""`filmroll media tier`: which originals lie in another tier than their age says, and having them where they belong."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from domain.ids import time_of
from domain.tiers import HOT, Tier, belongs
from domain.uploads import upload_of
from infra.core import utc_now
from infra.files.disk import Disk
from infra.files.tiers import DamagedError, Lying, Tiers
from infra.installation import open_installation
from infra.settings import Settings
from infra.tiering import classes_of, folders_of, tiers_of

if TYPE_CHECKING:
    from infra.minio.bucket import Bucket

_STANDARD: Final = "STANDARD"


@dataclass(slots=True)
class Sum:
    """How many originals, and of how many bytes."""

    count: int = 0
    bytes: int = 0

    def add(self, lying: Lying) -> None:
        """One more."""
        self.count += 1
        self.bytes += lying.size or 0

    def __str__(self) -> str:
        return f"{self.count:,} originals of {self.bytes:,} bytes"


@dataclass(slots=True)
class Plan:
    """What is to be moved, and what else there is to say."""

    moves: list[tuple[Lying, str]] = field(default_factory=list)
    stay: dict[str, Sum] = field(default_factory=dict)
    placeless: dict[str, Sum] = field(default_factory=dict)
    missing: list[Lying] = field(default_factory=list)

    def sums(self) -> dict[tuple[str, str], Sum]:
        """The moves from tier to tier."""
        sums: dict[tuple[str, str], Sum] = {}
        for lying, target in self.moves:
            sums.setdefault((lying.tier, target), Sum()).add(lying)
        return sums


def planned(originals: Iterable[Lying], tiers: Sequence[Tier], placed: Sequence[Tier], *, back: bool = True) -> Plan:
    """Where each original belongs, of the tiers that have a place; with `back`, also in a warmer one than it lies in."""
    plan, now = Plan(), utc_now()
    warmth = {HOT: 0, **{tier.name: number for number, tier in enumerate(placed, 1)}}
    for lying in originals:
        if lying.size is None:
            plan.missing.append(lying)
            continue
        upload_id = upload_of(lying.key)
        assert upload_id is not None
        uploaded_at = time_of(upload_id)
        target, wanted = belongs(uploaded_at, now, placed), belongs(uploaded_at, now, tiers)
        if wanted != target:
            plan.placeless.setdefault(wanted, Sum()).add(lying)
        if target == lying.tier or (not back and warmth.get(lying.tier, len(tiers)) > warmth[target]):
            plan.stay.setdefault(lying.tier, Sum()).add(lying)
        else:
            plan.moves.append((lying, target))
    return plan


def in_folders(settings: Settings, *, dry_run: bool) -> bool:
    """Move originals between the folders of the tiers; whether all went well."""
    open_installation(settings, create=False)
    tiers, folders = tiers_of(settings), folders_of(settings)
    placed = [tier for tier in tiers if tier.name in folders]
    store = Tiers(Disk(settings.data / "objects"), folders)
    if dry_run:
        plan = planned(store.originals(), tiers, placed)
        _tell(plan, "would move", "FILMROLL_MEDIA_TIER_FOLDERS")
        return not plan.missing
    with store.alone() as cleared:
        if cleared:
            typer.echo(f"{cleared:,} files cleared away that a run left which was broken off")
        plan = planned(store.originals(), tiers, placed)
        moved = Plan(stay=plan.stay, placeless=plan.placeless, missing=plan.missing)
        failed = 0
        with _progress(plan) as advance:
            for lying, target in plan.moves:
                try:
                    if store.move(lying.key, target):
                        moved.moves.append((lying, target))
                except (OSError, DamagedError) as error:
                    typer.echo(f"{lying.key} stays where it is: {error}", err=True)
                    failed += 1
                advance(lying.size or 0)
    _tell(moved, "moved", "FILMROLL_MEDIA_TIER_FOLDERS")
    if failed:
        typer.echo(f"{failed:,} originals could not be moved")
    return not failed and not plan.missing


def in_bucket(settings: Settings, *, dry_run: bool, write: Path | None) -> bool:
    """Let the object store move originals by its own lifecycle rules; whether it takes all of them."""
    from infra.minio import lifecycle

    tiers, classes = tiers_of(settings), classes_of(settings)
    rules = json.dumps(lifecycle.document(tiers, classes), indent=2)
    if write is not None:
        write.write_text(f"{rules}\n")

    def run(bucket: "Bucket") -> bool:
        placed = [tier for tier in tiers if tier.name in classes]
        if dry_run:
            _tell(_stored(bucket, tiers, placed, classes), "would be marked for", "FILMROLL_MINIO_TIERS")
            typer.echo(rules)
            return True
        applied = lifecycle.apply(bucket, tiers, classes)
        typer.echo(f"lifecycle rules of {bucket.place.bucket}: {', '.join(applied.rules)}")
        for dropped in applied.dropped:
            typer.echo(f"the object store does not keep {dropped} (MinIO ends such parts by itself)", err=True)
        for tier in applied.unknown:
            typer.echo(
                f"the object store does not know {classes[tier.name]}, so {tier.name} is left out: originals stay "
                "where they are until it does",
                err=True,
            )
        placed = [tier for tier in placed if tier not in applied.unknown]
        plan = _stored(bucket, tiers, placed, classes)
        with _progress(plan) as advance:
            for lying, _ in plan.moves:
                bucket.mark(lying.key)
                advance(lying.size or 0)
        _tell(plan, "marked for", "FILMROLL_MINIO_TIERS")
        return not applied.unknown

    async def with_bucket() -> bool:
        from infra.cluster import open_objects

        async with open_objects(settings) as objects:
            return await asyncio.to_thread(run, objects.bucket)

    return asyncio.run(with_bucket())


def _stored(bucket: "Bucket", tiers: Sequence[Tier], placed: Sequence[Tier], classes: Mapping[str, str]) -> Plan:
    names = {_STANDARD: HOT, **{storage: name for name, storage in classes.items()}}
    lying = (Lying(each.key, each.size, names.get(each.storage, each.storage)) for each in bucket.originals())
    return planned(lying, tiers, placed, back=False)


def _tell(plan: Plan, word: str, setting: str) -> None:
    for (source, target), moved in sorted(plan.sums().items()):
        typer.echo(f"{source} → {target}: {moved} {word}")
    for name, staying in sorted(plan.stay.items()):
        typer.echo(f"{name}: {staying} stay")
    for name, wanting in sorted(plan.placeless.items()):
        typer.echo(f"{name}: {wanting} belong there, but {setting} names no place for it")
    for lying in plan.missing:
        typer.echo(f"{lying.key} is missing from its folder ({lying.tier})", err=True)


@contextmanager
def _progress(plan: Plan) -> Iterator[Callable[[int], None]]:
    bar = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*bar, console=Console(stderr=True)) as progress:
        task = progress.add_task("originals", total=sum(lying.size or 0 for lying, _ in plan.moves))
        yield lambda size: progress.advance(task, size)
