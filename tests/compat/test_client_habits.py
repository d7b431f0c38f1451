"""What clients of `bd` expect of every command: streams, exit codes, words, the version."""

from __future__ import annotations

import json
import re
import textwrap

import pytest

from tests.docs.test_readme import ROOT, run
from tests.support.client_calls import LOG

SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

NO_ISSUE = "no issue found"


@pytest.fixture
def work(bd):
    bd.write(*LOG)
    return bd


# The version is a switch.


def test_a_client_finds_one_number_in_one_line(bd):
    for words in (["version"], ["--version"], ["-V"]):
        said = bd(*words)
        assert said.out == "bd version 0.49.6 (tracker)\n"
        assert said.err == ""
        assert re.findall(r"v?(\d+)\.(\d+)\.(\d+)", said.out) == [("0", "49", "6")]
    assert re.search(r"\((.*)\)", said.out)[1].isalpha()
    answer = bd("version", "--json").json
    assert answer["version"] == "0.49.6"
    assert set(answer) <= {"version", "build", "branch", "commit"}


def test_a_client_of_1_x_is_told_what_it_wants_to_hear(work):
    env = {"BD_COMPAT_VERSION": "1.1.0"}
    assert work("version", **env).out == "bd version 1.1.0 (tracker)\n"
    assert work("--version", **env).out == "bd version 1.1.0 (tracker)\n"
    assert work("version", "--json", **env).json["version"] == "1.1.0"
    for words in (["comments", "t-a"], ["show", "t-a"], ["comments", "add", "t-c", "x"]):
        plain, told = work(*words, "--json").json, work(*words, "--json", **env).json
        found = [
            one[0] if isinstance(one, list) else one
            for one in (plain, told)
        ]  # fmt: skip
        ids = [(one["comments"][0] if "comments" in one else one)["id"] for one in found]
        assert [type(id) for id in ids] == [int, str]
    assert all(isinstance(one["id"], int) for one in work.issue("t-c")["comments"])
    assert work("dolt", "show", "--json", **env).json["embedded"] is True


# Ids that nobody knows.

AWAY = {
    # The answer on stdout, as Beads gives it ...
    "close t-nope": "stdout",
    "dep add t-nope t-a": "stdout",
    "dep add t-a t-nope": "stdout",
    "dep remove t-nope t-a": "stdout",
    "dep list t-nope": "stdout",
    "dep tree t-nope": "stdout",
    "comments t-nope": "stdout",
    "comments add t-nope text": "stdout",
    "label list t-nope": "stdout",
    # ... and on stderr, where Beads said it as text and some of it with success.
    "show t-nope": "stderr",
    "update t-nope --title x": "stderr",
    "update t-nope --claim": "stderr",
    "label add t-nope x": "stderr",
    "label remove t-nope x": "stderr",
    "reopen t-nope": "stderr",
    "delete t-nope --force": "stderr",
    "note t-nope text": "stderr",
}


@pytest.mark.parametrize("call", AWAY)
def test_an_id_that_nobody_knows_is_an_error_in_the_words_of_beads(work, call):
    before = work.file.read_bytes()
    words = call.split()
    text = work(*words, code=1)
    assert text.out == ""
    assert NO_ISSUE in text.err
    assert '"t-nope"' in text.err
    said = work(*words, "--json", code=1)
    on, off = (said.out, said.err) if AWAY[call] == "stdout" else (said.err, said.out)
    document = json.loads(on)
    assert NO_ISSUE in document["error"]
    assert document["code"]
    assert off == ""
    assert work.file.read_bytes() == before


REFUSED = {
    "update t-a --priority 9": "invalid priority",
    "update t-a --status bogus": 'invalid status "bogus"',
    "update t-d --claim --actor eve": "already claimed by ann",
    "list --status bogus": 'invalid status "bogus"',
    "children t-nope": NO_ISSUE,
    "blocked --parent t-nope": NO_ISSUE,
    "ready --parent t-nope": NO_ISSUE,
    "list --parent t-nope": NO_ISSUE,
    "close t-b": "blocked by open issues [t-a]",
    "dep add t-a t-b": "would create a cycle",
    "create": "title required",
}


@pytest.mark.parametrize("call", REFUSED)
def test_what_cannot_be_done_is_no_success(work, call):
    said = work(*call.split(), code=1)
    assert REFUSED[call] in said.err
    told = work(*call.split(), "--json", code=1)
    document = json.loads(told.out or told.err)
    assert REFUSED[call] in document["error"]
    assert not (told.out and told.err)


def test_no_workspace_is_said_as_beads_says_it(bd, tmp_path):
    (tmp_path / "empty").mkdir()
    said = bd("list", "--json", code=1, cwd=tmp_path / "empty")
    assert said.out == ""
    assert "no beads database found" in said.error["error"]
    assert bd("prime", cwd=tmp_path / "empty").out == ""  # hooks run it anywhere


# Nothing beside the document, for those who read both streams as one.

LOUD = (
    ["create", "A title"],
    ["create", "Test something"],
    ["create", "Two", "words"],
    ["create", "A title", "--validate", "--repo", "x"],
    ["list", "--limit", "1"],
    ["list", "--no-daemon", "--sandbox"],
    ["ready", "--gated"],
    ["update", "t-a", "--allow-empty-description", "--description", ""],
    ["show", "t-a", "--watch"],
    ["comments", "add", "t-a", "hello"],
    ["close", "t-a", "--continue"],
    ["init"],
)


@pytest.mark.parametrize("words", LOUD, ids=" ".join)
def test_success_as_json_says_nothing_else(bd, words):
    bd.write(*LOG)
    (bd.beads / "config.yaml").write_text("")  # the prefix is settled by nobody
    said = bd(*words, "--json")
    assert said.err == ""
    json.loads(said.out + said.err)


# Flags that nobody has to take away.


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "show", "t-a"],
        ["show", "--json", "t-a"],
        ["show", "t-a", "--json"],
        ["--sandbox", "show", "t-a", "--json"],
        ["--no-daemon", "show", "t-a", "--json", "--no-daemon"],
        ["show", "t-a", "--no-auto-flush", "--no-auto-import", "--json", "--allow-stale"],
        ["show", "t-a", "--json=true", "--actor", "eve"],
        ["show", "t-a", "--json", "--quiet", "--quiet"],
        ["--db", ".beads/beads.db", "show", "t-a", "--json"],
        ["-C", ".beads/..", "show", "t-a", "--json"],
        ["show", "--json", "--include-dependents", "--include-comments", "--", "t-a"],
        ["view", "t-a", "--json"],
        ["show", "--id", "t-a", "--json"],
    ],
    ids=" ".join,
)
def test_global_flags_stand_anywhere(work, words):
    assert work(*words).json[0]["id"] == "t-a"


def test_init_takes_the_flags_of_both_generations(tmp_path, bd):
    for number, words in enumerate((
        ["--prefix", "p", "-q"], ["--skip-merge-driver", "--prefix=p"], ["--quiet", "--quiet"],
        ["--non-interactive", "--skip-agents", "--skip-hooks", "-p", "p"], ["--prefix", "p"],
    )):  # fmt: skip
        folder = tmp_path / str(number)
        folder.mkdir()
        said = bd("init", *words, cwd=folder)
        assert (folder / ".beads/beads.db").exists()
        assert (folder / ".beads/issues.jsonl").read_bytes() == b""
        quiet = {"-q", "--quiet"} & set(words)
        assert ("✓ bd initialized successfully!" in said.out) != bool(quiet)
        assert not quiet or said == (0, "", "")
        assert "Issue prefix: p" in said.out or quiet
    help = bd("init", "--help").out
    for flag in ("--skip-agents", "--skip-hooks", "--non-interactive"):
        assert flag in help


def test_a_dependency_reads_as_an_edge_and_as_an_issue(work):
    (edge, other) = work("list", "--id", "t-b", "--json").json[0]["dependencies"]
    assert (edge["issue_id"], edge["depends_on_id"], edge["type"]) == ("t-b", "t-a", "blocks")
    assert (edge["id"], edge["title"], edge["dependency_type"]) == ("t-a", "Title of t-a", "blocks")
    assert (edge["status"], edge["priority"], edge["issue_type"]) == ("open", 1, "bug")
    assert edge["updated_at"]
    assert other["dependency_type"] == "related"


def test_an_edge_to_what_is_gone_does_not_break_who_reads_issues(work):
    work("delete", "t-a", "--force", "--hard")
    edges = work("list", "--id", "t-b", "--json").json[0]["dependencies"]
    assert [edge["title"] for edge in edges] == ["(not in this log)", "Title of t-c"]
    for edge in edges:
        assert {"id", "title", "status", "priority", "issue_type", "created_at", "updated_at"} <= (
            set(edge)
        )
    assert [one["id"] for one in work("show", "t-b", "--json").json[0]["dependencies"]] == ["t-c"]
    work("delete", "t-c", "--force")
    assert "dependencies" not in work("show", "t-b", "--json").json[0]


def test_what_is_deleted_is_in_no_list(work):
    """A status that a client does not know costs it the whole answer."""
    for words in (["list", "--all"], ["search", "title"], ["children", "t-e"], ["blocked"],
                  ["ready"], ["list", "--status", "all"], ["stale", "--days", "0"]):  # fmt: skip
        assert "tombstone" not in work(*words, "--json").out
    assert [one["id"] for one in work("list", "--status", "tombstone", "--json").json] == ["t-x"]


def test_the_page_about_clients_works(tmp_path):
    page = ROOT / "docs" / "clients.md"
    scripts = [textwrap.dedent(body) for body in SHELL.findall(page.read_text())]
    assert len(scripts) == 3
    done = run("\n".join(scripts), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bd version 1.1.0 (tracker)" in done.stdout
    assert "Show tax per line" in done.stdout
