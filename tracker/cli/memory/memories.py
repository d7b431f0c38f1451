"""`bd memories`, `bd memory search` and `bd memory list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import DURATION, Listed, OneOf, command, ignored, pass_session
from tracker.cli.memory.output import say_limit
from tracker.errors import Invalid
from tracker.render import memories as render_memories
from tracker.text import one_line, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.cache.memories.queries import FoundMemory, MemoryFilter, MemoryQueries
    from tracker.cli.session import Session


ORDERS = ("key", "updated", "trust", "created")
ANSWERS, LINES = 10, 100
"""How many answers a search gives, and lines a list, where nothing else is asked for."""
_WAYS = frozenset({"semantic", "keyword", "hybrid"})
_STATES = ("archived", "expired", "deleted")

_FILTERS = (
    click.option("-k", "--kind", cls=Listed, help="Memories of these kinds only"),
    click.option("-t", "--tag", cls=Listed, help="Memories with all of these tags only"),
    click.option("-i", "--issue", metavar="ID", help="Memories linked to this issue only"),
    click.option("--since", metavar="WHEN", help="Memories changed since -7d, 2027-01-15"),
    click.option("--older-than", type=DURATION, metavar="TIME",
                 help="Memories unchanged for TIME only"),
    click.option("--stale", is_flag=True, help="Memories whose files have changed only"),
    click.option("--pinned", is_flag=True, help="Pinned memories only"),
    click.option("--conflicts", is_flag=True, help="Memories with merge conflicts only"),
    click.option("--expired", is_flag=True, help="Expired memories only"),
    click.option("--archived", is_flag=True, help="Archived memories only"),
    click.option("-a", "--all", "every", is_flag=True,
                 help="Archived, expired and superseded memories too"),
    click.option("--namespace", "--ns", default="", metavar="NS",
                 help="Memories below this key only"),
)  # fmt: skip


def filtered(function: Any) -> Any:
    """The options that choose among memories."""
    for option in reversed(_FILTERS):
        function = option(function)
    return function


def only(session: Session, given: Mapping[str, Any], pattern: str = "") -> MemoryFilter:
    """What these options choose, of the keys that a pattern means; "" means every key."""
    from tracker.cache.memories.queries import MemoryFilter

    found = _of_keys(MemoryFilter(), given["namespace"], pattern)
    after = before = 0
    if given["since"]:
        from tracker.cli.dates import when

        after = when(given["since"], session.clock(), "--since") - 1
    if given["older_than"]:
        before = session.clock() - int(given["older_than"] * 10**9) + 1
    issue, names = _issue(session, given["issue"])
    return found._replace(
        kinds=tuple(_kind(session, kind) for kind in given["kind"] or ()),
        tags=tuple(given["tag"] or ()),
        issue=issue,
        given=names,
        after=after,
        before=before,
        pinned=given["pinned"],
        stale=given["stale"],
        kept=given["conflicts"],
        state=next((state for state in _STATES if given.get(state)), ""),
        everything=given["every"],
    )


def _kind(session: Session, kind: str) -> str:
    """The kind, if anything could have it. Raises Invalid: nothing found would be a lie."""
    from tracker.cache.memories.queries import MemoryFilter
    from tracker.model.memory import KINDS

    if (
        kind in KINDS
        or session.memories.listed(MemoryFilter(kinds=(kind,), everything=True), 1).rows
    ):
        return kind
    raise Invalid(f"invalid kind: {kind}", hint=f"valid: {', '.join(KINDS)}")


def _of_keys(found: MemoryFilter, namespace: str, pattern: str) -> MemoryFilter:
    """The keys of a pattern within a namespace; a plain key means itself and all below it."""
    place = namespace.strip("/")
    place = "" if place == "default" else place
    if not (pattern or place):
        return found
    from tracker.model import memory_keys

    asked = memory_keys.under(place, pattern) if pattern else f"{place}/"
    if memory_keys.is_pattern(asked):
        place = asked.rstrip("*")
        if place.endswith("/") and not memory_keys.WILD.search(
            place
        ):  # all below: no key needs a look
            return found._replace(prefix=place)
        return found._replace(prefix=memory_keys.prefix(asked), is_meant=memory_keys.matcher(asked))
    asked = asked.rstrip("/")
    return found._replace(
        prefix=asked, is_meant=lambda key: key == asked or key.startswith(f"{asked}/")
    )


def _issue(session: Session, word: str | None) -> tuple[str, tuple[str, ...]]:
    """An issue, and the keys that its work was given."""
    if not word:
        return "", ()
    from tracker.memory.outcomes import given

    issue = session.tracker.issue(word)
    return issue.id, given(issue)


@command(
    "list",
    examples=["bd memory list", "bd memory list 'climate/*' --tag ml", "bd memory list --stale"],
)
@click.argument("pattern", default="", metavar="[PATTERN]")
@filtered
@click.option("--deleted", is_flag=True, help="Forgotten memories only")
@click.option("--sort", type=OneOf(ORDERS), default="key", help="Sort order  [key]")
@click.option("-n", "--limit", metavar="N", help=f"Maximum number; 0 for all  [{LINES}]")
@pass_session
def list_(session: Session, /, pattern: str, *, sort: str, limit: str | None, **given: Any) -> None:
    """List memories by key.

    Columns are key, kind, trust, age and title. JSON has no limit.

    A pattern such as 'climate/*' means the whole subtree; `*` within a key stays in its segment.
    """
    from tracker.render.memories import table

    at = session.memories
    usual = 0 if session.json else LINES
    most, given["namespace"] = _limit(limit, usual, given["namespace"])
    found = at.listed(only(session, given, pattern), most, sort)
    if session.json:
        session.emit([render_memories.record(at, row) for row in found.rows], total=found.total)
        return
    if not found.rows:
        places = [one_line(each) for each in (pattern, given["namespace"]) if each]
        where = f" under {' in '.join(places)}" if places else ""
        more = f"; {found.hidden} are put away, over or replaced (--all)" if found.hidden else ""
        session.say(f"No memories{where}{more}")
        return
    session.say("\n".join(table([render_memories.columns(row, at.now) for row in found.rows])))
    say_limit(session, found)


@command(
    "search",
    examples=[
        'bd memory search "how do we handle rate limits?"',
        "bd memory search cache --kind pitfall --explain",
        "bd memory search deploy --namespace ops -n 3 --json",
    ],
)
@click.argument("words", nargs=-1, metavar="QUESTION")
@click.option("-q", "--query", metavar="TEXT", help="Question that begins with a dash")
@filtered
@click.option("-n", "--limit", metavar="N", help=f"Maximum number; 0 for all  [{ANSWERS}]")
@click.option("-l", "--top-k", "top", type=int, hidden=True)
@click.option("--explain", is_flag=True, help="Print every factor of each score")
@ignored("--reasoningbank", "--rb", "--basic", "--auto", "--smart")
@ignored("--threshold", "--type", "--format", "--sort", value=True)
@pass_session
def search(
    session: Session,
    /,
    words: tuple[str, ...],
    *,
    query: str | None,
    limit: str | None,
    top: int | None,
    explain: bool,
    **given: Any,
) -> None:
    """Find memories that answer a question, best match first.

    Any text is a question: words are looked for by their stems, in any order, and what holds more
    and rarer ones comes first; then what is recent, confirmed and pinned. A key, or the beginning
    of one, comes before all.
    """
    from tracker.cache.memories.search import search as find

    question = (query if query is not None else " ".join(words)).strip()
    if not question:
        raise click.UsageError("a question is required: bd memory search QUESTION")
    usual = ANSWERS if top is None else top
    most, given["namespace"] = _limit(limit, usual, given["namespace"])
    at = session.memories
    given["tag"] = _tags(session, given["tag"])
    found = find(at, question, only(session, given), most)
    if session.json:
        session.emit([_told(at, row, explain=explain) for row in found.rows], total=found.total)
        return
    if not found.rows:
        _say_nothing(session, at, found, question)
        return
    count = "1 memory" if found.total == 1 else f"{found.total} memories"
    weak = render_memories.weakness(found)
    session.say(f"{count} for {_quoted(question)}{weak and f' ({weak})'}:")
    for number, row in enumerate(found.rows, 1):
        session.say("\n" + "\n".join(render_memories.answer(row, number, at.now)))
        if explain and row.ranked is not None:
            session.say("\n".join(render_memories.explained(row.ranked)))
    if explain:
        session.note(render_memories.looked_for(found, at.known))
    say_limit(session, found)


def _tags(session: Session, tags: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The tags that are meant: `-t hybrid` of claude-flow is a way to search, and no tag."""
    from tracker.cache.memories.queries import MemoryFilter

    if tags is None or len(tags) != 1 or tags[0] not in _WAYS:
        return tags
    if session.memories.listed(MemoryFilter(tags=tags, everything=True), 1).rows:
        return tags
    session.note(f"-t {tags[0]} does nothing here: no memory has that tag")
    return None


def _limit(text: str | None, usual: int, namespace: str) -> tuple[int, str]:
    """How many rows; `-n` of claude-flow is a namespace, and no number."""
    if text is None:
        return usual, namespace
    number = whole_number(text.removeprefix("-"))
    if number is not None:
        return 0 if text.startswith("-") else number, namespace
    if namespace:
        raise click.UsageError(f"-n wants a number, not {text!r}")
    return usual, text


def _told(at: MemoryQueries, row: Any, *, explain: bool) -> dict[str, Any]:
    ranked = row.ranked
    more = {"score": round(ranked.score, 6)}
    return render_memories.record(
        at, row, **more, **({"explain": render_memories.explanation(ranked)} if explain else {})
    )


def _say_nothing(session: Session, at: MemoryQueries, found: FoundMemory, question: str) -> None:
    """Say what was looked for, and what may be done about it."""
    if not at.known:
        session.say("No memories stored. Use 'bd remember \"insight\"' to add one.")
        return
    session.say(
        f"No memories for {_quoted(question)}: {render_memories.looked_for(found, at.known)}."
    )
    if found.hidden:
        session.say(f"{found.hidden} are put away, over or replaced (--all).")
    elif any(count for _, count in found.terms):
        session.say("What holds these words is not among what the options choose.")
    else:
        session.say("bd memory list shows what there is.")


def _quoted(text: str) -> str:
    flat = one_line(text)
    return f'"{flat if len(flat) <= 80 else flat[:79] + "…"}"'


@command(
    "memories",
    examples=["bd memories", "bd memories migrations --json"],
    json_errors="stdout",
)
@click.argument("words", nargs=-1, metavar="[QUESTION]")
@click.option("-n", "--limit", type=int, metavar="N", help="Maximum number; 0 for all")
@click.option(
    "-a", "--all", "every", is_flag=True, help="Archived, expired and superseded memories too"
)
@pass_session
def memories(session: Session, words: tuple[str, ...], limit: int | None, every: bool) -> None:
    """List memories by key, or search them."""
    from tracker.cache.memories.queries import MemoryFilter

    question = " ".join(words).strip()
    at, chosen = session.memories, MemoryFilter(everything=every)
    if question:
        from tracker.cache.memories.search import search as find

        found = find(at, question, chosen, 2 * ANSWERS if limit is None else limit)
    else:
        found = at.listed(chosen, limit or 0)
    if session.json:
        session.emit({row.key: at.content(row.n) for row in found.rows})
        return
    if found.rows:
        _say_memories(session, found, question)
        if weak := render_memories.weakness(found):
            session.note(weak)
    elif question and at.known:
        session.say(f'No memories matching "{one_line(question)}"')
        session.note(render_memories.looked_for(found, at.known))
    else:
        session.say("No memories stored. Use 'bd remember \"insight\"' to add one.")
    say_limit(session, found)


def _say_memories(session: Session, found: FoundMemory, question: str) -> None:
    """As Beads lists them."""
    from tracker.render.memories import BEGINNING, beginning

    matching = f' matching "{one_line(question)}"' if question else ""
    session.say(f"Memories{matching} ({found.total}):\n")
    for row in found.rows:
        session.say(
            f"  {one_line(row.key)}{render_memories.doubt(row)}\n"
            f"    {beginning(row.head, BEGINNING)}\n"
        )
