"""`bd setup claude-flow`: calls of other hooks become ours, and what they were comes back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.cli.hooks.agent import command_of
from tracker.setup import claude_flow
from tracker.setup.claude_flow import Calls

DOCUMENT = b"""# Work\r
1. Run `npx claude-flow@alpha hooks pre-task --description "[agent task]" --auto-spawn-agents false`
   npx claude-flow hooks session-restore --session-id "swarm-[id]" --load-memory true
   npx -y claude-flow@2.0.0-alpha.90 hooks post-edit --file "[filepath]" --memory-key "a/[step]"
   claude-flow hook notify --message "[what was done]" --telemetry true
   ./claude-flow hooks post-task --task-id "[task]" --analyze-performance true
   bunx ruflo hooks session-end --export-metrics true --generate-summary true
   npx claude-flow@alpha swarm init --topology mesh
   npx claude-flow@alpha hooks model-route --task x
   npx my-claude-flow hooks pre-task
No end"""
SETTINGS = {
    "hooks": {
        "PreToolUse": [
            {"matcher": "Bash", "hooks": [{"type": "command", "command":
                "cat | jq -r '.tool_input.command // empty' | xargs -0 -I {} npx claude-flow@alpha"
                " hooks pre-command --command '{}' --validate-safety true"}]},
        ],
        "Stop": [{"hooks": [{"type": "command",
                             "command": "npx claude-flow@alpha hooks session-end"}]}],
    },
    "note": "Grüße",
}  # fmt: skip

calls = st.sampled_from(
    [
        b"npx claude-flow@alpha hooks pre-task --description x",
        b"npx claude-flow hooks pre-task --description x",
        b"claude-flow hook notify; npx claude-flow hooks post-edit && echo",
        b"bd hooks pre-task --description x", b"# other", b"", b"\xff\xfe claude-flow hooks notify",
        b"npx claude-flow hooks unheard-of", b"npx claude-flow memory store a b",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    "runner",
    ["npx claude-flow@alpha", "npx  claude-flow", "npx\tclaude-flow", "/usr/bin/npx claude-flow",
     "$HOME/bin/npx claude-flow", "${N}/npx claude-flow", "npx -q claude-flow", "./claude-flow",
     "npx --yes -p claude-flow@alpha claude-flow", "npx --package=claude-flow claude-flow",
     "bunx --bun claude-flow", "npm exec claude-flow@alpha", "npm exec -- claude-flow",
     "npm x claude-flow", "pnpm dlx claude-flow", "pnpm exec claude-flow", "yarn claude-flow",
     "yarn dlx claude-flow", "bun x claude-flow", "claude-flow", "echo npx; claude-flow"],
)  # fmt: skip
def test_the_words_that_run_it_go_with_its_name(runner):
    """`npx bd` would fetch and run whatever package has that name."""
    line = f"{runner} hooks  pre-task -d x\n".encode()
    start = b"echo npx; " if runner.startswith("echo") else b""
    assert Calls("A.md").put(line) == start + b"bd hooks pre-task -d x\n"
    twice = line.rstrip() + b", then " + line
    assert Calls("A.md").put(twice).count(b"bd hooks pre-task") == 2


@pytest.mark.parametrize(
    "call",
    ["npx --odd=1 --call x claude-flow", "deno run claude-flow", "npm run claude-flow",
     "bun claude-flow", "npx cross-env A=1 claude-flow", "node_modules/.bin/claude-flow"],
)  # fmt: skip
def test_what_another_program_may_run_by_its_name_is_left(call):
    line = f"{call} hooks pre-task\n".encode()
    assert Calls("A.md").put(line) == line


def test_every_form_of_a_call_is_rewritten_and_nothing_else():
    new = Calls("A.md").put(DOCUMENT)
    told = [line.strip() for line in new.decode().split("\n")]
    assert told[1] == (
        '1. Run `bd hooks pre-task --description "[agent task]" --auto-spawn-agents false`'
    )
    assert told[2].startswith('bd hooks session-restore --session-id "swarm-[id]"')
    assert told[3].startswith('bd hooks post-edit --file "[filepath]"')
    assert told[4].startswith('bd hooks notify --message "[what')
    assert told[5].startswith("bd hooks post-task")
    assert told[6].startswith("bd hooks session-end")
    assert told[7:] == [line.strip() for line in DOCUMENT.decode().split("\n")[7:]]


@given(st.lists(calls), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_what_was_rewritten_comes_back_byte_for_byte(rows, end, has_end):
    data = end.join(rows) + (end if has_end else b"")
    plain = Calls("A.md")
    new = plain.put(data)
    assert plain.put(new) == new
    assert Calls("A.md", plain.pairs_of(data)).taken(new) == data


@pytest.mark.parametrize("name", sorted(claude_flow.NAMES))
def test_each_hook_that_is_rewritten_is_one_of_ours(name):
    assert command_of(name) is not None


@pytest.fixture
def space(bd):
    bd("init", "-q")
    (bd.path / "CLAUDE.md").write_bytes(DOCUMENT)
    (bd.path / ".claude" / "agents").mkdir(parents=True)
    (bd.path / ".claude" / "settings.json").write_text(
        json.dumps(SETTINGS, indent=4, ensure_ascii=False), encoding="utf-8"
    )
    (bd.path / ".claude" / "agents" / "coder.md").write_text("claude-flow hooks notify\n")
    (bd.path / ".claude" / "broken.md").symlink_to("nowhere")
    (bd.path / "other.py").write_text("# npx claude-flow hooks pre-task\n")
    return bd


def state(bd):
    return {
        str(path.relative_to(bd.path)): path.read_bytes()
        for path in bd.path.rglob("*")
        if path.is_file() and ".git/" not in f"{path}/" and "/.local/" not in str(path)
        and not path.name.startswith("beads.db")
    }  # fmt: skip


def test_a_repository_is_rewritten_checked_and_put_back(space):
    before = state(space)
    assert "CLAUDE.md" in space("setup", "claude-flow", "--check", code=1).out
    answer = space("setup", "claude-flow")
    assert "changed: CLAUDE.md" in answer.out
    after = state(space)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"CLAUDE.md", ".claude/settings.json", ".claude/agents/coder.md",
                       ".beads/claude-flow.json"}  # fmt: skip
    settings = json.loads(after[".claude/settings.json"])
    assert settings["hooks"]["Stop"][0]["hooks"][0]["command"] == "bd hooks session-end"
    space("setup", "claude-flow", "--check")
    space("setup", "claude-flow")
    assert state(space) == after
    space("setup", "claude-flow", "--remove")
    assert state(space) == before


def test_a_line_that_somebody_edited_since_stays_as_it_is(space):
    space("setup", "claude-flow")
    path = space.path / "CLAUDE.md"
    new = path.read_bytes().replace(b'"[agent task]"', b'"Mine"')
    path.write_bytes(b"Added\n" + new)
    space("setup", "claude-flow", "--remove")
    first, _, rest = path.read_bytes().partition(b"\n")
    assert first == b"Added"
    assert b'bd hooks pre-task --description "Mine"' in rest
    lines, old = rest.split(b"\n"), DOCUMENT.split(b"\n")
    assert [line for at, line in enumerate(lines) if at != 1] == old[:1] + old[2:]


def test_lines_that_stay_are_named(space):
    path = space.path / "CLAUDE.md"
    path.write_bytes(b"npx claude-flow memory store k v\nclaude-flow memory is good\n" + DOCUMENT)
    there = space("setup", "claude-flow").err
    assert "CLAUDE.md: line 1 calls claude-flow's memory: bd memory takes the same words" in there
    assert "settings.json:" not in there
    path.write_bytes(path.read_bytes().replace(b'"[agent task]"', b'"Mine"'))
    left = "line 4 calls bd hooks, edited since or your own: --remove leaves that"
    checked = space("setup", "claude-flow", "--check", code=1).out.splitlines()
    assert checked[checked.index("✓ CLAUDE.md is up to date") + 1].startswith(
        f"  CLAUDE.md: {left};"
    )
    assert any(line.endswith("claude-flow.json was written by another version, in another form,"
                             " or before an edit") for line in checked)  # fmt: skip
    removed = space("setup", "claude-flow", "--remove", "--json")
    assert removed.json["notes"] == [f"CLAUDE.md: {left}"]
    assert removed.err == ""


def test_many_lines_that_stay_are_counted():
    own = b"bd hooks notify -m x\n" * 7
    assert Calls("A.md").remark(own) == (
        "A.md: lines 1, 2, 3, 4, 5 and 2 more call bd hooks, edited since or your own:"
        " --remove leaves that"
    )
    assert Calls("A.md").remark(b"bd hooks install\nabd hooks notify\n") == ""
    assert Calls("A.md").remark(None) == ""


def test_where_nothing_calls_them_there_is_nothing_to_do(bd):
    bd("init", "-q")
    bd("setup", "claude-flow", "--check")
    assert "nothing to do" in bd("setup", "claude-flow").out
    assert not (bd.beads / "claude-flow.json").exists()
