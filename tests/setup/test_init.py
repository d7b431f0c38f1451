"""`bd init`: what it writes, and above all what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scratch import (
    BEADS_IGNORED,
    BEADS_METADATA,
    CACHE,
    bd,
    beads_database,
    files,
    line,
    lines,
    tree,
    workspace,
)
from tracker.setup.init import exclude_line, missing_ignores, with_versions
from tracker.workspace.folder import METADATA

FILES = {
    ".gitattributes", ".gitignore", "README.md", "config.yaml", "issues.jsonl", "memory.jsonl",
    "metadata.json", "outcomes.jsonl",
}  # fmt: skip
CONFLICTED = (
    f"<<<<<<< ours\n{line('a-1', 'one')}\n=======\n{line('a-1', 'two', 2)}\n>>>>>>> theirs\n"
)


@pytest.fixture
def root(repo):
    return repo.path


def written(folder):
    return {path.name for path in (folder / ".beads").iterdir()} - CACHE


# A new workspace.


def test_a_new_workspace(root, repo):
    said = bd(root, "init", "--prefix", "shop")
    assert "✓ bd initialized successfully!" in said.out
    assert "Issue prefix: shop" in said.out
    assert "shop-<hash> (e.g., shop-a1b2c)" in said.out
    assert not said.err
    assert written(root) == FILES
    assert (root / ".beads/beads.db").exists()
    for name in ("issues.jsonl", "memory.jsonl", "outcomes.jsonl"):
        assert (root / ".beads" / name).read_bytes() == b""
    assert (root / ".beads/metadata.json").read_bytes() == METADATA
    assert "\nissue-prefix: shop\n" in (root / ".beads/config.yaml").read_text()
    id = bd(root, "create", "First", "--silent").out.strip()
    assert id.startswith("shop-")


def test_it_names_every_file_and_writes_nothing_else(root, repo):
    before = tree(root)
    said = bd(root, "init")
    listed = {text.strip() for text in said.out.splitlines() if text.startswith("  .beads/")}
    assert listed == {f".beads/{name}" for name in FILES}
    settings = {text.strip() for text in said.out.splitlines() if "git config" in text}
    assert settings == {"git config merge.tracker.name", "git config merge.tracker.driver"}
    after = tree(root)
    assert {name for name in after if not name.startswith(".beads")} == set(before)
    for name in set(before) - {".", ".git", ".git/config"}:
        assert after[name] == before[name]
    repo.git("config", "--remove-section", "merge.tracker")
    assert (root / ".git/config").read_bytes() == before[".git/config"][0]


def test_without_the_driver_no_setting_changes_now_or_later(root):
    before = tree(root)
    said = bd(root, "init", "--skip-merge-driver")
    assert "git config" not in said.out
    bd(root, "create", "First")
    after = tree(root)
    assert after[".git/config"] == before[".git/config"]
    assert after[".git"] == before[".git"]


def test_a_run_without_anything_left_to_do_registers_the_driver(root, repo):
    bd(root, "init", "--skip-merge-driver")
    assert bd(root, "init", "--json").json["settings"] == [
        "merge.tracker.name", "merge.tracker.driver",
    ]  # fmt: skip
    assert "-m tracker merge-driver" in repo.git("config", "merge.tracker.driver")
    assert bd(root, "init", "--json").json["settings"] == []


def test_git_understands_what_it_wrote(root, repo):
    bd(root, "init")
    bd(root, "create", "One")
    repo.git("add", "--all")
    staged = set(repo.git("diff", "--cached", "--name-only").split())
    assert staged == {f".beads/{name}" for name in FILES}
    names = ["issues.jsonl", "archive.jsonl", "memory.jsonl", "outcomes.jsonl"]
    told = repo.git("check-attr", "merge", "eol", "--", *(f".beads/{name}" for name in names))
    assert told.count("merge: tracker") == 4
    assert told.count("eol: lf") == 4


def test_it_can_be_silent(root, tmp_path):
    assert bd(root, "init", "--prefix", "a").out
    (tmp_path / "two").mkdir()
    for number, words in enumerate((["-q"], ["--quiet", "--quiet"])):
        folder = tmp_path / f"quiet{number}"
        folder.mkdir()
        assert bd(folder, "init", *words).all == ""
        assert written(folder) == FILES


def test_json(root):
    answer = bd(root, "init", "-p", "shop", "--json").json
    assert answer["initialized"]
    assert answer["new"]
    assert answer["prefix"] == "shop"
    assert answer["path"] == f"{root}/.beads"
    assert {os.path.basename(file["path"]) for file in answer["files"]} == FILES
    again = bd(root, "init", "-p", "shop", "--json").json
    assert (again["new"], again["files"]) == (False, [])


def test_a_dry_run_writes_nothing(root):
    before = tree(root)
    said = bd(root, "init", "--dry-run", "--prefix", "shop")
    assert "Would write (prefix shop):" in said.out
    assert tree(root) == before
    assert bd(root, "init", "--dry-run", "--json").json["initialized"] is False
    bd(root, "init")
    assert bd(root, "init", "--dry-run").out == "Nothing to do\n"


def test_what_beads_scripts_send_is_accepted(root):
    bd(
        root, "init", "--prefix", "a", "--skip-hooks", "--skip-merge-driver", "--skip-agents",
        "--non-interactive", "--from-jsonl", "--no-db", "--branch", "sync", "--backend", "sqlite",
    )  # fmt: skip
    assert written(root) == FILES
    assert not (root / "AGENTS.md").exists()


def test_what_would_mean_something_else_is_refused(root):
    said = bd(root, "init", "--dry-run", "--backend", "jsonl")
    assert "Would write" in said.out
    assert "'dolt'" in bd(root, "init", "--backend", "dolt", code=1).err
    assert "--stealth" in bd(root, "init", "--contributor", code=1).err
    assert not (root / ".beads").exists()


def test_without_git(tmp_path):
    said = bd(tmp_path, "init", "-p", "x")
    assert "not in a git work tree" in said.out
    assert written(tmp_path) == FILES


def test_read_only_mode_refuses(root):
    assert bd(root, "init", "--readonly", code=1).err.startswith("Error: operation 'init'")
    assert not (root / ".beads").exists()
    bd(root, "init")
    assert written(root) == FILES


# The prefix.


@pytest.mark.parametrize(
    ("flag", "config", "log", "expected"),
    [
        ("flag", None, b"", "flag"),
        ("flag-", None, b"", "flag"),
        ("flag", None, lines("log-1"), "flag"),
        (None, None, lines("log-1", "log-2", "other-1"), "log"),
        (None, None, b"", "repo"),
        (None, b"issue-prefix: held\n", lines("log-1"), "held"),
        (None, b"issue_prefix: held\n", lines("log-1"), "held"),
        ("flag", b"issue-prefix: held\n", lines("log-1"), "held"),
        ("flag", b"# issue-prefix: \n", lines("log-1"), "log"),
    ],
)
def test_where_the_prefix_comes_from(root, flag, config, log, expected):
    workspace(root, log, **({} if config is None else {"config__yaml": config}))
    said = bd(root, "init", *(["-p", flag] if flag else []))
    assert f"(prefix {expected})" in said.out
    assert bd(root, "create", "x", "--silent").out.startswith(f"{expected}-")
    kept = (root / ".beads/config.yaml").read_bytes()
    assert kept == config if config is not None else f"issue-prefix: {expected}".encode() in kept
    if flag == "flag" and expected != "flag":
        assert f"the prefix stays '{expected}'" in said.out
        bd(root, "config", "set", "issue-prefix", "flag")  # as the note says
        assert bd(root, "config", "get", "issue-prefix").out == "flag\n"


def test_a_prefix_that_makes_no_ids_is_refused(root):
    said = bd(root, "init", "-p", "a b", code=1)
    assert "invalid prefix" in said.err
    assert not (root / ".beads").exists()
    bd(root, "init", "-p", "a-b")


# An existing workspace.


@pytest.mark.parametrize(
    "words",
    [
        [], ["--force"], ["-p", "other"], ["--from-jsonl", "--force"], ["--json"], ["-q"],
        ["--skip-hooks", "--no-db"], ["--backend", "jsonl", "--force", "-p", "other"],
    ],
)  # fmt: skip
def test_twice_changes_nothing(root, words):
    bd(root, "init", "-p", "mine")
    bd(root, "create", "Kept")
    before = tree(root)
    said = bd(root, "init", *words)
    assert tree(root) == before
    if "-q" not in words:
        assert "initialized" in said.out
    assert bd(root, "list", "--json").json[0]["title"] == "Kept"


def test_what_is_missing_comes_back(root):
    bd(root, "init", "-p", "mine")
    bd(root, "create", "Kept")
    before = tree(root)
    (root / ".beads/README.md").unlink()
    (root / ".beads/memory.jsonl").unlink()
    said = bd(root, "init")
    assert "Added:" in said.out
    assert {text.strip() for text in said.out.splitlines() if text.startswith("  ")} == {
        ".beads/README.md",
        ".beads/memory.jsonl",
    }
    assert files(root).keys() >= {".beads/README.md"}
    changed = {name for name, state in tree(root).items() if state != before.get(name)}
    assert changed == {".beads/README.md", ".beads/memory.jsonl"}


def test_what_is_added_beside_a_committed_log_is_to_be_committed(root, repo):
    workspace(root, lines("bd-1"))
    hint = "Commit it, so that other clones have it: git add .beads\n"
    said = bd(root, "init", "--dry-run").out
    assert hint not in said
    repo.commit({})
    said = bd(root, "init").out
    assert said.endswith(hint)
    assert "Commit it" not in bd(root, "init").out


def test_a_workspace_of_beads_gets_what_it_lacks(root, repo):
    metadata = b'{\n  "database": "beads.db",\n  "jsonl_export": "issues.jsonl",\n  "x": [1.50]\n}'
    beads = workspace(
        root, lines("bd-2", "bd-1"), metadata__json=metadata, __gitignore=BEADS_IGNORED,
        config__yaml=b'# issue-prefix: ""\n', README__md=b"theirs\n", interactions__jsonl=b"",
    )  # fmt: skip
    beads_database(beads / "beads.db", "bd-1", "bd-2")
    before = tree(root, {".local"})
    said = bd(root, "init")
    after = tree(root, {".local"})
    kept = ("issues.jsonl", "config.yaml", "README.md", "interactions.jsonl", "beads.db")
    for name in kept:
        assert after[f".beads/{name}"] == before[f".beads/{name}"]
    assert "(2 lines added)" in said.out
    ignored = (beads / ".gitignore").read_bytes()
    assert ignored == BEADS_IGNORED + b".local/\n.jsonl.lock\n"
    grown = (beads / "metadata.json").read_text()
    assert grown.startswith(metadata.decode()[:-2])
    assert json.loads(grown) == {**json.loads(metadata), "tracker": {"reader": 1, "writer": 1}}
    assert {".gitattributes", "memory.jsonl", "outcomes.jsonl"} <= written(root)
    again = tree(root, {".local"})
    assert "Nothing was changed" in bd(root, "init").out
    assert tree(root, {".local"}) == again


def test_a_log_of_another_name_keeps_it(root):
    beads = root / ".beads"
    beads.mkdir()
    (beads / "beads.jsonl").write_bytes(lines("bd-1"))
    bd(root, "init")
    assert not (beads / "issues.jsonl").exists()
    assert json.loads((beads / "metadata.json").read_bytes())["jsonl_export"] == "beads.jsonl"
    assert b"beads.jsonl text eol=lf merge=tracker" in (beads / ".gitattributes").read_bytes()
    assert bd(root, "list", "--json").json[0]["id"] == "bd-1"


def test_what_somebody_said_about_merging_stays(root):
    beads = workspace(root, b"", __gitattributes=b"issues.jsonl merge=union\n")
    bd(root, "init")
    held = (beads / ".gitattributes").read_text().splitlines()
    assert held[0] == "issues.jsonl merge=union"
    assert [text.split()[0] for text in held[1:]] == [
        "archive.jsonl", "memory.jsonl", "outcomes.jsonl", "interactions.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("log", "advice"),
    [(CONFLICTED.encode(), "bd resolve"), (b"{broken\n" + lines("a-1"), "bd doctor")],
)
def test_a_log_with_problems_is_left_alone(root, log, advice):
    beads = workspace(root, log)
    said = bd(root, "init")
    assert (beads / "issues.jsonl").read_bytes() == log
    assert advice in said.all
    assert written(root) == FILES


def test_settings_that_cannot_be_read_stop_it(root):
    beads = workspace(root, b"", config__yaml=b"a: [\n")
    before = tree(root)
    assert "config.yaml cannot be read" in bd(root, "init", code=1).err
    assert tree(root) == before
    (beads / "config.yaml").write_bytes(b"a: []\n")
    bd(root, "init")


# What it must not hide.


def test_a_log_that_git_has_is_not_replaced_by_an_empty_one(root, repo):
    bd(root, "init", "-p", "a")
    bd(root, "create", "Kept")
    repo.commit({})
    (root / ".beads/issues.jsonl").unlink()
    said = bd(root, "init", code=1)
    assert "checkout -- .beads/issues.jsonl" in said.err
    assert not (root / ".beads/issues.jsonl").exists()
    repo.git("rm", "-r", "--quiet", "--cached", ".beads/memory.jsonl")
    for name in (root / ".beads").iterdir():
        if name.is_file():
            name.unlink()
    assert "git has it" in bd(root, "init", code=1).err
    repo.git("checkout", "--", ".beads/issues.jsonl")
    bd(root, "init")
    assert bd(root, "list", "--json").json[0]["title"] == "Kept"


def test_issues_that_are_only_in_a_database_are_not_hidden(root):
    beads = root / ".beads"
    beads.mkdir()
    beads_database(beads / "beads.db")
    bd(root, "init", "-p", "a")
    assert written(root) == FILES
    for name in FILES:
        (beads / name).unlink()
    (beads / "beads.db").unlink()
    beads_database(beads / "beads.db", "a-1", "a-2", wal=True)
    said = bd(root, "init", code=1)
    assert "2 issues are only in beads.db" in said.err
    assert "bd migrate" in said.err
    assert written(root) == {"beads.db-wal"}


def test_a_database_that_cannot_be_read_may_hold_issues(root):
    beads = workspace(root, b"")
    bd(root, "init")
    for name in FILES:
        (beads / name).unlink()
    (beads / "beads.db").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    assert "cannot be read" in bd(root, "init", code=1).err
    assert not (beads / "issues.jsonl").exists()


def test_dolt_is_refused(root):
    workspace(root, lines("a-1"))
    bd(root, "init")
    (root / ".beads/dolt").mkdir()
    assert "bd migrate" in bd(root, "init", code=1).err


def test_files_of_a_newer_version_are_refused(root):
    beads = workspace(root, lines("a-1"))
    bd(root, "init")
    (beads / "metadata.json").write_bytes(METADATA.replace(b'"writer": 1', b'"writer": 9'))
    assert "newer version (9)" in bd(root, "init", code=1).err


# Where.


@pytest.mark.parametrize("inside", [".beads", ".beads/.local", ".git", ".git/hooks"])
def test_not_inside_its_own_or_gits_folder(root, inside):
    bd(root, "init")
    (root / inside).mkdir(exist_ok=True)
    said = bd(root / inside, "init", code=1)
    assert "is inside a .git folder" in said.err or "is inside a .beads folder" in said.err
    assert f"bd -C {root} init" in said.err
    assert not (root / inside / ".beads").exists()


def test_not_in_a_bare_repository(tmp_path, repo):
    bd(repo.path, "init")
    repo.git("init", "--quiet", "--bare", str(tmp_path / "bare"))
    assert "without a work tree" in bd(tmp_path / "bare", "init", code=1).err


def test_below_a_workspace_that_one_is_meant(root):
    bd(root, "init", "-p", "top")
    (root / "src").mkdir()
    before = tree(root)
    said = bd(root / "src", "init", "-p", "sub")
    assert "initialized already: ../.beads" in said.out
    assert tree(root) == before
    (root / "src/.beads").mkdir()  # that is how to say "here"
    bd(root / "src", "init", "-p", "sub")
    assert bd(root / "src", "create", "x", "--silent").out.startswith("sub-")
    assert bd(root, "create", "x", "--silent").out.startswith("top-")


def test_a_linked_worktree_may_have_its_own(root, repo, tmp_path):
    repo.commit({"a": b""})
    bd(root, "init", "-p", "main")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    said = bd(tmp_path / "linked", "init", "-p", "own")
    assert "linked worktree" in said.out
    assert bd(tmp_path / "linked", "create", "x", "--silent").out.startswith("own-")
    assert bd(root, "list", "--json").json == []


def test_a_folder_that_the_environment_names(root, tmp_path):
    env = {"BEADS_DIR": str(tmp_path / "plans")}
    bd(root, "init", "-p", "plan", env=env)
    assert not (root / ".beads").exists()
    assert written(tmp_path / "plans") == FILES
    assert bd(root, "create", "x", "--silent", env=env).out.startswith("plan-")


def test_a_database_that_the_environment_names(root, tmp_path):
    (tmp_path / "other").mkdir()
    env = {"BEADS_DB": str(tmp_path / "other/test.db")}
    bd(root, "init", "--prefix", "t", env=env)
    assert {path.name for path in (tmp_path / "other").iterdir()} - {".local"} == {
        "config.yaml",
        "issues.jsonl",
        "test.db",
    }
    assert bd(root, "create", "x", "--silent", env=env).out.startswith("t-")
    assert not (root / ".beads").exists()


def test_links_are_not_written_through(root, tmp_path):
    beads = workspace(root, b"")
    (beads / "README.md").symlink_to(tmp_path / "outside")
    bd(root, "init")
    assert not (tmp_path / "outside").exists()
    assert (beads / "README.md").is_symlink()


def test_a_link_to_an_empty_folder_elsewhere_is_refused(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (root / ".beads").symlink_to(tmp_path / "elsewhere")
    assert "is no folder" in bd(root, "init", code=1).err
    assert not list((tmp_path / "elsewhere").iterdir())
    (root / ".beads").unlink()
    bd(root, "init")


# Stealth.


def test_stealth_leaves_no_trace_in_git(root, repo):
    exclude = root / ".git/info/exclude"
    before = exclude.read_bytes()
    said = bd(root, "init", "--stealth", "-p", "s")
    assert ".git/info/exclude (1 line added)" in said.out
    assert exclude.read_bytes() == before + b"/.beads/\n"
    bd(root, "create", "Private")
    assert repo.git("status", "--porcelain") == ""
    bd(root, "init", "--stealth")
    assert exclude.read_bytes() == before + b"/.beads/\n"


def test_stealth_in_a_folder_below(root, repo):
    sub = root / "a b[1]"
    sub.mkdir()
    bd(sub, "init", "--stealth")
    assert repo.git("status", "--porcelain") == ""
    assert written(sub) == FILES


def test_stealth_without_a_writable_exclude_file(root, repo):
    exclude = root / ".git/info/exclude"
    exclude.unlink()
    (root / ".git/info").rmdir()
    (root / ".git/info").write_bytes(b"in the way")
    bd(root, "init", "--stealth", "-p", "s")
    bd(root, "create", "Private")
    (root / ".git/info").unlink()
    assert repo.git("status", "--porcelain") == ""
    assert (root / ".beads/.gitignore").read_bytes() == b"*\n"


def test_stealth_cannot_hide_what_git_has(root, repo):
    bd(root, "init", "-p", "s")
    bd(root, "init", "--stealth", "--dry-run")
    repo.commit({})
    before = tree(root)
    assert "git has config.yaml" in bd(root, "init", "--stealth", code=1).err
    assert tree(root) == before


# Taking it back.


def test_what_was_written_can_be_put_back_byte_for_byte(root):
    workspace(root, lines("a-1"), metadata__json=BEADS_METADATA, __gitignore=b"*.db\n*.db?*")
    before = files(root, CACHE)
    bd(root, "init", "--stealth")
    runs = json.loads((root / ".beads/.local/init.json").read_bytes())["runs"]
    assert len(runs) == 1
    rows = runs[0]["files"]
    start = {"beads": root / ".beads", "git": root / ".git"}
    assert {row["action"] for row in rows} == {"create", "extend"}
    for row in rows:
        path = start[row["in"]] / row["path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
        if row["before"] is None:
            path.unlink()
        else:
            path.write_bytes(row["before"].encode("utf-8", "surrogateescape"))
    assert files(root, CACHE) == before


def test_a_second_run_is_remembered_as_well(root):
    bd(root, "init")
    (root / ".beads/README.md").unlink()
    bd(root, "init")
    runs = json.loads((root / ".beads/.local/init.json").read_bytes())["runs"]
    assert [len(run["files"]) for run in runs] == [len(FILES), 1]
    assert [run["new_folder"] for run in runs] == [True, False]


# The pieces.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text().filter(lambda key: key != "tracker"), JSON),
    st.sampled_from([None, 1, 2, 4]),
)
def test_metadata_keeps_everything_and_gains_the_versions(held, indent):
    before = json.dumps(held, indent=indent, ensure_ascii=False).encode(errors="surrogatepass")
    after = with_versions(before)
    try:
        before.decode()
    except UnicodeDecodeError:
        assert after == before
        return
    assert json.loads(after) == {**held, "tracker": {"reader": 1, "writer": 1}}
    assert after.startswith(before[: before.rindex(b"}")].rstrip())
    assert with_versions(after) == after


def test_the_metadata_of_beads_becomes_ours():
    assert with_versions(BEADS_METADATA) == METADATA


@pytest.mark.parametrize("data", [b"", b"[]", b"{broken", b"\xff", b"null", METADATA])
def test_other_metadata_is_left_alone(data):
    assert with_versions(data) == data
    assert with_versions(b"{}") != b"{}"


@pytest.mark.parametrize(
    ("held", "lacks"),
    [
        (b"", ["beads.db*", ".*.db-tmp*", ".local/", ".jsonl.lock"]),
        (b"*.db\n*.db?*\n.local\n.jsonl.lock\n", []),
        (b"*\n", []),
        (b"*\n!.local\n", [".local/"]),
        (b"/beads.db*\n.*.db-tmp*\n/.local/\n.jsonl.lock\n", []),
    ],
)
def test_what_an_ignore_file_lacks(held, lacks):
    assert missing_ignores(held) == lacks


def test_the_exclude_line_names_the_folder_and_no_pattern():
    assert exclude_line("/r", "/r/.beads") == "/.beads/"
    assert exclude_line("/r", "/r/a*b/.beads") == "/a\\*b/.beads/"
