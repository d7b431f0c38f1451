"""Generators for merges: a base and two sides that people, programs and accidents moved apart."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import strategies as st

from tests.support.strategies import (
    HARD_NUMBERS,
    HARD_TEXTS,
    MEMORIES,
    RUBBISH,
    TIMES,
    conflicts,
    foreign,
    small_issues,
)
from tracker.log.issue_codec import encode
from tracker.log.lines import BOM
from tracker.model.issue import FIELDS, KINDS, STATUSES, Comment, Dependency, Issue

NAMES = ("bd-new", "bd-newer", "bd-a")  # the last is an id that may be there
IDS = ("bd-a", "bd-b", "bd-b.1", "bd-c")
ORIGINS = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-03-01T10:00:00+01:00")
BODY = ("one", "two", "three", "", "```", "- done", "four\r")
RAWS = (
    *HARD_NUMBERS, "null", "true", '""', "[]", "{}", '"\\ud800"', '["p"]', '["q","p"]', '["q",1.0]',
    '{"a":1,"b":{"c":[1]}}', '{"a":2,"b":{"d":null}}', '{"b":{"c":[1,2]},"x_at":"2026-01-01"}',
)  # fmt: skip
MISFITS = {"priority": '"high"', "labels": '"a,b"', "design": '{"a":1}', "dependencies": "[null]",
           "comments": '["hi"]', "pinned": "1", "description": '["x"]', "title": "7"}  # fmt: skip


def _edges():
    for target, kind in (("bd-a", "blocks"), ("bd-b", "blocks"), ("bd-b", "parent-child")):
        for at, extra in ((TIMES[0], ()), (TIMES[2], (("metadata", '"{}"'), ("zz", '{"a":1}')))):
            yield Dependency(
                issue_id="bd-c", depends_on_id=target, type=kind, created_at=at, extra=extra
            )


def _remarks():
    for number, words in enumerate(("hi", "hi", "there", "a\nb")):
        for author in ("ann", "bob"):
            at = TIMES[number % 3]
            yield Comment(id=number, issue_id="bd-a", author=author, text=words, created_at=at)


EDGES, REMARKS = tuple(_edges()), tuple(_remarks())


def values_of(name):
    """A few values of a field that meet each other often."""
    kind = KINDS[name]
    if name in {"status", "issue_type"}:  # these are never empty
        return [*STATUSES, "review"] if name == "status" else ["task", "bug", "x"]
    if kind == "str":
        timed = name.endswith("_at") or name == "defer_until"
        return ["", *TIMES] if timed else ["", "x", "y", *HARD_TEXTS[:3], "\ud800"]
    return {
        "int": [0, 1, 2, 4],
        "int | None": [None, 0, 60],
        "bool": [False, True],
        "Json": ["", *(raw for raw in RAWS if raw not in {"null", '""', "[]"})],
        "tuple[str, ...]": [(), ("a",), ("a", "b"), ("c", "b")],
        "tuple[Dependency, ...]": [(), EDGES[:1], EDGES[1:3], EDGES[2:5], EDGES[::-1]],
        "tuple[Comment, ...]": [(), REMARKS[:1], REMARKS[:4], REMARKS[2:7], REMARKS[::-1]],
    }[kind]


CHANGES = [(name, value) for name in FIELDS[1:] for value in values_of(name)]
CHANGES += [("extra", (name, raw)) for name in ("new", "n\u00e9e", "_type") for raw in RAWS]
CHANGES += [("extra", pair) for pair in MISFITS.items()]
CHANGES += [("extra", ("conflicts", raw)) for raw in ("7", '["x"]')]


def prose():
    """A text of a few lines that often share some with another."""
    return st.lists(st.sampled_from(BODY), max_size=6).map("\n".join)


def changed(issue, changes):
    """The issue with other values in some fields, known or not."""
    known = {}
    extra = dict(issue.extra)
    for name, value in changes:
        if name == "extra":
            extra[value[0]] = value[1]
            known.pop(value[0], None)
        else:
            known[name] = value
            extra.pop(name, None)
    defaults = {name: Issue.__dataclass_fields__[name].default for name in MISFITS if name in extra}
    return replace(issue, **known, **defaults, extra=tuple(sorted(extra.items())))


@st.composite
def edits(draw, issue):
    """The issue after somebody worked on it."""
    edited = changed(issue, draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=5)))
    if draw(st.booleans()):
        edited = replace(edited, updated_at=draw(st.sampled_from(TIMES)))
    if draw(st.booleans()) and "description" not in dict(edited.extra):
        edited = replace(edited, description=draw(prose()), notes=draw(prose()))
    return edited


@st.composite
def born(draw, id):
    """A new issue; several of one id are often one issue, sometimes two."""
    made = changed(Issue(id=id), draw(st.lists(st.sampled_from(CHANGES), max_size=6)))
    extra = tuple(pair for pair in made.extra if pair[0] not in {"title", "created_at"})
    title = draw(st.sampled_from(["same", "same", "other"]))
    return replace(made, title=title, created_at=draw(st.sampled_from(ORIGINS)), extra=extra)


@st.composite
def sides(draw, base):
    """One side: each record kept, edited, replaced or deleted, and some new ones."""
    side = {}
    for id in IDS:
        how = draw(st.sampled_from(["keep", "keep", "edit", "edit", "delete", "replace", "rename"]))
        if id not in base:
            if draw(st.booleans()):
                side[id] = draw(born(id))
        elif how == "keep":
            side[id] = base[id]
        elif how == "edit":
            side[id] = draw(edits(base[id]))
        elif how == "replace":
            side[id] = draw(born(id))
        elif how == "rename":
            side |= renamed(draw(edits(base[id])), draw(st.sampled_from(NAMES)))
    return side


def renamed(issue, id):
    """The issue under another id, which it says."""
    if any(name == "aliases" for name, _ in issue.extra):
        return {}
    return {id: replace(issue, id=id, aliases=tuple(sorted({*issue.aliases, issue.id})))}


@st.composite
def spelled(draw, side, *, plain=False):
    """The bytes of a side: sorted or not, respelled here and there, with lines that are none."""
    body = [encode(issue) for _, issue in sorted(side.items())]
    if plain:
        return b"".join(line + b"\n" for line in body)
    body = [draw(foreign(line)) if draw(st.integers(0, 7)) == 0 else line for line in body]
    if draw(st.integers(0, 3)) == 0:
        body = draw(st.permutations(body))
    for line in draw(st.lists(st.sampled_from([*RUBBISH, *MEMORIES, b"", b" "]), max_size=2)):
        body.insert(draw(st.integers(0, len(body))), line)
    if body and draw(st.integers(0, 5)) == 0:
        body.append(draw(st.sampled_from(body)))
    newline = draw(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"]))
    end = newline if draw(st.integers(0, 3)) else b""
    mark = BOM if draw(st.integers(0, 7)) == 0 else b""
    return mark + newline.join(body) + (end if body else b"")


@st.composite
def logs(draw):
    """A base, by id."""
    names = draw(st.sets(st.sampled_from(IDS), max_size=4))
    return {id: draw(born(id)) for id in sorted(names)}


@st.composite
def records(draw):
    """Base, ours and theirs, each by id."""
    base = draw(logs())
    return base, draw(sides(base)), draw(sides(base))


@st.composite
def triples(draw, *, plain=False, marked=False):
    """Base, ours and theirs as bytes; with `marked` some hold conflict markers."""
    files = [draw(spelled(side, plain=plain)) for side in draw(records())]
    if marked:
        at = draw(st.sampled_from([0, 1, 2]))
        id = draw(st.sampled_from(IDS))
        block = [encode(draw(small_issues(id=id))) for _ in range(3)]
        middle = draw(st.sampled_from([b"", block[2]]))
        lines = conflicts(block[0], block[1], base=middle)
        files[at] += b"\n" + b"\n".join(lines) + b"\n"
    return tuple(files)


@st.composite
def trees(draw, depth=3):
    """An unknown value: objects within objects, with small names that meet."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([0, 1, 1.5, "x", "y", True, ["p"], ["p", "q"], "2026-01-01"]))
    names = draw(st.sets(st.sampled_from("abc"), min_size=1, max_size=3))
    return {name: draw(trees(depth=depth - 1)) for name in sorted(names)}


def line_of(id, **fields):
    """A line with the fields that a test is about."""
    record = {"id": id, "title": "T", "status": "open", "priority": 2, "issue_type": "task"}
    record |= {"created_at": ORIGINS[0], "updated_at": ORIGINS[0], **fields}
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@st.composite
def memories(draw):
    """The bytes of three files of memories that share keys."""
    files = []
    for _ in range(3):
        keys = draw(st.sets(st.sampled_from(["a/x", "a/y", "b"]), max_size=3))
        rows = [
            {
                "key": key,
                "kind": draw(st.sampled_from(["fact", "note"])),
                "content": draw(prose()),
                "tags": draw(st.lists(st.sampled_from("xyz"), max_size=2, unique=True)),
                "source": draw(trees()),
                "updated_at": draw(st.sampled_from(TIMES)),
                "status": draw(st.sampled_from(["", "archived", "tombstone"])),
            }
            for key in sorted(keys)
        ]
        files.append(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return tuple(files)


__all__ = ["Issue", "line_of", "memories", "prose", "records", "trees", "triples", "values_of"]
