"""Words, looked for in everything that lies in a folder."""

from pathlib import Path

from infra.stack.layout import annex


def found_in(folder: Path, *words: str) -> set[str]:
    """Which of the words stand in any file of a folder, in any case."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            found |= {word for word in words if word.lower().encode() in content}
    return found


def data_of(stack: Path, server: str) -> Path:
    """Where a server of a stack keeps its data."""
    usual = stack.resolve() / "data" / server
    return usual if usual.exists() else annex(stack.resolve()) / server
