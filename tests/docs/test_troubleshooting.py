"""docs/troubleshooting.md: each message that it names is one that the program prints."""

from __future__ import annotations

import fcntl
import io
import os
import re

import pytest

from tests.support.repository import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
MESSAGES = re.findall(r"(?m)^\| `([^`]+)` \|", PAGE)
TOKEN = "ghp_" + "8fK2jLq0ZxV7bN3mW9rT5yU1cD4eH6gA2sPd"


@pytest.fixture
def space(bd):
    bd.write({"id": "t-a"}, {"id": "t-ab"}, {"id": "t-b"})
    bd("dep", "add", "t-a", "t-b")
    bd("update", "t-b", "--claim", "--actor", "ann")
    return bd


def provoked(space, message, tmp_path):
    """What is printed where the message is due."""
    if message == "no beads database found in":
        return space("list", cwd=tmp_path, code=1).err
    if message == "but the answer could not be written":
        return unanswered(space)
    if message == "another process has kept":
        with open(space.beads / ".jsonl.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return space("create", "x", "--lock-timeout", "0.1s", code=1).err
    if message == "conflict marker":
        space.file.write_bytes(b"<<<<<<< a\n" + space.file.read_bytes() + b"=======\n>>>>>>> b\n")
        return space("create", "x", code=1).err
    if message == "is a symbolic link":
        os.symlink("/etc/hostname", space.beads / "archive.jsonl")
        return space("update", "t-a", "--title", "x", code=1).err
    words = {
        "no issue found matching": ["show", "t-zzz"],
        "ambiguous ID": ["show", "t-"],
        "issue already claimed by": ["update", "t-b", "--claim", "--actor", "bob"],
        "would create a cycle": ["dep", "add", "t-b", "t-a"],
        "this looks like a secret": ["create", TOKEN],
    }
    return space(*words[message], code=1).err


def unanswered(space):
    from tests.cli.test_command import Full
    from tracker.cli import main

    err = io.StringIO()
    out = Full(OSError(28, "No space left on device"))
    assert main(["bd", "create", "x"], space.env, None, out, err, str(space.path)) == 1
    return err.getvalue()


def test_there_are_ten():
    assert len(MESSAGES) == 10


@pytest.mark.parametrize("message", MESSAGES)
def test_what_the_page_names_is_printed(space, message, tmp_path):
    assert message in provoked(space, message, tmp_path.parent)
