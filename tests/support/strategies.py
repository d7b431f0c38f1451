"""The only generators: issues, logs, and the bytes of files that programs and people leave behind.

`issues()` draws from every field and is for the codec; `logs()` and `files()` draw small records,
so that the laws about graphs and lines see many of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from tracker.json_text import members, quote
from tracker.log.issue_codec import KEY_ORDER, encode
from tracker.log.lines import BOM
from tracker.model.issue import (
    BLOCKS,
    DEPENDENCY_TYPES,
    FIELDS,
    KINDS,
    PARENT,
    STATUSES,
    TYPES,
    Comment,
    Dependency,
    Issue,
)

NOW = 1_750_000_000_000_000_000
"""The moment, in nanoseconds, around which `logs()` puts `defer_until`."""
PAST, FUTURE = "2025-06-15T10:00:00Z", "2025-06-15T20:00:00+00:00"

HARD_TEXTS = (
    "a < b && c > d", "line\u2028and\u2029paragraph", "nul\x00 bell\x07 del\x7f", 'quote " and \\',
    "one\ntwo\r\nthree\ttabbed", "émoji 🎉🏳️‍🌈", "e\u0301 is not \u00e9", "\ufeff with a mark",
    "\u202eleft to right", "<<<<<<< HEAD", '{"id":"bd-x"}', "\\u003c", " ", "\x85\u00a0", "null",
)  # fmt: skip
HARD_NUMBERS = (
    "0", "-0", "1", "1.0", "-0.0", "1e5", "1E+5", "1e400", "-1e-400", "0.1", "3.0000",
    "1" + "0" * 30, "-18446744073709551616", "9007199254740993",
)  # fmt: skip
TIMES = (
    "2026-11-20T05:17:52.425514932-05:00", "2026-11-20T05:17:52Z", "2026-11-20t05:17:52.1z",
    "2026-11-20 05:17:52.123456+0530", "2026-11-20T05:17:52", "0001-01-01T00:00:00Z", "yesterday",
)  # fmt: skip
SURROGATES = st.characters(categories=["Cs"])


@cache
def texts(min_size=0):
    """Text as people, programs and accidents write it; one surrogate at most: two make a pair."""
    plain = st.text(st.characters(exclude_categories=["Cs"]), min_size=min_size, max_size=12)
    torn = st.builds("{}{}{}".format, plain, SURROGATES, plain)
    return st.sampled_from(HARD_TEXTS) | plain | torn


@cache
def words(min_size=1):
    return st.text("abcdefgh-_ 0é", min_size=min_size, max_size=8)


@cache
def times():
    return st.sampled_from(TIMES)


@cache
def spaces():
    return st.sampled_from(["", "", " ", "\t ", "  "])


@cache
def _strings():
    """A JSON string: spelled plainly, or with escapes that mean the same."""
    return st.builds(spelled, texts().map(quote), st.sampled_from(["", "<>&", "ascii"]))


def spelled(raw, how):
    """The same JSON text with other escapes in its strings."""
    pattern = {"": r"(?!)", "<>&": "[<>&\u2028\u2029]", "ascii": "[^\x00-\x7f]"}[how]
    return re.sub(pattern, lambda match: json.dumps(match[0])[1:-1] if how == "ascii"
                  else f"\\u{ord(match[0]):04x}", raw)  # fmt: skip


@st.composite
def _arrays(draw, inner):
    space = draw(spaces())
    return "[" + space + f"{space},{space}".join(draw(st.lists(inner, max_size=3))) + "]"


@st.composite
def _objects(draw, inner):
    space = draw(spaces())
    pairs = draw(st.dictionaries(texts(), inner, max_size=3))
    body = f",{space}".join(f"{space}{quote(k)}{space}:{space}{v}" for k, v in pairs.items())
    return "{" + body + space + "}"


@cache
def json_texts():
    """The raw text of a JSON value, as deep and as oddly spelled as it may be."""
    leaves = st.sampled_from(["null", "true", "false", *HARD_NUMBERS]) | _strings()
    return st.recursive(leaves, lambda inner: _arrays(inner) | _objects(inner), max_leaves=5)


def is_absent(raw):
    """Whether a raw text stands for what is not there."""
    return re.sub(r"\s", "", raw) in {"null", '""', "[]"}


_MISFITS = {
    "str": ("0", "5", "1.5", "true", "false", "{}", '["a"]', '{"a":1}'),
    "int": ('"high"', "1.0", "-0.0", "1e2", "true", "{}", "[1]"),
    "int | None": ('"2h"', "1.0", "true", "{}"),
    "bool": ('"yes"', "0", "1", "{}", "[true]"),
    "tuple[str, ...]": ('"a,b"', "{}", "0", '["a",1]', "[null]", '[["a"]]'),
    "tuple[Dependency, ...]": ('"bd-1"', "{}", "[null]", '["bd-1"]', '[{"type":"blocks"}]'),
    "tuple[Comment, ...]": ('"hi"', "{}", "[null]", '["hi"]', '[{"text":["hi"]}]'),
}  # fmt: skip
"""By kind of field: values of a JSON type that the model does not expect there."""


@cache
@st.composite
def misfits(draw):
    """A known field, and raw text that does not fit it."""
    name = draw(st.sampled_from([name for name in FIELDS if name not in {"id", "metadata"}]))
    return name, draw(st.sampled_from(_MISFITS[KINDS[name]]))


@cache
def extras(known, min_size=0):
    """Fields that are carried: none of these names, any value."""
    foreign = st.sampled_from([name for name in KEY_ORDER if name not in FIELDS])
    names = (foreign | texts() | words()).filter(lambda name: name not in known)
    return st.dictionaries(names, json_texts(), min_size=min_size, max_size=3).map(
        lambda found: tuple(sorted(found.items())),
    )


@cache
def prefixes():
    return st.sampled_from(["bd", "my-proj", "BEADSPEC", "panopticon", "a.b"])


@cache
def ids():
    """A small world of ids, so that they meet."""
    hashes = st.text("ab0", min_size=1, max_size=3)
    children = st.sampled_from(["", "", "", ".1", ".2", ".10", ".1.1"])
    return st.builds("{}-{}{}".format, prefixes(), hashes, children)


@cache
def gates():
    """The metadata of a `waits-for` edge: JSON text within a JSON string."""
    kind = st.sampled_from(["all-children", "any-children"])
    return kind.map(lambda gate: (("metadata", quote(json.dumps({"gate": gate}))),))


@cache
@st.composite
def dependencies(draw, issue_id="bd-a", targets=None):
    """An edge; those that wait for children say for which."""
    kind = draw(st.sampled_from(DEPENDENCY_TYPES) | words())
    known = ("issue_id", "depends_on_id", "type", "created_at", "created_by")
    return Dependency(
        issue_id=draw(st.sampled_from([issue_id, issue_id, "", "bd-other"])),
        depends_on_id=draw(
            ids() | st.sampled_from(["external:p:c", ""]) if targets is None else targets
        ),
        type=kind,
        created_at=draw(times() | st.just("")),
        created_by=draw(texts() | st.just("")),
        extra=draw(gates() if kind == "waits-for" else extras(known)),
    )


@cache
@st.composite
def comments(draw, issue_id="bd-a"):
    """A remark, with an id as Beads 0.49 or as Beads 1.x makes it."""
    number = st.sampled_from([0, 1, 2**53, 10**30, -1])
    known = ("id", "issue_id", "author", "text", "created_at")
    return Comment(
        id=draw(number | texts(min_size=1).filter(bool)),
        issue_id=draw(st.sampled_from([issue_id, ""])),
        author=draw(texts()),
        text=draw(texts()),
        created_at=draw(times() | st.just("")),
        extra=draw(extras(known)),
    )


@cache
def _values(name):
    named = {"status": STATUSES, "issue_type": TYPES}
    if name in named:
        return st.sampled_from(named[name]) | texts().filter(bool)
    numbers = st.sampled_from([0, 1, 2, 4, 60, -1, 10**30])
    return {
        "str": times() | texts() if name.endswith("_at") else texts(),
        "int": numbers,
        "int | None": numbers,
        "bool": st.booleans(),
        "Json": json_texts().filter(lambda raw: not is_absent(raw)),
        "tuple[str, ...]": st.lists(texts(), max_size=3).map(tuple),
        "tuple[Dependency, ...]": st.lists(dependencies(), max_size=2).map(tuple),
        "tuple[Comment, ...]": st.lists(comments(), max_size=2).map(tuple),
    }[KINDS[name]]


@st.composite
def issues(draw):
    """An issue with some of its fields set, and with fields that are only carried."""
    chosen = draw(st.sets(st.sampled_from(FIELDS[1:]), max_size=8))
    known = {name: draw(_values(name)) for name in sorted(chosen)}
    carried = dict(draw(extras(FIELDS)))
    name, raw = draw(misfits())
    if name not in known and draw(st.booleans()):
        carried[name] = raw
    return Issue(id=draw(ids()), **known, extra=tuple(sorted(carried.items())))


_SMALL = {
    "title": (*(f"title {number}" for number in range(len(HARD_TEXTS))), *HARD_TEXTS),
    "status": (*["open"] * 6, *STATUSES, "closed", "review"),
    "priority": (0, 1, 2, 3, 4),
    "issue_type": ("task", "epic", "bug", "gate"),
    "created_at": TIMES[:5],
    "updated_at": TIMES[:5],
    "close_reason": ("", "done", "Failed: timeout"),
    "defer_until": ("", "", "", PAST, FUTURE),
    "labels": ((), ("a",), ("a", "b c")),
    "pinned": (False, False, False, True),
    "aliases": ((), (), (), ("bd-old",), ("bd-old", "bd-older")),
    "extra": ((), (), (("zeta", "[1.0, 2]"),)),
}
_EDGES = (
    BLOCKS, BLOCKS, PARENT, PARENT, "waits-for", "conditional-blocks", "related", "relates-to",
)  # fmt: skip
_DICE = st.binary(min_size=len(_SMALL), max_size=len(_SMALL))  # one draw; many are slow


@cache
def _edge_kinds():
    return st.lists(st.sampled_from(_EDGES), max_size=3)


@st.composite
def small_issues(draw, id=None, targets=None):
    """What graphs and lines look at, and little else."""
    own = id if id is not None else draw(ids())
    edges = {}
    for kind in draw(_edge_kinds()):
        target = draw(ids() if targets is None else targets)
        extra = draw(gates() | st.just(())) if kind == "waits-for" else ()
        edges[target, kind] = Dependency(
            issue_id=own, depends_on_id=target, type=kind, created_at=PAST, extra=extra
        )
    chosen = {
        name: values[die % len(values)]
        for (name, values), die in zip(_SMALL.items(), draw(_DICE), strict=True)
    }
    return Issue(id=own, dependencies=tuple(edges.values()), **chosen)


@st.composite
def logs(draw, max_size=8):
    """Issues with unique ids, whose edges point at each other, at themselves and at nothing."""
    names = draw(st.lists(ids(), unique=True, max_size=max_size))
    targets = st.sampled_from([*names, *names, "bd-missing"])
    return [draw(small_issues(id=name, targets=targets)) for name in names]


@st.composite
def foreign(draw, line):
    """A line that says the same in another spelling: spaces, order of keys, escapes."""
    found, _ = members(line.decode())
    space, how = draw(spaces()), draw(st.sampled_from(["", "<>&", "ascii"]))
    pairs = draw(st.permutations([(name, member.raw) for name, member in found.items()]))
    body = f",{space}".join(f"{quote(name)}:{space}{raw}" for name, raw in pairs)
    return spelled(f"{draw(spaces())}{{{space}{body}}}{draw(spaces())}", how).encode()


MEMORIES = (
    b'{"_type":"memory","key":"a-b","value":"keep <this>"}',
    b'{"value":"\\u003c","key":"z","_type":"memory"}',
)
NOT_RECORDS = (
    b"[]", b"5", b'"text"', b"null", b"{}", b'{"title":"no id"}', b'{"id":5}', b'{"id":""}',
    b'{"_type":"issue","title":"no id"}', b'{"_type":null}',
)  # fmt: skip
RUBBISH = (
    b'{"id":"bd-cut","title":"unfin', b'{"id":"bd-a"} and more', b'{"id":"bd-a"}}', b"# a remark",
    b"\xff\xfe\x00", b'{"id":"bd-a","title":"\xe9"}', b'{"id":"bd-a","n":NaN}', b"{'id': 'bd-a'}",
    b'{"id":"bd-a",}', b"\xc2\xa0", b'{"id":"bd-a" "title":1}', b'\xef\xbb\xbf{"id":"bd-a"}',
    b'{"x":' + b"[" * 2000 + b"]" * 2000 + b"}",
)  # fmt: skip
DEEP = b'{"id":"bd-deep","x":' + b"[" * 1015 + b"]" * 1015 + b',"title":"deep"}'
"""A record that the fast parser reads and one that recurses does not."""


@cache
def _spellings():
    return st.sampled_from(["canonical", "canonical", "foreign", "torn", "repeated key"])


@st.composite
def _record_lines(draw, id, how=""):
    """One record in one of its spellings."""
    line = encode(draw(small_issues(id=id)))
    how = how or draw(_spellings())
    if how == "foreign":
        return draw(foreign(line))
    if how == "torn":
        return draw(spaces()).encode() + line[:-1] + b',"zz":"\\ud800"}'
    if how == "repeated key":
        return line[:-1] + b',"status":"closed"}'
    return line


def conflicts(one, two, *, base=b""):
    """Lines between the markers that git writes; with a base as in its diff3 style."""
    middle = [b"||||||| parent", base] if base else []
    return [b"<<<<<<< HEAD", one, *middle, b"=======", two, b">>>>>>> theirs"]


_COIN = st.booleans()
_OTHERS = st.lists(
    st.sampled_from([*NOT_RECORDS, *RUBBISH, b"", b"", b"  ", b"\t", DEEP]), max_size=3
)
_ENDS = st.sampled_from([(), (), MEMORIES[:1], MEMORIES])
_NEWLINES = st.sampled_from([b"\n", b"\n", b"\r\n"])
_MARKS = st.sampled_from([b"", b"", BOM])
_BLANKS = st.binary(min_size=10, max_size=10)


@cache
def _id_lists():
    return st.lists(ids(), unique=True, max_size=6)


@st.composite
def files(draw, *, markers=False, repeats=True, plain=False):
    """The bytes of a log as some history of programs, merges and accidents left it.

    With `plain`, only whole lines, each a record or a memory, ended by a bare newline.
    """
    names = draw(_id_lists())
    if repeats and names and draw(_COIN):
        names.insert(draw(st.integers(0, len(names))), draw(st.sampled_from(names)))
    if draw(_COIN):
        names.sort()
    how = "canonical" if draw(_COIN) else ""
    body = [draw(_record_lines(name, how)) for name in names]
    if not plain:
        for line in draw(_OTHERS):
            if line != DEEP or DEEP not in body:
                body.insert(draw(st.integers(0, len(body))), line)
        body = _glued(body, draw(_BLANKS))
    body[len(body) :] = draw(_ENDS)
    if markers and body:
        at = draw(st.integers(0, len(body) - 1))
        other = draw(st.sampled_from(body))
        body[at : at + 1] = conflicts(body[at], other, base=draw(st.sampled_from([b"", body[at]])))
    newline = b"\n" if plain else draw(_NEWLINES)
    mark = b"" if plain else draw(_MARKS)
    end = newline if plain or draw(_COIN) else b""
    return mark + newline.join(body) + (end if body else b"")


def _glued(body, dice):
    """Some neighbours put on one line, with blanks between them."""
    lines = []
    for line, die in zip(body, dice, strict=False):
        if lines and die >= 220:
            lines[-1] += (b"", b" ", b" \t ")[die % 3] + line
        else:
            lines.append(line)
    return lines


def edited(issue, title="edited"):
    """The same issue with another title."""
    return replace(issue, title=title if issue.title != title else title + " again")
