"""Every row of the tables in docs/ready.md, through the commands, which have to agree."""

from __future__ import annotations

import pytest

from tests.support.issue_workspace import desk
from tests.support.ready_table import CUSTOM, DONE, NOW, TYPE, rows

ROWS = rows(NOW)
CONFIG = f"status.custom: {','.join(CUSTOM)}\nstatus.closed: {DONE}\ntypes.custom: {TYPE}\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    issues = [issue for row in ROWS for issue in row.issues]
    return desk(tmp_path_factory.mktemp("rows"), issues, CONFIG)


@pytest.fixture(scope="module")
def answers(place):
    """What each command lists, asked once for all rows."""
    hidden = "merge-request,gate,molecule,message,agent,role,rig"
    return {
        "ready": place.bd("ready", "--json", now=NOW).json,
        "deferred": place.bd("ready", "--include-deferred", "--json", now=NOW).json,
        "hidden": place.bd("ready", "--type", hidden, "--json", now=NOW).json,
        "listed": place.bd("list", "--ready", "--json", now=NOW).json,
        "blocked": place.bd("blocked", "--json", now=NOW).json,
    }


@pytest.fixture(scope="module")
def shown(place):
    ids = [row.id for row in ROWS]
    return {item["id"]: item for item in place.bd("show", *ids, "--json", now=NOW).json}


def ids(items):
    return {item["id"] for item in items}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)
def test_every_command_says_of_a_row_what_the_page_says(row, answers, shown, place):
    assert (row.id in ids(answers["ready"])) is row.listed
    assert (row.id in ids(answers["listed"])) is row.listed
    assert (row.id in ids(answers["ready"]) | ids(answers["hidden"])) in {row.ready, row.listed}
    assert (row.id in ids(answers["blocked"])) is row.blocked
    if row.deferred is not None:
        assert (row.id in ids(answers["deferred"])) is row.deferred
    assert shown[row.id]["ready"] is row.ready
    assert ("blocked_by" in shown[row.id]) is row.blocked


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)
def test_the_reasons_are_those_of_the_page(row, place):
    told = place.bd("blocked", "--why", row.id, "--json", now=NOW).json
    found = [(reason["kind"], reason["id"], reason["through"]) for reason in told["reasons"]]
    is_done = shown_status(row) in row.closing
    # Of what is done the cache keeps no blockage, and nobody waits for a reason.
    expected = [why for why in row.why if why.id == row.id or not is_done]
    if is_done:
        assert found[0] == ("status", row.id, row.id)
        assert set(found) <= set(row.why)
    else:
        assert found == [tuple(why) for why in expected]
    assert told["ready"] is (not found) is row.ready


def shown_status(row):
    return next(issue.status for issue in row.issues if issue.id == row.id)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.cycles and row.blocked], ids=lambda row: row.line
)
def test_a_circle_is_named_wherever_its_members_are(row, answers, place):
    blocked = {item["id"]: item for item in answers["blocked"]}
    for way in row.cycles:
        for id in way:
            assert blocked[id]["cycle"] == list(way)
            told = place.bd("blocked", "--why", id, "--json", now=NOW).json
            assert told["cycle"] == list(way)


def test_what_is_in_no_circle_says_nothing_of_one(answers):
    members = {id for row in ROWS for way in row.cycles for id in way}
    others = [item for item in answers["blocked"] if item["id"] not in members]
    assert len(others) > 50
    assert not [item for item in others if "cycle" in item]


def test_the_figures_of_stats_are_the_lengths_of_the_lists(answers, place):
    summary = place.bd("stats", "--json", now=NOW).json["summary"]
    assert summary["ready_issues"] == len(answers["ready"]) > 50
    assert summary["blocked_issues"] == len(answers["blocked"]) > 50


def test_the_text_counts_the_same(answers, place):
    assert f"({len(answers['blocked'])}):" in place.bd("blocked", now=NOW).out
    ready = place.bd("ready", now=NOW).out
    assert f"(10 of {len(answers['ready'])} issues with no blockers)" in ready


def test_explain_counts_every_issue_that_is_not_done(answers, place):
    told = place.bd("ready", "--explain", "--json", now=NOW).json
    live = place.bd("list", "--include-templates", "--include-gates", "--json", now=NOW).json
    assert told["total"] == len(told["ready"]) == len(answers["ready"])
    assert told["total"] + sum(told["hidden"].values()) == len(live)
    assert told["hidden"]["kept"] == len([row for row in ROWS if row.ready and not row.listed]) > 6
