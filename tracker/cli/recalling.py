"""Commands that read memories by their keys: `recall`, `memories`, `memory get`, `show`, `list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli import memoview
from tracker.cli.command import DURATION, Listed, command, pass_session
from tracker.cli.plain import one_line
from tracker.errors import NoMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tracker.cli.memoview import Desk
    from tracker.cli.session import Session
    from tracker.memory import Memory

ORDERS = ("key", "updated", "trust", "created")


@command(
    "recall",
    examples=["bd recall auth/jwt", "bd recall auth/jwt --json"],
    json_errors="stdout",
)
@click.argument("key")
@pass_session
def recall(session: Session, key: str) -> None:
    """Print what is remembered under this very key; `bd memory search` looks for more."""
    if quickly(session, key):
        return
    try:
        desk, memory = _found(session, key)
    except NoMemory as error:
        session.code = 1
        if session.json:
            session.emit({"found": False, "key": key, "value": ""})
            return
        hint = f"\nHint: {error.hint}" if error.hint else ""
        session.complain(f"{error.message}{hint}")
        return
    if session.json:
        session.emit({"found": True, "key": memory.key, "value": memory.content})
    else:
        session.say(memory.content)
        memoview.remarks(session, desk.known(memory))


def quickly(session: Session, key: str, *, plain: bool = False) -> bool:
    """Print the content of a memory that is plainly there; whether it was.

    Nothing is loaded for it that other memories would need. `plain` leaves JSON to who asks.
    """
    from tracker.glimpse import glimpse

    row = glimpse(session.place.beads, key)
    if row is None or (plain and session.json):
        return False
    if session.json:
        session.emit({"found": True, "key": key, "value": row["content"]})
        return True
    session.say(row["content"])
    if "conflicts" in row or row.get("source", {}).get("paths"):
        desk, memory = _found(session, key)
        memoview.remarks(session, desk.known(memory))
    return True


def _found(session: Session, key: str) -> tuple[Desk, Memory]:
    from tracker import remember

    desk = memoview.Desk(session.tracker.library)
    _amiss(session)
    return desk, remember.live(desk.drafts.memories, key)


def _amiss(session: Session) -> None:
    for text in session.tracker.amiss:
        if "memory.jsonl" in text or "outcomes.jsonl" in text:
            session.warn(text)


@command(
    "memories",
    examples=["bd memories", "bd memories migrations --json"],
    json_errors="stdout",
)
@click.argument("words", nargs=-1, metavar="[QUERY]")
@pass_session
def memories(session: Session, words: tuple[str, ...]) -> None:
    """List memories by key, or those in which a text stands."""
    text = " ".join(words)
    found = [one for one in _live(session) if _holds(one, text)]
    if session.json:
        session.emit({one.key: one.content for one in found})
        return
    if not found:
        session.say(
            f'No memories matching "{one_line(text)}"' if text
            else 'No memories stored. Use \'bd remember "insight"\' to add one.'
        )  # fmt: skip
        return
    matching = f' matching "{one_line(text)}"' if text else ""
    session.say(f"Memories{matching} ({len(found)}):\n")
    for one in found:
        beginning = memoview.beginning(one.content, memoview.BEGINNING)
        session.say(f"  {one_line(one.key)}\n    {beginning}\n")


def _live(session: Session) -> list[Memory]:
    """What is told to who asks for nothing in particular, by key."""
    library = session.tracker.library
    found = library.find()
    _amiss(session)
    gone = _replaced(found)
    now = session.clock()
    return [one for one in found if not _is_away(one, gone, now)]


def _holds(memory: Memory, text: str) -> bool:
    wanted = text.casefold()
    return any(
        wanted in part.casefold()
        for part in (memory.key, memory.title, memory.description, memory.content)
    )


def _replaced(every: Iterable[Memory]) -> set[str]:
    """The keys of memories whose place another one has taken."""
    return {key for one in every if one.status == "active" for key in one.supersedes}


def _is_away(memory: Memory, replaced: set[str], now: int) -> bool:
    """Whether a memory is put away, over, or replaced."""
    from tracker.model import instant

    over = instant(memory.expires_at)
    return memory.status != "active" or memory.key in replaced or bool(over and over <= now)


@command(
    "get",
    examples=["bd memory get climate/drift", "bd memory get 'climate/*' --json"],
)
@click.argument("names", nargs=-1, required=True, metavar="KEY...")
@pass_session
def get(session: Session, names: tuple[str, ...]) -> None:
    """Print the content of memories, and nothing else; a pattern means several."""
    say(session, names)


def say(session: Session, names: tuple[str, ...]) -> None:
    """The memories of these keys and patterns, as `get` prints them."""
    if len(names) == 1 and quickly(session, names[0], plain=True):
        return
    from tracker import keys, remember

    desk = memoview.Desk(session.tracker.library)
    _amiss(session)
    notes = desk.drafts.memories

    def meant(name: str) -> list[Memory]:
        if not keys.is_pattern(name):
            return [remember.live(notes, name)]
        is_meant = keys.matcher(name)
        every = (notes.get(key) for key in notes.keys() if is_meant(key))  # noqa: SIM118
        found = [one for one in every if one and one.status != "tombstone"]
        if not found:
            raise NoMemory(name, keys.near(keys.prefix(name), notes.keys()))
        return found

    found = [one for several in session.each(names, meant) for one in several]
    several = len(names) > 1 or keys.is_pattern(names[0])
    if session.json:
        if several:
            session.emit_raw(memoview.fragment(desk.known(one)) for one in found)
        else:
            memoview.emit_one(session, desk.known(found[0]))
        return
    for number, one in enumerate(found):
        if several:
            session.say(("\n" if number else "") + f"== {one_line(one.key)}")
        session.say(one.content)
        memoview.remarks(session, desk.known(one))


@command("show", examples=["bd memory show climate/drift"])
@click.argument("key")
@pass_session
def show(session: Session, key: str) -> None:
    """Show a memory with all that is known about it."""
    desk, memory = _found(session, key)
    known = desk.known(memory)
    if session.json:
        memoview.emit_one(session, known)
        return
    for line in memoview.page(known, session.clock()):
        session.say(line)


_FILTERS = (
    click.option("-k", "--kind", cls=Listed, help="Only of these kinds"),
    click.option("-t", "--tag", cls=Listed, help="Only with all of these tags"),
    click.option("-i", "--issue", metavar="ID", help="Only what an issue gave or was given"),
    click.option("--since", metavar="WHEN", help="Only what was changed since: -7d, 2027-01-15"),
    click.option("--older-than", type=DURATION, metavar="TIME", help="Only what was not so long"),
    click.option("--stale", is_flag=True, help="Only what names files that have changed since"),
    click.option("--pinned", is_flag=True, help="Only what is pinned"),
    click.option("--conflicts", is_flag=True, help="Only with other values from a merge"),
    click.option("--expired", is_flag=True, help="Only what is over"),
    click.option("--archived", is_flag=True, help="Only what is put away"),
    click.option("--deleted", is_flag=True, help="Only what was forgotten"),
    click.option("-a", "--all", "every", is_flag=True,
                 help="What is put away, over or replaced too"),
    click.option("--namespace", "--ns", default="", metavar="NS", help="Only below this key"),
)  # fmt: skip


def filtered(function: Any) -> Any:
    """The options that choose among memories."""
    for option in reversed(_FILTERS):
        function = option(function)
    return function


@command(
    "list",
    examples=["bd memory list", "bd memory list 'climate/*' --tag ml", "bd memory list --stale"],
)
@click.argument("pattern", default="", metavar="[PATTERN]")
@filtered
@click.option("--sort", type=click.Choice(ORDERS), default="key", help="In which order  [key]")
@click.option("-n", "--limit", type=int, metavar="N", help="At most so many")
@pass_session
def list_(session: Session, /, pattern: str, *, sort: str, limit: int | None, **given: Any) -> None:
    """List memories: key, kind, trust, age and what each is about.

    A pattern such as 'climate/*' means the whole subtree; `*` within a key stays in its segment.
    """
    desk = memoview.Desk(session.tracker.library)
    _amiss(session)
    chosen = Chosen(session, desk, given)
    found = sorted(chosen.all(pattern), key=_order(sort, desk))
    shown = [desk.known(one) for one in (found[:limit] if limit else found)]
    if session.json:
        session.emit_raw(map(desk.fragment, shown), total=len(found))
        return
    if not found:
        session.say(_nothing(pattern, chosen.hidden))
        return
    for line in memoview.table(list(memoview.row(known, session.clock())) for known in shown):
        session.say(line)
    if len(shown) < len(found):
        session.say(f"\nShowing {len(shown)} of {len(found)} memories")
    if chosen.hidden:
        session.note(f"{chosen.hidden} more are put away, over or replaced (--all)")


def _nothing(pattern: str, hidden: int) -> str:
    where = f" under {one_line(pattern)}" if pattern else ""
    more = f"; {hidden} are put away, over or replaced (--all)" if hidden else ""
    return f"No memories{where}{more}"


def _order(sort: str, desk: Desk) -> Callable[[Memory], Any]:
    from tracker.model import instant

    return {
        "key": lambda one: one.key,
        "updated": lambda one: (-instant(one.updated_at), one.key),
        "created": lambda one: (-instant(one.created_at), one.key),
        "trust": lambda one: (-desk.trust(one).value, one.key),
    }[sort]


class Chosen:
    """The memories that options of `filtered` choose; `hidden` counts what --all would add."""

    def __init__(self, session: Session, desk: Desk, given: Mapping[str, Any]) -> None:
        self._session = session
        self._desk = desk
        self._given = given
        self.hidden = 0

    def all(self, pattern: str) -> list[Memory]:
        """Those whose keys match a pattern; "" matches every key."""
        from tracker import keys

        namespace = self._given["namespace"].strip("/")
        if namespace and namespace != "default":
            pattern = keys.under(namespace, pattern or "**")
        elif not pattern:
            pattern = "**"
        elif not keys.is_pattern(pattern):
            pattern = pattern.rstrip("/")
        is_meant = keys.matcher(pattern)
        below = keys.matcher(f"{pattern}/") if not keys.is_pattern(pattern) else is_meant
        every = list(self._desk.drafts.memories.glances())
        replaced = _replaced(every)
        tests = self._tests(replaced)
        found = []
        for one in every:
            if (is_meant(one.key) or below(one.key)) and all(test(one) for test in tests):
                if self._is_hidden(one, replaced):
                    self.hidden += 1
                else:
                    found.append(one)
        return found

    def _is_hidden(self, one: Memory, replaced: set[str]) -> bool:
        given = self._given
        if any(given[name] for name in ("every", "expired", "archived", "deleted")):
            return False
        return _is_away(one, replaced, self._session.clock())

    def _tests(self, replaced: set[str]) -> Sequence[Callable[[Memory], bool]]:
        from tracker.model import instant
        from tracker.settling import entries

        given, now = self._given, self._session.clock()
        kinds, tags = set(given["kind"] or ()), set(given["tag"] or ())
        since = self._since(given["since"])
        before = now - int(given["older_than"] * 10**9) if given["older_than"] else None
        tests: list[tuple[Any, Callable[[Memory], bool]]] = [
            (True, lambda one: (one.status == "tombstone") == given["deleted"]),
            (kinds, lambda one: one.kind in kinds),
            (tags, lambda one: tags <= set(one.tags)),
            (given["issue"], self._of_issue(given["issue"])),
            (since, lambda one: instant(one.updated_at) >= (since or 0)),
            (before is not None, lambda one: instant(one.updated_at) <= (before or 0)),
            (given["stale"], lambda one: bool(self._desk.library.stale(one))),
            (given["pinned"], lambda one: one.pinned),
            (given["conflicts"], lambda one: bool(entries(one))),
            (given["archived"], lambda one: one.status == "archived"),
            (given["expired"], lambda one: one.status == "active" and one.key not in replaced
             and _is_away(one, replaced, now)),
        ]  # fmt: skip
        return [test for asked, test in tests if asked]

    def _since(self, text: str | None) -> int:
        if not text:
            return 0
        from tracker.cli.dates import when

        return when(text, self._session.clock(), "--since")

    def _of_issue(self, word: str | None) -> Callable[[Memory], bool]:
        if not word:
            return lambda _one: True
        from tracker.outcomes import is_about

        issue = self._session.tracker.issue(word)
        return lambda one: is_about(one, issue)
