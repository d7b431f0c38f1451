"""Read and write memories as Markdown, JSON and JSONL.

A folder has a file for each key, `climate/drift.md` for `climate/drift`. Read are also notes that
other programs keep in this way: the front matter has to name them, or at least be there.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from tracker import json_text
from tracker.errors import Invalid
from tracker.interchange.import_memories import Brought, legal, short
from tracker.interchange.markdown import decoded
from tracker.log.memory_codec import decode_memory, encode_memory
from tracker.model.memory import KINDS, Memory
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from tracker.interchange.tickets import File


_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_KEYS = ("key", "permalink", "name", "id")
_KINDS = {"feedback": "preference", "user": "preference", "project": "fact", "reference": "fact",
          "guideline": "procedure", "lesson": "pattern", "warning": "pitfall"}  # fmt: skip
_SIMPLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@+-]*\Z")


# Lines and JSON.


def of_record(row: Mapping[str, Any], line: str) -> Brought | None:
    """The memory that a JSON object is, ours, one of Beads, or one of mem0; None for any other."""
    if isinstance(row.get("key"), str) and row["key"]:
        own = decode_memory(line)
        if "value" in row and "content" not in row:  # as Beads writes them: no more than a text
            return Brought(legal(row["key"]), {"content": own.content})
        return Brought(own.key, {}, updated_at=own.updated_at, whole=own)
    if isinstance(row.get("memory"), str) and row.get("id"):
        at = _time(str(row.get("updated_at") or row.get("created_at") or ""))
        created = _time(str(row.get("created_at")))
        return Brought(legal("mem0", str(row["id"])), {"content": row["memory"]}, created, at)
    return None


def read_json(found: Any) -> list[Brought]:
    """The memories of a JSON document: a list of records, or texts by key. Raises Invalid."""
    if isinstance(found, dict) and isinstance(found.get("memories", found.get("results")), list):
        found = found.get("memories", found.get("results"))
    is_record = isinstance(found, dict) and of_record(found, json.dumps(found)) is not None
    if not is_record and isinstance(found, dict) and _are_texts(found.values()):
        return [Brought(legal(key), {"content": value}) for key, value in found.items()]
    brought = []
    for number, row in enumerate(found if isinstance(found, list) else [found], 1):
        one = of_record(row, json.dumps(row)) if isinstance(row, dict) else None
        if one is None:
            what = f"element {number}" if isinstance(found, list) else "this JSON"
            hint = '{"key": "a/b", "content": "..."}'
            raise Invalid(f"{what} is no memory; nothing was imported", hint=hint)
        brought.append(one)
    return brought


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def read_lines(text: str) -> list[Brought]:
    """The memories of a file of lines; issues among them are not meant. Raises Invalid."""
    brought: list[Brought] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json_text.loads(line)
        except ValueError as error:
            raise Invalid(f"Error parsing line {number}: {error}; nothing was imported") from None
        one = of_record(row, line) if isinstance(row, dict) else None
        if one is not None:
            brought.append(one)
        elif not (isinstance(row, dict) and row.get("id")):
            raise Invalid(f"line {number} is no memory; nothing was imported")
    return brought


def of_beads(memories: Mapping[str, str], values: Mapping[str, str]) -> list[Brought]:
    """What `bd remember` and `bd kv` of Beads keep in its database, texts by key."""
    kept = [Brought(legal(key), {"content": text}) for key, text in memories.items()]
    for name, text in values.items():
        key = legal(f"kv/{name}")
        whole = Memory(key=key, kind="status", content=text, status="archived")
        kept.append(Brought(key, {}, whole=whole))
    return kept


def as_beads(memories: Iterable[Memory]) -> list[str]:
    """The lines by which Beads 1.x carries memories among issues."""
    rows = ({"_type": "memory", "key": one.key, "value": one.content} for one in memories)
    return [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]


def as_json(memories: Iterable[Memory]) -> str:
    """An array, a record a line."""
    lines = ",".join(f"\n{encode_memory(one).decode()}" for one in memories)
    return f"[{lines}\n]\n"


def as_lines(memories: Iterable[Memory]) -> str:
    """The lines as the log of memories holds them."""
    return "".join(f"{encode_memory(one).decode()}\n" for one in memories)


# Markdown.


def read_files(files: Sequence[File]) -> tuple[list[Brought], list[str]]:
    """The memories of Markdown files, and the names of those without front matter."""
    brought, left = [], []
    for file in files:
        text = decoded(file.data).text
        front = _FRONT.match(text)
        if front is None:
            left.append(file.name)
            continue
        brought.append(
            _of_file(file, _front(file.name, front[1]), text[front.end() :].strip("\n").rstrip())
        )
    return brought, left


def _front(name: str, text: str) -> Mapping[str, Any]:
    from tracker import yaml_text

    try:
        found = yaml_text.load(text)
    except ValueError as error:
        raise Invalid(
            f"the front matter of {name} is no YAML ({error}); nothing was imported",
            hint="values that hold ': ' or begin with a bracket stand in quotes",
        ) from None
    return found if isinstance(found, dict) else {}


def _of_file(file: File, front: Mapping[str, Any], content: str) -> Brought:
    plain = {str(key).lower(): value for key, value in front.items()}
    named = next((str(plain[key]) for key in _KEYS if isinstance(plain.get(key), str)), "")
    path = os.path.splitext(file.name)[0]
    if "key" not in plain and "permalink" not in plain:
        named = "/".join([*path.split("/")[:-1], named or path.rpartition("/")[2]])
    created = _time(_first(plain, "created_at", "created"))
    updated = _time(_first(plain, "updated_at", "updated"))
    wish = {"content": content, **_wish(plain)}
    return Brought(legal(named), wish, created, updated or stamp(file.changed))


def _wish(plain: Mapping[str, Any]) -> dict[str, Any]:
    """What the front matter says; what it does not say is not in it."""
    kind = _first(plain, "kind", "type").lower()
    is_known = kind in KINDS or kind in _KINDS
    tags = [*_words(plain.get("tags")), *([] if is_known or not kind else [kind])]
    found: dict[str, Any] = {
        "kind": kind if kind in KINDS else _KINDS.get(kind, "note" if kind else ""),
        "title": short(_first(plain, "title")),
        "tags": tags,
        **{name: _words(plain.get(name)) for name in ("issues", "supersedes", "related")},
        "expires_at": _time(_first(plain, "expires_at", "expires")),
        "pinned": _first(plain, "pinned").lower() in {"true", "yes"},
        **{name: _first(plain, name) for name in ("description", "verdict", "confidence")},
    }
    return {name: value for name, value in found.items() if value}


def _first(plain: Mapping[str, Any], *names: str) -> str:
    return next((str(plain[name]).strip() for name in names if plain.get(name)), "")


def _words(value: Any) -> list[str]:
    found = value if isinstance(value, list) else re.split(r"[,\s]+", str(value or "").strip("[]"))
    return [" ".join(str(one).split()) for one in found if str(one).strip()]


def _time(text: str) -> str:
    at = instant(f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text)
    return stamp(at) if at > 0 else ""


def page(memory: Memory) -> str:
    """A memory as a Markdown file, which `read_files` reads back."""
    return f"---\n{''.join(_rows(memory))}---\n{memory.content.rstrip()}\n"


def _rows(memory: Memory) -> Iterator[str]:
    plain = {
        "key": memory.key, "kind": memory.kind, "title": memory.title,
        "description": memory.description, "verdict": memory.verdict,
        "confidence": memory.confidence, "created_at": memory.created_at,
        "updated_at": memory.updated_at, "verified_at": memory.verified_at,
        "expires_at": memory.expires_at, "by": memory.source.by, "origin": memory.source.origin,
    }  # fmt: skip
    for name, value in plain.items():
        if value:
            yield f"{name}: {_scalar(value)}\n"
    lists = {
        "tags": memory.tags, "issues": memory.source.issues,
        "supersedes": memory.supersedes, "related": memory.related,
    }  # fmt: skip
    for name, values in lists.items():
        if values:
            yield f"{name}: [{', '.join(map(_scalar, values))}]\n"
    if memory.pinned:
        yield "pinned: true\n"


def _scalar(text: str) -> str:
    is_simple = _SIMPLE.match(text) and not text.endswith(" ") and ": " not in text
    return text if is_simple and "," not in text else json.dumps(text, ensure_ascii=False)


def document(memories: Iterable[Memory]) -> str:
    """All of them on one page, for people: a heading for each key."""
    parts = []
    for one in memories:
        about = [one.kind, *(f"#{tag}" for tag in one.tags), one.updated_at[:10]]
        head = f"## {one.key}\n\n*{' · '.join(part for part in about if part)}*\n"
        texts = [f"**{one.title}**" if one.title else "", one.description, one.content.rstrip()]
        parts.append("\n".join([head, "\n\n".join(text for text in texts if text)]))
    return "\n\n".join(["# Memories", *parts]) + "\n"


def as_store(memories: Iterable[Memory]) -> dict[str, list[dict[str, Any]]]:
    """The form of claude-flow's `memory-store.json`."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in memories:
        namespace = one.namespace or "default"
        key = one.key.rpartition("/")[2]
        at = instant(one.updated_at) // 10**6
        row = {"key": key, "value": one.content, "namespace": namespace, "timestamp": at}
        found.setdefault(namespace, []).append(row)
    return found
