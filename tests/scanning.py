"""Words, looked for in everything that lies in a folder."""

import os
from contextlib import suppress
from pathlib import Path

from infra.stack.layout import annex


def found_in(folder: Path, *words: str) -> set[str]:
    """Which of the words stand in any file of a folder, in any case; files may go meanwhile, as those of servers do."""
    found: set[str] = set()
    for directory, _, names in os.walk(folder):
        for path in (Path(directory, name) for name in names):
            with suppress(FileNotFoundError):
                content = path.read_bytes().lower() if path.is_file() else b""
                found |= {word for word in words if word.lower().encode() in content}
    return found


def data_of(stack: Path, server: str) -> Path:
    """Where a server of a stack keeps its data."""
    usual = stack.resolve() / "data" / server
    return usual if usual.exists() else annex(stack.resolve()) / server
