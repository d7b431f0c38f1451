"""What is fuzzed: functions that take any bytes, each with what must hold whatever those are.

A target answers, or says with a TrackerError what is wrong; nothing else may be raised, and its
laws are asserted. `tests/system/test_fuzz.py` runs them by Hypothesis, and
`tests/support/fuzzing.py` by coverage.
"""

from __future__ import annotations

import atexit
import io
import itertools
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from tests.support.merge_rubbish import MARKS, RECORDS, RUBBISH, texts
from tracker import json_text
from tracker.cli import COMMANDS, dates, main
from tracker.errors import TrackerError
from tracker.git import unmerged
from tracker.interchange import (
    beads,
    beads_create,
    claude_flow,
    github,
    memory_files,
    plan_apply,
    plan_match,
    plan_parse,
    script,
)
from tracker.interchange.import_issues import ImportPolicy, take
from tracker.interchange.markdown import decoded
from tracker.issues.editing import Who
from tracker.issues.query_language import parse, spelled
from tracker.log import config_file
from tracker.log.conflict_markers import has_markers
from tracker.log.issue_codec import decode, encode
from tracker.log.issue_log import Draft, Log
from tracker.log.lines import BOM
from tracker.merge.three_way import three_way
from tracker.model.validation import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_800_000_000_000_000_000
WHO = Who("ann", NOW)
CUT = b"\x1d\n"
"""Stands between the three versions of a merge, and the words of a command line."""


class Target(NamedTuple):
    """A name, what takes the bytes, and what such bytes are often made of."""

    name: str
    run: Callable[[bytes], None]
    parts: tuple[bytes, ...]


# Logs and their merges.


def _codec(data: bytes) -> None:
    try:
        issue = decode(data)
    except ValueError:
        return
    line = encode(issue)
    assert decode(line) == issue
    assert encode(decode(line)) == line


def _log(data: bytes) -> None:
    log = Log(data)
    assert log.data == data
    for id in log:
        assert log[id].id == id
        assert log.line(id) in data
    for id in set(log) - set(log.repeated):
        draft = Draft(log)
        with suppress(TrackerError):
            draft.put(log[id])
        assert not draft.written()


def _resolve(data: bytes) -> None:
    found = unmerged.repaired(data, {}, "issues.jsonl")
    if found is None:
        assert not has_markers(data)
        return
    assert has_markers(data) or Log(data).repeated  # lines of one id are put together as well
    assert not has_markers(found.data)
    assert not Log(found.data).markers
    if b"|||||||" not in data:  # what a base between markers holds may have been deleted
        assert texts(data) <= texts(found.data)


def _merge(data: bytes) -> None:
    base, ours, theirs = [*data.split(CUT, 2), b"", b""][:3]
    merged = three_way(base, ours, theirs)
    assert merged == three_way(base, theirs, ours)
    assert not has_markers(merged.data)
    assert three_way(ours, ours, merged.data).data == merged.data
    if b"|||||||" not in data:
        assert texts(ours) | texts(theirs) <= texts(merged.data) | texts(base)


# What comes in from files of others.


def _import(data: bytes) -> None:
    reading = beads.read_lines(data, "x.jsonl", lambda items, _: items)
    log = Log(b"")
    lines = take(log, reading.arrivals, ImportPolicy(), WHO).lines
    new = Log(b"".join(line + b"\n" for line in lines.values() if line is not None))
    assert set(new) == {id for id, line in lines.items() if line is not None}
    assert not take(new, reading.arrivals, ImportPolicy(), WHO).lines


def _plan(data: bytes) -> None:
    text = decoded(data).text
    items = plan_parse.read(text)
    count = sum(1 for top in items for _ in top.walk())
    draft = Draft(Log(b""))
    for _ in range(2):
        known = plan_match.known(draft, "P.md")
        told = plan_apply.bring(draft, (items, known), "P.md", Settings(prefix="t"), WHO).counts()
        assert sum(told.values()) == count
    assert not told.get("created")


def _memories(data: bytes) -> None:
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    for read in (claude_flow.read_store, memory_files.read_lines):
        with suppress(TrackerError):
            assert all(one.key for one in read(text))
    try:
        found = json_text.loads(text)
    except ValueError:
        return
    with suppress(TrackerError):
        assert all(one.key for one in memory_files.read_json(found))


def _github(data: bytes) -> None:
    given = github.read(data.decode("utf-8", "replace"))
    log = Log(b"")
    for one in github.arrivals(log, given, "t"):
        assert decode(one.line).id == one.id


def _graph(data: bytes) -> None:
    beads_create.read_graph(data.decode("utf-8", "replace"))


def _script(data: bytes) -> None:
    for line in script.read(data.decode("utf-8", "replace")):
        assert line.shown


# What people and agents write.


def _config(data: bytes) -> None:
    settings = config_file.parse(data)
    plain = config_file.plain(data)
    assert plain is None or config_file.parse(data + b"\n# \n") == settings
    after = config_file.edited(data, "issue-prefix", "zz")
    assert config_file.value(config_file.parse(after), "issue-prefix") == "zz"


def _query(data: bytes) -> None:
    def when(text: str) -> int:
        return dates.when(text, NOW, "date")

    found = parse(data.decode("utf-8", "replace"), when)
    assert parse(spelled(found), when) == found


# The program as a whole, without git and where it can write nothing but a folder of its own.


@cache
def _folder() -> str:
    path = tempfile.mkdtemp(prefix="fuzz-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


_nonces = itertools.count(1)


def _answer(words: list[str], stdin: bytes) -> None:
    place = os.path.join(_folder(), "work")
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(os.path.join(place, ".beads"))
    for name, text in (("issues.jsonl", LOG), ("config.yaml", "issue-prefix: t\n")):
        with open(os.path.join(place, ".beads", name), "w", encoding="utf-8") as file:
            file.write(text)
    out, err = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(stdin), "utf-8", "surrogateescape")
    env = {"HOME": _folder(), "PATH": "", "TZ": "UTC", "BD_ACTOR": "ann"}
    argv = ["bd", *words]
    clock = itertools.count(NOW, 10**9)
    code = main(
        argv, env, given, out, err, place, clock=lambda: next(clock), nonce=lambda: next(_nonces)
    )
    assert code in {0, 1, 2}, f"bd {words} ended with {code}: {err.getvalue()}"
    assert code == 0 or out.getvalue() or err.getvalue(), f"bd {words} failed without a word"


LOG = (
    '{"id":"t-1","title":"One","status":"open","priority":2,"issue_type":"task"}\n'
    '{"id":"t-2","title":"Two","status":"open","priority":1,"issue_type":"bug"}\n'
)


def _hooks(data: bytes) -> None:
    _answer(["hooks", "claude"], data)


def _argv(data: bytes) -> None:
    parts = data.removeprefix(CUT).split(CUT)
    words = [part.decode("utf-8", "surrogateescape") for part in parts]
    if any("/" in word or "\0" in word or word.startswith("..") for word in words):
        return  # a path may lead out of the folder
    _answer(words, b"")


_JSON = (
    b"{", b"}", b"[", b"]", b":", b",", b'"', b"null", b"true", b"5", b"-1", b"1e999",
         b'"\\ud800"',
    b"[[[[[[[[", b'""', b"NaN", b'{"a":1}', b"9" * 30,
)  # fmt: skip
_HOOK = (
    b'{"hook_event_name":"', b"SessionStart", b"UserPromptSubmit", b"PostToolUse", b"SessionEnd",
    b'","session_id":"s"', b',"source":"resume"', b',"prompt":"what is it about"',
    b',"tool_name":"Edit"', b',"tool_input":{"file_path":"a.py"}', b',"tool_response":',
    b'{"hook_event_name":"PostToolUse","tool_name":"Bash","tool_response":{"exitCode":1}}',
    b'{"hook_event_name":"SessionStart","session_id":"s","source":"resume"}',
    b'{"hook_event_name":"UserPromptSubmit","session_id":"s","prompt":"what is it about"}',
    b'{"hook_event_name":"PostToolUse","tool_name":"Edit","tool_input":{"file_path":"a.py"}}',
    b'{"hook_event_name":"SessionEnd","session_id":"s","reason":"exit"}',
)  # fmt: skip
_names = sorted({name for section in COMMANDS.values() for name in section})
_ARGV = tuple(CUT + word.encode() for word in _names) + tuple(
    CUT + word
    for word in (
        b"--json", b"t-1", b"t-2", b"--help", b"--", b"-", b"", b"-p", b"1", b"--title", b"x",
        b"--status", b"closed", b"--limit", b"-1", b"--sort", b"2026-01-01", b"add", b"list",
        b"--parent", b"--labels", b"a,b", b"\xff", b"--type", b"bug", b"--dry-run", b"set",
         b"get",
        b"status=open", b"=", b"-o", b"--notes", b"show", b"remove", b"--reason", b"\xe2\x80\xae",
    )
)  # fmt: skip
_LOG = (*MARKS, *RECORDS, *RUBBISH, BOM, b"\n", b"\r\n", CUT)
TARGETS = (
    Target("codec", _codec, (*RECORDS, *_JSON, b'"comments":[{"text":"x"}]', b'"id":"a"')),
    Target("log", _log, _LOG),
    Target("resolve", _resolve, (*_LOG, *(mark + b"\n" for mark in MARKS))),
    Target("merge", _merge, (*_LOG, *(record + b"\n" for record in RECORDS))),
    Target("import", _import, (*_LOG, b'{"id":"t-1","_deleted":true}\n',
         b'"status":"tombstone"')),
    Target(
        "plan", _plan,
        (b"# A\n", b"## B\n", b"- [ ] one\n", b"- [x] two\n", b"  - [ ] three\n", b"```\n",
         b"---\n", b"| a | b |\n|---|---|\n", b"1. x\n", b"> ", b"\t", b"### Task\n",
         b"Depends on: A\n", b"<!--", b"-->", b"(P1)", b"@ann", b"#tag", b"\xff", b"\xc3\xa9",
         b"\0", b"    ", b"\r"),
    ),
    Target(
        "memories", _memories,
        (*_JSON, *RECORDS, b'{"ns":[{"key":"k","value":', b"}]}", b'"timestamp":',
         b'"memories":[',
         b'{"key":"a/b","content":"c"}', b'{"id":1,"memory":"m","updated_at":"x"}', b"\n"),
    ),
    Target(
        "github", _github,
        (*_JSON,
         b'[{"number":1,"title":"T","state":"OPEN","body":"b","labels":[{"name":"bug"}]}]',
         b'[{"number":1,"title":"T","state":"OPEN"', b'"labels":[{"name":"bug"}]', b"}]",
         b'"body":"blocked by #2"', b'"assignees":[{"login":"a"}]', b'"comments":[{"body":"x"}]',
         b'"url":"https://github.com/a/b/issues/1"', b'"createdAt":"2026-01-01T00:00:00Z"', b","),
    ),
    Target(
        "graph", _graph,
        (*_JSON, b'{"nodes":[{"key":"a","title":"A"},{"key":"b","title":"B"}],"edges":[]}',
         b'{"nodes":[{"key":"a","title":"A"}],"edges":[{"from_key":"a","to_id":"t-1"}]}',
         b'{"nodes":[', b'{"key":"a","title":"A"}', b'],"edges":[',
         b'{"from_key":"a","to_key":"a"}', b'"priority":', b'"labels":["x"]', b"]}"),
    ),
    Target(
        "script", _script,
        (b"create x\n", b"close t-1\n", b'"', b"'", b"\\", b"#", b"\n", b"dep add $1 $2\n",
         b"-p 1"),
    ),
    Target(
        "config", _config,
        (b"issue-prefix: a\n", b"a:\n  b: c\n", b"- x\n", b"&a ", b"*a", b"<<: ", b"!!int ",
         b"? ",
         b"'", b'"', b"|\n", b">-\n", b"---\n", b"...\n", b"%YAML 1.1\n", b"# x\n", b"\t", b"\r",
         b"{a: b}\n", b"[", b"]", b"\xc2\x85", b"\xe2\x80\xa8", BOM, b"issue_prefix: b\n", b"~\n",
         b"2026-13-45\n", b"1_0:70\n", b"status.custom: x\n"),
    ),
    Target(
        "query", _query,
        (b"status", b"=", b"!=", b"open", b" AND ", b" OR ", b"NOT ", b"(", b")",
         b"priority", b"<",
         b">=", b"1", b"created", b"7d", b"none", b'"', b"'", b"\\", b",", b"label",
         b"title", b"*",
         b"updated>2026-01-01", b"assignee=none", b"\xc2\xb2", b"type=bug", b"-5", b"id"),
    ),
    Target("hooks", _hooks, (*_HOOK, *_JSON)),
    Target("argv", _argv, _ARGV),
)  # fmt: skip
