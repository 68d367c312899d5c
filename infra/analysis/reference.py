"""The events' reference: every event with its fields, its versions and who handles it, from the code itself."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from inspect import getdoc
from typing import Any, Final

import orjson

from domain.events import EVENT_TYPES, EventType
from domain.wire import UPCASTERS, schema_version
from infra.analysis.columns import table_name
from infra.analysis.hints import Mapped, hints_of
from projections.rows import Projection

MARKDOWN: Final = "REFERENCE.md"
SCHEMA: Final = "schema.json"

_OPENING: Final = """\
# Events

Every fact that filmroll records, from the code itself (`filmroll events catalogue` writes this page and `schema.json`
beside it; a test keeps them current). A stored name is never renamed: a change of meaning is a new version, and older
ones are brought up to date when they are read. Times are RFC 3339 text in UTC. *Personal* fields are encrypted with
the key of the member named by the subject field; once that key is destroyed they read as erased. In exports and SQL
each event is a typed table, where `at` is called `happened_at` and personal fields stand only where asked for.
"""


def markdown(catalogue: Iterable[Projection]) -> str:
    """The reference for people."""
    projections = list(catalogue)
    parts = [_OPENING]
    parts += [f"- [`{name}`](#{_anchor(name)}) {_sentence(known.cls)}" for name, known in sorted(EVENT_TYPES.items())]
    for name, known in sorted(EVENT_TYPES.items()):
        parts.append(_section(name, known, projections))
    parts.append(_values())
    return "\n".join(parts)


def schema() -> str:
    """The reference for programs: a JSON Schema (2020-12) of one line of an export or of `GET /v1/events`."""
    either = [
        {
            "properties": {"event_type": {"const": name}, "data": {"$ref": f"#/$defs/{name}"}},
            "description": _sentence(known.cls),
        }
        for name, known in sorted(EVENT_TYPES.items())
    ]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of filmroll",
        "type": "object",
        "required": ["event_type", "data"],
        "properties": {"event_type": {"type": "string"}, "data": {"type": "object"}},
        "oneOf": either,
        "$defs": {name: _object(known) for name, known in sorted(EVENT_TYPES.items())},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def versions(name: str) -> list[str]:
    """Every stored name of an event, the current one last."""
    stem = name.rpartition(".v")[0]
    return sorted([old for old in UPCASTERS if old.rpartition(".v")[0] == stem] + [name], key=schema_version)


def _section(name: str, known: EventType, projections: Iterable[Projection]) -> str:
    handlers = [f"`{each.name}`" for each in projections if known.cls in each.handles]
    rows = [
        f"| `{field}` | {_WORDS.of(hint)} | {'personal' if field in known.personal else ''} |"
        for field, hint in hints_of(known.cls).items()
    ]
    subject = f" · subject: `{known.subject}`" if known.subject else ""
    stored = ", ".join(f"`{each}`" for each in versions(name))
    of = f"Class `{known.cls.__name__}` · table `{table_name(known)}`{subject} · versions: {stored}"
    lines = [
        f"\n## {name}\n",
        f"{getdoc(known.cls)}\n",
        f"{of} · handled by: {', '.join(handlers) or 'no projection'}\n",
        "| field | type | |\n|---|---|---|",
        *rows,
    ]
    return "\n".join(lines)


def _values() -> str:
    """The dataclasses that fields hold, each once."""
    found: dict[str, type] = {}

    def note(cls: type, parts: Mapping[str, None]) -> None:
        del parts
        found[cls.__name__] = cls

    walk: Mapped[None] = Mapped(leaf=lambda _: None, optional=lambda _: None, several=lambda _: None, made=note)
    for known in EVENT_TYPES.values():
        for hint in hints_of(known.cls).values():
            walk.of(hint)
    lines = ["\n# Values\n", "What fields hold that is more than one value.\n"]
    for name, cls in sorted(found.items()):
        lines += [f"## {name}\n", f"{getdoc(cls)}\n", "| field | type |\n|---|---|"]
        lines += [f"| `{field}` | {_WORDS.of(hint)} |" for field, hint in hints_of(cls).items()]
        lines.append("")
    return "\n".join(lines)


def _sentence(cls: type) -> str:
    return (getdoc(cls) or "").partition("\n")[0]


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _object(known: EventType) -> dict[str, Any]:
    """The fields of an event; personal ones are not required, and null where they were erased."""
    fields = {name: _SCHEMAS.of(hint) for name, hint in hints_of(known.cls).items()}
    for name in known.personal:
        fields[name] = {**_or_null(fields[name]), "x-personal": True}
    required = [name for name in fields if name not in known.personal]
    return _closed(getdoc(known.cls) or "", fields, required)


def _closed(description: str, fields: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": dict(fields),
        "required": required,
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return schema if "anyOf" in schema else {"anyOf": [schema, {"type": "null"}]}


_TEXTS: Final[Mapping[type, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "yes or no",
    datetime: "time",
}
_TYPES: Final[Mapping[type, dict[str, str]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
}
_WORDS: Final[Mapped[str]] = Mapped(
    leaf=_TEXTS.__getitem__,
    optional=lambda inner: f"{inner}, or null",
    several=lambda inner: f"list of {inner}",
    made=lambda cls, _: f"[{cls.__name__}](#{cls.__name__.lower()})",
)
_SCHEMAS: Final[Mapped[dict[str, Any]]] = Mapped(
    leaf=lambda kind: dict(_TYPES[kind]),
    optional=_or_null,
    several=lambda inner: {"type": "array", "items": inner},
    made=lambda cls, parts: _closed(getdoc(cls) or "", parts, list(parts)),
)
