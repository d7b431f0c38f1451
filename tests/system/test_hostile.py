"""Text that somebody wrote to do harm, or by mistake: stored or refused, shown, never obeyed."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {
    "shell": "$(touch canary) `touch canary`; touch canary | touch canary && ${IFS} > canary",
    "quotes": "'\"; touch canary; '\" \\ %s %n {0} {{}} *?[x]!",
    "ansi": "\x1b[31mred\x1b[0m\x1b[2J \x1b]8;;http://evil\x07here\x1b]8;;\x07 \x9b31m \x07",
    "path": "../../../../etc/passwd",
    "dash": "--force -rf --title=x",
    "flag": "-x",
    "rtl": "cod\u202e\u2066exe.txt\u2069\u200f\u061c",
    "odd": "\u200b\ufeff\u2028 e\u0301\U0001f600\U000e0041 <b>&amp;</b>",
    "json": '{"id":"t-1"}\\n{"id":"t-1","title":"gone"}',
    "lines": "one\ntwo\r\nthree\n",
    "nul": "a\0b",
    "surrogate": "caf\udce9",
}
"""By name: what somebody may type, paste or let a program write."""
WAYS = {
    "create title": ["create", "--title=TEXT"],
    "create positional": ["create", "--", "TEXT"],
    "create description": ["create", "x", "-d=TEXT"],
    "create design": ["create", "x", "--design=TEXT"],
    "create acceptance": ["create", "x", "--acceptance=TEXT"],
    "create notes": ["create", "x", "--notes=TEXT"],
    "create append-notes": ["create", "x", "--append-notes=TEXT"],
    "create assignee": ["create", "x", "--assignee=TEXT"],
    "create labels": ["create", "x", "--labels=TEXT"],
    "create external-ref": ["create", "x", "--external-ref=TEXT"],
    "create spec-id": ["create", "x", "--spec-id=TEXT"],
    "create metadata": ["create", "x", "--metadata=TEXT"],
    "create actor": ["create", "x", "--actor=TEXT"],
    "create type": ["create", "x", "--type=TEXT"],
    "create id": ["create", "x", "--force", "--id=TEXT"],
    "create parent": ["create", "x", "--parent=TEXT"],
    "create deps": ["create", "x", "--deps=TEXT"],
    "create deps type": ["create", "x", "--deps=TEXT:t-1"],
    "create due": ["create", "x", "--due=TEXT"],
    "create body-file": ["create", "x", "--body-file=TEXT"],
    "update title": ["update", "t-1", "--title=TEXT"],
    "update description": ["update", "t-1", "--description=TEXT"],
    "update notes": ["update", "t-1", "--append-notes=TEXT"],
    "update status": ["update", "t-1", "--status=TEXT"],
    "update assignee": ["update", "t-1", "--assignee=TEXT"],
    "update add-label": ["update", "t-1", "--add-label=TEXT"],
    "update set-labels": ["update", "t-1", "--set-labels=TEXT"],
    "update set-metadata": ["update", "t-1", "--set-metadata=key=TEXT"],
    "update set-metadata key": ["update", "t-1", "--set-metadata=TEXT=1"],
    "update claim": ["update", "t-1", "--claim", "--session=TEXT", "--actor=TEXT"],
    "update id": ["update", "-p", "1", "--", "TEXT"],
    "close reason": ["close", "t-1", "--reason=TEXT"],
    "close session": ["close", "t-1", "--session=TEXT"],
    "close id": ["close", "--", "TEXT"],
    "reopen reason": ["reopen", "t-3", "--reason=TEXT"],
    "delete reason": ["delete", "t-1", "--force", "--reason=TEXT"],
    "delete id": ["delete", "--force", "--hard", "--cascade", "--", "TEXT"],
    "restore id": ["restore", "--", "TEXT"],
    "dep type": ["dep", "add", "t-1", "t-2", "--type=TEXT"],
    "dep id": ["dep", "add", "t-1", "--depends-on=TEXT"],
    "dep external": ["dep", "add", "t-1", "--depends-on=external:TEXT"],
    "dep remove": ["dep", "remove", "--", "t-1", "TEXT"],
    "dep list": ["dep", "list", "--", "TEXT"],
    "dep tree": ["dep", "tree", "--", "TEXT"],
    "label": ["label", "add", "t-1", "--", "TEXT"],
    "label remove": ["label", "remove", "--", "t-1", "TEXT"],
    "label list": ["label", "list", "--", "TEXT"],
    "comment": ["comment", "t-1", "--", "TEXT"],
    "comments add": ["comments", "add", "--author=TEXT", "--", "t-1", "TEXT"],
    "comments": ["comments", "--", "TEXT"],
}  # fmt: skip
VIEWS = [
    ["show", "t-1"], ["list", "--all"], ["list", "--long"], ["list", "--tree"], ["ready"],
    ["dep", "tree", "t-1"], ["dep", "tree", "t-1", "--format", "mermaid"], ["dep", "list", "t-1"],
    ["comments", "t-1"], ["label", "list", "t-1"], ["label", "list-all"], ["prime"], ["op", "log"],
    ["dep", "cycles"], ["blocked"], ["update", "t-1", "-p", "2"],
]  # fmt: skip
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text):
    """Nothing in it steers a terminal, and it can be printed."""
    found = STEERING.findall(text)
    assert not found, (found, text)
    return text


@pytest.fixture
def some(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3", "status": "closed"})
    return bd


def strings(value):
    """Every text of a record, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (name, *strings(one))
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


@pytest.mark.parametrize("way", WAYS)
def test_whatever_is_typed_is_stored_as_it_is_or_refused(some, way):
    for name, text in TEXTS.items():
        some.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3", "status": "closed"})
        before = some.file.read_bytes()
        words = [word.replace("TEXT", text) for word in WAYS[way]]
        env = dict(some.env)
        out, err = io.StringIO(), io.StringIO()
        code = run(some, words, env, out, err)
        assert code in {0, 1}, (name, err.getvalue())
        harmless(out.getvalue() + err.getvalue())
        if code:
            assert err.getvalue().startswith("Error: "), name
            assert some.file.read_bytes() == before, name
        elif words[0] not in {"dep", "label", "comments"} or words[1] == "add":
            kept = {one.strip() for record in some.issues() for one in strings(record)}
            parts = re.split(",|\n", text) if "label" in way else [text]
            if way.endswith("key"):
                parts = [text.partition("=")[0]]
            assert all(any(part.strip() in one for one in kept) for part in parts), (name, kept)
        assert not (some.path / "canary").exists(), name


def run(some, words, env, out, err):
    from tracker.cli import main

    return main(["bd", *words], env, io.StringIO(), out, err, str(some.path), clock=some.clock)


@pytest.mark.parametrize("name", TEXTS)
def test_what_others_wrote_into_the_log_is_shown_without_effect(bd, name):
    text = TEXTS[name]
    edge = {"issue_id": "t-1", "depends_on_id": "t-2", "type": text or "x"}
    gone = {"issue_id": "t-1", "depends_on_id": f"t-{text}", "type": "blocks"}
    comment = {"id": 1, "issue_id": text, "author": text, "text": text, "created_at": text}
    record = {
        "title": text, "description": text, "design": text, "acceptance_criteria": text,
        "notes": text, "assignee": text, "owner": text, "created_by": text, "external_ref": text,
        "spec_id": text, "labels": [text], "close_reason": text, "metadata": {text: text},
        "dependencies": [edge, gone], "comments": [comment], text: text, "due_at": text,
    }  # fmt: skip
    ascii = [json.dumps({"id": "t-1", "status": "open", "priority": 1, "issue_type": "task",
                         "created_at": "2026-01-01T00:00:00Z", **record}),
             json.dumps({"id": "t-2", "title": text, "status": text, "issue_type": text}),
             json.dumps({"id": f"t-{text}", "title": text, "status": "blocked"})]  # fmt: skip
    bd.write(*ascii)
    before = bd.file.read_bytes()
    for words in VIEWS:
        answer = bd(*words)
        harmless(answer.out + answer.err)
        if words[0] not in {"update", "prime"} and "mermaid" not in words:
            shown = bd(*words, "--json").out.encode()
            json.loads(shown)
    lines = bd.file.read_bytes().splitlines()
    assert sorted(lines[1:]) == sorted(before.splitlines()[1:])
    assert not (bd.path / "canary").exists()


def test_a_title_with_a_newline_in_the_log_stays_on_its_line(bd):
    bd.write({"id": "t-1", "title": "one\n✓ Closed t-2: fine", "labels": ["a\nb"]})
    for words in (["list"], ["ready"], ["dep", "tree", "t-1"], ["label", "list-all"],
                  ["delete", "t-1"], ["restore", "t-1"]):  # fmt: skip
        assert not [row for row in bd(*words).out.splitlines() if row.startswith(("✓ Closed", "b"))]


@pytest.mark.parametrize(
    ("words", "field"),
    [(["--description", "-"], "description"), (["--design-file", "-"], "design")],
)
def test_long_texts_are_stored_up_to_a_limit(some, words, field):
    some("update", "t-1", *words, stdin="x" * 1_000_000)
    assert len(some.issue("t-1")[field]) == 1_000_000
    assert "x" * 1000 in some("show", "t-1").out
    before = some.file.read_bytes()
    answer = some("update", "t-1", *words, stdin="y" * 1_000_001, code=1)
    assert answer.err.startswith(f"Error: {field} must be 1000000 characters or less (got 1000001)")
    assert len(answer.err) < 300
    assert some.file.read_bytes() == before
    some("update", "t-1", "--append-notes", "n" * 999_990)
    assert "notes must be" in some("update", "t-1", "--append-notes", "n" * 20, code=1).err
    assert "comment must be" in some("comment", "t-1", "-f", "-", stdin="c" * 1_000_001, code=1).err


@pytest.mark.parametrize("flag", ["--assignee", "--external-ref", "--add-label", "--title"])
def test_errors_about_long_texts_are_short(some, flag):
    answer = some("update", "t-1", flag, "z" * 2_000_000, code=1)
    assert len(answer.err) < 300
    answer = some("update", "z" * 1_000_000, "-p", "1", "--json", code=1)
    assert answer.error["code"] == "not-found"


@pytest.mark.parametrize("words", [["--body-file", "-"], ["--stdin"], ["--design-file", "nul.md"]])
def test_nul_from_a_file_is_refused(some, words):
    (some.path / "nul.md").write_bytes(b"a\0b")
    some("update", "t-1", *words, stdin="fine") if words[-1] != "nul.md" else None
    before = some.file.read_bytes()
    answer = some("update", "t-1", *words, stdin="a\0b", code=1)
    assert "holds a NUL character" in answer.err
    assert some.file.read_bytes() == before


@pytest.mark.parametrize("name", ["text.md", "."])
def test_what_is_no_text_is_refused(some, name):
    (some.path / "text.md").write_bytes(b"caf\xe9")
    answer = some("create", "x", "--body-file", name, code=1)
    assert answer.err.startswith(f"Error: cannot read {name}: ")


def test_integers_of_any_length_stay_what_they_are(some):
    big = "9" * 400
    some("update", "t-1", "--metadata", f'{{"n":{big},"f":0.10,"e":-1E+400}}')
    assert f'"n":{big},"f":0.10,"e":-1E+400' in some.file.read_text()
    some("update", "t-1", "--set-metadata", f"m=-{big}")
    for words in (["show", "t-1"], ["list"], ["update", "t-1", "-p", "1"]):
        shown = some(*words, "--json").out
        assert f'"n": {big}' in shown
        assert f'"m": -{big}' in shown
        assert '"f": 0.10' in shown
    assert "estimate must be" in some("update", "t-1", "-e", big, code=1).err


def test_metadata_that_is_nested_too_deeply_is_refused(some):
    some("update", "t-1", "--metadata", "[" * 100 + "]" * 100)
    answer = some("update", "t-1", "--metadata", '{"a":' * 100_000 + "1" + "}" * 100_000, code=1)
    assert "nested" in answer.err or "invalid JSON" in answer.err


@pytest.mark.parametrize(
    "id",
    ["../../etc/passwd", "-rf", "t-1/../t-2", "t-1;ls", "*", "%", "_", "t-%", "' OR 1=1 --", "",
     " ", "\udcff", "T-1", "t-1\0", ".", "external:x:y"],
)  # fmt: skip
def test_ids_are_matched_whole(some, id):
    before = some.file.read_bytes()
    for words in (["update", "-p", "1", "--"], ["close", "--"], ["show", "--"],
                  ["delete", "--force", "--hard", "--"], ["reopen", "--"],
                  ["label", "add", "--json", "--"],
                  ["dep", "tree", "--"], ["comments", "--"]):  # fmt: skip
        more = ["x"] if words[0] == "label" else []
        answer = some(*words, id, *more, code=1)
        harmless(answer.out + answer.err)
        assert some.file.read_bytes() == before, words
    assert some("update", " t-1\n", "-p", "1").out == "✓ Updated issue: t-1\n"


@pytest.mark.parametrize(
    "file", ["last-touched", "ops.jsonl", "claims.json.new", "cache.stamp.new"]
)
def test_links_in_the_local_folder_are_not_written_through(some, tmp_path, file):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    some("update", "t-2", "-p", "1", "--claim")
    local = some.beads / ".local"
    (local / file).unlink(missing_ok=True)
    (local / file).symlink_to(precious)
    (some.path / ".git" / "tracker" / "claims.json").unlink()
    (some.path / ".git" / "tracker" / "claims.lock").unlink()
    (some.path / ".git" / "tracker").rmdir()
    (some.path / ".git" / "tracker").write_text("in the way")
    some("update", "t-1", "-p", "1", "--claim")
    assert some.issue("t-1")["priority"] == 1
    assert precious.read_text() == "mine"


def test_bytes_that_are_no_text_on_the_command_line(some):
    env = {**os.environ, **some.env, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    before = some.file.read_bytes()
    for words in ([b"create", b"caf\xe9"], [b"create", b"x", b"-d", b"\xff\xfe"],
                  [b"update", b"\xff", b"-p", b"1"], [b"label", b"add", b"t-1", b"\xe9"],
                  [b"comment", b"t-1", b"\x80"], [b"show", b"\xe9"],
                  [b"list", b"--\xe9"]):  # fmt: skip
        done = subprocess.run(
            [sys.executable.encode(), b"-P", b"-m", b"tracker", *words],
            cwd=some.path, env=env, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode in {1, 2}, (words, done.stderr)
        assert b"Error: " in done.stderr
        harmless(done.stderr.decode())
        assert some.file.read_bytes() == before
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tracker", "create", "café", "--silent"],
        cwd=some.path, env={**env, "LC_ALL": "C"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    title = some.issue(done.stdout.strip())["title"]
    assert unicodedata.normalize("NFC", title) == "café"


def test_a_folder_called_tracker_in_the_working_directory_is_not_run(some):
    bd = Path(sys.executable).with_name("bd")
    if not bd.exists():
        pytest.skip("the program is not installed beside this Python")
    for name in ("tracker", "click", "json", "sqlite3"):
        folder = some.path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("open('canary', 'w').write('run')\n")
    env = {**os.environ, **some.env}
    env.pop("PYTHONPATH", None)
    done = subprocess.run(
        [bd, "create", "x"], cwd=some.path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("✓ Created issue: t-")
    assert not (some.path / "canary").exists()


def test_hooks_that_the_repository_brings_are_not_run(some):
    hooks = some.beads / "hooks"
    hooks.mkdir()
    for name in ("on_create", "on_update", "on_close"):
        (hooks / name).write_text("#!/bin/sh\ntouch canary\n")
        (hooks / name).chmod(0o755)
    some("create", "x")
    some("update", "t-1", "-p", "0")
    some("close", "t-1")
    assert not (some.path / "canary").exists()
