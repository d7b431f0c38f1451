"""Every row of the tables in docs/ready.md, against the rules."""

from __future__ import annotations

import pytest

from tests.support.ready_table import DONE, NOW, Row, cells, rows
from tracker.issues.graph import EpicFamily, Graph, Rules, cycles, is_hidden, waiting_edges
from tracker.log.issue_codec import decode, encode
from tracker.model.issue import DEPENDENCY_TYPES, PARENT, STATUSES
from tracker.model.status import HIDDEN_TYPES

ROWS = rows()


def answer(row: Row, family: EpicFamily) -> Row:
    """The row as the rules see it."""
    rules = Rules(row.now, row.closing)
    graph = Graph(family, rules)
    issue = family.get(row.id)
    assert issue is not None
    ready = graph.is_ready(issue)
    return row._replace(
        ready=ready,
        blocked=graph.is_blocked(issue),
        listed=ready and not is_hidden(issue.issue_type, issue.id),
        deferred=None if row.deferred is None else graph.is_ready(issue, deferred=True),
        why=tuple(graph.obstacles(issue)),
        cycles=tuple(map(tuple, cycles(waiting_edges(row.issues, rules)))),
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)
def test_the_rules_do_what_the_page_says(row):
    assert answer(row, EpicFamily(row.issues)) == row


def test_all_rows_hold_in_one_log_that_was_written_and_read():
    family = EpicFamily(decode(encode(issue)) for row in ROWS for issue in row.issues)
    assert [answer(row, family) for row in ROWS] == ROWS
    everything = cycles(waiting_edges(family, Rules(NOW, ROWS[0].closing)))
    assert sorted(everything) == sorted(list(way) for row in ROWS for way in row.cycles)


@pytest.mark.parametrize("now", [1_000_000_000, 4_000_000_000_123_456_000])
def test_the_rows_hold_at_any_time(now):
    for row in rows(now):
        assert answer(row, EpicFamily(row.issues)) == row


@pytest.mark.parametrize("column", ["Ready", "Blocked", "With --include-deferred", "Why"])
def test_a_row_that_were_wrong_would_be_noticed(column):
    good = "|{}|\n|---|\n|{}|"
    facts = {
        "Issue": "open, held", "Ready": "no", "With --include-deferred": "no", "Blocked": "yes",
        "Why": "blocks other",
    }  # fmt: skip
    wrong = {**facts, column: {"no": "yes", "yes": "no", "blocks other": "-"}[facts[column]]}
    for table, is_right in ((facts, True), (wrong, False)):
        (row,) = rows(text=good.format("|".join(table), "|".join(table.values())))
        assert (answer(row, EpicFamily(row.issues)) == row) is is_right


@pytest.mark.parametrize(
    ("old", "new"),
    [("Why", "Because"), ("yes", "perhaps"), ("until now", "until payday"), ("-|", "blocks x|")],
)
def test_a_table_that_nobody_understands_is_an_error(old, new):
    table = "|Issue|Ready|Blocked|Why|\n|---|---|---|---|\n|open, until now|yes|no|-|"
    assert len(rows(text=table)) == 1
    with pytest.raises((KeyError, ValueError)):
        rows(text=new.join(table.rsplit(old, 1)))


def values(column: str, edge: str = "") -> set[str]:
    """The first word of every state in a column, of all rows or of those with this edge."""
    return {
        state.strip().split(",")[0].split()[0]
        for _, cell in cells()
        if column in cell and (not edge or cell.get("Edge") == edge)
        for state in cell[column].split(";")
    }


@pytest.mark.parametrize(
    ("column", "edge", "more"),
    [
        ("Issue", "", set()),
        ("Target", "blocks", {"missing", "external"}),
        ("Target", "conditional-blocks", {"missing", "external"}),
        ("Parent", "", {"missing", "external"}),
    ],
)
def test_the_page_leaves_out_no_status(column, edge, more):
    assert values(column, edge) >= {*STATUSES, "review", DONE, *more}


def test_the_page_leaves_out_no_type_of_edge():
    named = {cell["Edge"] for _, cell in cells() if "Edge" in cell} | {PARENT}
    assert named == {
        *DEPENDENCY_TYPES, "inspired-by", "Blocks", "blocked-by", "depends-on",
    }  # fmt: skip


def test_the_page_leaves_out_no_hidden_type():
    hidden = {
        issue.issue_type
        for row in ROWS
        if row.ready and not row.listed
        for issue in row.issues
        if issue.id == row.id
    }
    assert hidden >= HIDDEN_TYPES
