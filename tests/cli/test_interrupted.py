"""A write that was killed: after the next command it is there as a whole, or not at all.

And what `undo` takes back then is the last write that is there.
"""

from __future__ import annotations

import shutil

import pytest

from tests.support.killing import steps
from tests.support.scratch import bd, lines, workspace
from tracker.log.paths import BESIDE

FILES = (*BESIDE, "issues.jsonl")
CLOSED = (
    b'{"id":"a-9","title":"Old","status":"closed","priority":2,"issue_type":"task","created_at":'
    b'"2020-01-01T00:00:00Z","updated_at":"2020-01-01T00:00:00Z","closed_at":"2020-01-01T00:00:00Z"}\n'
)
CARRIED = b'{"_type":"memory","key":"old-way","value":"See a-1"}\n'
MEMORY = b'{"key":"shop/tax","kind":"fact","content":"Tax is added per line, see a-1."}\n'
MORE = lines("a-1", "a-7").replace(b"Title", b"Theirs") + CARRIED.replace(b"old-way", b"new-way")

VERBS = {
    "update": ["update", "a-1", "--title", "Other"],
    "create": ["create", "New"],
    "delete": ["delete", "a-2", "--force", "--hard"],
    "close": ["close", "a-1", "--used", "shop/tax", "--remember", "Round at the end"],
    "archive": ["archive", "a-9"],
    "rename": ["rename", "a-1", "a-first"],
    "rename-prefix": ["rename-prefix", "b"],
    "import": ["import", "more.jsonl"],
    "mv": ["memory", "mv", "old-way", "shop/way"],
    "local": ["memory", "set", "shop/tax", "Mine alone", "--local"],
    "ok": ["memory", "ok", "shop/tax", "--issue", "a-1"],
}
"""What is written, of one file up to four."""
EARLIER = ["label", "add", "a-2", "Earlier"]


def every(root):
    return {
        name: path.read_bytes() if (path := root / ".beads" / name).exists() else b""
        for name in FILES
    }


@pytest.fixture
def start(tmp_path):
    """A workspace with something of everything, and an earlier write of the same actor."""
    root = tmp_path / "start"
    beads = workspace(
        root, lines("a-1", "a-2") + CLOSED + CARRIED, memory__jsonl=MEMORY,
        config__yaml=b"issue-prefix: a\n",
    )  # fmt: skip
    (root / "more.jsonl").write_bytes(MORE)
    bd(root, *EARLIER)
    assert beads.is_dir()
    return root


QUICK = {"update", "close", "archive", "rename-prefix", "mv"}


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.deep) for name in VERBS],
)
def test_a_killed_write_is_there_as_a_whole_or_not_at_all(start, tmp_path, name):
    before = every(start)
    whole = tmp_path / "whole"
    shutil.copytree(start, whole)
    bd(whole, *VERBS[name])
    moved = {file for file, data in every(whole).items() if data != before[file]}
    root = tmp_path / "root"

    def reset():
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(start, root)

    seen = set()
    for step in steps(lambda: bd(root, *VERBS[name]), reset):
        ops = bd(root, "op", "log", "--json").json
        after = every(root)
        now = {file for file, data in after.items() if data != before[file]}
        assert now in (set(), moved), step
        seen.add(bool(now))
        assert len(ops) == (2 if now else 1), step
        undone = bd(root, "undo", "--json").json
        assert undone["command"].startswith("bd " + (VERBS[name] if now else EARLIER)[0]), step
        if now:
            assert every(root) == before, step
            bd(root, "undo")
        assert b"Earlier" not in every(root)["issues.jsonl"], step
    assert seen == {False, True}
