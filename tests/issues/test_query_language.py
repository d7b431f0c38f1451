"""The language of `bd query`: what is understood, what it means, and that SQL means the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache.issues.test_queries import rich_logs
from tests.support.strategies import NOW, PAST, TIMES
from tests.support.workspaces import in_memory, lines_of, moment
from tracker.cache.issues.sql import condition
from tracker.errors import Invalid
from tracker.issues.filters import Filter
from tracker.issues.query_language import (
    FIELDS,
    Comparison,
    Either,
    Every,
    Not,
    holds,
    parse,
    spelled,
)
from tracker.model.issue import STATUSES, Issue
from tracker.model.timestamps import instant

AT = moment(NOW)
DAYS = {"-7d": NOW - 7 * 86_400_000_000_000, "today": NOW}


def when(text):
    if text in DAYS:
        return DAYS[text]
    found = instant(text)
    if not found:
        raise Invalid(f"no date: {text}")
    return found


def understood(text):
    return parse(text, when)


class TestParse:
    def test_what_binds_closest(self):
        a, b, c = (Comparison("status", "=", (name,)) for name in "abc")
        assert understood("status=a") == a
        assert understood("status=a OR status=b AND status=c") == Either((a, Every((b, c))))
        assert understood("(status=a or status=b) and status=c") == Every((Either((a, b)), c))
        assert understood("NOT status=a AND status=b") == Every((Not(a), b))
        assert understood("not not (status=a)") == Not(Not(a))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("status = open", Comparison("status", "=", ("open",))),
            ("status==open", Comparison("status", "=", ("open",))),
            ("status!=open,closed", Comparison("status", "!=", ("open", "closed"))),
            ('title="a \\"b\\" (c), d"', Comparison("title", "=", ('a "b" (c), d',))),
            ("desc='it is'", Comparison("description", "=", ("it is",))),
            ("prio<=P1", Comparison("priority", "<=", (1,))),
            ("pinned=true", Comparison("pinned", "=", (True,))),
            ("assignee=none", Comparison("assignee", "=", ("",))),
            ("assignee='none'", Comparison("assignee", "=", ("none",))),
            ("updated>7d", Comparison("updated", ">", (DAYS["-7d"],))),
            (f"due<{PAST}", Comparison("due", "<", (instant(PAST),))),
            ("assignee=and", Comparison("assignee", "=", ("and",))),
            ("LABELS=gt:*", Comparison("label", "=", ("gt:*",))),
        ],
    )
    def test_comparisons(self, text, expected):
        assert understood(text) == expected

    @pytest.mark.parametrize(
        ("text", "says", "column"),
        [
            ("", "it is empty", 1),
            ("statos=open", "unknown field 'statos'; did you mean status?", 1),
            ("x=1", "unknown field 'x' (there are status, type,", 1),
            ("status", "= or another comparison expected after status", 7),
            ("status=", "a value is missing", 8),
            ("status>open", "status has no order: use = or !=", 1),
            ("priority=high", "a priority is 0 to 4 or P0 to P4, not 'high'", 10),
            ("priority<1,2", "< takes one value", 1),
            ("priority=none", "priority = none means nothing", 10),
            ("closed<none", "closed < none means nothing", 8),
            ("pinned=maybe", "pinned is true or false, not 'maybe'", 8),
            ("(status=open", "the parenthesis is not closed", 1),
            ("status=open)", "AND or OR expected before ')'", 12),
            ("status=open type=bug", "AND or OR expected before 'type'", 13),
            ("status=open AND", "a field is missing", 16),
            ("=open", "a field expected, not '='", 1),
            ("status=open & x", "AND or OR expected before '&'", 13),
            ('title="open', "'\"' is not understood", 7),
            ("(" * 60 + "status=open", "it is nested more than 50 deep", 51),
            ("not " * 60 + "status=open", "it is nested more than 50 deep", 201),
        ],
    )
    def test_what_is_not_understood(self, text, says, column):
        assert understood("status=open")
        with pytest.raises(Invalid) as caught:
            understood(text)
        assert says in caught.value.message
        assert caught.value.message.endswith(f"(column {column})")


TEXT = st.sampled_from(
    ["A", "é", "wants", "a", "open", "none", "bd-a", "x y", '"', "\\", "a*", "*"]
)
VALUES = {
    "status": st.sampled_from([*STATUSES, "review", "", "none"]),
    "type": st.sampled_from(["task", "bug", "", "gate"]),
    "priority": st.integers(0, 4),
    "pinned": st.booleans(), "ephemeral": st.booleans(), "template": st.booleans(),
    "id": st.sampled_from(["bd-a", "bd-*", "*a", "", "."]),
    "label": st.sampled_from(["a", "b*", "b c", "", "*", "a."]),
    "spec": st.sampled_from(["s-1", "s*", ""]),
    "assignee": st.sampled_from(["ann", "", "bob"]),
    "parent": st.sampled_from(["bd-a", "bd-0", ""]),
}  # fmt: skip
INSTANTS = st.sampled_from(["", *(instant(text) for text in (*TIMES[:4], PAST)), NOW])


@st.composite
def comparisons(draw, exact):
    field = draw(st.sampled_from(FIELDS))
    is_time = field in {"created", "updated", "closed", "due", "defer"}
    instants = INSTANTS if exact else INSTANTS.map(lambda i: i and i // 1000 * 1000)
    values = instants if is_time else VALUES.get(field, TEXT | st.just(""))
    if (is_time or field == "priority") and draw(st.booleans()):
        value = draw(values.filter(lambda value: value != ""))
        return Comparison(field, draw(st.sampled_from(["<", "<=", ">", ">="])), (value,))
    chosen = draw(st.lists(values, min_size=1, max_size=2, unique=True))
    return Comparison(field, draw(st.sampled_from(["=", "!="])), tuple(chosen))


def expressions(exact=True):
    """`exact` instants are finer than the microsecond that is spelled."""

    def deeper(inner):
        parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return inner.map(Not) | parts.map(Every) | parts.map(Either)

    return st.recursive(comparisons(exact), deeper, max_leaves=4)


@given(expressions(exact=False))
def test_what_is_spelled_is_understood_the_same_way(asked):
    again = parse(spelled(asked), instant)
    assert spelled(again) == spelled(asked)
    assert again == asked


@given(rich_logs(), expressions())
def test_sql_holds_for_the_same_issues(found, asked):
    answers = in_memory(lines_of(found), AT)
    page = answers.found(condition(asked), Filter(hide_tombstones=False), "id", back=False)
    assert [row.id for row in page.rows] == sorted(i.id for i in found if holds(asked, i))


@given(rich_logs(), expressions(), expressions())
def test_the_laws_of_and_or_and_not(found, one, two):
    for issue in found:
        a, b = holds(one, issue), holds(two, issue)
        assert holds(Not(one), issue) == (not a)
        assert holds(Every((one, two)), issue) == (a and b)
        assert holds(Either((one, two)), issue) == (a or b)


class TestMeaning:
    @pytest.mark.parametrize(
        ("text", "fields", "other"),
        [
            ("title=LOGIN", {"title": "Fix the login"}, {"title": "Fix"}),
            ("notes=none", {}, {"notes": "n"}),
            ("description!=none", {"description": "d"}, {}),
            ("label=none", {}, {"labels": ("a",)}),
            ("label=area:*", {"labels": ("area:web", "x")}, {"labels": ("areas",)}),
            ("priority<2", {"priority": 1}, {"priority": 2}),
            ("priority>=P3", {"priority": 3}, {"priority": 2}),
            ("created=2025-06-15", {"created_at": "2025-06-15T23:59:59Z"},
             {"created_at": "2025-06-16T00:00:00Z"}),
            ("closed=none", {}, {"closed_at": "2025-06-15T00:00:00Z"}),
            ("NOT closed<2026-01-01", {}, {"closed_at": "2025-06-15T00:00:00Z"}),
            ("id=bd-*", {}, {"id": "x-1"}),
            ("id=bd.1", {"id": "bd.1"}, {"id": "bd-1"}),
            ("template=false", {}, {"is_template": True}),
        ],
    )  # fmt: skip
    def test_a_case_of_each(self, text, fields, other):
        asked = parse(text, lambda day: instant(f"{day}T00:00:00Z"))
        assert holds(asked, Issue(**{"id": "bd-1", **fields}))
        assert not holds(asked, Issue(**{"id": "bd-1", **other}))


class TestCommand:
    @pytest.fixture
    def log(self, bd):
        bd.write(
            {"id": "t-1", "priority": 0, "updated_at": "2027-01-14T00:00:00Z"},
            {"id": "t-2", "assignee": "ann", "labels": ["x"]},
            {"id": "t-3", "status": "closed", "closed_at": "2026-02-01T00:00:00Z"},
            {"id": "t-4", "status": "tombstone"},
        )
        return bd

    def test_the_answer(self, log):
        assert (
            log("query", "priority<=1").out
            == "Found 1 issues:\n○ t-1 [● P0] [task] - Title of t-1\n"
        )
        assert log("query", "assignee=ann", "--long").out.startswith("Found 1 issues:\nt-2 [● P2]")
        assert log("query", "assignee=bob").out == "No issues found matching query\n"
        answer = log("query", "assignee=none OR label=x", "-n", "1")
        assert answer.out.startswith("Found 1 of 2 issues:")
        assert answer.err == "Note: Showing 1 of 2 issues (--limit 0 shows all)\n"

    def test_what_is_looked_at(self, log):
        def ids(*words):
            return [issue["id"] for issue in log("query", *words, "--json").json]

        assert ids("title=title") == ["t-1", "t-2"]
        assert ids("title=title", "--all") == ["t-1", "t-2", "t-3"]
        assert ids("status!=open") == ["t-3", "t-4"]
        assert ids("closed>400d") == ["t-3"]
        assert ids("updated>7d") == ["t-1"]
        assert ids("NOT", "updated>7d") == ["t-2"]
        assert ids("title=title", "--sort", "id", "-r") == ["t-2", "t-1"]
        assert log("query", "id=*", "-n", "1", "--json", "--envelope").json["total"] == 2

    def test_how_it_is_understood(self, log):
        answer = log("query", "a=b OR status=open", "--parse-only", code=1)
        assert "unknown field 'a'" in answer.err
        text = "type=bug or status=open and prio<2"
        expected = '(type="bug" OR (status="open" AND priority<2))'
        assert log("query", text, "--parse-only").out == f"{expected}\n"
        assert log("query", text, "--parse-only", "--json").json == {"query": expected}

    def test_what_goes_wrong(self, log):
        answer = log("query", "statos=open", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "invalid")
        assert "invalid date format" in log("query", "updated>soonish", code=1).err
        assert "Missing argument 'EXPRESSION'" in log("query", code=2).err
