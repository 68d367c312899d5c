"""What the three servers on the Java machine share."""

from collections.abc import Iterable, Mapping

UNNAMED = "ALL-UNNAMED"


def heap(smallest: str, largest: str) -> tuple[str, ...]:
    """Memory options; the serial collector suits small heaps on few cores (images preset the other one: take that back)."""
    return (f"-Xms{smallest}", f"-Xmx{largest}", "-XX:-UseG1GC", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")


def define(properties: Mapping[str, str]) -> tuple[str, ...]:
    """System properties as options."""
    return tuple(f"-D{name}={value}" for name, value in properties.items())


def open_up(option: str, packages: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Module options (`--add-opens`, `--add-exports`) for packages by module."""
    return tuple(f"{option}={module}/{package}={UNNAMED}" for module, names in packages.items() for package in names)


def properties_file(properties: Mapping[str, str]) -> str:
    """A Java properties file; values must need no escaping."""
    return "".join(f"{name}={value}\n" for name, value in properties.items())
