"""`bd remember`, `bd memory set` and `bd memory append`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tracker.cli.command import DURATION, Listed, command, pass_session
from tracker.cli.issue_options import origin
from tracker.cli.memory.output import emit_memory, print_written
from tracker.errors import Invalid, quoted
from tracker.render import memories
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.memory.edits import MemoryEdit
    from tracker.model.memory import Memory
    from tracker.workspace.memories import MemoryWritten


HOUR = 3600 * 10**9
_TEXTS = ("kind", "title", "description", "verdict", "confidence")
_LISTS = ("supersedes", "related", "issues")

_OPTIONS = (
    click.option("-f", "--file", metavar="FILE", help="Read the text from FILE; '-' is stdin"),
    click.option("-k", "--kind", metavar="KIND",
                 help="fact, note, decision, spec, pattern, procedure, pitfall, preference..."),
    click.option("--title", metavar="TEXT", help="One-line title"),
    click.option("-d", "--description", "--desc", "--when", "description", metavar="TEXT",
                 help="When to use it"),
    click.option("-t", "--tag", "--tags", "add_tags", cls=Listed,
                 help='Tags to add; "" removes all'),
    click.option("--untag", "remove_tags", cls=Listed, help="Tags to remove"),
    click.option("--verdict", metavar="V", help="Outcome: success, failure or mixed"),
    click.option("--confidence", "--conf", metavar="P", help="Confidence, 0 to 1"),
    click.option("-i", "--issue", "--issues", "issues", cls=Listed,
                 help='Issues it came from; "" removes all'),
    click.option("-p", "--path", "--paths", "paths", cls=Listed,
                 help='Files it is about; stale when they change; "" removes all'),
    click.option("--ttl", type=DURATION, metavar="TIME", help="Expire after TIME: 90d, 12h"),
    click.option("--expires", metavar="WHEN", help="Expire at WHEN: +2w, 2027-01-15"),
    click.option("--supersedes", cls=Listed, help="Keys of the memories it supersedes"),
    click.option("--related", cls=Listed, help="Keys of related memories"),
    click.option("--pin/--no-pin", "pinned", default=None, help="Show it before other memories"),
    click.option("--local/--shared", "private", default=None,
                 help="Keep it in this clone only, or share it with git"),
    click.option("--origin", metavar="WHO", help="Origin: user, agent, tool or distilled"),
)  # fmt: skip


def described(function: Any) -> Any:
    """The options for what a memory says beside its text."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@command(
    "remember",
    examples=[
        'bd remember "Always run the migrations before the tests"',
        'bd remember "RS256, never HS256" --key auth/jwt --kind decision --issue bd-a1b2c',
    ],
    json_errors="stdout",
    writes=True,
)
@click.argument("words", nargs=-1, metavar="TEXT")
@click.option("--key", metavar="KEY", help="Key  [made of the first words]")
@described
@pass_session
def remember(session: Session, /, words: tuple[str, ...], key: str | None, **given: Any) -> None:
    """Remember a text for later sessions and other clones.

    An existing key is overwritten. Without a key, each new text gets its own.
    """
    from tracker.memory.edits import MemoryTarget

    text = _text(session, words, given["file"])
    if text is None or not text.strip():
        raise Invalid("there is nothing to remember: the text is empty", hint='bd remember "TEXT"')
    wish = _wish(session, given)
    wish["content"] = text
    library = session.tracker.library
    written = library.written(
        key or "", wish, MemoryTarget(given["private"]), origin(session, given)
    )
    warnings = _anew(written) + _echoes(session, written)
    made = written.memory
    if session.json:
        told = {"action": _action(written), "key": made.key, "value": made.content}
        session.emit({**told, "warnings": warnings} if warnings else told)
    else:
        session.say(memories.said(_action(written), made))
        _remark(session, made)
        _warn(session, warnings)


@command(
    "set",
    examples=[
        'bd memory set climate/drift "Detrend first." --kind pattern --tag ml',
        "bd memory set climate/drift --path src/drift.py --pin",
        "bd memory set climate/drift - < notes.md",
        'bd memory set climate/drift "Detrend last." --if-hash 3f2a9c01',
    ],
    writes=True,
)
@click.argument("key")
@click.argument("words", nargs=-1, metavar="[TEXT|-]")
@click.option("--if-hash", metavar="HASH",
              help='Write only if the content has this hash; "none" if new')  # fmt: skip
@described
@pass_session
def set_(
    session: Session, /, key: str, words: tuple[str, ...], if_hash: str | None, **given: Any
) -> None:
    """Create a memory, or change its text and fields.

    Fields that are not named stay as they are. The old text stays in the history.
    """
    from tracker.memory.edits import MemoryTarget
    from tracker.model import memory_keys

    wish = _wish(session, given)
    text = _text(session, words, given["file"])
    if text is not None:
        wish["content"] = text
    if not wish:
        raise Invalid(f"nothing to set for {key}", hint=f'bd memory set {quoted(key)} "TEXT"')
    where = MemoryTarget(given["private"], if_hash)
    key = memory_keys.check(key)  # an empty one would mean: make one of the text
    written = session.tracker.library.written(key, wish, where, origin(session, given))
    _answer(session, written, _anew(written) + _echoes(session, written))


@command(
    "append",
    examples=['bd memory append swarm/log "step 3 is done"', "bd memory append swarm/log -"],
    writes=True,
)
@click.argument("key")
@click.argument("words", nargs=-1, metavar="TEXT|-")
@click.option("-f", "--file", metavar="FILE", help="Read the text from FILE; '-' is stdin")
@click.option("--local/--shared", "private", default=None, help="Keep it in this clone only")
@pass_session
def append(
    session: Session, /, key: str, words: tuple[str, ...], file: str | None, private: bool | None
) -> None:
    """Append lines to a memory, or create it."""
    from tracker.memory.edits import MemoryTarget

    text = _text(session, words, file)
    if text is None:
        raise Invalid("there is nothing to append", hint=f'bd memory append {quoted(key)} "TEXT"')
    where = MemoryTarget(private)
    written = session.tracker.library.appended(key, text, where, origin(session, {}))
    _answer(session, written, _anew(written))


def _answer(session: Session, written: MemoryWritten, warnings: list[str]) -> None:
    if session.json:
        known = print_written(session, written.memory)
        more = {"warnings": warnings} if warnings else {}
        emit_memory(session, known, action=_action(written), **more)
    else:
        session.say(memories.said(_action(written), written.memory))
        _remark(session, written.memory)
        _warn(session, warnings)


def _remark(session: Session, memory: Memory) -> None:
    """Tell people what they may not expect of what they have just written."""
    from tracker.model.timestamps import instant

    is_over = 0 < instant(memory.expires_at) <= session.clock()
    for text in (*memories.hidden(memory, expired=is_over), *memories.disputes(memory)):
        session.note(text)


def _action(written: MemoryWritten) -> str:
    return "updated" if written.was else "remembered"


def _text(session: Session, words: tuple[str, ...], file: str | None) -> str | None:
    """What was typed, or stands in the file or on the standard input; None for neither."""
    if file is not None and words:
        raise Invalid("cannot specify both a text and --file")
    if words == ("-",):
        file = "-"
    if file is not None:
        return session.read(file).rstrip("\r\n")
    return " ".join(words) if words else None


def _wish(session: Session, given: Mapping[str, Any]) -> MemoryEdit:
    """The fields that the options set; those that were not given are left out."""
    wish: dict[str, Any] = {
        name: given[name] for name in (*_TEXTS, *_LISTS) if given[name] is not None
    }
    if given["pinned"] is not None:
        wish["pinned"] = given["pinned"]
    if given["add_tags"] == ():
        wish["tags"] = ()
    wish |= {name: given[name] for name in ("add_tags", "remove_tags") if given[name]}
    if given["paths"] is not None:
        tree = session.tracker.library.tree
        wish["paths"] = [tree.path(path, session.folder) for path in given["paths"]]
    if given["issues"]:
        wish["issues"] = [session.tracker.resolve(issue) for issue in given["issues"]]
    if given["expires"] is not None and given["ttl"] is not None:
        raise Invalid("cannot specify both --ttl and --expires")
    if given["ttl"] is not None:
        wish["expires_at"] = _stamp(session.clock() + int(given["ttl"] * 10**9))
    elif given["expires"] is not None:
        wish["expires_at"] = _until(session, given["expires"])
    return wish  # type: ignore[return-value]


def _until(session: Session, text: str) -> str:
    from tracker.cli.dates import when

    return _stamp(when(text, session.clock(), "--expires")) if text else ""


def _stamp(nanoseconds: int) -> str:
    from tracker.model.timestamps import stamp

    return stamp(nanoseconds)


def _anew(written: MemoryWritten) -> list[str]:
    """What a memory lacks of the one that was forgotten under its key."""
    if not written.dropped:
        return []
    key = one_line(written.memory.key)
    return [
        (
            f"{key} was forgotten before and begins anew, without its {', '.join(written.dropped)}"
            f" (bd undo and bd memory restore {quoted(key)} bring all of it back)"
        )
    ]


def _echoes(session: Session, written: MemoryWritten) -> list[str]:
    """What other memories say the same, so that nothing is written twice by itself."""
    from tracker.memory.similarity import echoes, telling

    made, was = written.memory, written.was
    if was is not None and was.content == made.content:
        return []
    near = session.tracker.library.saying(telling(made.content))
    found = echoes(made, near)
    shown = _shown(session) if found else ()
    return [str(one._replace(recalled=one.key in shown)) for one in found]


def _shown(session: Session) -> set[str]:
    """The keys that agents were given in this clone within the last hour."""
    from tracker.workspace import runs

    since = session.clock() - HOUR
    events = runs.read_events(session.tracker.local)
    return {key for one in events if one.at >= since and one.kind != "done" for key in one.keys}


def _warn(session: Session, warnings: list[str]) -> None:
    for text in warnings:
        session.note(text)
    if session.json:
        return
    from tracker.small_files import contents

    shared = contents(os.path.join(session.place.beads, "memory.jsonl")) or b""
    if shared.find(b"\n", 0, len(shared) - 1) >= 0:  # said with the first memory alone
        return
    from tracker.setup.init import missing_attributes

    data = contents(os.path.join(session.place.beads, ".gitattributes")) or b""
    if any(line.startswith("memory.jsonl ") for line in missing_attributes(data, "issues.jsonl")):
        session.note("git will merge memory.jsonl as plain text until bd init tells it how")
