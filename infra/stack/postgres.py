"""PostgreSQL: two servers that hold event logs, and a streaming replica of the first."""

import os
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

from infra.stack import ports, tools
from infra.stack.errors import Failed, Missing
from infra.stack.layout import Stack, annex
from infra.stack.processes import birth, clear
from infra.stack.service import Launch, Service, Tell
from infra.stack.service_user import can_pass, credentials, own, unprivileged
from infra.stack.versions import POSTGRES

PRIMARIES = ("postgres-a", "postgres-b")
REPLICA = "postgres-a-replica"
SOURCE = "postgres-a"
USER = DATABASE = "filmroll"
PACKAGE = "postgresql"
NO_PID = 2**22 + 1  # above the highest that Linux gives
ORPHANS_SECONDS = 15.0

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "wal_compression": "on",
    "wal_keep_size": "1GB",  # how far the replica may fall behind while it is down
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_wal_senders": "8",
    "hot_standby": "on",
    "hot_standby_feedback": "on",
    "max_connections": "200",
    "max_locks_per_transaction": "512",  # a migration makes the tables of up to 1,024 logs in one transaction
    "shared_buffers": "128MB",
    "jit": "off",
    "log_min_duration_statement": "100",
}

IN_STEP = "SELECT pg_is_in_recovery() AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')"


def programs() -> Path | None:
    """Where PostgreSQL's programs lie: the version of the table if installed, else the newest after it."""
    debian = Path(os.sep, "usr", "lib", "postgresql")
    versions = sorted(int(each.name) for each in debian.glob("[0-9]*") if (each / "bin" / "initdb").exists())
    suitable = [version for version in versions if version >= POSTGRES]
    if suitable:
        return debian / str(suitable[0]) / "bin"
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def missing(name: str, _cache: Path) -> list[Missing]:
    """What PostgreSQL needs and the machine lacks."""
    return [] if programs() else tools.missing_package(name, PACKAGE)


def fetch(cache: Path, tell: Tell) -> None:
    """PostgreSQL from Debian."""
    if programs() is None:
        tools.install_package(cache, PACKAGE, tell)


def data(stack: Stack, name: str) -> Path:
    """The data directory, where the account that the server runs as can reach it."""
    usual = stack.data(name)
    return usual if can_pass(unprivileged(), usual) else annex(stack.root) / name


def configure_primary(name: str, stack: Stack, tell: Tell) -> None:
    """Make the data directory and the database, once."""
    if data(stack, name).exists():
        _bury(data(stack, name))
        return
    tell("making its data directory")
    directory = _emptied(stack, name)
    secret = directory.with_suffix(".password")
    secret.touch(mode=0o600)
    own(secret, unprivileged())
    secret.write_text(stack.secrets.postgres_password)
    try:
        options = (
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
        )
        _run(stack, "initdb", "-D", str(directory), "-U", USER, "--no-instructions", *options)
    finally:
        secret.unlink()
    _run(stack, "postgres", "--single", "-D", str(directory), "postgres", say=f"CREATE DATABASE {DATABASE}\n")
    directory.rename(data(stack, name))


def configure_replica(stack: Stack, tell: Tell) -> None:
    """Copy the primary, once; point at its present port."""
    directory = data(stack, REPLICA)
    source = f"host={ports.HOST} port={stack.port(SOURCE)} user={USER} password={stack.secrets.postgres_password}"
    if not directory.exists():
        tell(f"copying {SOURCE}")
        copy = _emptied(stack, REPLICA)
        address = ("-h", ports.HOST, "-p", str(stack.port(SOURCE)), "-U", USER)
        _run(stack, "pg_basebackup", *address, "-D", str(copy), "-X", "stream", "-c", "fast")
        (copy / "standby.signal").touch(mode=0o600)
        own(copy / "standby.signal", unprivileged())
        copy.rename(directory)
    _bury(directory)
    (directory / "postgresql.auto.conf").write_text(f"primary_conninfo = '{source} application_name={REPLICA}'\n")


def _bury(directory: Path) -> None:
    """Let the server start over the lock of one that was killed and that no parent has collected (in containers, often).

    To PostgreSQL such a process still exists. Only its pid is put out of use: the lock goes on to name the shared memory
    that must be free of other processes before anything starts: sessions of the killed server. They end by themselves
    as soon as they notice; one that waits for a lock of a killed one never does, and is ended: no write of it was
    acknowledged, and the server recovers as after any crash.
    """
    lock = directory / "postmaster.pid"
    if not lock.exists():
        return
    pid, rest = lock.read_text().split("\n", 1)
    if birth(int(pid)) is None:
        if left := clear(directory.resolve(), "postgres", ORPHANS_SECONDS):
            raise Failed(f"processes of a killed server still work in {directory}: {left}")
        lock.write_text(f"{NO_PID}\n{rest}")


def _emptied(stack: Stack, name: str) -> Path:
    """An empty directory for the server's account, which becomes the data directory when it is whole."""
    final = data(stack, name)
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.parent.stat().st_uid != os.geteuid():
        raise Failed(f"{name}: {final.parent} belongs to somebody else")
    directory = final.with_suffix(".partial")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    own(directory, unprivileged())
    return directory


def _run(stack: Stack, program: str, *arguments: str, say: str = "") -> None:
    done = subprocess.run(
        [str(_programs() / program), *arguments],
        input=say,
        env=os.environ | {"PGPASSWORD": stack.secrets.postgres_password},
        cwd=os.sep,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **credentials(unprivileged()),
    )
    if done.returncode:
        raise Failed(f"{program} failed:\n{done.stdout}")


def _programs() -> Path:
    directory = programs()
    if directory is None:
        raise Failed("PostgreSQL is not installed")
    return directory


def launch(name: str, stack: Stack) -> Launch:
    """The server's command; it takes no connections but over the loopback address."""
    own_settings = {"listen_addresses": ports.HOST, "port": str(stack.port(name)), "unix_socket_directories": ""}
    settings = (part for setting, value in (SETTINGS | own_settings).items() for part in ("-c", f"{setting}={value}"))
    return Launch((str(_programs() / "postgres"), "-D", str(data(stack, name)), *settings), user=unprivileged())


def dsn(stack: Stack, name: str) -> str:
    """The address of the server's database, with its password."""
    return f"postgresql://{USER}:{stack.secrets.postgres_password}@{ports.HOST}:{stack.port(name)}/{DATABASE}"


def answers(name: str, question: str, stack: Stack) -> bool:
    """Whether the server says yes to a question in SQL."""
    directory = programs()
    if directory is None:
        return False
    link = ("-h", ports.HOST, "-p", str(stack.port(name)), "-U", USER, "-d", DATABASE)
    secret = {"PGPASSWORD": stack.secrets.postgres_password, "PGCONNECT_TIMEOUT": "5"}
    asked = subprocess.run(
        [str(directory / "psql"), "-XAtq", *link, "-c", question],
        env=os.environ | secret,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() == "t"


def _service(name: str) -> Service:
    is_replica = name == REPLICA
    return Service(
        name,
        (name,),
        partial(missing, name),
        fetch,
        configure_replica if is_replica else partial(configure_primary, name),
        partial(launch, name),
        partial(answers, name, IN_STEP if is_replica else "SELECT true"),
        after=(SOURCE,) if is_replica else (),
        stop=signal.SIGINT,  # ends sessions; SIGTERM would wait for clients to leave
    )


POSTGRES_SERVICES = tuple(_service(name) for name in (*PRIMARIES, REPLICA))
