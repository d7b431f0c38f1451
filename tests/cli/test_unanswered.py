"""A write whose answer cannot be written, or that something follows that fails: it is done, and
whoever asked is told so."""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import subprocess
import sys

import pytest

from tests.support.command_lines import WRITES, workspace
from tracker.cli import main
from tracker.errors import Refused
from tracker.workspace.workspace import Workspace

FULL = OSError(errno.ENOSPC, "No space left on device")
GONE = BrokenPipeError(errno.EPIPE, "Broken pipe")
BROKEN_PIPE = (
    "mkfifo p; (exec 3<p; exec 3<&-; touch shut) & exec 4>p; until [ -e shut ]; do sleep 0.01; done"
)
LOST = "but the answer could not be written: "


class Full(io.StringIO):
    """A stream that can be written to, as long as nobody wants it to be anywhere."""

    def __init__(self, error, *, buffered=True):
        super().__init__()
        self.error = error
        self.buffered = buffered

    def write(self, text):
        if not self.buffered:
            raise self.error
        return super().write(text)

    def flush(self):
        if self.getvalue():
            raise self.error


def run(folder, words, out):
    err = io.StringIO()
    env = {**os.environ, "BD_ACTOR": "ann"}
    return main(["bd", *words], env, io.StringIO(), out, err, str(folder)), err.getvalue()


def contents(beads):
    """The records of every file by file and name: what a write changes."""
    found = {}
    for name in ("issues.jsonl", "archive.jsonl", "memory.jsonl", "outcomes.jsonl"):
        path = beads / name
        for line in path.read_text().splitlines() if path.exists() else ():
            row = json.loads(line)
            found[name, row.get("id") or row.get("key")] = line
    return found


KINDS = (
    (lambda: Full(FULL), "No space left on device"),
    (lambda: Full(GONE, buffered=False), "Broken pipe"),
    (lambda: None, "standard output is closed"),
)


@pytest.mark.parametrize("number", range(len(WRITES)), ids=lambda one: " ".join(WRITES[one]))
def test_every_write_says_what_it_has_done(tmp_path, number):
    words, (out, why) = WRITES[number], KINDS[number % 3]
    sane = workspace(tmp_path / "sane")
    started = contents(sane)
    sound = io.StringIO()
    code, _ = run(sane.parent, words, sound)
    is_written = contents(sane) != started
    beads = workspace(tmp_path / "w")
    failed, err = run(beads.parent, words, out())
    after = contents(beads)
    assert (after != started) == is_written
    if not sound.getvalue() or "--dry-run" in words:
        assert failed == code or "cannot write the answer" in err
        return
    assert failed == 1
    if not is_written:
        assert code == 1 or f"the command was carried out, {LOST}{why}" in err
        return
    assert f"{LOST}{why}" in err
    changed = {one[1] for one in after.keys() | started if after.get(one) != started.get(one)}
    assert all(id in err for id in changed)
    if "--json" in words:
        told = json.loads(err[err.index("{\n") :])
        assert told["code"] == "unanswered"
        said = {one for deed in ("created", "changed", "removed") for one in told.get(deed, [])}
        assert said == changed


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_is_created_changed_and_removed_is_told_apart(bd, more):
    bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3"})

    def told(*words):
        code, err = run(bd.path, [*words, *more], Full(FULL))
        assert code == 1
        if more:
            return json.loads(err)["error"]
        return next(line for line in err.splitlines() if LOST in line).removeprefix("Error: ")

    assert told("create", "x", "--id", "t-9") == f"created t-9, {LOST}No space left on device"
    assert told("close", "t-1", "t-2") == f"changed t-1, t-2, {LOST}No space left on device"
    assert told("archive", "t-1") == f"changed t-1, {LOST}No space left on device"
    hard = told("delete", "t-3", "--hard", "--force")
    assert hard == f"removed t-3, {LOST}No space left on device"
    assert told("memory", "set", "a/b", "x") == f"created a/b, {LOST}No space left on device"
    assert told("config", "set", "k", "v") == f"created k, {LOST}No space left on device"
    assert bd.issue("t-9")["title"] == "x"


def test_many_records_are_counted(tmp_path):
    beads = workspace(tmp_path)
    lines = "".join(json.dumps({"id": f"t-n{number:03}", "title": "x"}) + "\n"
                    for number in range(100))  # fmt: skip
    (tmp_path / "many.jsonl").write_text(lines)
    code, err = run(tmp_path, ["import", "many.jsonl", "--json"], Full(FULL))
    assert code == 1
    assert "created t-n000, t-n001, " in err
    assert f"t-n019 and 80 more, {LOST}" in err
    assert len(contents(beads)) == 109


def test_an_error_that_belongs_to_the_answer_is_told_elsewhere(bd):
    bd.write({"id": "t-1"})
    code, err = run(bd.path, ["close", "nope", "--json"], Full(FULL))
    assert (code, json.loads(err)["code"]) == (1, "not-found")
    assert bd("close", "nope", "--json", code=1).json["code"] == "not-found"
    code, err = run(bd.path, ["close", "nope", "t-1", "--json"], Full(FULL))
    assert code == 1
    assert "no issue found matching" in err
    assert f"changed t-1, {LOST}" in err


def test_a_read_is_done_when_its_reader_is(bd):
    bd.write({"id": "t-1"})
    assert run(bd.path, ["list"], Full(GONE)) == (0, "")
    code, err = run(bd.path, ["list"], Full(FULL))
    assert (code, err) == (1, "Error: cannot write the answer: No space left on device\n")


def test_a_dry_run_has_done_nothing(bd):
    bd.write({"id": "t-1"})
    before = bd.file.read_bytes()
    code, err = run(bd.path, ["create", "x", "--dry-run"], Full(FULL))
    assert (code, err) == (1, "Error: cannot write the answer: No space left on device\n")
    assert bd.file.read_bytes() == before


def shell(folder, line):
    program = f"{sys.executable} -P -m tracker"
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; bd() {{ {program} "$@"; }}; {line}'],
        cwd=folder,
        env={**os.environ, "BD_ACTOR": "ann"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("flag", ["", "--json"])
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("bd create x {} > /dev/full", "No space left on device"),
        ("bd create x {} >&-", "standard output is closed"),
        (f"{BROKEN_PIPE}; bd create x {{}} >&4", "Broken pipe"),
    ],
)  # fmt: skip
def test_it_holds_for_processes(tmp_path, line, why, flag):
    beads = workspace(tmp_path)
    before = contents(beads)
    done = shell(tmp_path, line.format(flag))
    assert done.returncode == 1, done
    [(_, made)] = contents(beads).keys() - before.keys()
    assert f"created {made}, {LOST}{why}" in done.stderr
    assert shell(tmp_path, f"bd create x {flag}").returncode == 0


# What follows a write.


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Refused("the moon is full"), 1, "Error: the moon is full (before that: created t-9)\n"),
        (FULL, 1, "Error: No space left on device (before that: created t-9)\n"),
        (RuntimeError("oops"), 3, "Error: RuntimeError: oops (before that: created t-9)\n"),
        (KeyboardInterrupt(), 130, "Note: interrupted; before that: created t-9\n"),
    ],
)
def test_an_error_behind_a_write_says_what_stands(bd, monkeypatch, error, code, said):
    bd.write({"id": "t-1"})
    assert bd("create", "x", "--id", "t-8").err == ""

    def fail(_self, _id):
        raise error

    monkeypatch.setattr(Workspace, "touch", fail)
    found, err = run(bd.path, ["create", "x", "--id", "t-9"], io.StringIO())
    assert found == code
    assert said in err
    assert bd.issue("t-9")["title"] == "x"


@pytest.mark.parametrize(
    "name", [".git/config", ".beads/.gitattributes", ".beads/.local/init.json", ".git/HEAD"]
)
@pytest.mark.parametrize("words", [["create", "x", "--json"], ["create", "x"], ["close", "t-1"]])
def test_a_file_that_cannot_be_read_fails_no_write_that_is_done(bd, monkeypatch, name, words):
    bd("init", "--prefix", "t")
    bd.write({"id": "t-1"})
    bd.repo.git("config", "--remove-section", "merge.tracker")
    before = bd.file.read_bytes()
    closed = str(bd.path / name)
    really, raw = builtins.open, os.open

    def guard(real):
        def opened(path, *args, **more):
            if isinstance(path, str | os.PathLike) and os.path.abspath(path) == closed:
                raise PermissionError(errno.EACCES, "Permission denied", closed)
            return real(path, *args, **more)

        return opened

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", guard(really))
        patch.setattr(os, "open", guard(raw))
        with pytest.raises(PermissionError), open(closed):
            pass
        answer = bd(*words)
    assert "Permission denied" not in answer.err
    assert "--json" not in words or answer.json["title"] == "x"
    assert bd.file.read_bytes() != before


# What a write that failed says of the files.


def failing(monkeypatch, name, *, after, only=""):
    """Let every call of this system function fail once so many have succeeded."""
    real, calls = getattr(os, name), []

    def call(*args, **more):
        if only in str(args[-1]):
            calls.append(args)
            if len(calls) > after:
                raise OSError(errno.EIO, "Input/output error", str(args[-1]))
        return real(*args, **more)

    monkeypatch.setattr(os, name, call)
    return calls


def archived(beads):
    """Where the closed issue is: in the log, in the archive."""
    return ["t-c" in {id for name, id in contents(beads) if name == file}
            for file in ("issues.jsonl", "archive.jsonl")]  # fmt: skip


def test_the_log_is_as_it_was_only_where_it_is(tmp_path, monkeypatch):
    beads = workspace(tmp_path)
    (beads / "archive.jsonl").write_text("")
    before = contents(beads)
    with monkeypatch.context() as patch:
        failing(patch, "replace", after=0, only="issues.jsonl")
        code, err = run(tmp_path, ["create", "x"], io.StringIO())
    assert code == 1
    assert err.startswith("Error: cannot write ")
    assert "; the log is as it was\n" in err
    assert contents(beads) == before
    assert run(tmp_path, ["create", "x"], io.StringIO())[0] == 0


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_write_of_two_files_that_cannot_be_taken_back_says_so(tmp_path, monkeypatch, is_noted):
    beads = workspace(tmp_path)
    (beads / "archive.jsonl").write_text("")
    if not is_noted:
        (beads / ".local").mkdir()
        (beads / ".local" / "ops.jsonl").mkdir()
    with monkeypatch.context() as patch:
        failing(patch, "replace", after=1, only="jsonl")
        code, err = run(tmp_path, ["archive", "t-c"], io.StringIO())
    assert code == 1
    assert "the log is as it was" not in err
    assert archived(beads) == [True, True]
    if is_noted:
        assert "; the next write completes what was begun, or takes it back\n" in err
        assert run(tmp_path, ["create", "x"], io.StringIO())[0] == 0
        assert archived(beads) == [True, False]
    else:
        assert "; part of it may be written (bd diff)\n" in err
    assert run(tmp_path, ["archive", "t-c"], io.StringIO())[0] == 0
    assert archived(beads) == [False, True]


def test_an_interrupted_write_that_cannot_be_completed_is_no_write_of_ours(tmp_path, monkeypatch):
    beads = workspace(tmp_path)
    (beads / "archive.jsonl").write_text("")
    with monkeypatch.context() as patch:
        failing(patch, "replace", after=1, only="jsonl")
        assert run(tmp_path, ["archive", "t-c"], io.StringIO())[0] == 1
        code, err = run(tmp_path, ["create", "x"], io.StringIO())
        assert code == 1
        assert "; the next write completes what was begun, or takes it back\n" in err
    assert archived(beads) == [True, True]
    assert run(tmp_path, ["create", "x"], io.StringIO())[0] == 0
    assert archived(beads) == [True, False]
