"""Every way by which a secret could get into git: each is stopped, and passes once allowed."""

from __future__ import annotations

import json

import pytest

from tests.support.clones import bare, clone
from tests.support.secret_samples import secrets
from tracker.secrets.rules import fingerprint

SECRET = secrets(11)["github classic"]
PRINT = fingerprint(SECRET)
SPELLED = SECRET.replace("_", "\\u005f")  # as JSON may spell it
HOOK = secrets(11)["slack webhook"]


@pytest.fixture
def space(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    return bd


def tracked(bd):
    """What git would take of the workspace, by path."""
    return {
        str(path.relative_to(bd.beads)): path.read_bytes()
        for path in bd.beads.rglob("*")
        if path.is_file() and not path.name.startswith(("beads.db", ".jsonl.lock"))
        if ".local" not in path.parts
    }


WAYS = {
    "name of a setting": ["config", "set", "custom.{}", "x"],
    "value of a setting": ["config", "set", "custom.x", "{}"],
    "name among settings": ["config", "set-many", "custom.a=b", "custom.{}=x"],
    "value among settings": ["config", "set-many", "custom.a=b", "custom.x={}"],
    "kv value": ["kv", "set", "release", "{}"],
    "kv name": ["kv", "set", "{}", "1.4"],
    "memory key": ["remember", "text", "--key", "a/{}"],
    "memory title": ["remember", "text", "--key", "a/b", "--title", "{}"],
    "memory tag": ["remember", "text", "--key", "a/b", "--tag", "{}"],
    "memory issue": ["memory", "set", "a/b", "text", "--related", "{}"],
    "metadata name": ["update", "t-1", "--set-metadata", "{}=1"],
    "metadata deep": ["update", "t-1", "--metadata", '{{"a":[{{"{}":1}}]}}'],
    "dependency": ["dep", "add", "t-1", "t-2", "--type", "{}"],
    "spec": ["update", "t-1", "--spec-id", "{}"],
    "id": ["create", "x", "--force", "--id", "t-{}"],
    "rename": ["rename", "t-1", "t-{}"],
    "prefix": ["rename-prefix", "{}"],
    "label": ["label", "add", "t-1", "{}"],
    "state": ["set-state", "t-1", "phase={}"],
    "idempotency": ["create", "x", "--idempotency-key", "{}"],
}


@pytest.mark.parametrize("way", WAYS)
def test_no_channel_is_open(space, way):
    harmless = [word.format("harmless") for word in WAYS[way]]
    before = tracked(space)
    space(*harmless)
    assert tracked(space) != before  # it does work
    space("undo") if WAYS[way][0] != "config" else None
    before = tracked(space)
    bad = [word.format(SECRET) for word in WAYS[way]]
    answer = space.run(*bad)
    assert answer.code == 1, answer
    if "invalid" in answer.err:  # such a name is none at all
        assert tracked(space) == before
        return
    assert PRINT in answer.err, answer.err
    assert SECRET not in answer.out + answer.err
    assert tracked(space) == before
    space(*bad, "--allow-secret", PRINT)
    assert any(SECRET in data.decode() for data in tracked(space).values())


def test_where_a_memory_comes_from_is_looked_at_too(space):
    """Who wrote it, in which session, and about which files."""
    docs = space.path / "docs"
    docs.mkdir()
    for name in ("harmless", SECRET):
        (docs / f"{name}.md").write_text("text")
    ways = (
        (["--actor", "{}"], {}),
        ([], {"BD_SESSION": "{}"}),
        (["--path", "docs/{}.md"], {}),
    )
    for number, (words, env) in enumerate(ways):
        for text, code in (("harmless", 0), (SECRET, 1)):
            more = [word.format(text) for word in words]
            known = {name: value.format(text) for name, value in env.items()}
            answer = space(
                "remember", "text", "--key", f"a/{number}{code}", *more, **known, code=code
            )
            assert (PRINT in answer.err) == bool(code)
            assert SECRET not in answer.out + answer.err
        assert (space.beads / "memory.jsonl").read_text().count("harmless") == number + 1
    assert SECRET not in (space.beads / "memory.jsonl").read_text()


LINES = {
    "name of a field": '{"id":"t-9","title":"x","SECRET":1}',
    "name in a field": '{"id":"t-9","title":"x","more":{"a":[{"SECRET":1}]}}',
    "spelled value": '{"id":"t-9","title":"SPELLED"}',
    "spelled unknown value": '{"id":"t-9","title":"x","more":"SPELLED"}',
    "spelled name": '{"id":"t-9","title":"x","SPELLED":1}',
    "spelled deep": '{"id":"t-9","title":"x","more":{"a":{"SPELLED":"SPELLED"}}}',
    "every letter spelled": '{"id":"t-9","title":"x","more":"WHOLE"}',
    "spelled label": '{"id":"t-9","title":"x","labels":["SPELLED"]}',
    "spelled comment": '{"id":"t-9","title":"x","comments":[{"text":"SPELLED","author":"a"}]}',
    "value that is repeated": '{"id":"t-9","title":"x","more":"SECRET","more":"fine"}',
    "value repeated within": '{"id":"t-9","title":"x","more":{"a":"SECRET","a":"fine"}}',
}


def filled(text):
    whole = "".join(f"\\u{ord(sign):04x}" for sign in SECRET)
    return text.replace("SECRET", SECRET).replace("SPELLED", SPELLED).replace("WHOLE", whole)


@pytest.mark.parametrize("way", LINES)
def test_imports_are_looked_at_however_they_are_spelled(space, way):
    fine = LINES[way].replace("SECRET", "harmless").replace("SPELLED", "harmless")
    space("import", "-", stdin=f"{fine}\n")
    assert "t-9" in space.file.read_text()
    space("undo")
    before = tracked(space)
    bad = filled(LINES[way])
    answer = space.run("import", "-", stdin=f"{bad}\n")
    assert tracked(space) == before or not held(space)
    if answer.code:  # what JSON hides by repeating a name may not have been brought at all
        assert PRINT in answer.err
        assert SECRET not in answer.err
    else:
        assert "repeated" in way


def held(space):
    return any(
        text in data.decode() for data in tracked(space).values() for text in (SECRET, SPELLED)
    )


@pytest.mark.parametrize("way", LINES)
def test_redaction_reaches_what_is_spelled(space, way):
    space("import", "-", "--redact", stdin=f"{filled(LINES[way])}\n")
    assert "t-9" in space.file.read_text()
    assert not held(space)
    assert SECRET not in json.dumps(space.issue("t-9"))


@pytest.mark.parametrize("way", LINES)
def test_the_check_before_a_commit_reads_what_is_spelled(space, way):
    space.repo.commit({}, "as it was")
    space.file.write_text(filled(LINES[way]) + "\n")
    space.repo.git("add", ".beads")
    answer = space("check", "--staged", code=1)
    assert PRINT in answer.out + answer.err
    assert SECRET not in answer.out + answer.err


def test_slashes_that_are_spelled_hide_no_webhook(space):
    line = '{"id":"t-9","title":"x","more":"https:\\/\\/' + HOOK.replace("/", "\\/") + '"}\n'
    answer = space("import", "-", stdin=line, code=1)
    assert "slack-webhook" in answer.err


PLANS = {
    "batch": (["batch"], 'create "fine"\ncreate "{}"\n'),
    "batch label": (["batch"], "label add t-1 {}\n"),
    "graph": (
        ["create", "--graph", "plan.json"],
        '{{"nodes":[{{"key":"a","title":"fine"}},{{"key":"b","title":"{}"}}]}}',
    ),
    "file": (["create", "--file", "plan.md"], "## fine\n\n## {}\n"),
    "plan": (["import", "--format", "markdown", "--as", "plan", "plan.md"], "# P\n\n- [ ] {}\n"),
    "edges": (["dep", "add", "--file", "plan.jsonl"], '{{"from":"t-1","to":"t-2","type":"{}"}}\n'),
}


@pytest.mark.parametrize("way", PLANS)
def test_files_that_make_many_issues_are_looked_at(space, way):
    words, text = PLANS[way]
    name = words[-1] if "." in words[-1] else ""
    for content, is_fine in (("harmless", True), (SECRET, False)):
        if name:
            (space.path / name).write_text(text.format(content))
        before = tracked(space)
        answer = space.run(*words, stdin="" if name else text.format(content))
        assert (answer.code == 0) == is_fine, answer
        assert (tracked(space) != before) == is_fine
    assert PRINT in answer.err
    assert SECRET not in answer.out + answer.err


# Settings.


def test_a_setting_is_redacted_or_allowed_as_everything_else(space):
    space("config", "set", "custom.x", SECRET, code=1)
    said = space("config", "set", "custom.x", f"a {SECRET}", "--redact", "--json").json
    assert said["value"] == f"a [redacted:github:{PRINT[:8]}]"
    assert said["value"] in (space.beads / "config.yaml").read_text()
    space("config", "set", "custom.x", SECRET, "--allow-secret", PRINT)
    space("config", "set", "custom.y", SECRET)  # in this clone, from now on
    assert (space.beads / "config.yaml").read_text().count(SECRET) == 2


def test_an_entry_of_the_audit_is_looked_at_wherever_it_holds_one(space):
    entry = {"kind": "tool_call", "extra": {"deep": {"harmless": ["x"]}}}
    space("audit", "record", "--stdin", stdin=json.dumps(entry))
    before = tracked(space)
    for bad in ({SECRET: 1}, {"deep": [SECRET]}):
        text = json.dumps({**entry, "extra": bad})
        assert PRINT in space("audit", "record", "--stdin", stdin=text, code=1).err
        assert tracked(space) == before
    space("audit", "record", "--stdin", "--redact", stdin=text)
    assert "[redacted:github" in (space.beads / "interactions.jsonl").read_text()


def test_a_prefix_is_none(bd, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    bd("init", "--prefix", "fine", cwd=folder)
    assert (folder / ".beads").exists()
    other = tmp_path / "more"
    other.mkdir()
    answer = bd("init", "--prefix", SECRET, cwd=other, code=1)
    assert PRINT in answer.err
    assert SECRET not in answer.err
    assert not (other / ".beads").exists()
    named = tmp_path / SECRET  # ids begin with the name of the folder
    named.mkdir()
    assert PRINT in bd("init", cwd=named, code=1).err
    assert not (named / ".beads").exists()


def test_a_branch_is_not_named_by_one(space):
    space.repo.commit({}, "start")
    space("worktree", "create", "fine")
    answer = space("worktree", "create", "other", "--branch", SECRET, code=1)
    assert PRINT in answer.err
    assert SECRET not in answer.err
    assert SECRET not in space.repo.git("branch", "--list")
    assert not (space.path / "other").exists()
    space("worktree", "create", SECRET, code=1)


# What `bd sync` commits and pushes.


@pytest.fixture
def ann(tmp_path, environment):
    return clone(bare(tmp_path / "remote.git"))


def everything(ann):
    return ann.head(), ann.status(), ann.git("rev-parse", "@{upstream}"), ann.log.read_text()


def refused(ann, *words, env=None):
    """A sync stops, tells the fingerprint and nothing else, and changes nothing."""
    before = everything(ann)
    said = ann.bd("sync", *words, code=1, env=env)
    assert PRINT in said.out + said.err
    assert SECRET not in said.out + said.err
    assert everything(ann) == before
    return said


def test_the_message_of_a_sync_is_looked_at(ann):
    ann.create("one")
    refused(ann, "-m", f"use {SECRET}")
    assert ann.sync("-m", f"use {SECRET}", "--redact")["pushed"] is True
    assert ann.git("log", "-1", "--format=%s") == f"use [redacted:github:{PRINT[:8]}]\n"
    ann.create("two")
    assert ann.sync("-m", f"use {SECRET}", "--allow-secret", PRINT)["pushed"] is True


def test_what_an_editor_wrote_is_not_committed_by_a_sync(ann):
    ann.create("one")
    assert ann.sync()["pushed"] is True
    row = {"id": "t-9", "title": "x", "created_at": "2026-01-01T00:00:00Z", "more": SECRET}
    with ann.log.open("a") as file:
        file.write(json.dumps(row) + "\n")
    assert "issues.jsonl, line" in refused(ann).err
    ann.sync("--allow-secret", PRINT)
    ann.create("more")
    assert ann.sync()["pushed"] is True  # what HEAD has does not count


def test_a_setting_that_an_editor_wrote_is_not_committed_by_a_sync(ann):
    ann.sync()
    config = ann.path / ".beads/config.yaml"
    config.write_text(config.read_text() + f"custom.x: {SECRET}\n")
    assert "config.yaml, line" in refused(ann).err


def test_a_branch_or_a_file_with_a_secret_in_its_name_is_not_pushed(ann):
    ann.sync()
    ann.git("switch", "--quiet", "-c", f"fix-{SECRET}", "--track", "origin/main")
    ann.git("config", "push.default", "upstream")
    ann.create("one")
    before = ann.git("rev-parse", "@{upstream}")
    said = ann.bd("sync", code=1)
    assert PRINT in said.out + said.err
    assert SECRET not in said.err
    assert ann.git("rev-parse", "@{upstream}") == before
    ann.git("switch", "--quiet", "main")
    ann.write(f".beads/notes-{SECRET}.md", "text\n")
    ann.git("add", ".beads")
    ann.git("commit", "--quiet", "-m", "by hand")
    said = ann.bd("sync", code=1)
    assert "name of file" in said.out + said.err
    assert SECRET not in said.out + said.err
    assert ann.git("rev-parse", "@{upstream}") == before


def test_what_was_committed_by_hand_is_not_pushed_by_a_sync(ann):
    ann.sync()
    before = ann.git("rev-parse", "@{upstream}")
    row = {"id": "t-9", "title": SECRET, "created_at": "2026-01-01T00:00:00Z"}
    with ann.log.open("a") as file:
        file.write(json.dumps(row) + "\n")
    ann.git("commit", "--quiet", "-am", "by hand")
    said = ann.bd("sync", code=1)
    assert PRINT in said.out + said.err
    assert ann.git("rev-parse", "@{upstream}") == before
    assert ann.sync("--allow-secret", PRINT)["pushed"] is True


# What is staged beside the records.


@pytest.mark.parametrize("name", ["config.yaml", "PRIME.md", "interactions.jsonl", "deep/notes.md"])
def test_the_check_before_a_commit_reads_every_file_of_the_folder(space, name):
    space.repo.commit({}, "as it was")
    path = space.beads / name
    path.parent.mkdir(parents=True, exist_ok=True)
    held = path.read_text() if path.exists() else ""
    path.write_text(f"{held}custom.x: harmless\n")
    space.repo.git("add", ".beads")
    space("check", "--staged")
    path.write_text(f"{held}custom.x: {SECRET}\n")
    space.repo.git("add", ".beads")
    answer = space("check", "--staged", code=1)
    assert f"BD_ALLOW_SECRET={PRINT}" in answer.out + answer.err
    assert SECRET not in answer.out + answer.err
    space("check", "--staged", BD_ALLOW_SECRET=PRINT)
    space.repo.git("commit", "--quiet", "--no-verify", "-m", "as it is")
    path.write_text(f"{path.read_text()}custom.y: harmless\n")
    space.repo.git("add", ".beads")
    space("check", "--staged")  # what HEAD has does not count


@pytest.mark.parametrize("name", ["{}.md", "deep/{}/x.md", "{}.jsonl"])
def test_the_check_before_a_commit_reads_names_of_files(space, name):
    space.repo.commit({}, "as it was")
    path = space.beads / name.format(SECRET)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    space.repo.git("add", ".beads")
    answer = space("check", "--staged", code=1)
    assert PRINT in answer.out + answer.err
    assert SECRET not in answer.out + answer.err
    space("check", "--staged", "--allow-secret", PRINT)


def test_a_scan_shows_no_name_that_is_one(space):
    space.write({"id": f"t-{SECRET}", "title": "x", "more": {SECRET: SECRET}})
    for words in (["memory", "scan"], ["memory", "scan", "--json"]):
        answer = space(*words, code=1)
        assert PRINT in answer.out
        assert SECRET not in answer.out + answer.err
