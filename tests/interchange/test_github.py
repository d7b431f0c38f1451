"""Issues of GitHub as JSON files: what comes in, what goes out, and that nothing moves."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from tests.support.strategies import logs
from tracker.interchange import github
from tracker.interchange.import_issues import ImportPolicy, take
from tracker.issues.editing import Who
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log

ISSUE = {
    "number": 12, "title": "Cart is  empty", "body": "It is.\r\nReally.", "state": "OPEN",
    "labels": [{"name": "bug"}, {"name": "priority: high"}, {"name": "ui"}],
    "assignees": [{"login": "ann"}, {"login": "bob"}], "author": {"login": "eve"},
    "createdAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-01-03T03:04:05Z", "closedAt": None,
    "milestone": {"title": "v1"}, "url": "https://github.com/shop/web/issues/12",
    "comments": [
        {"author": {"login": "bob"}, "body": "me too", "createdAt": "2026-01-02T05:00:00Z"},
    ],
}  # fmt: skip
REST = {
    "number": 13, "title": "Done", "body": None, "state": "closed", "state_reason": "not_planned",
    "labels": ["P0"], "assignees": [], "user": {"login": "eve"}, "comments": 3,
    "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-04T00:00:00Z",
    "closed_at": "2026-01-04T00:00:00Z", "html_url": "https://github.com/shop/web/issues/13",
    "milestone": None,
}  # fmt: skip


def bring(bd, *issues, code=0, **changes):
    rows = [{**issue, **changes} for issue in issues]
    return bd("import", "--format", "github", "--json", stdin=json.dumps(rows), code=code)


def test_what_github_says_becomes_an_issue(bd):
    pull = {**REST, "number": 14, "pull_request": {"url": "x"}}
    assert bring(bd, ISSUE, REST, pull).json == {
        "created": 2, "updated": 0, "unchanged": 0, "skipped": 0,
    }  # fmt: skip
    one, two = sorted(bd.issues(), key=lambda issue: issue["external_ref"])
    assert (one["title"], one["description"]) == ("Cart is empty", "It is.\nReally.")
    assert (one["issue_type"], one["priority"], one["labels"]) == ("bug", 1, ["ui"])
    assert (one["assignee"], one["created_by"], one["external_ref"]) == ("ann", "eve", "gh-12")
    assert one["metadata"]["github"] == {
        "url": ISSUE["url"], "milestone": "v1", "assignees": ["ann", "bob"],
    }  # fmt: skip
    assert [(c["author"], c["text"]) for c in one["comments"]] == [("bob", "me too")]
    assert (two["status"], two["close_reason"], two["closed_at"]) == (
        "closed", "not planned", "2026-01-04T00:00:00Z",
    )  # fmt: skip
    assert (two["priority"], two["issue_type"]) == (0, "task")
    before = bd.file.read_bytes()
    assert bring(bd, ISSUE, REST).json["unchanged"] == 2
    assert bd.file.read_bytes() == before


def test_later_edits_follow_and_work_here_stays(bd):
    bring(bd, ISSUE)
    id = bd.issues()[0]["id"]
    bd("update", id, "--status", "in_progress", "--append-notes", "mine", "--add-label", "mine")
    old = bring(bd, ISSUE, title="Older", updatedAt="2026-01-03T09:00:00Z").json
    assert old["skipped"] == 1
    later = {"updatedAt": "2030-01-01T00:00:00Z", "title": "Newer"}
    assert bring(bd, ISSUE, **later).json["updated"] == 1
    issue = bd.issue(id)
    assert (issue["title"], issue["status"], issue["notes"]) == ("Newer", "in_progress", "mine")
    closed = {"state": "CLOSED", "stateReason": "COMPLETED", "closedAt": "2030-01-02T00:00:00Z"}
    bring(bd, ISSUE, **{**later, **closed, "updatedAt": "2030-01-02T00:00:00Z"})
    assert (bd.issue(id)["status"], bd.issue(id)["close_reason"]) == ("closed", "completed")
    bring(bd, ISSUE, **{**later, "updatedAt": "2030-01-03T00:00:00Z"})
    assert bd.issue(id)["status"] == "open"
    assert "closed_at" not in bd.issue(id)


def test_a_comment_comes_in_although_the_rest_is_older(bd):
    bring(bd, ISSUE)
    id = bd.issues()[0]["id"]
    bd("update", id, "-p", "0")
    more = [*ISSUE["comments"], {"author": {"login": "ann"}, "body": "fixed", "createdAt": None}]
    assert bring(bd, ISSUE, comments=more).json["updated"] == 1
    assert [c["text"] for c in bd.issue(id)["comments"]] == ["fixed", "me too"]
    assert bring(bd, ISSUE, comments=more).json["updated"] == 0


def test_an_issue_that_was_there_before_is_known_by_its_reference(bd):
    bd.write(bd.line("t-1", external_ref="gh-12"), bd.line("t-2", external_ref="shop/web#13"))
    assert bring(bd, ISSUE, REST).json["updated"] == 2
    assert bd.issue("t-1")["title"] == "Cart is empty"
    other = {**ISSUE, "url": "https://github.com/else/where/issues/12", "title": "Another"}
    assert bring(bd, other).json["created"] == 1
    assert {issue.get("external_ref") for issue in bd.issues()} == {
        "gh-12", "shop/web#13", "else/where#12",
    }  # fmt: skip
    assert bring(bd, other, ISSUE).json["unchanged"] == 2


def test_what_was_deleted_here_stays_deleted(bd):
    bring(bd, ISSUE)
    bd("delete", bd.issues()[0]["id"], "--force")
    assert bring(bd, ISSUE, updatedAt="2040-01-01T00:00:00Z").json["unchanged"] == 1
    assert bd.issues()[0]["status"] == "tombstone"


def test_clones_make_the_same_issue(bd):
    bring(bd, ISSUE)
    id = bd.issues()[0]["id"]
    bd.write()
    bring(bd, ISSUE)
    assert bd.issues()[0]["id"] == id


def test_the_form_that_goes_out(bd):
    bd.write(
        bd.line("t-1", issue_type="feature", priority=0, labels=["ui"], external_ref="gh-5"),
        bd.line("t-2", status="tombstone"),
        bd.line("t-3", status="closed", closed_at="2026-02-02T00:00:00Z", close_reason="Fixed"),
    )
    one, two = bd("export", "--format", "github").json
    assert (one["number"], one["state"]) == (5, "OPEN")
    assert [label["name"] for label in one["labels"]] == ["ui", "enhancement", "P0"]
    assert (two["number"], two["state"], two["stateReason"]) == (None, "CLOSED", "COMPLETED")
    assert two["bd"] == {"id": "t-3", "status": "closed", "external_ref": ""}
    bd("export", "--format", "github", "-o", "i.json")
    again = bd("import", "--format", "github", "-i", "i.json", "--json").json
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)
    two["number"], two["updatedAt"] = 77, "2030-01-01T00:00:00Z"
    bd("import", "--format", "github", stdin=json.dumps([two]))
    assert bd.issue("t-3")["external_ref"] == "gh-77", "the bridge brings the number back"
    bd.write()
    assert bd("import", "--format", "github", "-i", "i.json", "--json").json["created"] == 2


def round_trip(log):
    rows = [
        github.exported(log[id]) for id in log if log[id].status != "tombstone" and log[id].title
    ]
    found = github.arrivals(log, github.read(json.dumps(rows)), "t")
    return take(log, found, ImportPolicy("theirs"), Who("ann", 10**18))


@given(logs())
def test_what_goes_out_comes_back_without_a_change(some):
    log = some if isinstance(some, Log) else Log(b"".join(encode(i) + b"\n" for i in some))
    assert not round_trip(log).lines


def test_real_issues_go_out_and_come_back(shared):
    for name in ("Dicklesworthstone+beads_rust_745c0bf", "steveyegge+beads_f8113c57_10519lines"):
        [path] = (shared / "data/large").glob(f"{name}.jsonl")
        log = Log(path.read_bytes()[:400_000].rpartition(b"\n")[0])
        changed = round_trip(log).lines
        assert len(changed) <= len(log) // 100, "only what GitHub could not say"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "this is no JSON"),
        ("5", "this is no list of issues"),
        ("[5]", "element 1 is no issue of GitHub"),
        ('[{"title": "x"}]', "element 1 is no issue of GitHub: it has no number"),
        ('[{"number": 1}]', "element 1 has no title"),
    ],
)
def test_what_is_none_of_github(bd, text, why):
    assert why in bd("import", "--format", "github", stdin=text, code=1).err
    assert bd.file.read_bytes() == b""
    assert bd("import", "--format", "github", "--json", stdin='{"items": []}').json["created"] == 0
    bd("import", "--format", "github", stdin=json.dumps(ISSUE))
    assert len(bd.issues()) == 1


def test_policies_and_dry_runs(bd):
    text = json.dumps([ISSUE])
    said = bd("import", "--format", "github", "--dry-run", "--json", stdin=text).json
    assert (said["created"], len(said["would"]["create"])) == (1, 1)
    assert bd.file.read_bytes() == b""
    bring(bd, ISSUE)
    newer = json.dumps([{**ISSUE, "title": "Newer", "updatedAt": "2040-01-01T00:00:00Z"}])
    bd("import", "--format", "github", "--skip-existing", stdin=newer)
    assert "differ" in bd(
        "import", "--format", "github", "--on-conflict", "fail", stdin=newer, code=1
    ).err  # fmt: skip
    assert bd.issues()[0]["title"] == "Cart is empty"
