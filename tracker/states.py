"""States of an issue beside its status: labels of the form `dimension:value`, one a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tracker import fields
from tracker.change import live
from tracker.errors import Invalid
from tracker.links import Labels, comment, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker.change import Who
    from tracker.log import Draft


class Turn(NamedTuple):
    """From which value a dimension went to which; "" is none. `comment` is the id of the reason."""

    id: str
    dimension: str
    old: str
    new: str
    comment: int | str = 0


def states(labels: Iterable[str]) -> dict[str, str]:
    """The value of each dimension; of several labels of one the first in the alphabet."""
    found: dict[str, str] = {}
    for one in sorted(labels):
        dimension, colon, value = one.partition(":")
        if colon and dimension and value:
            found.setdefault(dimension, value)
    return found


def setting(text: str) -> tuple[str, str]:
    """The parts of `dimension=value`. Raises Invalid."""
    dimension, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not dimension or not value or ":" in dimension:
        raise Invalid(
            f"invalid state {text!r} (expected DIMENSION=VALUE)", hint="bd set-state ID health=ok"
        )
    return dimension, value


def set_state(draft: Draft, id: str, state: tuple[str, str], reason: str, who: Who) -> Turn:
    """Give a dimension a value, in place of the one it had; the reason becomes a comment.

    Law: the same value again changes nothing, whatever the reason.
    """
    dimension, value = state
    issue = live(draft, id)
    wanted = fields.word("label", f"{dimension}:{value}")
    gone = tuple(one for one in issue.labels if one.startswith(f"{dimension}:") and one != wanted)
    turn = Turn(id, dimension, states(issue.labels).get(dimension, ""), value)
    if wanted in issue.labels and not gone:
        return turn
    label(draft, id, Labels(add=(wanted,), remove=gone), who)
    if not reason:
        return turn
    told = f"{dimension}: {turn.old or '(none)'} → {value}\n{reason}"
    return turn._replace(comment=comment(draft, id, told, who).id)
