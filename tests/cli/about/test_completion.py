"""Completion: what is offered, and that real shells offer it."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


@pytest.fixture
def shop(bd):
    edge = {"issue_id": "t-b2", "depends_on_id": "t-a1", "type": "tracks"}
    bd.write(
        bd.line("t-a1", title="Fix the cart; $(touch pwned)\ttab", labels=["ui", "web"],
                assignee="ann"),
        bd.line("t-b2", title="Ship", dependencies=[edge], status="review"),
        bd.line("t-c3", title="Done", status="closed", closed_at="2026-02-01T00:00:00Z"),
        bd.line("t-d4", title="Gone", status="tombstone"),
        bd.line("x_y-%1", title="Odd"),
    )  # fmt: skip
    return bd


def offered(bd, *words, shell="zsh", **more):
    told = bd("__complete", shell, "--", *words, **more)
    assert told.err == ""
    return [line.partition("\t")[0] for line in told.out.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sho"], ["show"]),
        (["dep", "cy"], ["cycles"]),
        (["setup", "cla"], ["claude"]),
        (["show", ""], ["t-a1", "t-b2", "x_y-%1"]),
        (["show", "t-c"], ["t-c3"]),
        (["show", "c3"], ["t-c3"]),  # the end of an id is enough
        (["show", "%"], ["x_y-%1"]),
        (["show", "t-a1", "t-b"], ["t-b2"]),
        (["reopen", ""], ["t-c3"]),
        (["restore", ""], ["t-d4"]),
        (["update", "t-a1", "--sta"], ["--status"]),
        (["update", "t-a1", "--status", "rev"], ["review"]),
        (["update", "--status=rev"], ["--status=review"]),
        (["list", "-s", "op"], ["open"]),
        (["list", "--label", "ui,w"], ["ui,web"]),
        (["list", "--label=ui,w"], ["--label=ui,web"]),
        (["label", "add", "t-a1", "w"], ["web"]),
        (["list", "--assignee", ""], ["ann"]),
        (["create", "--priority", ""], ["0", "1", "2", "3", "4"]),
        (["create", "Title", "--parent", "t-b"], ["t-b2"]),
        (["create", "--deps", "discovered-from:t-b"], ["discovered-from:t-b2"]),
        (["dep", "add", "t-a1", "t-b"], ["t-b2"]),
        (["dep", "t-a"], ["t-a1"]),
        (["dep", "add", "--type", "trac"], ["tracks"]),
        (["dep", "list", "--direction", ""], ["down", "up"]),
        (["graph", "--format", "s"], ["svg"]),
        (["export", "-o", ""], [":files"]),
        (["-C", ""], [":dirs"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["--json", "show", "t-a"], ["t-a1"]),
        (["show", "--", "t-a"], ["t-a1"]),
        (["comment", "t-a1", "t-"], []),
        (["create", "t-"], []),
        (["no-such-command", "t-"], []),
        (["config", "get", ""], []),
        (["hoo"], ["hooks"]),  # and not `hook`, which only old hooks call
        ([], None),
    ],
)
def test_what_is_offered(shop, words, expected):
    found = offered(shop, *words)
    if expected is None:
        assert "ready" in found
    elif words == ["list", "--label", "ui,w"]:
        assert found == expected
    else:
        assert [word for word in found if word in expected or not expected] == expected
        assert len(found) < 20


def test_flags_are_those_of_the_command_and_the_global_ones(shop):
    found = offered(shop, "graph", "--")
    assert {"--format", "--output", "--json", "--actor"} <= set(found)
    assert "--html" not in found  # hidden
    assert "--no-daemon" not in found


def test_memories_are_offered_by_their_keys(shop):
    shop("remember", "Detrend first", "--key", "climate-drift")
    assert offered(shop, "recall", "cli") == ["climate-drift"]


def test_bash_breaks_words_where_zsh_does_not(shop):
    assert offered(shop, "update", "--status", "=", "rev", shell="bash") == ["review"]
    assert offered(shop, "list", "--label", "=", "ui,w", shell="bash") == ["ui,web"]
    words = ["create", "--deps", "discovered-from", ":", "t-b"]
    assert offered(shop, *words, shell="bash") == ["t-b2"]
    assert offered(shop, "show", "'t-a", shell="bash") == ["t-a1"]


def test_titles_are_told_harmlessly(shop):
    told = shop("__complete", "zsh", "--", "show", "t-a").out
    assert told == "t-a1\t○ Fix the cart; $(touch pwned) tab\n"


def test_without_a_workspace_nothing_is_known_and_nothing_is_said(shop, tmp_path):
    assert offered(shop, "show", "", cwd=tmp_path) == []
    assert "show" in offered(shop, "sh", cwd=tmp_path)
    assert offered(shop, "-C", str(shop.path), "show", "t-a", cwd=tmp_path) == ["t-a1"]


def test_the_scripts_are_printed(shop):
    for shell in ("bash", "zsh", "fish"):
        text = shop("completion", shell).out
        assert f"__complete {shell} --" in text
        assert shop("completion", shell, "--json").json == {"shell": shell, "script": text}
    assert "bash, zsh" in shop("completion", "tcsh", code=2).err.replace("'", "")


def environment(bd):
    return {**os.environ, "HOME": str(bd.path), "PATH": f"{BIN}:{os.environ['PATH']}",
            "TERM": "xterm", "PS1": "READY>"}  # fmt: skip


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes(shop):
    script = """
    eval "$(bd completion bash)"
    try() {
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        COMP_TYPE=9
        _bd_complete bd "${COMP_WORDS[COMP_CWORD]}" "" 2>/dev/null
        printf '[%s]' "${COMPREPLY[@]}"; echo
    }
    try bd show t-a
    try bd show t-
    try bd update t-a1 --status = rev
    touch 'a file'; try bd export -o 'a f'
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=shop.path, env=environment(shop),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    one, several, value, file = done.stdout.splitlines()
    assert one == "[t-a1]"
    assert several.startswith("[t-a1  (○ Fix the cart; $(touch pwned) tab)][t-b2  (? Ship)]")
    assert value == "[review]"
    assert file == "[a file]"
    assert not (shop.path / "pwned").exists()


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish")
def test_fish_completes(shop):
    script = """
    bd completion fish | source
    complete -C 'bd show t-'
    echo ==
    complete -C 'bd li'
    """
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], cwd=shop.path, env=environment(shop),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    ids, _, commands = done.stdout.partition("==\n")
    assert "t-a1\t○ Fix the cart; $(touch pwned) tab" in ids.splitlines()
    assert any(line.startswith("list\tList issues") for line in commands.splitlines())
    assert not (shop.path / "pwned").exists()


def typed(bd, argv, *steps):
    """What a shell shows at a pseudo-terminal: each step are keys, and what to wait for."""
    pty = pytest.importorskip("pty")
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(bd.path)
        os.execvpe(argv[0], argv, environment(bd))
    seen = b""
    try:
        for keys, awaited in steps:
            os.write(terminal, keys.encode())
            start, limit = len(seen), time.monotonic() + 20
            while not re.search(awaited.encode(), seen[start:]):
                assert time.monotonic() < limit, seen.decode(errors="replace")
                if select.select([terminal], [], [], 0.1)[0]:
                    seen += os.read(terminal, 65536)
    finally:
        os.write(terminal, b"\x03\x04exit\n")
        os.close(terminal)
        os.waitpid(pid, 0)
    return seen.decode(errors="replace")


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_at_a_terminal(shop):
    typed(
        shop,
        ["bash", "--norc", "--noprofile", "-i"],
        ("", "READY>"),
        ('eval "$(bd completion bash)"; echo LOAD""ED\n', "LOADED"),
        ("bd show t-a\t", r"bd show t-a1 "),
    )


@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh")
def test_zsh_completes_at_a_terminal(shop):
    start = 'autoload -U compinit && compinit -u -D; eval "$(bd completion zsh)"; echo LOAD""ED\n'
    seen = typed(
        shop,
        ["zsh", "-f", "-i"],
        ("", "READY>"),
        (start, "LOADED"),
        ("bd show --short c3\t", "t-c3"),
        ("\n", "\\[task\\] Done"),
        ("bd show t-\t", "Fix the cart"),
    )
    assert "-- " in seen
    assert not (shop.path / "pwned").exists()
