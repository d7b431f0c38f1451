"""What the cache tells about obstacles and counts, against the rules of `graph`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.issue_workspace import Desk
from tests.support.strategies import NOW, logs
from tracker.cache.issues.obstacles import ISSUES, Obstacles, chain
from tracker.cache.issues.statistics import hidden, totals
from tracker.cli.session import Session
from tracker.issues.filters import Filter, Moment, matches
from tracker.issues.graph import EpicFamily, Graph, Obstacle, Rules, is_hidden
from tracker.log.issue_codec import encode
from tracker.model.issue import Dependency, Issue
from tracker.model.status import CLOSING
from tracker.model.timestamps import instant

CLOSED = CLOSING | {"done"}
GRAPH = Rules(NOW, CLOSED)


def answers_of(folder, issues):
    """The answers of a workspace that holds the issues."""
    place = Desk(Path(folder) / "w", [encode(one) for one in issues], "status.closed: done\n")
    session = Session(
        ["bd"], {}, stdin=None, stdout=None, stderr=None, cwd=str(place.path), clock=lambda: NOW
    )
    return session.tracker.answers


@given(logs())
def test_the_obstacles_are_those_of_the_rules(issues):
    graph = Graph(EpicFamily(issues), GRAPH)
    with tempfile.TemporaryDirectory() as folder:
        obstacles = Obstacles(answers_of(folder, issues))
        for issue in issues:
            expected = graph.obstacles(issue)
            if GRAPH.is_closed(issue):
                expected = [one for one in expected if _is_own(one, issue)]
            assert obstacles.of(issue.id) == expected


def test_a_deferral_reaches_as_far_down_by_the_cache_as_by_the_rules():
    """One of the top of a line of parents, at the last level that is told of it, and below."""
    deferred = Issue(id="000", status="deferred")
    line = [
        Issue(id=f"{n:03}", status="open", dependencies=(parent(f"{n:03}", f"{n - 1:03}"),))
        for n in range(1, 55)
    ]
    graph = Graph(EpicFamily([deferred, *line]), GRAPH)
    with tempfile.TemporaryDirectory() as folder:
        obstacles = Obstacles(answers_of(folder, [deferred, *line]))
        told = {issue.id for issue in line if obstacles.of(issue.id)}
        assert told == {f"{n:03}" for n in range(1, 51)}
        assert told == {issue.id for issue in line if graph.obstacles(issue)}


def parent(child: str, above: str) -> Dependency:
    return Dependency(issue_id=child, depends_on_id=above, type="parent-child")


def _is_own(one: Obstacle, issue) -> bool:
    """Whether it needs no look at other issues: all that is told about what is done."""
    flags = {"pinned", "ephemeral", "template"}
    return one.kind in flags or (one.kind == "status" and one.id == one.through == issue.id)


@given(logs())
def test_who_is_kept_waiting_are_those_that_name_it(issues):
    family = EpicFamily(issues)
    graph = Graph(family, GRAPH)
    live = [issue for issue in issues if not GRAPH.is_closed(issue)]
    with tempfile.TemporaryDirectory() as folder:
        answers = answers_of(folder, issues)
        obstacles = Obstacles(answers)
        for issue in issues:
            row = answers.row(issue.id)
            assert obstacles.holds(row) == sorted(
                other.id
                for other in live
                if any(one.id == issue.id and one.kind != "status" for one in graph.holding(other))
            )


@given(logs())
def test_a_chain_ends_and_goes_through_nothing_twice(issues):
    with tempfile.TemporaryDirectory() as folder:
        answers = answers_of(folder, issues)
        obstacles = Obstacles(answers)
        for issue in issues:
            found = chain(obstacles, issue.id)
            direct = [link.obstacle for link in found.links if not link.depth]
            assert direct == obstacles.of(issue.id)
            followed = [
                link.obstacle.id
                for link in found.links
                if link.obstacle.kind in ISSUES and link.end not in {"circle", "told"}
            ]
            assert len(set(followed)) == len(followed)
            for link in found.links:
                if link.end == "ready":
                    assert obstacles.of(link.obstacle.id) == []
            assert bool(found.circle) or "circle" not in {link.end for link in found.links}


@given(logs(), st.booleans())
def test_the_totals_are_counts_of_what_the_rules_say(issues, deferred):
    family = EpicFamily(issues)
    graph = Graph(family, GRAPH)
    with tempfile.TemporaryDirectory() as folder:
        answers = answers_of(folder, issues)
        found = totals(answers, Filter())
        away = hidden(answers, Filter(), deferred=deferred)
    live = [issue for issue in issues if not GRAPH.is_closed(issue)]
    ready = [
        issue
        for issue in live
        if graph.is_ready(issue, deferred=deferred) and not is_hidden(issue.issue_type, issue.id)
    ]
    kept = [issue for issue in live if graph.is_ready(issue, deferred=deferred)]
    assert found.total == len([issue for issue in issues if issue.status != "tombstone"])
    assert found.tombstone == len(issues) - found.total
    assert found.blocked == len([issue for issue in issues if graph.is_blocked(issue)])
    if not deferred:
        assert found.ready == len(ready)
    assert found.open == len([issue for issue in live if GRAPH.status(issue) == "open"])
    assert found.deferred == len([issue for issue in live if GRAPH.status(issue) == "deferred"])
    assert len(ready) + sum(away.values()) == len(live)
    assert away.get("kept", 0) == len(kept) - len(ready)
    assert away.get("blocked", 0) == found.blocked
    closed = [
        instant(issue.closed_at) - instant(issue.created_at)
        for issue in issues
        if issue.status in CLOSED - {"tombstone"}
        and instant(issue.closed_at) > 0 < instant(issue.created_at)
    ]
    hours = sum(closed) / len(closed) / 3.6e12 if closed else 0
    assert abs(found.lead - hours) < 0.01 + abs(hours) / 1e6


@given(logs())
def test_a_filter_limits_the_totals(issues):
    at = Moment(NOW, CLOSED)
    filter = Filter(priority_max=2, no_assignee=True)
    with tempfile.TemporaryDirectory() as folder:
        found = totals(answers_of(folder, issues), filter)
    accepted = [issue for issue in issues if matches(issue, filter, at)]
    assert found.total == len(accepted)
    graph = Graph(EpicFamily(issues), GRAPH)
    assert found.blocked == len([issue for issue in accepted if graph.is_blocked(issue)])
