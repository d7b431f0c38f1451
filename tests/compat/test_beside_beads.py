"""A repository that Beads set up goes on working with our `bd` on the PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_lines import log, record

# As `beads-interface` describes them, in our words: two inline hooks of init, and shims.
INLINE_PRE_COMMIT = """#!/bin/sh
# bd (beads) pre-commit hook
command -v bd >/dev/null 2>&1 || { echo "Warning: bd command not found" >&2; exit 0; }
[ -d .beads ] || exit 0
if ! bd sync --flush-only --no-daemon >/dev/null 2>&1; then
    echo "Error: Failed to flush bd changes to JSONL" >&2
    exit 1
fi
for f in .beads/issues.jsonl .beads/beads.jsonl .beads/interactions.jsonl; do
    [ -f "$f" ] && git add "$f" 2>/dev/null
done
exit 0
"""
INLINE_POST_MERGE = """#!/bin/sh
# bd (beads) post-merge hook
command -v bd >/dev/null 2>&1 || exit 0
bd sync --import-only --no-git-history --no-daemon || echo "Warning: import failed" >&2
bd doctor --check-health >/dev/null 2>&1 || true
exit 0
"""
SHIM = """#!/usr/bin/env sh
# bd-shim v1
# bd-hooks-version: 0.49.6
if ! command -v bd >/dev/null 2>&1; then
    echo "Warning: bd command not found in PATH, skipping {name} hook" >&2
    exit 0
fi
exec bd hooks run {name} "$@"
"""
METADATA = b'{\n  "database": "beads.db",\n  "jsonl_export": "issues.jsonl"\n}'
SHIMS = ("pre-commit", "post-merge", "pre-push", "post-checkout", "prepare-commit-msg")


@pytest.fixture
def path(monkeypatch):
    """Our `bd` first on the PATH, as an installed one would be."""
    folder = Path(sys.executable).parent
    assert (folder / "bd").exists(), "the package is not installed"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def hook(repo, name: str, text: str) -> None:
    target = repo.path / ".git" / "hooks" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    target.chmod(0o755)


def beads_init(repo) -> None:
    """What Beads' `init` leaves: files, attributes, its merge driver, its database."""
    repo.commit(
        {
            ".beads/issues.jsonl": log(),
            ".beads/interactions.jsonl": b"",
            ".beads/config.yaml": b'# issue-prefix: ""\n',
            ".beads/metadata.json": METADATA,
            ".beads/.gitignore": b"*.db\n*.db?*\ndaemon.lock\nbd.sock\nlast-touched\n.jsonl.lock\n",
            ".gitattributes": b"# Beads\n.beads/issues.jsonl merge=beads\n",
        },
        "bd init",
    )
    repo.git("config", "merge.beads.driver", "bd merge %A %O %A %B")
    repo.git("config", "merge.beads.name", "bd JSONL merge driver")


def bd(repo, *words: str) -> str:
    done = subprocess.run(
        ["bd", *words], cwd=repo.path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=["inline hooks of init", "shims of hooks install"])
def beside(request, repo, path, tmp_path):
    """The repository, with a bare one to push to."""
    beads_init(repo)
    if request.param.startswith("inline"):
        hook(repo, "pre-commit", INLINE_PRE_COMMIT)
        hook(repo, "post-merge", INLINE_POST_MERGE)
    else:
        for name in SHIMS:
            hook(repo, name, SHIM.format(name=name))
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "far.git")],
        check=True,
    )
    repo.git("remote", "add", "origin", str(tmp_path / "far.git"))
    repo.git("push", "--quiet", "--set-upstream", "origin", "main")
    return repo


def test_commit_merge_checkout_and_push_go_through(beside):
    bd(beside, "close", "t-a", "--reason", "done here")
    beside.git("commit", "--quiet", "--all", "--message", "close")
    beside.git("checkout", "--quiet", "-b", "side", "HEAD~1")
    assert '"status": "open"' in bd(beside, "show", "t-a", "--json")
    bd(beside, "update", "t-d", "--priority", "0")
    beside.git("commit", "--quiet", "--all", "--message", "urgent")
    beside.git("checkout", "--quiet", "main")
    beside.git("merge", "--quiet", "--no-edit", "side")
    beside.git("push", "--quiet")
    assert '"close_reason": "done here"' in bd(beside, "show", "t-a", "--json")
    assert '"priority": 0' in bd(beside, "show", "t-d", "--json")
    assert beside.git("status", "--porcelain") == ""


def test_what_a_colleague_did_survives_an_unrelated_commit(beside, tmp_path):
    """Beads' own hooks took it back: their database knew nothing of the new closing reason."""
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "--quiet", str(tmp_path / "far.git"), str(other)], check=True)
    line = record("t-b", day=2)  # without its dependency, with another estimate
    text = line.replace('"priority":2', '"priority":2,"estimated_minutes":99')
    rows = [text if row.startswith('{"id":"t-b"') else row for row in
            log().decode().splitlines(keepends=True)]  # fmt: skip
    (other / ".beads" / "issues.jsonl").write_text("".join(rows))
    subprocess.run(["git", "commit", "-qam", "edit"], cwd=other, check=True)
    subprocess.run(["git", "push", "-q"], cwd=other, check=True)
    bd(beside, "list")  # the old state is in the cache
    beside.git("pull", "--quiet")
    (beside.path / "code.py").write_text("pass\n")
    beside.git("add", "code.py")
    beside.git("commit", "--quiet", "--message", "unrelated")
    now = (beside.path / ".beads" / "issues.jsonl").read_text()
    assert now == "".join(rows)
    assert beside.git("show", "--stat", "--format=", "HEAD").split()[0] == "code.py"
