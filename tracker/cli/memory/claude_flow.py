"""claude-flow's names for memory commands: store, retrieve, delete, clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import DURATION, Listed, command, ignored, pass_session
from tracker.cli.memory.output import emit_memory, print_written
from tracker.errors import Invalid
from tracker.text import one_line

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.memory.edits import MemoryEdit


_namespace = click.option(
    "-n", "--namespace", "--ns", default="", metavar="NS", help="Namespace of the key"
)


@command(
    "store",
    examples=[
        'bd memory store api-limit "100 requests a minute" --namespace climate',
        'bd memory store --key api-limit --value "100 requests a minute"',
    ],
    writes=True,
)
@click.argument("words", nargs=-1, metavar="[KEY] [VALUE]")
@click.option("-k", "--key", metavar="KEY", help="Key of the memory")
@click.option("--value", metavar="TEXT", help="Text of the memory")
@_namespace
@click.option("-t", "--tags", cls=Listed, help="Tags to add")
@click.option("--ttl", type=DURATION, metavar="SECONDS", help="Expire after this time")
@click.option("--secure", is_flag=True, help="Same as --redact")
@ignored("--reasoningbank", "--rb", "--basic", "--auto", "--vector", "--upsert", "--scan-content")
@ignored("--provenance", value=True)
@pass_session
def store(
    session: Session,
    /,
    words: tuple[str, ...],
    *,
    key: str | None,
    value: str | None,
    namespace: str,
    tags: tuple[str, ...] | None,
    ttl: float | None,
    secure: bool,
) -> None:
    """Set a memory: `bd memory set NAMESPACE/KEY VALUE`."""
    from tracker.cli.issue_options import origin
    from tracker.model import memory_keys
    from tracker.model.timestamps import stamp

    rest = list(words)
    key = key if key is not None else rest.pop(0) if rest else None
    value = value if value is not None else " ".join(rest) or None
    if key is None or value is None:
        raise Invalid("a key and a text are needed", hint='bd memory store KEY "TEXT"')
    if value == "-":
        value = session.read("-").rstrip("\r\n")
    session.flags.redact |= secure
    wish: MemoryEdit = {"content": value}
    if tags:
        wish["add_tags"] = tags
    if ttl is not None:
        wish["expires_at"] = stamp(session.clock() + int(ttl * 10**9))
    library = session.tracker.library
    made = library.put(memory_keys.under(namespace, key), wish, origin=origin(session, {}))
    if session.json:
        emit_memory(session, print_written(session, made))
        return
    size = len(made.content.encode(errors="replace"))
    session.say("✅ Stored successfully")
    session.say(f"📝 Key: {one_line(made.key)}")
    session.say(f"📦 Namespace: {one_line(made.namespace) or 'default'}")
    session.say(f"💾 Size: {size} bytes")


@command(
    "retrieve",
    examples=["bd memory retrieve api-limit --namespace climate"],
)
@click.argument("words", nargs=-1, metavar="[KEY]")
@click.option("-k", "--key", metavar="KEY", help="Key of the memory")
@_namespace
@pass_session
def retrieve(session: Session, words: tuple[str, ...], key: str | None, namespace: str) -> None:
    """Print the content of a memory: `bd memory get NAMESPACE/KEY`."""
    from tracker.cli.memory.recall import say
    from tracker.model import memory_keys

    if key is None:
        if len(words) != 1:
            raise Invalid("a key is needed", hint="bd memory retrieve KEY")
        key = words[0]
    say(session, (memory_keys.under(namespace, key),))


@command("delete", examples=["bd memory delete api-limit --namespace climate"], writes=True)
@click.argument("words", nargs=-1, metavar="[KEY...]")
@click.option("-k", "--key", metavar="KEY", help="Key of the memory")
@_namespace
@ignored("-f", "--force", "-y", "--yes")
@pass_session
def delete(session: Session, words: tuple[str, ...], key: str | None, namespace: str) -> None:
    """Forget memories: `bd memory forget NAMESPACE/KEY`."""
    from tracker.cli.memory.manage import forgotten
    from tracker.model import memory_keys

    names = [*words, *([key] if key else [])]
    if not names:
        raise Invalid("a key is needed", hint="bd memory delete KEY")
    forgotten(session, [memory_keys.under(namespace, name) for name in names])


@command(
    "clear",
    examples=["bd memory clear --namespace climate", "bd memory clear --namespace climate --force"],
    writes=True,
)
@_namespace
@click.option(
    "-f", "--force", "--yes", is_flag=True, help="Forget them; without this, only list them"
)
@pass_session
def clear(session: Session, namespace: str, force: bool) -> None:
    """Forget all memories of a namespace; `bd undo` reverts it."""
    place = namespace.strip("/")
    if not place or place == "default":
        raise Invalid("which namespace?", hint="bd memory clear --namespace NS")
    found = [one.key for one in session.tracker.library.find(f"{place}/")]
    if force and found:
        from tracker.cli.memory.manage import forgotten

        forgotten(session, found)
    elif session.json:
        session.emit({"would_forget": found})
    else:
        session.say(f"Would forget {len(found)} memories of {one_line(place)} (--force does it)")
        for key in found:
            session.say(f"  {one_line(key)}")
