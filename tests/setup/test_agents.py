"""What `bd setup RECIPE` writes, and that it takes it out again byte for byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Refused
from tracker.setup import agents
from tracker.setup.agent_settings import HostHooks
from tracker.setup.agents import RECIPES as EVERY
from tracker.setup.agents import RecipeOptions
from tracker.setup.marked_blocks import Block

RECIPES = [one for one in EVERY if one.name != "claude-flow"]  # it only changes what is there
BLOCK = Block("A.md", "Use bd.\nAlways.\n", head="---\nrule: x\n---\n")
YAML = Block("c.yml", "read: [A.md]\n", comment=("# ", ""))
HOOKS = HostHooks("s.json", (("SessionStart", "bd prime --hook-json"), ("Stop", "bd stop")))

lines = st.lists(
    st.sampled_from([b"", b"# Title", b"<!-- note -->", b"text  ", b"\xff\x00", b"---"])
)
endings = st.sampled_from([b"\n", b"\r\n"])
texts = st.builds(
    lambda rows, end, last: end.join(rows) + end * last, lines, endings, st.integers(0, 3)
)


@given(texts, texts, st.sampled_from([BLOCK, YAML]))
def test_what_a_block_put_in_is_taken_out_byte_for_byte(data, more, block):
    once = block.put(data)
    assert block.text.splitlines()[0].encode() in once
    assert block.put(once) == once
    assert block.taken(once) == data
    assert block.taken(once + more) == data + more
    assert block.taken(data) == data


def test_a_file_of_ours_goes_and_one_that_somebody_wrote_in_stays():
    new = BLOCK.put(None)
    assert new.startswith(b"---\nrule: x\n---\n<!-- bd setup: begin v1 ")
    assert BLOCK.taken(new) is None
    assert BLOCK.taken(new + b"Mine.\n") == b"---\nrule: x\n---\nMine.\n"


def test_an_older_text_is_replaced_where_it_stands():
    old = Block("A.md", "Old words.\n").put(b"Top\n") + b"Bottom\n"
    new = BLOCK.put(old)
    assert b"Old words" not in new
    assert new.startswith(b"Top\n\n<!--")
    assert BLOCK.taken(new) == b"Top\nBottom\n"


def test_words_that_somebody_put_into_the_block_are_not_lost():
    there = BLOCK.put(b"Top\n").replace(b"Always.", b"Never.")
    for change in (BLOCK.put, BLOCK.taken):
        with pytest.raises(Refused, match="edited") as caught:
            change(there)
        assert "--force" in str(caught.value.hint)
    assert BLOCK.taken(there, force=True) == b"Top\n"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data + data,
        lambda data: data.replace(b"<!-- bd setup: end -->\n", b""),
        lambda data: b"<!-- bd setup: end -->\n" + data.replace(b"<!-- bd setup: end -->\n", b""),
    ],
)
def test_marks_that_do_not_fit_together_are_named(damage):
    whole = BLOCK.put(b"")
    assert BLOCK.taken(whole) == b""
    with pytest.raises(Refused, match="do not fit together"):
        BLOCK.put(damage(whole))


def test_a_block_of_beads_is_mentioned():
    beads = b"<!-- BEGIN BEADS INTEGRATION -->\n"
    assert "Beads" in BLOCK.remark(beads)
    assert BLOCK.remark(b"text") == ""


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
entries = st.builds(
    lambda command: {"hooks": [{"type": "command", "command": command}]}, st.text(max_size=5)
)
events = st.dictionaries(st.sampled_from(["SessionStart", "Stop", "Other"]), st.lists(entries))
objects = st.builds(
    lambda rest, hooks: rest if hooks is None else {**rest, "hooks": hooks},
    st.dictionaries(st.text(max_size=5).filter(lambda key: key != "hooks"), scalars, max_size=3),
    st.none() | events,
)
layouts = st.sampled_from(
    [{}, {"indent": 2}, {"indent": 4}, {"separators": (",", ":")}, {"indent": "\t"}]
)


@given(objects, layouts, st.sampled_from(["", "\n"]))
def test_commands_in_settings_are_taken_out_byte_for_byte(settings, layout, end):
    data = (json.dumps(settings, **layout) + end).encode()
    once = HOOKS.put(data)
    held = json.loads(once)["hooks"]
    assert {"type": "command", "command": "bd stop"} in [
        hook for entry in held["Stop"] for hook in entry["hooks"]
    ]
    assert HOOKS.put(once) == once
    assert HOOKS.taken(once) == data


@given(objects)
def test_settings_that_the_host_wrote_anew_lose_our_commands_and_nothing_else(settings):
    there = json.loads(HOOKS.put(json.dumps(settings).encode()))
    left = json.loads(HOOKS.taken(json.dumps(there, indent=3, sort_keys=True).encode()))
    kept = {name: entries for name, entries in settings.get("hooks", {}).items() if entries}
    assert left.get("hooks", {}) == kept
    assert {**left, "hooks": 0} == {**settings, "hooks": 0}


def test_settings_of_ours_go_and_those_that_know_bd_are_left():
    assert HOOKS.taken(HOOKS.put(None)) is None
    known = HOOKS._replace(commands=HOOKS.commands[:1], known=("bd prime",))
    theirs = json.dumps(
        {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "bd prime"}]}]}}
    ).encode()
    assert known.put(theirs) == theirs


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"hooks": []}', b'{"hooks": {"Stop": 1}}', b""])
def test_settings_that_are_none_are_left_alone(data):
    with pytest.raises(Refused, match="is left as it is"):
        HOOKS.put(data)


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if ".git" not in path.parts and ".beads" not in path.parts
    }


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
@pytest.mark.parametrize("there", [None, b"# Rules\r\n\r\nNo tabs.", b'{"a": 1}\n'])
def test_a_recipe_comes_and_goes_without_a_trace(bd, name, there):
    recipe = next(one for one in RECIPES if one.name == name)
    for part in recipe.parts(RecipeOptions(str(bd.path))):
        is_json = part.path.endswith(".json")
        if there is not None and is_json == there.startswith(b"{"):
            path = bd.path / part.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(there)
    before = tree(bd.path)
    bd("setup", name, "--check", code=1)
    bd("setup", name, "--dry-run")
    assert tree(bd.path) == before
    told = bd("setup", name, "--json").json
    after = tree(bd.path)
    assert after != before
    assert set(told["files"]) == {path for path in after if after[path] != before.get(path, 0)} - {
        path for path in after if after[path] is None
    }
    assert bd("setup", name, "--check", "--json").json["ok"] is True
    assert "nothing to do" in bd("setup", name).out
    bd("setup", name, "--remove")
    assert tree(bd.path) == before
    assert "nothing to do" in bd("setup", name, "--remove").out


def test_the_list_tells_what_is_in_place(bd):
    bd("setup", "codex")
    rows = {row["recipe"]: row["installed"] for row in bd("setup", "--list", "--json").json}
    assert rows["codex"] is True
    assert rows["claude"] is False
    assert {"claude", "codex", "cursor", "aider", "gemini", "windsurf"} <= set(rows)
    told = bd("setup").out
    assert "✓ codex" in told
    assert "  claude" in told


def test_what_is_printed_is_what_is_written(bd, tmp_path):
    shown = bd("setup", "codex", "--print", "--json").json["files"]["AGENTS.md"]
    assert not (bd.path / "AGENTS.md").exists()
    bd("setup", "codex")
    assert (bd.path / "AGENTS.md").read_text() == shown
    assert shown in bd("setup", "codex", "--print", cwd=tmp_path).out  # needs no workspace
    assert "==> .aider.conf.yml <==" in bd("setup", "aider", "--print").out


def test_an_edited_block_is_reported_and_only_force_replaces_it(bd):
    bd("setup", "codex")
    path = bd.path / "AGENTS.md"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"Use `bd`", b"Do not use `bd`"))
    edited = path.read_bytes()
    assert "edited" in bd("setup", "codex", "--check", code=1).out
    assert "--force" in bd("setup", "codex", code=1).err
    assert "--force" in bd("setup", "codex", "--remove", code=1).err
    assert path.read_bytes() == edited
    assert bd("setup").out  # the list goes on
    bd("setup", "codex", "--force")
    assert path.read_bytes() == whole


def test_links_are_followed_within_the_folder_and_not_beyond(bd, tmp_path):
    (bd.path / "AGENTS.md").write_text("Rules\n")
    (bd.path / "CLAUDE.md").symlink_to("AGENTS.md")
    bd("setup", "claude")
    assert "bd ready" in (bd.path / "AGENTS.md").read_text()
    assert bd("setup", "codex", "--check", "--json").json["ok"]  # the same file, the same block
    bd("setup", "claude", "--remove")
    assert (bd.path / "AGENTS.md").read_text() == "Rules\n"
    assert (bd.path / "CLAUDE.md").is_symlink()
    (tmp_path / "outside.md").write_text("not ours\n")
    (bd.path / "GEMINI.md").symlink_to(tmp_path / "outside.md")
    assert "leads out of" in bd("setup", "gemini", code=1).err
    assert (tmp_path / "outside.md").read_text() == "not ours\n"


def test_a_list_of_files_that_aider_reads_is_left_to_its_owner(bd):
    (bd.path / ".aider.conf.yml").write_text("read: [OTHER.md]\n")
    told = bd("setup", "aider")
    assert "add CONVENTIONS.md to it" in told.err
    assert (bd.path / ".aider.conf.yml").read_text() == "read: [OTHER.md]\n"
    assert bd("setup", "aider", "--json").err == ""
    assert "add CONVENTIONS.md" in bd("setup", "aider", "--check", code=1).out


def test_another_file_and_no_word_about_git(bd, tmp_path):
    bd("setup", "codex", "--output", "docs/AGENT.md", "--stealth")
    text = (bd.path / "docs" / "AGENT.md").read_text()
    assert "bd prime --stealth" in text
    assert "Commit" not in text
    bd("setup", "codex", "-o", "docs/AGENT.md", "--remove")
    assert not (bd.path / "docs").exists()


def test_mistakes_are_told(bd, tmp_path):
    assert bd("setup", "codex").code == 0
    assert "nothing is written" in bd("--readonly", "setup", "gemini", code=1).err
    assert "exclude each other" in bd("setup", "codex", "--check", "--remove", code=2).err
    assert 'unknown command "cladue"' in bd("setup", "cladue", code=2).err
    assert "bd init" in bd("setup", "codex", cwd=tmp_path, code=1).err
    (bd.path / "GEMINI.md").mkdir()
    assert "is a folder" in bd("setup", "gemini", code=1).err


def test_a_file_that_changes_meanwhile_is_left(bd, monkeypatch):
    from tracker.errors import Moved

    bd("setup", "codex")
    parts = next(one for one in RECIPES if one.name == "codex").parts(RecipeOptions(str(bd.path)))
    steps = agents.removing(str(bd.path), parts)
    (bd.path / "AGENTS.md").write_text("new words\n")
    with pytest.raises(Moved):
        agents.apply(str(bd.path), steps)
    assert (bd.path / "AGENTS.md").read_text() == "new words\n"


def test_an_uninstallation_names_the_files_that_still_speak_of_it(bd):
    assert "tells agents" not in bd("uninstall", "--dry-run").err
    bd("setup", "claude")
    told = bd("uninstall", "--dry-run").err
    assert "CLAUDE.md tells agents about bd: bd setup claude --remove" in told
    assert ".claude/settings.json tells" in told


@pytest.mark.parametrize("name", ["onboard", "quickstart"])
def test_guides_name_the_program(bd, name):
    told = bd(name)
    assert len(told.out) > 100
    assert "bd ready" in told.out
    assert "bd ready" in bd(name, "--json").json["text"]
    assert bd(name, "--bogus", code=2).err


def test_commands_that_the_guides_name_exist(bd):
    from tracker.cli import ALIASES, COMMANDS

    known = {name for rows in COMMANDS.values() for name in rows} | set(ALIASES) | {"help"}
    import re

    for guide in ("onboard", "quickstart"):
        named = set(re.findall(r"\bbd ([a-z]+)", bd(guide).out))
        assert len(named) > 5
        assert named <= known, guide
