"""The command line: `filmroll …`, one module for each thing that an operator does."""

import sys
from importlib.util import find_spec

import structlog
import typer
from rich.console import Console

from infra.cli import archive, events, letters, media, members, projections, stack
from infra.cli.demo import demo
from infra.cli.explaining import why
from infra.cli.importing import import_folder
from infra.cli.relaying import relay
from infra.cli.replaying import as_of, replay
from infra.cli.serving import serve
from infra.cli.settings import show_settings
from infra.cli.together import up
from infra.cli.tracing import trace
from infra.cli.working import worker
from infra.collecting import collect_seldom

app = typer.Typer(
    name="filmroll",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve)
app.command("demo")(demo)
app.command("import")(import_folder)
app.command("up")(up)
app.command("relay")(relay)
app.command("worker")(worker)
app.command("replay")(replay)
app.command("as-of")(as_of)
app.command("why")(why)
app.command("trace")(trace)
app.command("settings")(show_settings)
app.add_typer(projections.app, name="projections")
app.add_typer(letters.app, name="letters")
app.add_typer(events.app, name="events")
app.add_typer(archive.app, name="archive")
app.add_typer(members.app, name="members")
app.add_typer(media.app, name="media")
app.add_typer(stack.app, name="stack")

if find_spec("psycopg") is not None:  # comes with the extra `cluster`
    from infra.cli import logs

    app.add_typer(logs.app, name="logs")


@app.callback()
def begin() -> None:
    """A photo-sharing backend whose only truth is its event log."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # standard output is for answers


def main() -> None:
    """Run a command; what was refused is said in one line, with exit status 1."""
    from domain.errors import Refused
    from infra.client import ClientError
    from infra.installation import InstallationError

    collect_seldom()
    try:
        app()
    except (Refused, ClientError, InstallationError) as error:
        Console(stderr=True, highlight=False).print(f"[red]{error}[/red]")
        sys.exit(1)
