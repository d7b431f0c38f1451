"""`bd memory mv`, `link`, `pin`, `verify`, `archive`, `purge` and `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.cli.memory.memories import filtered, only
from tracker.cli.memory.output import print_written
from tracker.errors import Invalid, NoMemory, quoted
from tracker.render import memories
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.log.memory_log import MemoryDraft
    from tracker.memory.edits import MemoryAuthor
    from tracker.model.memory import Memory
    from tracker.workspace.memory_history import MemoryText


names_given = click.argument("names", nargs=-1, required=True, metavar="KEY...")


def forgotten(session: Session, names: Sequence[str]) -> None:
    """Forget memories, and say so."""
    _answer(session, [(one, "forgot") for one in session.tracker.library.forget(names)])


@command(
    "mv",
    examples=["bd memory mv drift climate/drift", "bd memory mv old/ new/"],
    writes=True,
)
@click.argument("old")
@click.argument("new")
@pass_session
def mv(session: Session, old: str, new: str) -> None:
    """Rename a memory or a namespace.

    Names of namespaces end with a slash. The old key still finds the memory; verdicts follow it.
    """
    from tracker.memory import actions
    from tracker.model.status import TOMBSTONE

    library = session.tracker.library
    hand = library.hand()

    def action(notes: MemoryDraft) -> Iterator[tuple[str, Memory, bool]]:
        pairs = [(old, new)]
        if old.endswith("/") or new.endswith("/"):
            if not (old.endswith("/") and new.endswith("/")):
                raise Invalid(
                    "end both with a slash to move a namespace", hint="bd memory mv a/ b/"
                )
            names = [one.key for one in notes.glances() if one.status != TOMBSTONE]
            pairs = [(key, new + key[len(old) :]) for key in names if key.startswith(old)]
            if not pairs:
                raise Invalid(f"there is nothing under {old}", hint="bd memory list")
        for one, other in pairs:
            before = actions.held(notes, one)
            made = actions.move(notes, one, other, hand)
            yield one, made, made == before

    moved = session.tracker.edit(lambda drafts: list(action(drafts.memories)))
    if session.json:
        session.emit([{"from": before, "to": memory.key} for before, memory, _ in moved])
        return
    for before, memory, same in moved:
        text = f"Moved [{one_line(before)}] to [{one_line(memory.key)}]"
        session.say(memories.said("unchanged", memory) if same else text)


@command("link", examples=["bd memory link climate/drift climate/noise"], writes=True)
@click.argument("key")
@click.argument("other")
@pass_session
def link(session: Session, key: str, other: str) -> None:
    """Relate a memory to another."""
    from tracker.memory import actions

    (one,) = session.tracker.library.change(
        lambda notes, name, hand: actions.link(notes, name, other, hand), [key]
    )
    text = f"Linked [{one_line(one.key)}] with [{one_line(other)}]"
    _answer(session, [(one, "linked")], text)


@command("supersede", examples=["bd memory supersede climate/old climate/drift"], writes=True)
@click.argument("old")
@click.argument("new")
@pass_session
def supersede(session: Session, old: str, new: str) -> None:
    """Supersede a memory by another, and hide the old one."""
    from tracker.memory import actions

    (one,) = session.tracker.library.change(
        lambda notes, name, hand: actions.supersede(notes, old, name, hand), [new]
    )
    text = f"[{one_line(one.key)}] takes the place of [{one_line(old)}]"
    _answer(session, [(one, "replaced")], text)


@command("pin", examples=["bd memory pin climate/drift"], writes=True)
@names_given
@pass_session
def pin(session: Session, names: tuple[str, ...]) -> None:
    """Pin memories, to show them first."""
    from tracker.memory import actions

    _change(session, names, actions.pin, "pinned")


@command("unpin", examples=["bd memory unpin climate/drift"], writes=True)
@names_given
@pass_session
def unpin(session: Session, names: tuple[str, ...]) -> None:
    """Unpin memories."""
    from tracker.memory import actions

    _change(
        session, names, lambda notes, key, hand: actions.pin(notes, key, hand, pinned=False),
        "unpinned",
    )  # fmt: skip


@command("verify", examples=["bd memory verify climate/drift"], writes=True)
@names_given
@pass_session
def verify(session: Session, names: tuple[str, ...]) -> None:
    """Confirm that stale memories still hold."""
    from tracker.memory import actions

    _change(session, names, actions.verify, "verified")


@command(
    "restore",
    examples=[
        "bd memory restore climate/drift",
        "bd memory restore climate/drift --rev 3f2a9c01",
    ],
    writes=True,
)
@names_given
@click.option("--rev", metavar="N|HASH", help="An earlier text, listed by bd memory history KEY")
@pass_session
def restore(session: Session, names: tuple[str, ...], rev: str | None) -> None:
    """Restore forgotten or archived memories, or an earlier text."""
    from tracker.cli.memory.history import latest, revision
    from tracker.memory import actions

    if rev is None:
        try:
            _change(session, names, actions.restore, "restored")
        except NoMemory:
            text = latest(session, names[0]) if len(names) == 1 else None
            if text is None or not text.private:  # of a private one no tombstone stays
                raise
            _give(session, names, text)
        return
    if len(names) > 1:
        raise click.UsageError("--rev is of one memory")
    _give(session, names, revision(session, names[0], rev))


def _give(session: Session, names: Sequence[str], text: MemoryText) -> None:
    """Bring a text back; one that never left this clone does not leave it so, either."""
    from tracker.memory import actions

    def action(notes: MemoryDraft, key: str, hand: MemoryAuthor) -> Memory:
        private = True if text.private else None
        return actions.give(notes, key, text.content, hand, private=private)

    _change(session, names, action, "restored")


@command(
    "archive",
    examples=[
        "bd memory archive climate/drift",
        "bd memory archive 'swarm/*' --older-than 90d --dry-run",
    ],
    writes=True,
)
@names_given
@filtered
@click.option("--dry-run", is_flag=True, help="Show what would be archived")
@pass_session
def archive(session: Session, /, names: tuple[str, ...], *, dry_run: bool, **given: Any) -> None:
    """Archive memories; only --all finds them. Patterns are accepted."""
    from tracker.memory import actions
    from tracker.model import memory_keys

    patterns = [name for name in names if memory_keys.is_pattern(name)]
    chosen = [name for name in names if name not in patterns]
    for pattern in patterns:
        found = session.memories.listed(only(session, given, pattern))
        chosen += [row.key for row in found.rows]
    if not chosen:
        raise Invalid("nothing matches", hint="bd memory list")
    if dry_run:
        session.emit(chosen) if session.json else session.say("\n".join(map(one_line, chosen)))
        return
    _change(session, list(dict.fromkeys(chosen)), actions.archive, "archived")


@command(
    "purge",
    examples=["bd memory purge climate/leaked", "bd memory purge climate/leaked --force"],
    writes=True,
)
@names_given
@click.option("--force", is_flag=True, help="Delete them; without this, only list them")
@pass_session
def purge(session: Session, names: tuple[str, ...], force: bool) -> None:
    """Delete memories for good, from the journal too.

    Committed texts stay in git's history; the commands to remove them there are printed, not run.
    """
    library = session.tracker.library
    if not force:
        found = library.present(names)
        if session.json:
            session.emit({"would_purge": found})
        else:
            session.say(
                "Would take away for good (--force does it): " + " ".join(map(quoted, found))
            )
        return
    gone = library.purge(names)
    advice = _advice(session)
    if session.json:
        session.emit({"purged": gone, "git": advice})
        return
    for key in gone:
        session.say(f"Purged [{one_line(key)}]")
    session.say("What was committed is still in git's history. To take it out of that:")
    for line in advice:
        session.say(f"  {line}")


def _advice(session: Session) -> list[str]:
    import os

    place = session.place
    path = os.path.relpath(os.path.join(place.beads, "memory.jsonl"), place.top or place.root)
    return [
        "git filter-repo --replace-text SECRETS.txt   # a line for each secret",
        f"git log --all --oneline -- {path}   # who has it: all must fetch anew",
    ]


def _change(
    session: Session,
    names: Sequence[str],
    action: Callable[[MemoryDraft, str, MemoryAuthor], Memory],
    done: str,
) -> None:
    """Do something to memories; one that is so already is said to be unchanged."""
    words: dict[str, str] = {}  # a write may start over: each key has its last word

    def noting(notes: MemoryDraft, key: str, hand: MemoryAuthor) -> Memory:
        from tracker.memory import actions

        before = actions.held(notes, key)
        made = action(notes, key, hand)
        words[key] = "unchanged" if made == before else done
        return made

    made = session.tracker.library.change(noting, list(dict.fromkeys(names)))
    _answer(session, list(zip(made, words.values(), strict=True)))


def _answer(session: Session, done: Sequence[tuple[Memory, str]], text: str = "") -> None:
    """Say what was done to each memory."""
    if session.json:
        known = [(print_written(session, one), word) for one, word in done]
        session.emit_raw(memories.fragment(one, action=word) for one, word in known)
        return
    for one, word in done:
        session.say(text or memories.said(word, one))
