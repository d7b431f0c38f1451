"""What has to be done in which order, and which chain of it takes longest: the critical path.

With as many hands as there is work, everything is done when the longest chain is. Its length is the
sum of the estimates along it; what has no estimate counts as nothing and is counted apart, and of
chains of equal length the one with more steps is taken. (The critical path method: Kelley and
Walker, 1959.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker.graph import finished

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Task(NamedTuple):
    """A piece of work: `minutes` where somebody estimated it, and what has to be done before."""

    minutes: int | None
    needs: Collection[str]


class Path(NamedTuple):
    """The longest chain, what comes first at its start.

    `start` tells for every task how many minutes of work come before it at least. `unestimated` are
    the tasks of the chain without an estimate.
    """

    ids: tuple[str, ...]
    minutes: int
    unestimated: int
    start: dict[str, int]


def order(needs: Mapping[str, Collection[str]]) -> tuple[list[str], dict[str, list[str]]]:
    """Every id behind all that it needs, and the needs that this holds for.

    Of a circle one need is left out, for it can never be met; so are needs of what is not there.
    """
    edges = {id: sorted(to for to in wanted if to in needs) for id, wanted in needs.items()}
    ids = finished(dict(sorted(edges.items())))
    place = {id: at for at, id in enumerate(ids)}
    kept = {id: [to for to in edges[id] if place[to] < place[id]] for id in ids}
    return ids, kept


def layers(needs: Mapping[str, Collection[str]]) -> dict[str, int]:
    """For each id how many steps come before it at least: 0 for what needs nothing."""
    ids, kept = order(needs)
    found: dict[str, int] = {}
    for id in ids:
        found[id] = max((found[to] + 1 for to in kept[id]), default=0)
    return found


def path(tasks: Mapping[str, Task]) -> Path:
    """The longest chain of the tasks.

    Laws: no chain is longer; each task of it needs the one before; `minutes` is the sum of its
    estimates.
    """
    ids, kept = order({id: task.needs for id, task in tasks.items()})
    best: dict[str, tuple[int, int]] = {}  # minutes and steps up to the end of each task
    came: dict[str, str] = {}
    start: dict[str, int] = {}
    for id in ids:
        before = max(kept[id], key=lambda to: best[to], default="")
        minutes, steps = best.get(before, (0, 0))
        came[id] = before
        start[id] = minutes
        best[id] = (minutes + max(tasks[id].minutes or 0, 0), steps + 1)
    end = max(sorted(ids), key=lambda id: best[id], default="")
    chain = []
    while end:
        chain.append(end)
        end = came[end]
    chain.reverse()
    unestimated = sum(tasks[id].minutes is None for id in chain)
    return Path(tuple(chain), best[chain[-1]][0] if chain else 0, unestimated, start)
