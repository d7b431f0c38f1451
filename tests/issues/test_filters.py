"""What each filter lets through, and the orders. One case for every field of `Filter` at least."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import NOW, issues, logs
from tracker.issues.filters import (
    HOUR,
    NEW,
    READY_SORTS,
    SORTS,
    Filter,
    Moment,
    Span,
    has,
    matches,
    order,
    ready_order,
    shown,
)
from tracker.model.issue import PARENT, STATUSES, Dependency, Issue
from tracker.model.status import CLOSING
from tracker.model.timestamps import instant, stamp

AT = Moment(NOW, CLOSING)
DAY = 24 * HOUR


def issue(id="bd-1", **fields):
    return Issue(id=id, **fields)


def under(parent, id="bd-2"):
    return issue(
        id,
        dependencies=(
            Dependency(issue_id=id, depends_on_id="bd-8", type="blocks"),
            Dependency(issue_id=id, depends_on_id=parent, type=PARENT),
        ),
    )


def times(name):
    """Cases of a Span: strictly inside, at either end, and a time that is missing."""
    field = {"due": "due_at", "defer": "defer_until"}.get(name, f"{name}_at")
    inside = issue(**{field: stamp(NOW)})
    return [
        Case(Filter(**{name: Span(NOW - 1000, NOW + 1000)}), inside, issue()),
        Case(Filter(**{name: Span(after=NOW - 1000)}), inside, issue(**{field: stamp(NOW - 1000)})),
        Case(Filter(**{name: Span(before=NOW + 1000)}), inside, issue()),
        Case(
            Filter(**{name: Span(before=NOW + 1000)}), inside, issue(**{field: stamp(NOW + 1000)})
        ),
        Case(
            Filter(**{name: Span(after=NOW - 1000)}),
            issue(**{field: "2025-06-15T17:06:40+02:00"}),  # NOW in another zone
            issue(**{field: "no time at all"}),
        ),
    ]


class Case(NamedTuple):
    """A filter, an issue that it lets through and one that it does not."""

    filter: Filter
    inside: Issue
    outside: Issue


DEEP = "[" * 50_000 + "]" * 50_000
CASES = {
    "statuses": [
        Case(Filter(statuses=("open", "review")), issue(status="review"), issue(status="blocked")),
        Case(Filter(statuses=("tombstone",)), issue(status="tombstone"), issue()),
        Case(Filter(statuses=("closed",), hide_closed=True), issue(status="closed"), issue()),
    ],
    "hide_closed": [
        Case(Filter(hide_closed=True), issue(status="review"), issue(status="closed")),
        Case(Filter(hide_closed=True), issue(status="pinned"), issue(status="tombstone")),
        Case(
            Filter(hide_closed=True, hide_tombstones=False),
            issue(status="deferred"),
            issue(status="tombstone"),
        ),
    ],
    "hide_tombstones": [
        Case(Filter(hide_tombstones=True), issue(status="closed"), issue(status="tombstone")),
    ],
    "hide_templates": [Case(Filter(hide_templates=True), issue(), issue(is_template=True))],
    "hide_gates": [
        Case(Filter(hide_gates=True), issue(issue_type="molecule"), issue(issue_type="gate")),
    ],
    "priorities": [Case(Filter(priorities=(0, 3)), issue(priority=0), issue(priority=1))],
    "priority_min": [
        Case(Filter(priority_min=2), issue(priority=2), issue(priority=1)),
        Case(Filter(priority_min=0), issue(priority=0), issue(priority=-1)),
        Case(Filter(priority_min=2), issue(priority=10**30), issue(priority=-(10**30))),
    ],
    "priority_max": [
        Case(Filter(priority_max=2), issue(priority=2), issue(priority=3)),
        Case(Filter(priority_max=0), issue(priority=0), issue(priority=1)),
        Case(Filter(priority_min=1, priority_max=2), issue(priority=1), issue(priority=3)),
        Case(Filter(priority_max=2), issue(priority=-1), issue(priority=10**30)),
    ],
    "types": [Case(Filter(types=("bug", "epic")), issue(issue_type="epic"), issue())],
    "exclude_types": [Case(Filter(exclude_types=("bug",)), issue(), issue(issue_type="bug"))],
    "assignee": [
        Case(Filter(assignee="ann"), issue(assignee="ann"), issue(assignee="Ann")),
        Case(Filter(assignee=""), issue(), issue(assignee="ann")),
    ],
    "no_assignee": [Case(Filter(no_assignee=True), issue(), issue(assignee="ann"))],
    "labels": [
        Case(
            Filter(labels=("a", "b")),
            issue(labels=("b", "c", "a")),
            issue(labels=("a", "c")),
        ),
    ],
    "any_labels": [Case(Filter(any_labels=("a", "b")), issue(labels=("b",)), issue(labels=("c",)))],
    "exclude_labels": [
        Case(Filter(exclude_labels=("a", "b")), issue(labels=("c",)), issue(labels=("c", "b"))),
    ],
    "label_pattern": [
        Case(
            Filter(label_pattern="area:*"), issue(labels=("x", "area:ui")), issue(labels=("area",))
        ),
        Case(Filter(label_pattern="v[12]"), issue(labels=("v2",)), issue(labels=("V2",))),
    ],
    "label_regex": [
        Case(Filter(label_regex="^v[0-9]+$"), issue(labels=("v12",)), issue(labels=("v1x",))),
        Case(Filter(label_regex="rea"), issue(labels=("area:ui",)), issue()),
    ],
    "no_labels": [Case(Filter(no_labels=True), issue(), issue(labels=("a",)))],
    "ids": [
        Case(Filter(ids=("bd-1", "bd-3")), issue("bd-3"), issue("bd-31")),
    ],
    "title": [
        Case(
            Filter(title=("login", "FAILS")),
            issue(title="Login sometimes fails"),
            issue(title="Login is slow"),
        ),
        Case(Filter(title=("straße",)), issue(title="In der STRASSE"), issue(title="strase")),
    ],
    "description": [
        Case(Filter(description="Crash"), issue(description="it crashes"), issue(title="crash")),
    ],
    "notes": [Case(Filter(notes="Crash"), issue(notes="it crashes"), issue(title="crash"))],
    "text": [
        Case(Filter(text="LOG"), issue(title="Catalogue"), issue(notes="log", design="log")),
        Case(Filter(text="LOG"), issue(description="the log"), issue()),
        Case(Filter(text="LOG"), issue("log-1"), issue(labels=("log",))),
    ],
    "spec": [
        Case(Filter(spec="docs/a"), issue(spec_id="docs/a.md"), issue(spec_id="old/docs/a.md")),
        Case(Filter(spec="docs/a"), issue(spec_id="docs/a"), issue(spec_id="Docs/a")),
    ],
    **{name: times(name) for name in ("created", "updated", "closed", "due", "defer")},
    "overdue": [
        Case(Filter(overdue=True), issue(due_at=stamp(NOW - 1000)), issue(due_at=stamp(NOW))),
        Case(
            Filter(overdue=True),
            issue(due_at=stamp(NOW - 1000), status="review"),
            issue(due_at=stamp(NOW - 1000), status="closed"),
        ),
        Case(Filter(overdue=True), issue(due_at=stamp(NOW - DAY)), issue()),
    ],
    "deferred": [
        Case(Filter(deferred=True), issue(status="deferred"), issue()),
        Case(
            Filter(deferred=True),
            issue(defer_until=stamp(NOW + 1000)),
            issue(defer_until=stamp(NOW)),
        ),
    ],
    "empty_description": [
        Case(Filter(empty_description=True), issue(notes="x"), issue(description="x")),
    ],
    "pinned": [
        Case(Filter(pinned=True), issue(pinned=True), issue(status="pinned")),
        Case(Filter(pinned=False), issue(), issue(pinned=True)),
    ],
    "parent": [
        Case(Filter(parent="bd-1"), under("bd-1"), issue("bd-1.1")),
        Case(Filter(parent="bd-1"), under("bd-1"), under("bd-9")),
    ],
    "no_parent": [Case(Filter(no_parent=True), issue("bd-1.1"), under("bd-1"))],
    "under": [
        Case(Filter(under=frozenset({"bd-1", "bd-2"})), issue("bd-2"), issue("bd-3")),
    ],
    "mol_type": [Case(Filter(mol_type="work"), issue(mol_type="work"), issue(mol_type="swarm"))],
    "wisp_type": [
        Case(Filter(wisp_type="ping"), issue(wisp_type="ping"), issue(wisp_type="patrol"))
    ],
    "external_ref": [
        Case(Filter(external_ref="gh-9"), issue(external_ref="gh-9"), issue(external_ref="gh-91")),
    ],
    "metadata": [
        Case(
            Filter(metadata=(("team", "ui"), ("n", "3"))),
            issue(metadata='{"n": 3, "team":"ui"}'),
            issue(metadata='{"n": 4, "team":"ui"}'),
        ),
        Case(Filter(metadata=(("on", "true"),)), issue(metadata='{"on":true}'), issue()),
        Case(
            Filter(metadata=(("on", ""),)), issue(metadata='{"on":""}'), issue(metadata='{"off":1}')
        ),
        Case(
            Filter(metadata=(("on", "null"),)),
            issue(metadata='{"on":null}'),
            issue(metadata='["on"]'),
        ),
        Case(
            Filter(metadata=(("tags", '["ä", 1]'),)),
            issue(metadata='{"tags":["ä",1]}'),
            issue(metadata='{"deep":{"tags":["ä",1]}}'),
        ),
        Case(
            Filter(metadata=(("n", "9" * 5000),)),
            issue(metadata=f'{{"n":{"9" * 5000}}}'),
            issue(metadata=f'{{"n":{"9" * 4999}}}'),
        ),
        Case(
            Filter(metadata=(("n", "1.50"),)),
            issue(metadata='{"n":1.50}'),
            issue(metadata='{"n":1.5}'),
        ),
        Case(
            Filter(metadata=(("n", DEEP),)),
            issue(metadata=f'{{"n":{DEEP}}}'),
            issue(metadata=f'{{"n":{DEEP[1:-1]}}}'),
        ),
    ],
}


@pytest.mark.parametrize(
    ("filter", "inside", "outside"),
    [
        pytest.param(*case, id=f"{name}-{n}")
        for name, cases in CASES.items()
        for n, case in enumerate(cases)
    ],
)
def test_what_a_filter_lets_through(filter, inside, outside):
    assert matches(inside, filter, AT)
    assert not matches(outside, filter, AT)


def test_no_field_of_a_filter_is_left_out():
    assert set(CASES) == set(Filter._fields)


@pytest.mark.parametrize("name", CASES)
def test_the_first_case_of_a_field_asks_for_nothing_else(name):
    filter, _, outside = CASES[name][0]
    assert filter == Filter()._replace(**{name: getattr(filter, name)})
    assert matches(outside, Filter(hide_tombstones=False), AT)


@given(issues())
def test_a_filter_that_asks_nothing_hides_tombstones_only(one):
    assert matches(one, Filter(), AT) == (one.status != "tombstone")
    assert matches(one, Filter(hide_tombstones=False), AT)


ALL = [case for cases in CASES.values() for case in cases]
MET = st.sampled_from([one for case in ALL for one in (case.inside, case.outside)])
NEUTRAL = Filter(hide_tombstones=False)


@st.composite
def filters(draw):
    """Some fields, each as one of its cases has it."""
    names = draw(st.sets(st.sampled_from(sorted({*CASES} - {"statuses"})), max_size=3))
    return {name: getattr(draw(st.sampled_from(CASES[name])).filter, name) for name in names}


@given(issues() | MET, filters())
def test_what_several_fields_ask_is_asked_by_each(one, fields):
    each = [matches(one, NEUTRAL._replace(**{n: v}), AT) for n, v in fields.items()]
    assert matches(one, NEUTRAL._replace(**fields), AT) == all(each)


def test_a_status_that_is_called_closed_is_hidden_and_never_overdue():
    shipped = issue(status="shipped", due_at=stamp(NOW - DAY))
    at = Moment(NOW, CLOSING | {"shipped"})
    for filter in (Filter(hide_closed=True), Filter(overdue=True)):
        assert matches(shipped, filter, AT)
        assert not matches(shipped, filter, at)


def test_empty_sets_of_ids_let_nothing_through():
    assert matches(issue(), Filter(ids=("bd-1",), under=frozenset({"bd-1"})), AT)
    assert not matches(issue(), Filter(ids=()), AT)
    assert not matches(issue(), Filter(under=frozenset()), AT)


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        (Span(), [0, 1, -1, NOW], []),
        (Span(after=5), [6, NOW], [5, 4, 0, -1]),
        (Span(before=5), [4, 1, -1], [5, 6, 0]),
        (Span(after=5, before=8), [6, 7], [5, 8, 0]),
        (Span(after=5, before=6), [], [5, 6, 0]),
        (Span(after=-5, before=5), [-4, 4], [-5, 5, 0]),
        (Span(after=1 << 70), [(1 << 70) + 1], [1 << 70, 0]),
    ],
)
def test_a_span_excludes_its_ends_and_what_is_missing(span, inside, outside):
    assert [moment for moment in inside + outside if span.holds(moment)] == inside


@pytest.mark.parametrize(
    ("needle", "text", "is_there"),
    [
        ("", "", True),
        ("B", "abc", True),
        ("abc", "ab", False),
        ("ÉÀ", "éàu", True),
        ("ss", "ß", True),
    ],
)
def test_text_is_found_whatever_the_case(needle, text, is_there):
    assert has(needle, text) is is_there


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("é 1", "é 1"),
        (1, "1"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        ({"é": []}, '{"é": []}'),
    ],
)
def test_metadata_as_a_person_types_it(value, text):
    assert shown(value) == text


# Orders -------------------------------------------------------------------------------------------


OLDER, OLD, YOUNG = (stamp(NOW - n * DAY) for n in (9, 5, 1))
WORLD = {
    "a": issue(
        "a", title="Zebra", status="open", priority=2, issue_type="bug", assignee="zoe",
        created_at=OLD, updated_at=YOUNG,
    ),
    "b": issue(
        "b", title="apple", status="in_progress", priority=1, issue_type="task", assignee="ann",
        created_at=OLDER, updated_at=OLDER,
    ),
    "c": issue(
        "c", title="Banana", status="closed", priority=1, issue_type="epic", closed_at=OLDER,
        created_at=YOUNG, updated_at=OLD,
    ),
    "d": issue(
        "d", title="ápple", status="closed", priority=0, issue_type="bug", assignee="Bob",
        closed_at=OLD, created_at=OLDER, updated_at=YOUNG,
    ),
}  # fmt: skip
ORDERS = {
    "": "d c b a",
    "priority": "d c b a",
    "created": "c a b d",
    "updated": "a d c b",
    "closed": "d c a b",
    "status": "c d b a",
    "id": "a b c d",
    "title": "b c a d",
    "type": "a d c b",
    "assignee": "c d b a",
}
READY_ORDERS = {
    "": "d b c a",
    "priority": "d b c a",
    "hybrid": "c b d a",
    "oldest": "b d a c",
}


def sorted_ids(key, issues):
    return [one.id for one in sorted(issues, key=key)]


@pytest.mark.parametrize(("sort", "ids"), ORDERS.items())
def test_the_orders_of_a_list(sort, ids):
    for mixed in permutations(WORLD.values()):
        assert sorted_ids(order(sort), mixed) == ids.split()


@pytest.mark.parametrize(("sort", "ids"), READY_ORDERS.items())
def test_the_orders_of_ready_work(sort, ids):
    for mixed in permutations(WORLD.values()):
        assert sorted_ids(ready_order(sort, NOW), mixed) == ids.split()


def test_no_order_is_left_out():
    assert set(ORDERS) == {"", *SORTS}
    assert set(READY_ORDERS) == {"", *READY_SORTS}
    assert order("id")(WORLD["a"]) == "a"
    for unknown in (order, lambda sort: ready_order(sort, NOW)):
        with pytest.raises(KeyError):
            unknown("beauty")


@given(logs())
def test_the_orders_leave_no_two_issues_equal(issues):
    for key in [*map(order, ORDERS), *(ready_order(sort, NOW) for sort in READY_ORDERS)]:
        assert len({key(one) for one in issues}) == len(issues)
        assert sorted_ids(key, issues) == sorted_ids(key, reversed(issues))


def test_new_is_what_was_made_less_than_48_hours_ago():
    made = {"just old": NEW, "just new": NEW - 1000, "of tomorrow": -DAY, "of last year": 365 * DAY}
    world = [issue(id, priority=4, created_at=stamp(NOW - age)) for id, age in made.items()]
    urgent = replace(world[0], id="urgent and old", priority=0)
    assert sorted_ids(ready_order("hybrid", NOW), [urgent, *world]) == [
        "just new", "of tomorrow", "of last year", "just old", "urgent and old",
    ]  # fmt: skip


@given(logs())
def test_the_hybrid_order_puts_new_work_first_by_priority_and_then_old_work_by_age(issues):
    ids = sorted_ids(ready_order("hybrid", NOW), issues)
    new = [one for one in issues if instant(one.created_at) > NOW - NEW]
    old = [one for one in issues if one not in new]
    assert ids == [
        *sorted_ids(ready_order("priority", NOW), new),
        *sorted_ids(ready_order("oldest", NOW), old),
    ]


def test_every_status_can_be_asked_for():
    world = [issue(status, status=status) for status in (*STATUSES, "review")]
    for one in world:
        found = [i.id for i in world if matches(i, Filter(statuses=(one.status,)), AT)]
        assert found == [one.id]
