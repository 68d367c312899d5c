"""`filmroll serve`: the product as one process."""

import asyncio
import socket
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
import uvloop

from infra.bootstrap import open_app
from infra.http import HttpProtocol
from infra.logs import configure_logs
from infra.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for events, read models and files.")] = None,
    logs: Annotated[int | None, typer.Option(help="Logs of a new installation.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="embedded (all in this process) or cluster (the API alone).")
    ] = None,
) -> None:
    """Serve the HTTP API; in the embedded profile, feed the read models and develop photos beside it."""
    given: dict[str, Any] = {"host": host, "port": port, "data": data, "logs": logs, "profile": profile}
    run_server(Settings(**{name: value for name, value in given.items() if value is not None}))


def run_server(settings: Settings) -> None:
    """Serve until stopped; says on standard output where, once requests are answered."""
    configure_logs(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    with _listening(settings) as listener:
        port = listener.getsockname()[1]
        url = settings.base_url or f"http://{_reachable(settings.host)}:{port}"
        async with open_app(settings, base_url=url) as app:
            config = uvicorn.Config(
                app,
                http=HttpProtocol,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
            server = _Announcing(config, url)
            await server.serve(sockets=[listener])


class _Announcing(uvicorn.Server):
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        typer.echo(f"filmroll is up at {self._url}")


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        typer.echo(f"can't listen on {settings.host}:{settings.port}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    return listener


def _reachable(host: str) -> str:
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - recognised, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
