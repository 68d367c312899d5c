"""`filmroll import`: a folder of photographs, through the HTTP API, oldest first; what is there already is skipped."""

import logging
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import exifread
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.client import PHOTO_SUFFIXES, Client, ClientError, Put, Sent

_AT_ONCE: Final = 4
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: `imported`, `skipped`, `rejected`, or `failed`, and why."""

    path: Path
    kind: str
    why: str = ""


def import_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Where the photos lie.")],
    username: Annotated[str, typer.Option("--as", help="The member to import as.")],
    password: Annotated[
        str, typer.Option(envvar="FILMROLL_PASSWORD", prompt=True, hide_input=True, help="The member's password.")
    ],
    url: Annotated[str, typer.Option(envvar="FILMROLL_URL", help="The server.")] = "http://127.0.0.1:8080",
    audience: Annotated[str, typer.Option(help="public, friends or private.")] = "public",
) -> None:
    """Upload a folder of photographs, subfolders too; run it again after a break, and nothing comes twice."""
    console = Console(stderr=True, highlight=False)
    logging.getLogger("exifread").setLevel(logging.CRITICAL)  # what a file is, the server says
    files = in_order(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    photos = [path for path in files if path.suffix.lower() in PHOTO_SUFFIXES]
    for other in sorted(set(files) - set(photos)):
        console.print(f"[dim]passed over {other.relative_to(folder)}: not a photo by its name[/dim]")
    with Client(url) as client:
        client.log_in(username, password)
        outcomes = Counter[str]()
        bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*bar, console=console) as progress:
            task = progress.add_task("importing", total=len(photos))
            for outcome in _send_all(client, photos, audience):
                outcomes[outcome.kind] += 1
                progress.advance(task)
                if outcome.why:
                    progress.console.print(f"{outcome.kind} {outcome.path.relative_to(folder)}: {outcome.why}")
    console.print(", ".join(f"{count} {kind}" for kind, count in sorted(outcomes.items())) or "nothing to import")
    if outcomes["failed"]:
        raise typer.Exit(1)


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Files by the date that their EXIF states, and by name where it states none, so that feeds show them in order."""
    return sorted(paths, key=lambda path: (_taken(path) or datetime.max.replace(tzinfo=UTC), str(path)))


def _taken(path: Path) -> datetime | None:
    try:
        with path.open("rb") as file:
            tags = exifread.process_file(file, details=False, stop_tag="EXIF DateTimeOriginal")
        stated = str(tags.get("EXIF DateTimeOriginal") or tags.get("Image DateTime") or "")
        return datetime.strptime(stated.strip(), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except Exception:  # noqa: BLE001 - the date only orders the upload; the server judges the file itself
        return None


def _send_all(client: Client, photos: list[Path], audience: str) -> Iterator[Outcome]:
    """Bytes travel a few files at a time; photos are published one by one, in order, and developed meanwhile."""
    with ThreadPoolExecutor(_AT_ONCE) as putting, ThreadPoolExecutor(_AT_ONCE) as waiting:
        arrived = [putting.submit(client.put, path) for path in photos]
        coming: deque[Future[Outcome]] = deque()
        for path, put in zip(photos, arrived, strict=True):
            try:
                sent = _published(client, put.result(), audience)
            except (ClientError, OSError) as error:
                yield Outcome(path, "failed", str(error))
                continue
            if sent.duplicate:
                yield Outcome(path, "skipped")
                continue
            coming.append(waiting.submit(_developed, client, path, sent))
            while coming and coming[0].done():
                yield coming.popleft().result()
        for outcome in coming:
            yield outcome.result()


def _published(client: Client, put: Sent | Put, audience: str) -> Sent:
    return put if isinstance(put, Sent) else client.publish(put, audience=audience)


def _developed(client: Client, path: Path, sent: Sent) -> Outcome:
    try:
        while (photo := client.photo(sent.photo_id, sent.position))["status"] == "processing":
            time.sleep(_POLL_S)
        if photo["status"] != "rejected":
            return Outcome(path, "imported")
        client.remove(sent.photo_id)  # or another run would leave one more of it
    except ClientError as error:
        return Outcome(path, "failed", str(error))
    return Outcome(path, "rejected", f"{photo['rejection']['detail']} ({photo['rejection']['code']})")
