"""`filmroll demo`: a server with something to see: accounts, follows, photographs, likes and comments."""

import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from rich.console import Console

from infra.cli.serving import run_server
from infra.client import Client, ClientError
from infra.settings import Settings

_ACCOUNTS: Final = ("aperture", "shutter", "tripod", "darkroom")
_PHOTOS_EACH: Final = 3
_WORDS: Final = (
    "First light over the ridge #morning",
    "Waited an hour for this #patience",
    "Haze, five layers of it #layers #hills",
    "Upright for once #portrait",
    "The same hill again, another sky #sky",
    "Last frame of the roll #filmroll",
)
_SAID: Final = ("What a light!", "Which lens was this?", "The layers in the haze are lovely.", "One more for the wall.")
_UP_S: Final = 60


def demo(
    data: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = Path(".demo"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
) -> None:
    """Start a server with something to see, and print its address and a login."""
    settings = Settings(data=data, host=host, port=port)
    url = f"http://{host}:{port}"
    filler = threading.Thread(target=_fill, args=(url, _password(data)), daemon=True)
    filler.start()
    run_server(settings)


def _password(data: Path) -> str:
    """One for all demo accounts, drawn on the first start."""
    kept = data / "demo-password"
    if not kept.exists():
        data.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9))
    return kept.read_text()


def _fill(url: str, password: str) -> None:
    console = Console(highlight=False)
    try:
        clients = _log_in(url, password)
        if not clients[0].photos(_ACCOUNTS[0]):
            console.print("developing a few pictures …")
        _make(clients)
    except ClientError as error:
        console.print(f"[red]the demo could not be filled: {error}[/red]")
        return
    console.print(
        f"\n  [bold]filmroll is up at {url}[/bold]   (interactive contract: {url}/docs)\n"
        f"  log in as [bold]{_ACCOUNTS[0]}[/bold] with the password [bold]{password}[/bold]"
        f"   (also {', '.join(_ACCOUNTS[1:])})\n"
        f"  stop it with Ctrl-C\n",
        soft_wrap=True,
    )


def _log_in(url: str, password: str) -> list[Client]:
    deadline = time.monotonic() + _UP_S
    clients = [Client(url) for _ in _ACCOUNTS]
    while not clients[0].ready():
        if time.monotonic() > deadline:
            raise ClientError("unreachable", f"{url} did not come up within {_UP_S} s")
        time.sleep(0.1)
    for client, name in zip(clients, _ACCOUNTS, strict=True):
        client.register(name, password, first_name=name.capitalize(), last_name="Demo", email=f"{name}@demo.invalid")
        client.log_in(name, password)
    return clients


def _make(clients: list[Client]) -> None:
    """Everything here may be done twice and shows once, so a demo that was cut short is completed by the next."""
    from infra.cli.pictures import landscape  # it loads libvips, which a server's process has no use for

    for client in clients:
        for other in clients:
            if other is not client:
                client.follow(other.username)
    photos = []
    words = cycle(_WORDS)
    start = datetime(2026, 5, 1, 5, 30, tzinfo=UTC)
    with TemporaryDirectory() as folder:
        for number in range(_PHOTOS_EACH * len(clients)):
            client = clients[number % len(clients)]
            file = Path(folder) / f"landscape-{number:02}.jpg"
            file.write_bytes(landscape(number, start + timedelta(hours=13 * number)))
            photos.append((client, client.send(file, caption=next(words)).photo_id))
    for author, photo_id in photos:
        while author.photo(photo_id)["status"] == "processing":
            time.sleep(0.1)
    for number, (author, photo_id) in enumerate(photos):
        others = [client for client in clients if client is not author]
        for client in others[: number % (len(others) + 1)]:
            client.like(photo_id)
        if number % 2:
            others[number % len(others)].comment(photo_id, _SAID[number % len(_SAID)])
