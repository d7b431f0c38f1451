"""`bd show`: the page of an issue, and the same as JSON."""

from __future__ import annotations

import json
import time

import pytest

from tests.support.issue_workspace import DAY, HOUR, NOW, Desk, ago, child, desk, issue
from tracker.log.issue_codec import encode

FULL = issue(
    "t-full", "Everything", ("parent-child", "t-epic"), ("blocks", "t-dep"), ("blocks", "t-done"),
    ("discovered-from", "t-root"), ("related", "t-kin"), ("tracks", "t-dep"),
    ("blocks", "external:api:login"), ("blocks", "t-dead"),
    issue_type="bug", priority=0, status="open", assignee="bob", labels=("api", "web"),
    description="First line\n\nThird line", design="The design", notes="The notes",
    acceptance_criteria="It works", estimated_minutes=45, due_at="2027-02-03T23:30:00Z",
    external_ref="gh-9", spec_id="docs/a.md", remarks=(("ann", "One\nTwo"), ("bob", "Three")),
)  # fmt: skip
ISSUES = (
    FULL,
    issue("t-epic", "The epic", issue_type="epic", priority=1),
    issue("t-dep", "The dependency"),
    issue("t-done", "The past", status="closed", closed_at=ago(DAY), close_reason="Fixed in 3f2a"),
    issue("t-root", "The root"),
    issue("t-kin", "The kin", ("relates-to", "t-full")),
    issue("t-dead", "The dead", status="tombstone", issue_type="bug", deleted_at=ago(DAY),
          deleted_by="ann", delete_reason="by mistake"),
    child("t-full.1", "t-full", status="in_progress"),
    issue("t-next", "The next", ("blocks", "t-full"), ("duplicates", "t-full")),
    issue("t-found", "The found", ("discovered-from", "t-full")),
    issue("t-ghost", "The ghost", ("blocks", "t-full"), status="tombstone", deleted_at=ago(DAY)),
)  # fmt: skip


@pytest.fixture
def place(tmp_path):
    return desk(tmp_path, ISSUES)


PAGE = """
○ t-full [BUG] · Everything   [● P0 · OPEN]
Owner: Ann Example · Assignee: bob · Type: bug
Created: 2027-01-13 · Updated: 2027-01-14 · Due: 2027-02-03
Estimate: 45m
External: gh-9
Spec: docs/a.md
Not ready: blocked by t-dep (open)

DESCRIPTION
First line

Third line

DESIGN
The design

NOTES
The notes

ACCEPTANCE CRITERIA
It works

LABELS: api, web

PARENT
  ↑ ○ t-epic: (EPIC) The epic ● P1

DEPENDS ON
  → ○ t-dep: The dependency ● P2
  → ✓ t-done: The past ● P2
  → ○ t-dep: The dependency ● P2 (tracks)
  → ? external:api:login (not in this log)
  → ? t-dead: (BUG) The dead ● P2 (deleted)

DISCOVERED FROM
  ◊ ○ t-root: The root ● P2

CHILDREN
  ↳ ◐ t-full.1: Title of t-full.1 ● P2

BLOCKS
  ← ○ t-next: The next ● P2
  ← ○ t-next: The next ● P2 (duplicates)

DISCOVERED
  ◊ ○ t-found: The found ● P2

RELATED
  ↔ ○ t-kin: The kin ● P2

COMMENTS
  2027-01-15 07:00 ann
    One
    Two
  2027-01-15 07:00 bob
    Three

"""


def test_a_page_tells_everything(place):
    assert place.bd("show", "t-full").out == PAGE


def test_view_is_another_name(place):
    assert place.bd("view", "t-full").out == PAGE


def test_a_short_id_and_the_alias_of_a_merged_one_are_understood(tmp_path):
    place = desk(tmp_path, [issue("t-abc"), issue("t-xyz", aliases=("t-old",))])
    assert place.ask("show", "abc")[0]["id"] == "t-abc"
    assert place.ask("show", "t-a")[0]["id"] == "t-abc"
    assert place.ask("show", "t-old")[0]["id"] == "t-xyz"


def test_several_pages_have_a_line_between_them(place):
    told = place.bd("show", "t-dep", "t-done").out
    first, second = told.split("\n" + "─" * 60 + "\n")
    assert first == place.bd("show", "t-dep").out.removesuffix("\n")
    assert second == place.bd("show", "t-done").out
    assert "Close reason: Fixed in 3f2a" in second


def test_the_known_ones_of_several_are_shown(place):
    told = place.bd("show", "nope", "t-dep", code=1)
    assert "The dependency" in told.out
    assert told.err == (
        'Error: no issue found matching "nope"\nHint: did you mean t-done?\n'
        if "t-done" in told.err
        else 'Error: no issue found matching "nope"\nHint: bd list --all shows every id\n'
    )
    told = place.bd("show", "t-dep", "nope", "--json", code=1)
    assert told.ids == ["t-dep"]
    assert 'no issue found matching \\"nope\\"' in told.err


def test_an_unknown_id_is_an_error(place):
    assert place.bd("show", "t-dep").code == 0
    told = place.bd("show", "nope", code=1)
    assert told.out == ""
    assert told.err.startswith('Error: no issue found matching "nope"\n')
    told = json.loads(place.bd("show", "nope", "--json", code=1).err)
    assert (told["error"], told["code"]) == ('no issue found matching "nope"', "not-found")


def test_without_an_id_it_is_the_one_that_was_last_touched(place):
    refused = place.bd("show", code=1)
    assert "no issue ID given" in refused.err
    (place.beads / "last-touched").write_text("t-root\n")
    assert place.ask("show")[0]["id"] == "t-root"
    place.bd("show", "t-kin")
    assert place.ask("show")[0]["id"] == "t-kin"
    assert place.ask("show", "--current")[0]["id"] == "t-kin"
    place.bd("show", "t-dep", "--readonly")
    assert place.ask("show")[0]["id"] == "t-kin"


def test_ids_by_flag(place):
    told = place.ask("show", "--id", "t-dep", "--id=t-root", "t-kin")
    assert [item["id"] for item in told] == ["t-kin", "t-dep", "t-root"]
    assert place.bd("show", "--json", "--", "t-dep").ids == ["t-dep"]


def test_a_deleted_issue_says_so(place):
    told = place.bd("show", "t-dead").lines
    assert told[1] == "? t-dead [BUG] · The dead   [● P2 · TOMBSTONE]"
    assert told[2] == "(deleted 2027-01-14 by ann: by mistake)"
    assert not [line for line in told if "eady" in line]
    assert place.ask("show", "t-dead")[0]["status"] == "tombstone"
    bare = desk(place.path / "bare", [issue("t-a", status="tombstone")])
    assert bare.bd("show", "t-a").lines[2] == "(deleted)"


def test_one_line_each(place):
    assert place.bd("show", "t-full", "t-done", "--short").lines == [
        "○ t-full ● P0 [bug] Everything",
        "✓ t-done ● P2 [task] The past",
    ]


def test_children(place):
    assert place.bd("show", "t-full", "--children").lines == [
        "",
        "↳ Children of t-full (1):",
        "  ↳ ◐ t-full.1: Title of t-full.1 ● P2",
    ]
    assert place.bd("show", "t-dep", "--children").lines == ["", "↳ Children of t-dep (0):"]
    told = place.ask("show", "t-full", "t-dep", "--children")
    assert list(told) == ["t-full", "t-dep"]
    assert [item["id"] for item in told["t-full"]] == ["t-full.1"]
    assert told["t-full"][0]["dependencies"][0]["depends_on_id"] == "t-full"
    assert told["t-dep"] == []


def test_references(place):
    assert place.bd("show", "t-full", "--refs").lines == [
        "",
        "References to t-full (5):",
        "",
        "discovered-from:",
        "  ← ○ t-found: The found ● P2",
        "",
        "parent-child:",
        "  ← ◐ t-full.1: Title of t-full.1 ● P2",
        "",
        "relates-to:",
        "  ← ○ t-kin: The kin ● P2",
        "",
        "blocks:",
        "  ← ○ t-next: The next ● P2",
        "",
        "duplicates:",
        "  ← ○ t-next: The next ● P2",
    ]
    told = place.ask("show", "t-full", "--refs")["t-full"]
    assert [(item["id"], item["dependency_type"]) for item in told] == [
        ("t-found", "discovered-from"),
        ("t-full.1", "parent-child"),
        ("t-kin", "relates-to"),
        ("t-next", "blocks"),
        ("t-next", "duplicates"),
    ]


def test_times_by_the_machines_clock(tmp_path, monkeypatch):
    late = issue("t-a", created_at="2027-01-01T23:30:00Z", remarks=(("ann", "x"),),
                 updated_at="2027-01-02T01:30:00.5+05:00", defer_until=ago(-DAY))  # fmt: skip
    place = desk(tmp_path, [late])
    assert "Created: 2027-01-01 · Updated: 2027-01-01" in place.bd("show", "t-a").out
    assert "Not ready: deferred until 2027-01-16 08:00 UTC" in place.bd("show", "t-a").out
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    told = place.bd("show", "t-a", "--local-time").out
    assert "Created: 2027-01-02 · Updated: 2027-01-01" in told
    assert "  2027-01-15 08:00 ann" in told
    assert "Not ready: deferred until 2027-01-16 09:00\n" in told


WAITING = (
    issue("t-x", status="in_progress"),
    issue("t-a", "", ("blocks", "t-x")),
    child("t-a.1", "t-a"),
    issue("t-b", "", ("conditional-blocks", "t-x")),
    issue("t-c", "", ("waits-for", "t-a")),
    issue("t-d", defer_until=ago(-DAY)),
    child("t-d.1", "t-d"),
    issue("t-e", status="deferred"),
    issue("t-f", status="blocked"),
    child("t-f.1", "t-f"),
    issue("t-g", pinned=True),
    issue("t-h", is_template=True, ephemeral=True),
    issue("t-i"),
    issue("t-j", status="deferred", defer_until=ago(DAY)),
    issue("t-k", status="closed"),
)


@pytest.mark.parametrize(
    ("id", "said", "blocked_by"),
    [
        ("t-x", "Not ready: in progress", None),
        ("t-a", "Not ready: blocked by t-x (in_progress)", ["t-x"]),
        ("t-a.1", "Not ready: parent t-a blocked by t-x (in_progress)", ["t-x"]),
        ("t-b", "Not ready: waits for t-x to fail (in_progress)", ["t-x"]),
        ("t-c", "Not ready: waits for the children of t-a", ["t-a"]),
        ("t-d", "Not ready: deferred until 2027-01-16 08:00 UTC", None),
        ("t-d.1", "Not ready: parent t-d deferred until 2027-01-16 08:00 UTC", None),
        ("t-e", "Not ready: deferred", None),
        ("t-f", "Not ready: status blocked", []),
        ("t-f.1", "Not ready: parent t-f has status blocked", ["t-f"]),
        ("t-g", "Not ready: pinned", None),
        ("t-h", "Not ready: ephemeral, a template", None),
        ("t-i", "Ready: yes", None),
        ("t-j", "Ready: yes", None),
        ("t-k", None, None),
    ],
)
def test_it_says_whether_it_can_be_worked_on(tmp_path, id, said, blocked_by):
    place = desk(tmp_path, WAITING)
    assert said is None or said in place.bd("show", id).lines
    assert said is not None or "eady" not in place.bd("show", id).out
    (found,) = place.ask("show", id)
    assert found["ready"] is (said == "Ready: yes")
    assert found.get("blocked_by") == blocked_by


def test_the_json_holds_whole_issues_at_both_ends(place):
    (found,) = place.ask("show", "t-full")
    assert list(found)[:4] == ["id", "title", "description", "design"]
    assert list(found)[-7:] == [
        "dependencies", "dependents", "missing", "comments", "parent", "ready", "blocked_by",
    ]  # fmt: skip
    assert [(item["id"], item["dependency_type"]) for item in found["dependencies"]] == [
        ("t-epic", "parent-child"), ("t-dep", "blocks"), ("t-done", "blocks"),
        ("t-root", "discovered-from"), ("t-kin", "related"), ("t-dep", "tracks"),
    ]  # fmt: skip
    assert found["dependencies"][2]["close_reason"] == "Fixed in 3f2a"
    assert {item["id"] for item in found["dependents"]} == {
        "t-full.1", "t-found", "t-kin", "t-next",
    }  # fmt: skip
    assert found["missing"] == [
        {"id": "external:api:login", "dependency_type": "blocks"},
        {"id": "t-dead", "dependency_type": "blocks"},
    ]
    assert found["comments"][0] == {
        "id": 1, "issue_id": "t-full", "author": "ann", "text": "One\nTwo", "created_at": ago(HOUR),
    }  # fmt: skip
    assert found["parent"] == "t-epic"
    assert (found["ready"], found["blocked_by"]) == (False, ["t-dep"])
    assert found["labels"] == ["api", "web"]


def test_clients_of_beads_1_get_the_ids_of_comments_as_text(place):
    assert place.ask("show", "t-full")[0]["comments"][0]["id"] == 1
    (found,) = place.ask("show", "t-full", env={"BD_COMPAT_VERSION": "1.1.0"})
    assert found["comments"][0]["id"] == "1"


def test_an_issue_with_nothing_has_no_empty_members(tmp_path):
    (found,) = desk(tmp_path, [issue("t-a", "A")]).ask("show", "t-a")
    assert found == {
        "id": "t-a", "title": "A", "status": "open", "priority": 2, "issue_type": "task",
        "created_at": ago(2 * DAY), "created_by": "Ann Example", "updated_at": ago(DAY),
        "ready": True,
    }  # fmt: skip


def test_what_clients_of_other_versions_ask_for_is_given_anyway(place):
    plain = place.bd("show", "t-full", "--json")
    flags = ("--include-dependents", "--include-comments", "--long", "--thread")
    assert place.bd("show", "t-full", "--json", *flags) == plain
    assert place.bd("show", "t-full", *flags) == place.bd("show", "t-full")
    assert place.bd("show", "t-full", "--json", "--short") == plain


def test_an_envelope_counts(place):
    told = place.ask("show", "t-dep", "t-done", "--envelope")
    assert (told["total"], told["shown"]) == (2, 2)
    assert [item["id"] for item in told["data"]] == ["t-dep", "t-done"]


def test_conflicts_that_a_merge_kept_are_named(tmp_path):
    kept = '[{"field":"/title","value":"Old"},{"field":"/notes","value":"n"},{"field":"/title"}]'
    place = desk(tmp_path, [issue("t-a", extra=(("conflicts", kept),))])
    told = place.bd("show", "t-a").lines
    assert "Conflicts: title, notes (bd conflicts; bd resolve t-a)" in told
    assert place.ask("show", "t-a")[0]["conflicts"] == json.loads(kept)


ODD = (
    b'{"id":"t-a","title":"A","status":"open","priority":2,"issue_type":"task",'
    b'"created_at":"yesterday","updated_at":"2027-01-01T00:00:00Z","comments":%s,'
    b'"description":7,"close_reason":[],"conflicts":%s,"deep":%s}'
)
LONG = b"1" * 5000


@pytest.mark.parametrize(
    ("comments", "conflicts", "deep"),
    [
        (b'[{"id":"c-1","text":"hello","author":null}]', b"{}", b"1e999"),
        (b'[{"id":1.5,"text":"hello","author":"x"}]', b"[1]", b'"\\ud800"'),
        (b'[{"text":"hello","author":"x"}]', b'[{"field":3}]', LONG),
    ],
)
def test_odd_records_are_shown_as_far_as_they_are_understood(tmp_path, comments, conflicts, deep):
    place = Desk(tmp_path, [ODD % (comments, conflicts, deep), encode(issue("t-b"))])
    told = place.bd("show", "t-a").out
    assert "○ t-a · A   [● P2 · OPEN]" in told
    assert "    hello" in told
    assert "Conflicts" not in told
    assert "Created: yesterday · Updated: 2027-01-01" in told
    out = place.bd("show", "t-a", "--json").out
    assert '"text": "hello"' in out


def test_reading_changes_no_byte_of_the_log(place):
    before = place.log.read_bytes(), place.log.stat().st_mtime_ns
    for words in ("show t-full", "show t-full --refs", "ready", "list", "blocked", "stats"):
        place.bd(*words.split(), now=NOW)
    assert (place.log.read_bytes(), place.log.stat().st_mtime_ns) == before
