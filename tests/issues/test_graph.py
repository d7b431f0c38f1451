"""Laws of ready, blocked and cycles. Single cases stand in docs/ready.md and are run from there."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.strategies import NOW, logs
from tracker.issues.graph import (
    FAILURE_WORDS,
    EpicFamily,
    Graph,
    Obstacle,
    Rules,
    cycles,
    failed,
    gate_of,
    is_hidden,
    path,
    reachable,
    waiting_edges,
)
from tracker.model.issue import BLOCKS, PARENT, Dependency, Issue
from tracker.model.status import CLOSING, HIDDEN_IDS, HIDDEN_TYPES, PARENT_LEVELS
from tracker.model.timestamps import stamp

RULES = Rules(NOW)


def edge(source, target, type=BLOCKS, metadata=None):
    extra = () if metadata is None else (("metadata", metadata),)
    return Dependency(issue_id=source, depends_on_id=target, type=type, extra=extra)


def issue(id, *edges, status="open", **fields):
    return Issue(id=id, status=status, dependencies=tuple(edge(id, *e) for e in edges), **fields)


def graph_of(issues, rules=RULES):
    return Graph(EpicFamily(issues), rules)


# Ways and circles ---------------------------------------------------------------------------------


@st.composite
def edge_maps(draw):
    """Who leads to whom among up to seven; some have no list of their own."""
    names = "abcdefg"[: draw(st.integers(1, 7))]
    targets = st.lists(st.sampled_from(names), max_size=3)
    return draw(st.dictionaries(st.sampled_from(names), targets, max_size=7))


def distances(edges):
    """The number of steps (at least one) of the shortest way between any two, by relaxation."""
    names = {*edges, *(to for targets in edges.values() for to in targets)}
    steps = {(one, to): 1 for one in edges for to in edges[one]}
    for middle in names:
        for one in names:
            for two in names:
                if (one, middle) in steps and (middle, two) in steps:
                    way = steps[one, middle] + steps[middle, two]
                    steps[one, two] = min(way, steps.get((one, two), way))
    return names, steps


@given(edge_maps())
def test_cycles_are_the_groups_that_reach_each_other(edges):
    names, steps = distances(edges)
    groups = {
        frozenset(two for two in names if (one, two) in steps and (two, one) in steps)
        for one in names
        if (one, one) in steps
    }
    found = cycles(edges)
    assert [way[0] for way in found] == sorted(min(group) for group in groups)
    for way in found:
        (group,) = [group for group in groups if way[0] in group]
        assert group.issuperset(way)
        assert len(set(way)) == len(way) == steps[way[0], way[0]]
        assert all(to in edges[one] for one, to in zip(way, [*way[1:], way[0]], strict=True))


@given(edge_maps(), st.randoms(use_true_random=False))
def test_the_order_of_the_edges_does_not_matter_to_cycles(edges, random):
    names = random.sample(sorted(edges), len(edges))
    mixed = {name: random.sample(edges[name], len(edges[name])) for name in names}
    assert cycles(mixed) == cycles(edges)


def test_of_two_rounds_of_one_length_the_first_by_id_is_named():
    for targets in (["b", "c"], ["c", "b"]):
        assert cycles({"a": targets, "b": ["a"], "c": ["a"]}) == [["a", "b"]]


@given(edge_maps(), st.sampled_from("abc"), st.sampled_from("abc"))
def test_a_path_is_a_shortest_way(edges, start, goal):
    _, steps = distances(edges)
    way = path(start, goal, lambda id: edges.get(id, ()))
    if start == goal:
        assert way == [start]
    elif (start, goal) in steps:
        assert (way[0], way[-1], len(way)) == (start, goal, steps[start, goal] + 1)
        assert all(to in edges[one] for one, to in pairwise(way))
    else:
        assert way == []


@given(edge_maps(), st.sets(st.sampled_from("abcdefg")))
def test_reachable_is_the_starts_and_all_behind_them(edges, starts):
    _, steps = distances(edges)
    behind = {two for one, two in steps if one in starts}
    assert reachable(starts, lambda id: edges.get(id, ())) == starts | behind


# Ready and blocked --------------------------------------------------------------------------------


@given(logs())
def test_ready_is_to_have_no_obstacle(issues):
    graph = graph_of(issues)
    for one in issues:
        obstacles = graph.obstacles(one)
        assert graph.is_ready(one) == (obstacles == [])
        assert set(graph.blockage(one)) <= set(obstacles)
        assert not (graph.is_ready(one) and not graph.is_ready(one, deferred=True))


@given(logs())
def test_nothing_is_ready_and_blocked(issues):
    graph = graph_of(issues)
    for one in issues:
        if graph.is_blocked(one):
            assert not graph.is_ready(one)
            assert not graph.is_ready(one, deferred=True)
            assert graph.blockage(one)


@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_the_issues_does_not_matter(issues, random):
    mixed = random.sample(issues, len(issues))
    one, other = graph_of(issues), graph_of(mixed)
    assert [one.obstacles(i) for i in issues] == [other.obstacles(i) for i in issues]
    assert [one.is_blocked(i) for i in issues] == [other.is_blocked(i) for i in issues]
    assert cycles(waiting_edges(issues, RULES)) == cycles(waiting_edges(mixed, RULES))


def is_held(one, issues):
    """Whether an issue is blocked by its own doing, told status by status."""
    done = {i.id for i in issues if i.status in {"closed", "tombstone"}}
    known = {i.id: i for i in issues if i.status != "tombstone"}
    waits_on = {i.id for i in issues} - done - {i.id for i in issues if i.status == "pinned"}
    for edge in one.dependencies:
        to = edge.depends_on_id
        below = [i.id in done for i in issues if (to, PARENT) in {e.key for e in i.dependencies}]
        needs_any = "any" in str(edge.extra)
        holds = {
            "blocks": to in waits_on,
            "conditional-blocks": to in waits_on
            or (to in done and to in known and "ail" not in known[to].close_reason),
            "waits-for": to in known and False in below and (not needs_any or True not in below),
        }
        if holds.get(edge.type):
            return True
    return one.status == "blocked"


@given(logs())
def test_blockage_flows_down_as_if_it_were_pushed(issues):
    live = {i.id for i in issues if i.status not in {"closed", "tombstone"}}
    names = {i.id for i in issues if i.status != "tombstone"}
    own = {i.id for i in issues if is_held(i, issues)}
    below = {i.id: i.parent for i in issues if i.parent in names}
    flowing = own & live
    for _ in issues:
        flowing |= {id for id, parent in below.items() if parent in flowing}
    graph = graph_of(issues)
    for one in issues:
        is_work = one.id in live and one.status != "pinned" and not one.pinned
        blocked = one.id in own or below.get(one.id) in flowing
        assert graph.is_blocked(one) == (is_work and blocked)


def lifted(issues, obstacle, by_id):
    """The same issues without one obstacle: the work is done, or what was put off is due."""
    changes = {}
    one = by_id[obstacle.id]
    if obstacle.kind == "status":
        changes[one.id] = {"status": "open"}
    elif obstacle.kind == "deferred":
        changes[one.id] = {"defer_until": stamp(NOW), "status": one.status}
    elif obstacle.kind in {"pinned", "ephemeral", "template"}:
        changes[one.id] = {obstacle.kind: False}
    else:
        through = by_id[obstacle.through]
        asked = {e.depends_on_id for e in through.dependencies if e.key == (one.id, obstacle.kind)}
        done = asked if obstacle.kind != "waits-for" else set(EpicFamily(issues).children(one.id))
        changes = {id: {"status": "closed", "close_reason": "Failed."} for id in done}
    return [replace(i, **changes.get(i.id, {})) for i in issues]


@given(logs(), st.data())
def test_an_issue_is_ready_as_soon_as_its_last_obstacle_is_gone(issues, data):
    silent = {"closed", "tombstone", "pinned"}  # opened, such an issue may hold itself
    candidates = [i.id for i in issues if i.status not in silent]
    assume(candidates)
    id = data.draw(st.sampled_from(candidates))
    order = ("status", "deferred", "pinned")  # what is closed must not be opened again
    for _ in range(4 * len(issues)):
        by_id = {i.id: i for i in issues}
        graph = graph_of(issues)
        obstacles = graph.obstacles(by_id[id])
        assert graph.is_ready(by_id[id]) == (not obstacles)
        if not obstacles:
            return
        first = min(obstacles, key=lambda o: o.kind not in order)
        issues = lifted(issues, first, by_id)
        after = {i.id: i for i in issues}
        assume(first.kind in order or after[id].status == by_id[id].status)  # it waits for itself
        left = graph_of(issues).obstacles(after[id])
        assert first not in left
        assert set(left) <= set(obstacles)
    raise AssertionError("the obstacles never ended")


@st.composite
def plain_worlds(draw):
    """Issues that are open or have failed, tied by every blocking type."""
    names = "abcdef"[: draw(st.integers(1, 6))]
    kinds = [BLOCKS, BLOCKS, PARENT, PARENT, "waits-for", "conditional-blocks", "related"]
    ties = st.tuples(st.sampled_from(names), st.sampled_from(kinds))
    return [
        issue(
            name,
            *draw(st.lists(ties, max_size=3)),
            status=draw(st.sampled_from(["open", "open", "open", "closed", "tombstone"])),
            close_reason="failed",
        )
        for name in names
    ]


@given(plain_worlds())
def test_whoever_is_not_ready_waits_for_something_ready_or_for_a_circle_that_is_named(issues):
    graph = graph_of(issues)
    edges = waiting_edges(issues, RULES)
    ready = {one.id for one in issues if graph.is_ready(one)}
    circles = {id for way in cycles(edges) for id in way}
    for id in edges:
        assert not reachable([id], lambda id: edges[id]).isdisjoint(ready | circles)


def test_a_circle_behind_a_closed_parent_is_seen():
    world = [
        issue("a", ("b", PARENT)),
        issue("b", ("c", PARENT), status="closed"),
        issue("c", ("a", BLOCKS)),
    ]
    assert graph_of(world).obstacles(world[0]) == [Obstacle(BLOCKS, "a", "c")]
    assert cycles(waiting_edges(world, RULES)) == [["a", "c"]]


# Size ---------------------------------------------------------------------------------------------


MANY = 50_000  # where a quadratic search takes 20 seconds
SECONDS = 8


def chain(n, *, closed=False):
    edges = {f"{i:06}": [f"{i + 1:06}"] for i in range(n)}
    return {**edges, f"{n:06}": ["000000"] if closed else []}


def test_a_search_along_a_long_chain_takes_linear_time():
    began = process_time()
    edges = chain(MANY)
    assert cycles(edges) == []
    assert cycles(dict(reversed(edges.items()))) == []
    assert path("000000", f"{MANY:06}", edges.__getitem__) == list(edges)
    assert process_time() - began < SECONDS


def test_a_search_around_a_long_ring_takes_linear_time():
    began = process_time()
    edges = chain(MANY, closed=True)
    assert cycles(edges) == [list(edges)]
    assert process_time() - began < SECONDS


def test_a_search_among_many_who_all_wait_for_each_other_takes_linear_time():
    began = process_time()
    names = [f"{i:03}" for i in range(500)]
    assert cycles(dict.fromkeys(names, names)) == [["000"]]
    others = {name: [to for to in names if to != name] for name in names}
    assert cycles(others) == [["000", "001"]]
    assert process_time() - began < SECONDS


@pytest.mark.parametrize("kind", [BLOCKS, PARENT])
def test_a_line_of_5000_issues_is_answered_for_each_of_them(kind):
    began = process_time()
    last = issue("4999", status="blocked")
    world = [*(issue(f"{n:04}", (f"{n + 1:04}", kind)) for n in range(4999)), last]
    graph = graph_of(world)
    blocked = sum(graph.is_blocked(one) for one in world)
    assert blocked == (5000 if kind == BLOCKS else PARENT_LEVELS + 1)
    assert sum(graph.is_ready(one) for one in world) == 5000 - blocked
    assert cycles(waiting_edges(world, RULES)) == []
    assert process_time() - began < SECONDS


def test_a_circle_of_5000_parents_ends():
    world = [issue(f"{n:04}", (f"{(n + 1) % 5000:04}", PARENT)) for n in range(5000)]
    graph = graph_of(world)
    assert all(graph.is_ready(one) for one in world)
    assert len(list(graph.ancestors(world[0]))) == PARENT_LEVELS
    assert len(EpicFamily(world).below("0000")) == 4999
    assert cycles(waiting_edges(world, RULES)) == [[one.id for one in world]]


@pytest.mark.parametrize(("levels", "blocked"), [(PARENT_LEVELS, True), (PARENT_LEVELS + 1, False)])
def test_nobody_looks_beyond_the_deepest_level(levels, blocked):
    world = [issue(str(n), (str(n + 1), PARENT)) for n in range(levels)]
    world.append(issue(str(levels), status="blocked"))
    assert graph_of(world).is_blocked(world[0]) is blocked


# Details ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", FAILURE_WORDS)
def test_a_word_of_failure_counts_anywhere_and_in_any_case(word):
    assert failed(issue("a", close_reason=f"Sadly, this {word.upper()}!"))
    assert not failed(issue("a", close_reason="Sadly, this is finished"))


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ('{"gate":"any-children","spawner_id":"bd-9"}', ("any-children", "bd-9")),
        (json.dumps('{"gate":"any-children","spawner_id":"bd-9"}'), ("any-children", "bd-9")),
        ('{"spawner_id":null}', ("all-children", "")),
        ("{}", ("all-children", "")),
        ('""', ("all-children", "")),
        ('"{"', ("all-children", "")),
        ('["any-children"]', ("all-children", "")),
        ("null", ("all-children", "")),
        ("9" * 5000, ("all-children", "")),
        (json.dumps("[" * 100_000), ("all-children", "")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_gate_is_read_in_every_form_and_never_fails(metadata, found):
    assert gate_of(edge("a", "b", "waits-for", metadata)) == found
    other = replace(edge("a", "b", "waits-for"), extra=(("thread_id", metadata),))
    assert gate_of(other) == ("all-children", "")


def test_the_configuration_says_which_statuses_are_closed():
    world = [issue("a", ("b", BLOCKS)), issue("b", status="shipped")]
    assert graph_of(world).is_blocked(world[0])
    rules = Rules(NOW, CLOSING | {"shipped"})
    assert graph_of(world, rules).is_ready(world[0])
    assert rules.is_closed(world[1])
    assert not rules.holds(world[1])
    assert not rules.holds(None)


@pytest.mark.parametrize("status", ["open", "deferred", "blocked"])
def test_a_status_that_is_called_closed_is_never_ready(status):
    past = issue("a", status=status, defer_until=stamp(NOW - 1))
    graph = graph_of([past], Rules(NOW, CLOSING | {status}))
    assert graph_of([past]).is_ready(past) is (status != "blocked")
    assert graph.obstacles(past)[0] == Obstacle("status", "a", "a")
    assert not graph.is_ready(past)
    assert not graph.is_blocked(past)


@pytest.mark.parametrize(
    ("status", "until", "counts"),
    [
        ("deferred", NOW - 1, "open"),
        ("deferred", NOW, "open"),
        ("deferred", NOW + 1000, "deferred"),
        ("deferred", None, "deferred"),
        ("open", NOW + 1000, "open"),
        ("review", NOW - 1, "review"),
    ],
)
def test_the_status_that_counts(status, until, counts):
    one = issue("a", status=status, defer_until="" if until is None else stamp(until))
    assert RULES.status(one) == counts


def test_blockage_names_the_nearest_and_obstacles_name_all():
    world = [
        issue("a", ("b", PARENT)),
        issue("b", ("c", PARENT), ("d", BLOCKS)),
        issue("c", status="blocked"),
        issue("d"),
    ]
    graph = graph_of(world)
    near, far = Obstacle(BLOCKS, "d", "b"), Obstacle("status", "c", "c")
    assert graph.blockage(world[0]) == [near]
    assert graph.obstacles(world[0]) == [near, far]
    assert [one.id for one in graph.ancestors(world[0])] == ["b", "c"]


def test_hidden_by_type_or_by_a_part_of_the_id():
    assert not is_hidden("task", "bd-1")
    assert all(is_hidden(kind, "bd-1") for kind in HIDDEN_TYPES)
    assert all(is_hidden("task", f"bd{part}1") for part in HIDDEN_IDS)
    assert is_hidden("task", "bd-x-1", ["-x-"])
    assert not is_hidden("task", "bd-mol-1", ["-x-"])


def test_a_family_knows_who_is_below():
    family = EpicFamily(
        [issue("a"), issue("b", ("a", PARENT)), issue("c", ("b", PARENT)), issue("d", ("a",))],
    )
    assert family.below("a") == {"b", "c"}
    assert family.below("c") == family.below("missing") == set()
    assert [one.id for one in family] == ["a", "b", "c", "d"]
