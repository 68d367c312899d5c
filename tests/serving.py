"""A real server as its own process, for tests that try it from outside or kill it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Queue

CHEAP = {
    "FILMROLL_PASSWORD_MEMORY_KIB": "8",
    "FILMROLL_PASSWORD_PASSES": "1",
    "FILMROLL_MEDIA_WORKERS": "1",
    "FILMROLL_REQUEST_S": "60",
    "FILMROLL_LOG_LEVEL": "warning",
}


def realm(name: str, databases: Sequence[str]) -> dict[str, str]:
    """Settings of an installation that has databases of its own, and all else on the servers under a name of its own."""
    return {
        "FILMROLL_POSTGRES": ",".join(databases),
        "FILMROLL_CASSANDRA_KEYSPACE": name,
        "FILMROLL_MINIO_BUCKET": name.replace("_", "-"),
        "FILMROLL_KAFKA_PREFIX": f"{name}-",
    }


class Server:
    """`filmroll serve` (or `up`) on a free port, over a data folder that outlives it."""

    def __init__(
        self,
        data: Path,
        *arguments: str,
        command: str = "serve",
        environment: dict[str, str] | None = None,
        program: tuple[str, ...] = (str(Path(sys.executable).parent / "filmroll"),),
    ) -> None:
        self.data = data
        self._program = program
        self._command = command
        self._arguments = arguments
        self.environment = {**os.environ, **CHEAP, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self, deadline_s: float = 120) -> "Server":
        """Start and wait until it says where it answers."""
        command = [*self._program, self._command, "--port", "0", "--data", str(self.data)]
        log = (self.data.parent / f"{self.data.name}.log").open("a")
        self._process = subprocess.Popen(
            [*command, *self._arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=self.environment,
            start_new_session=True,
        )
        log.close()
        said: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, args=(self._process, said), daemon=True)
        self._reader.start()
        until = time.monotonic() + deadline_s
        while not self.url or self.url == "?":
            line = said.get(timeout=max(0.1, until - time.monotonic()))
            if not line:
                raise RuntimeError(
                    f"the server ended: {(self.data.parent / f'{self.data.name}.log').read_text()[-2000:]}"
                )
            _, said_so, url = line.partition("filmroll is up at ")
            if said_so:
                self.url = url.strip()
        return self

    @staticmethod
    def _read(process: "subprocess.Popen[str]", said: "Queue[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                said.put(line)
        said.put("")

    @property
    def settings(self) -> dict[str, str]:
        """With these the command line is at work on the same installation."""
        return {"FILMROLL_DATA": str(self.data)}

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """`kill -9`, workers and all."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process, self.url = self._process, None, ""
        if process is None or process.poll() is not None:
            return
        if how == signal.SIGKILL:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.send_signal(how)
        process.wait(timeout=60)
        self._reader.join(timeout=30)
