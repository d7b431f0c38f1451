"""Text made of rows, without a workspace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.cache.issues.obstacles import CachedObstacle, Chain, ChainLink, IssueState
from tracker.cache.issues.queries import DependencyRow, IssueListPage, IssueRow
from tracker.render import issue_lines
from tracker.render.issue_page import IssueSheet as IssuePage
from tracker.render.issue_page import entry, page, readiness

TIME = "2026-11-20T10:18:42.5Z"
ROW = IssueRow(
    n=1, id="bd-a1", title="Base bug", status="open", priority=0, issue_type="bug", assignee="bob",
    labels=("api", "web"), pinned=False, estimated=30, created_at=TIME, updated_at=TIME, parent="",
    comments=0,
)  # fmt: skip


def row(id="bd-a1", **fields):
    return ROW._replace(id=id, **fields)


def state(id="bd-a1", **fields):
    return IssueState(
        n=1, id=id, title=f"Title of {id}", status="open", defer=0, defer_until="", pinned=False,
        ephemeral=False, template=False, parent="", assignee="",
    )._replace(**fields)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "○ bd-a1 [● P0] [bug] @bob [api web] - Base bug"),
        ({"assignee": "", "labels": ()}, "○ bd-a1 [● P0] [bug] - Base bug"),
        ({"pinned": True}, "○ 📌 bd-a1 [● P0] [bug] @bob [api web] - Base bug"),
        ({"status": "in_progress"}, "◐ bd-a1 [● P0] [bug] @bob [api web] - Base bug"),
        ({"status": "blocked"}, "● bd-a1 [● P0] [bug] @bob [api web] - Base bug"),
        ({"status": "deferred"}, "❄ bd-a1 [● P0] [bug] @bob [api web] - Base bug"),
        ({"status": "pinned"}, "📌 bd-a1 [● P0] [bug] @bob [api web] - Base bug"),
        ({"status": "hooked"}, "? bd-a1 [● P0] [bug] @bob [api web] - Base bug"),
        ({"status": "closed"}, "✓ bd-a1 [P0] [bug] @bob [api web] - Base bug"),
        ({"title": "a\nb\x1b[1m"}, "○ bd-a1 [● P0] [bug] @bob [api web] - a b"),
    ],
)
def test_the_line_of_a_list(fields, expected):
    assert issue_lines.line(row(**fields)) == expected


@pytest.mark.parametrize(
    ("blocked_by", "blocks", "expected"),
    [
        ([], [], "bd-a1: Base bug"),
        (["a"], [], "bd-a1: Base bug (blocked by: a)"),
        ([], ["b", "c"], "bd-a1: Base bug (blocks: b, c)"),
        (["a", "b"], ["c"], "bd-a1: Base bug (blocked by: a, b, blocks: c)"),
    ],
)
def test_the_relations_of_a_line(blocked_by, blocks, expected):
    assert issue_lines.compact(ROW, blocked_by, blocks) == expected


def test_numbered_lines_say_only_what_is_there():
    assert issue_lines.ranked(3, ROW) == (
        "3. [● P0] [bug] bd-a1: Base bug\n   Estimate: 30 min\n   Assignee: bob"
    )
    plain = row(estimated=None, assignee="", priority=4, issue_type="task")
    assert issue_lines.ranked(10, plain) == "10. [● P4] [task] bd-a1: Base bug"
    assert issue_lines.ranked(1, plain, "Why: so").endswith("\n   Why: so")


def test_trees_have_lines_for_what_follows():
    rows = [
        row("r"), row("a", parent="r"), row("a1", parent="a"), row("a2", parent="a", priority=3),
        row("b", parent="r", priority=1), row("b1", parent="b"), row("z", parent="missing"),
    ]  # fmt: skip
    assert [line.replace(" ● P", "|") for line in issue_lines.tree(rows)] == [
        "○ r|0 [bug] Base bug",
        "├── ○ a|0 [bug] Base bug",
        "│   ├── ○ a1|0 [bug] Base bug",
        "│   └── ○ a2|3 [bug] Base bug",
        "└── ○ b|1 [bug] Base bug",
        "    └── ○ b1|0 [bug] Base bug",
        "○ z|0 [bug] Base bug",
    ]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_a_tree_holds_every_row_once(pairs):
    parents = {f"i{one}": f"i{two}" for one, two in pairs}
    rows = [row(id, parent=parent) for id, parent in parents.items()]
    told = [line.split("○ ")[1].split(" ")[0] for line in issue_lines.tree(rows)]
    assert sorted(told) == sorted(parents)


def test_a_deep_tree_is_drawn_without_recursion():
    rows = [row(f"i{n:04}", parent=f"i{n - 1:04}") for n in range(3000)]
    assert len(list(issue_lines.tree(rows))) == 3000


def test_counts_name_the_whole():
    assert issue_lines.counted(IssueListPage([ROW], 1)) == "1 issues"
    assert issue_lines.counted(IssueListPage([ROW], 20)) == "1 of 20 issues"
    assert issue_lines.counted(IssueListPage([], 0)) == "0 issues"


def test_circles_are_counted_by_issue():
    assert (
        issue_lines.circles([["a", "b"]])
        == "⚠ 2 issues wait for each other: a → b → a (bd dep cycles)"
    )
    assert issue_lines.circles([["a"]]) == "⚠ 1 issue waits for itself: a → a (bd dep cycles)"
    assert "⚠ 3 issues wait for each other: a → b → a and 1 more" in issue_lines.circles(
        [["a", "b"], ["c"]]
    )


@pytest.mark.parametrize(
    ("by", "value", "expected"),
    [
        ("priority", 2, "P2"),
        ("status", "open", "open"),
        ("assignee", "", "(unassigned)"),
        ("label", "", "(no labels)"),
        ("label", "a\nb", "a b"),
        ("type", "", ""),
    ],
)
def test_groups_have_names(by, value, expected):
    assert issue_lines.group(by, value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T10:18:42.5Z", "2026-11-20 10:18"),
        ("2026-11-20T10:18:42Z", "2026-11-20 10:18"),
        ("2026-11-20T01:18:42+05:00", "2026-11-19 20:18"),
        ("2026-11-20t10:18:42z", "2026-11-20 10:18"),
        ("yesterday\n", "yesterday "),
        ("", ""),
    ],
)
def test_times_are_told_in_utc(text, expected):
    assert issue_lines.moment(text) == expected


@pytest.mark.parametrize(
    ("obstacle", "expected"),
    [
        (("blocks", "x", "bd-a1"), "blocked by x (open)"),
        (("blocks", "x", "p"), "parent p blocked by x (open)"),
        (("conditional-blocks", "x", "bd-a1"), "waits for x to fail (open)"),
        (("waits-for", "x", "bd-a1"), "waits for the children of x"),
        (("status", "bd-a1", "bd-a1"), "status open"),
        (("status", "p", "p"), "parent p has status open"),
        (("deferred", "bd-a1", "bd-a1"), "deferred"),
        (("deferred", "p", "p"), "parent p deferred"),
        (("pinned", "bd-a1", "bd-a1"), "pinned"),
        (("template", "bd-a1", "bd-a1"), "a template"),
    ],
)
def test_obstacles_in_words(obstacle, expected):
    one = CachedObstacle(*obstacle)
    assert issue_lines.phrase(one, "bd-a1", state(one.id)) == expected
    assert readiness("bd-a1", [(one, state(one.id))]) == f"Not ready: {expected}"


def test_a_deferral_names_its_end():
    one = CachedObstacle("deferred", "bd-a1", "bd-a1")
    told = issue_lines.phrase(one, "bd-a1", state(defer_until="2026-12-01T09:00:00Z"))
    assert told == "deferred until 2026-12-01 09:00 UTC"
    assert readiness("bd-a1", []) == "Ready: yes"


def test_a_chain_is_drawn_with_its_ends():
    links = [
        ChainLink(0, CachedObstacle("blocks", "b", "a"), state("b"), ""),
        ChainLink(1, CachedObstacle("blocks", "c", "q"), state("c"), ""),
        ChainLink(2, CachedObstacle("waits-for", "d", "c"), state("d"), ""),
        ChainLink(3, CachedObstacle("child", "d.1", "d"), state("d.1"), "ready"),
        ChainLink(1, CachedObstacle("blocks", "a", "b"), state("a"), "circle"),
        ChainLink(0, CachedObstacle("blocks", "e", "a"), state("e", assignee="bob"), "in_progress"),
        ChainLink(0, CachedObstacle("blocks", "f", "a"), state("f"), "hooked"),
        ChainLink(0, CachedObstacle("blocks", "g", "a"), None, "blocks"),
    ]
    assert list(issue_lines.chain("a", Chain(links, ["a", "b"]))) == [
        "├── blocked by b (open): Title of b",
        "│   ├── parent q blocked by c (open): Title of c",
        "│   │   └── waits for the children of d",
        "│   │       └── its child d.1 (open): Title of d.1 ← can be worked on",
        "│   └── blocked by a (open): Title of a ← waits for the above: a circle",
        "├── blocked by e (open): Title of e ← in progress, bob",
        "├── blocked by f (open): Title of f",
        "└── blocked by g (gone)",
        "⚠ They wait for each other: a → b → a",
    ]


def test_an_edge_says_its_type_where_the_heading_does_not():
    assert entry("→", DependencyRow("blocks", "x", row("x"))) == "  → ○ x: (BUG) Base bug ● P0"
    edge = DependencyRow("tracks", "x", row("x", issue_type="task"))
    assert entry("→", edge, plain=False) == "  → ○ x: Base bug ● P0 (tracks)"
    assert entry("→", DependencyRow("blocks", "x", None)) == "  → ? x (not in this log)"


def test_a_page_of_nothing_is_short():
    plain = row(assignee="", labels=(), estimated=None, issue_type="task", created_at="")
    told = list(page(IssuePage(plain, {"id": "bd-a1", "description": ["?"]}, [], [])))
    assert told == ["", "○ bd-a1 · Base bug   [● P0 · OPEN]", "Type: task", ""]
