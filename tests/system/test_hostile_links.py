"""Links and committed folders of a repository that lead its reader's program elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.support.bounded_commands import guarded
from tracker import fileio
from tracker.git import discovery
from tracker.git.discovery import tracked_below

SECRET = "outside-of-the-work-tree"


@pytest.fixture
def bd(bd, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_text(f"{SECRET}\n")
    bd.write({"id": "t-1"}, {"id": "t-2"})
    return bd


def untouched(tmp_path):
    outside = tmp_path / "outside"
    return [path.name for path in outside.iterdir()] == ["precious"] and (
        outside / "precious"
    ).read_text() == f"{SECRET}\n"


# Folders below .beads.


WITHIN_LOCAL = (
    ("memory", "set", "mine/note", "x", "--local"),
    ("hooks", "session-end", "--export-metrics"),
    ("hooks", "post-edit", "--file", "a.py"),
    ("create", "k AKIAIOSFODNN7EXAMPLB", "--allow-secret", "faeb4d1a9f5baa58"),
    ("update", "t-1", "--claim"),
    ("ready",), ("recall", "mine/note"), ("history", "t-1"), ("undo",),
)  # fmt: skip


@pytest.mark.parametrize("folder", [".local", ".local/metrics"])
@pytest.mark.parametrize("depth", ["../../../outside", "../../../outside/new"])
def test_a_folder_that_leads_out_is_not_written_into(bd, tmp_path, folder, depth):
    path = bd.beads / folder
    path.mkdir(parents=True)
    (answer, *_) = guarded(bd, WITHIN_LOCAL)
    assert answer.code == 0
    shutil.rmtree(path)
    path.symlink_to(os.path.relpath(tmp_path / "outside", path.parent) + depth.partition("side")[2])
    answers = guarded(bd, WITHIN_LOCAL)
    assert {answer.code for answer in answers} <= {0, 1}
    assert untouched(tmp_path)
    if folder == ".local":
        assert all(str(path) in answer.err for answer in answers if answer.code)
    else:
        assert f"{path} is a symbolic link" in bd("doctor", code=1).out


@pytest.mark.parametrize("inner", ["issues", "../repo/issues"])
def test_links_within_the_work_tree_are_followed(bd, inner):
    (bd.path / "issues").mkdir()
    for name in ("issues.jsonl", "config.yaml", "memory.jsonl"):
        path = bd.beads / name
        path.touch()
        path.rename(bd.path / "issues" / name)
        path.symlink_to(f"../{inner}/{name}")
    bd("create", "three")
    bd("memory", "set", "a/b", "followed")
    assert bd("recall", "a/b").out == "followed\n"
    assert "three" in (bd.path / "issues/issues.jsonl").read_text()
    assert "followed" in (bd.path / "issues/memory.jsonl").read_text()
    assert (bd.beads / "memory.jsonl").is_symlink()


@pytest.mark.parametrize("through", ["folder", "chain", "absolute", "git", "other repository"])
def test_every_way_out_is_seen(bd, tmp_path, through):
    target = {
        "folder": "../src/precious", "chain": "first", "absolute": tmp_path / "outside/precious",
        "git": "../.git/config", "other repository": "../nested/precious",
    }[through]  # fmt: skip
    bd("ready")
    (bd.path / "src").symlink_to(tmp_path / "outside")
    (bd.beads / "first").symlink_to("second")
    (bd.beads / "second").symlink_to(tmp_path / "outside/precious")
    (bd.path / "nested" / ".git").mkdir(parents=True)
    (bd.path / "nested" / "precious").write_text(SECRET)
    for file in ("memory.jsonl", "README.md"):
        link = bd.beads / file
        link.symlink_to(target)
        with pytest.raises(fileio.Unusable, match="is a symbolic link to"):
            fileio.read(str(link))
        link.unlink()
    (bd.beads / "PRIME.md").symlink_to(target)
    assert SECRET not in bd("prime").out
    (bd.beads / "outcomes.jsonl").symlink_to(target)
    (answer,) = guarded(bd, [("memory", "search", "x")])
    assert answer.code == 1
    assert str(bd.beads / "outcomes.jsonl") in answer.err
    assert untouched(tmp_path)


@pytest.mark.parametrize("named", ["BEADS_DIR", "--db", "BEADS_DB"])
@pytest.mark.parametrize("file", ["memory.jsonl", ".local", ".local/memory.jsonl", "config.yaml"])
def test_whoever_names_a_folder_does_not_name_what_its_links_lead_to(bd, tmp_path, named, file):
    database = str(bd.beads / "beads.db")
    env = {"BEADS_DIR": {"BEADS_DIR": str(bd.beads)}, "BEADS_DB": {"BEADS_DB": database}}
    words = ("--db", database) if named == "--db" else ()
    lines = [(*words, "memory", "set", "a/b", "x", "--local"), (*words, "memory", "list"),
             (*words, "memory", "set", "a/c", "x")]  # fmt: skip
    bd.env.update(env.get(named, {}))
    assert [answer.code for answer in guarded(bd, lines)] == [0, 0, 0]
    path = bd.beads / file
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(tmp_path / "outside" / ("" if file == ".local" else "precious"))
    answers = guarded(bd, lines)
    assert 1 in {answer.code for answer in answers}
    assert not any(SECRET in answer.out + answer.err for answer in answers)
    assert untouched(tmp_path)


@pytest.mark.parametrize("file", ["beads.db", "old.db", ".local/history.db", ".local/memory.db",
                                  ".local/cache.db", ".local/cache.new"])  # fmt: skip
def test_a_database_of_somebody_elses_is_not_opened_through_a_link(bd, tmp_path, file):
    bd("memory", "set", "a/b", "x")
    bd("memory", "search", "x")
    bd("history", "t-1")
    path = tmp_path / "precious.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE issues(id TEXT, title TEXT)")
        db.execute("INSERT INTO issues VALUES('x-1', 'precious')")
        db.commit()
    before = path.read_bytes()
    (bd.beads / file).unlink(missing_ok=True)
    (bd.beads / file).symlink_to(path)
    lines = (("ready",), ("memory", "search", "x"), ("history", "t-1"), ("create", "three"),
             ("memory", "set", "a/b", "y"), ("migrate", "--inspect"), ("doctor",))  # fmt: skip
    answers = guarded(bd, lines)
    assert {answer.code for answer in answers} <= {0, 1}
    assert not any("precious'" in answer.out or "x-1" in answer.out for answer in answers)
    assert path.read_bytes() == before


def test_a_lock_is_not_made_elsewhere(bd, tmp_path):
    bd("create", "three")
    for name in (
        ".local/log.lock",
        ".local/cache.lock",
        ".local/memory.lock",
        ".local/runs.jsonl.lock",
    ):
        (bd.beads / name).unlink(missing_ok=True)
        (bd.beads / name).symlink_to(tmp_path / "outside" / "made")
    guarded(bd, (("create", "four"), ("ready",), ("memory", "list"), *WITHIN_LOCAL))
    assert untouched(tmp_path)


# A redirect.


@pytest.mark.parametrize("is_tracked", [True, False])
@pytest.mark.parametrize("target", ["../../outside/precious", "../notes", "/etc/hostname"])
def test_a_redirect_that_is_a_link_tells_nothing(bd, is_tracked, target):
    (bd.path / "notes").write_text(f"{SECRET}\n")
    (bd.beads / "redirect").symlink_to(target)
    if is_tracked:
        bd.repo.git("add", "--force", ".beads/redirect")
    for words in (("ready",), ("where",), ("prime",), ("create", "x"), ("doctor",), ("init",)):
        answer = bd.run(*words)
        assert answer.code == 1, words
        assert SECRET not in answer.out + answer.err
        assert f"{bd.beads}/redirect is a symbolic link" in answer.err
        assert "Hint: rm " in answer.err
    (bd.beads / "redirect").unlink()
    bd("ready")


# A committed .local.


@pytest.fixture
def committed(bd):
    """A clone that brought its own `.local`, with a journal, a list and a note in it."""
    local = bd.beads / ".local"
    local.mkdir()
    (local / "secrets-allow").write_text("faeb4d1a9f5baa58\n")
    (local / "memory.jsonl").write_text('{"key":"their/note","kind":"fact","content":"theirs"}\n')
    note = {"version": 1, "runs": []}
    (local / "init.json").write_text(json.dumps(note))
    op = {"key": "a", "at": 1, "argv": ["bd"], "actor": "Ann Example", "changes": [
        {"file": "issues.jsonl", "id": "t-1", "old": bd.line("t-1", title="theirs"),
         "new": bd.line("t-1")}]}  # fmt: skip
    (local / "ops.jsonl").write_text(json.dumps(op) + "\n")
    bd.repo.git("add", "--force", ".beads")
    bd.repo.git("commit", "--quiet", "-m", "theirs")
    return bd


PRIVATE = (
    ("memory", "set", "mine/note", "very private", "--local"),
    ("memory", "append", "their/note", "very private"),
    ("memory", "ok", "their/note"),
    ("create", "k AKIAIOSFODNN7EXAMPLC", "--allow-secret", "e713fc9568924107"),
    ("undo",), ("op", "log"),
)  # fmt: skip


@pytest.mark.parametrize("words", PRIVATE)
def test_nothing_private_is_written_into_a_committed_folder(committed, words):
    local = committed.beads / ".local"
    before = {path.name: path.read_bytes() for path in local.iterdir()}
    answer = committed(*words, code=1)
    assert f"{local} is tracked by git" in answer.err
    assert f"Hint: git -C {committed.beads} rm -r --cached --quiet .local" in answer.err
    for name, data in before.items():
        assert (local / name).read_bytes() == data
    assert not any(b"very private" in path.read_bytes() for path in local.rglob("*"))


def test_what_is_shared_goes_on_and_says_what_is_missing(committed):
    local = committed.beads / ".local"
    before = (local / "ops.jsonl").read_bytes()
    assert "bd undo cannot take this back" in committed("update", "t-1", "-p", "1").err
    committed("memory", "set", "a/b", "shared")
    committed("hooks", "post-edit", "--file", "private.py")
    committed("hooks", "session-end", "--export-metrics")
    assert (local / "ops.jsonl").read_bytes() == before
    assert not [name for name in ("ops.missed", "runs.jsonl", "metrics") if (local / name).exists()]
    assert "secret" in committed("create", "k AKIAIOSFODNN7EXAMPLB", code=1).err
    told = committed("doctor", code=1).out
    assert f"✗ Private files: {local} is tracked by git" in told
    assert f"git -C {committed.beads} rm -r --cached --quiet .local" in told


def test_the_way_out_that_is_told(committed):
    hint = committed("undo", code=1).err.partition("Hint: ")[2].strip()
    subprocess.run(hint, shell=True, check=True, cwd="/", env=committed.env)
    committed("memory", "set", "mine/note", "very private", "--local")
    committed("update", "t-1", "-p", "1")
    committed("undo")
    assert "Private files" not in committed.run("doctor").out
    status = committed.repo.git("status", "--porcelain", "--untracked-files=all", ".beads/.local")
    assert {row[0] for row in status.splitlines()} == {"D"}


@pytest.mark.parametrize("file", [".local/x", ".local", ".LOCAL/memory.jsonl", ".local/a/b"])
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_index_tells_what_is_tracked(bd, file, version, monkeypatch):
    monkeypatch.setattr(discovery, "FOLDS", ".LOCAL" in file)
    local = str(bd.beads / ".local")
    (bd.path / "!first").touch()
    (bd.path / "last").touch()
    bd.repo.git("add", ".")
    for name in (".localx", "local/x", "x.local/y"):
        (bd.beads / name).parent.mkdir(exist_ok=True)
        (bd.beads / name).write_text("x")
    bd.repo.git("add", "--force", ".beads")
    bd.repo.git("update-index", "--index-version", version)
    assert not tracked_below(local)
    path = bd.beads / file
    path.parent.mkdir(exist_ok=True, parents=True)
    path.symlink_to("x") if file == ".local" else path.write_text("x")
    bd.repo.git("add", "--force", f".beads/{file}")
    assert tracked_below(local)


@pytest.mark.parametrize(
    ("where", "path"),
    [("beads", "../../precious"), ("git", "config"), ("git", "hooks/pre-commit"),
     ("git", "info/../config"), ("beads", "/{}/precious"), ("beads", "../.git/config")],
)  # fmt: skip
@pytest.mark.parametrize("is_tracked", [True, False])
def test_uninstalling_puts_back_only_what_init_writes(bd, tmp_path, where, path, is_tracked):
    bd("init")
    (tmp_path / "precious").write_text("mine\n")
    note = bd.beads / ".local" / "init.json"
    path = path.format(tmp_path)
    start = bd.beads if where == "beads" else bd.path / ".git"
    target = start / path
    target.touch()
    before = target.read_bytes()
    row = {"in": where, "path": path, "action": "extended", "before": "evil\n", "after": "x",
           "sha256": hashlib.sha256(before).hexdigest()}  # fmt: skip
    held = json.loads(note.read_text())
    held["runs"][0]["files"].append(row)
    note.write_text(json.dumps(held))
    if is_tracked:
        bd.repo.git("add", "--force", ".beads/.local/init.json")
    bd.run("uninstall", "--force")
    assert b"evil" not in target.read_bytes()


# What the user brings.


@pytest.mark.parametrize("name", ["/dev/zero", "sparse", "folder"])
@pytest.mark.parametrize("words", [("import",), ("create", "x", "--body-file"), ("batch", "-f"),
                                   ("memory", "import"), ("check",), ("migrate",)])  # fmt: skip
def test_a_file_without_end_is_refused(bd, name, words):
    with (bd.path / "sparse").open("wb") as file:
        file.truncate(5 << 30)
    (bd.path / "folder").mkdir()
    (answer,) = guarded(bd, [(*words, name)])
    assert answer.code in {1, 2}, answer
    assert name in answer.err


def test_a_pipe_that_somebody_writes_to_is_read(bd):
    text = bd.path / "text"
    os.mkfifo(text)
    with subprocess.Popen(["sh", "-c", f"sleep 0.3; echo from a pipe > {text}"]):
        bd("create", "x", "--body-file", "text")
    assert "from a pipe" in bd.file.read_text()


def test_a_file_of_ours_that_the_user_names_is_read_as_any_other(bd, tmp_path):
    os.mkfifo(bd.beads / "pipe.jsonl")
    (bd.beads / "link.md").symlink_to(tmp_path / "outside/precious")
    pipe = ".beads/pipe.jsonl"
    lines = (("import", pipe), ("create", "x", "--body-file", pipe), ("check", pipe),
             ("create", "x", "--body-file", ".beads/link.md"))  # fmt: skip
    answers = guarded(bd, lines)
    assert [answer.code for answer in answers] == [1, 1, 1, 1]
    assert SECRET not in bd.file.read_text() + "".join(one.err for one in answers)
