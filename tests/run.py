"""All tests, as `make test` runs them: those that need the real servers one after another, the others beside them.

Some tests stop the servers, or empty them, so these share one process. The others begin while the servers are still
fetched and started; what they print comes at the end.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import SHARED

FILMROLL = Path(sys.executable).parent / "filmroll"
PYTEST = (sys.executable, "-m", "pytest", "-m")


def main(stack: str) -> int:
    """Run them on the servers of this stack, which are gone afterwards; 0 where all passed."""
    environment = {**os.environ, SHARED: stack}
    with tempfile.TemporaryFile() as said:
        others = subprocess.Popen(
            [*PYTEST, "not cluster"], env=environment, stdout=said, stderr=said, start_new_session=True
        )
        try:
            subprocess.run([FILMROLL, "stack", "up", "--available", "--dir", stack], check=False)
            failed = subprocess.run([*PYTEST, "cluster"], env=environment, check=False).returncode
            failed = others.wait() or failed
            said.seek(0)
            sys.stdout.write(said.read().decode(errors="replace"))
        finally:
            if others.poll() is None:  # interrupted, here and so there: its fixtures end what they started
                others.send_signal(signal.SIGINT)
                others.wait()
            subprocess.run([FILMROLL, "stack", "down", "--wipe", "--dir", stack], check=False)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
