"""Work along deep chains of parents: visits are counted at n and 2n, and a simple oracle agrees."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.cli.issues.epic import _deepest_first
from tracker.render import scene
from tracker.render.scene import Path, Scene, SceneItem

NAMES = "abcdefgh"


def drawn(parents, closed=()):
    rows = {id: SimpleNamespace(id=id, parent=to, estimated=None) for id, to in parents.items()}
    items = {id: SceneItem(row, "closed" if id in closed else "open") for id, row in rows.items()}
    return Scene(items, items, [], Path((), 0, 0, {}), [], {})


@st.composite
def forests(draw):
    """Parents without a circle."""
    return {id: draw(st.sampled_from(["", *NAMES[:at]])) for at, id in enumerate(NAMES)}


def above(parents, id):
    """Oracle: follow the parents one by one."""
    return [] if not parents[id] else [parents[id], *above(parents, parents[id])]


@given(forests(), st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_groups_around_and_their_counts_are_those_of_the_oracle(parents, closed, asked):
    found = drawn(parents, closed)
    assert found.enclosing(asked) == {group for id in asked for group in above(parents, id)}
    for group, counted in found.counts().items():
        inside = [id for id in parents if group in above(parents, id)]
        assert counted == (len(inside), sum(id in closed for id in inside))
    for id in parents:
        assert found.ancestors(id) == above(parents, id)
        assert found.ancestors(id, 2) == above(parents, id)[:2]


@given(forests())
def test_each_epic_comes_before_its_parent(parents):
    rows = [SimpleNamespace(id=id, parent=to) for id, to in parents.items()]
    order = _deepest_first(rows)
    assert sorted(order) == sorted(parents)
    assert all(order.index(id) < order.index(to) for id, to in parents.items() if to)


def test_a_circle_of_parents_ends():
    found = drawn({"a": "b", "b": "c", "c": "a", "d": "a"})
    assert found.enclosing("d") == {"a", "b", "c"}
    assert set(found.counts()) == set("abcd")
    rows = [item.row for item in found.items.values()]
    assert sorted(_deepest_first(rows)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("ask", [
    lambda one: one.enclosing(one.items), lambda one: one.counts(), scene._tasks,
], ids=["enclosing", "counts", "tasks"])  # fmt: skip
def test_a_chain_twice_as_deep_takes_at_most_twice_the_visits(monkeypatch, ask):
    visits = []
    parent = Scene.parent
    monkeypatch.setattr(Scene, "parent", lambda one, id: visits.append(id) or parent(one, id))

    def counted(depth):
        visits.clear()
        ask(drawn({f"t{n}": f"t{n - 1}" if n else "" for n in range(depth)}))
        return len(visits)

    assert 0 < counted(2000) <= 2.1 * counted(1000)


class Visited(dict):
    """A mapping that counts how often it is asked."""

    asked = 0

    def __getitem__(self, key):
        Visited.asked += 1
        return super().__getitem__(key)


def test_a_closing_order_of_4000_levels_asks_each_epic_once(monkeypatch):
    from tracker.issues import graph

    monkeypatch.setattr(graph, "finished", lambda edges, real=graph.finished: real(Visited(edges)))

    def counted(depth):
        Visited.asked = 0
        rows = [SimpleNamespace(id=f"{n:05}", parent=f"{n - 1:05}" if n else "")
                for n in range(depth)]  # fmt: skip
        order = _deepest_first(rows)
        assert order == [row.id for row in reversed(rows)]
        return Visited.asked

    assert 0 < counted(4000) <= 2 * counted(2000)
