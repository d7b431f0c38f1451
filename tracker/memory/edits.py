"""Validate a memory edit and compute the new fields.

Nothing is repaired in silence: what would have to be cut or replaced is refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from tracker.errors import Invalid
from tracker.model import memory_keys, validation
from tracker.model.memory import (
    CONTENT_LIMIT,
    DESCRIPTION_LIMIT,
    KINDS,
    LIST_LIMIT,
    ORIGINS,
    TITLE_LIMIT,
    VERDICTS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from tracker.issues.editing import Who
    from tracker.model.memory import Memory, Source


_JSON_NUMBER = re.compile(r"(?:0|1)(?:\.\d+)?\Z", re.ASCII)


def _no_blob(_path: str) -> str:
    return ""


class MemoryAuthor(NamedTuple):
    """Who writes, as what (one of ORIGINS), and the blob id that a file has now, "" for none."""

    who: Who
    origin: str = ""
    blob: Callable[[str], str] = _no_blob


class MemoryEdit(TypedDict, total=False):
    """What a write sets: a field that is left out stays, an empty one is cleared.

    `add_tags` and `remove_tags` change the tags that are there, `issues` and `paths` add to those
    of the source unless they are empty.
    """

    kind: str
    title: str
    description: str
    content: str
    tags: Sequence[str]
    add_tags: Sequence[str]
    remove_tags: Sequence[str]
    verdict: str
    confidence: str
    issues: Sequence[str]
    paths: Sequence[str]
    expires_at: str
    supersedes: Sequence[str]
    related: Sequence[str]
    pinned: bool


class MemoryTarget(NamedTuple):
    """Where a memory is to be (None: where it is), and the content that it has to hold now."""

    private: bool | None = None
    expected: str | None = None


ANYWHERE = MemoryTarget()


def values(base: Memory, wish: MemoryEdit, hand: MemoryAuthor, *, is_new: bool) -> dict[str, Any]:
    """The fields of a memory as they are to be. Raises Invalid."""
    given: Mapping[str, Any] = wish
    found = {name: check(given[name]) for name, check in _CHECKS.items() if name in given}
    tags = tuple(found.pop("tags", base.tags))
    tags = joined(tags, wish.get("add_tags", ()), "tags")
    gone = {tag.strip() for tag in wish.get("remove_tags", ())}
    found["tags"] = tuple(tag for tag in tags if tag not in gone)
    speaks_anew = is_new or found.get("content", base.content) != base.content
    found["source"] = _source(base.source, wish, hand, speaks_anew=speaks_anew)
    return found


def _source(was: Source, wish: MemoryEdit, hand: MemoryAuthor, *, speaks_anew: bool) -> Source:
    """Where the memory comes from: whoever wrote its content, and the files as they were then."""
    issues = was.issues
    if "issues" in wish:
        issues = joined(was.issues, wish["issues"], "issues") if wish["issues"] else ()
    paths = dict(was.paths)
    if "paths" in wish:
        fresh = blobs(dict.fromkeys(wish["paths"]), hand)
        paths = {**paths, **dict(fresh)} if wish["paths"] else {}
    if len(paths) > LIST_LIMIT:
        raise Invalid(f"a memory names {LIST_LIMIT} files at most (got {len(paths)})")
    if hand.origin and hand.origin not in ORIGINS:
        raise Invalid(f"invalid origin: {hand.origin}", hint=f"valid: {', '.join(ORIGINS)}")
    if not speaks_anew:
        return replace(was, issues=issues, paths=tuple(paths.items()))
    return replace(
        was,
        by=validation.text("actor", hand.who.name),
        origin=hand.origin,
        session=validation.text("session", hand.who.session),
        issues=issues,
        paths=blobs(paths, hand),
    )


def blobs(paths: Mapping[str, str | None], hand: MemoryAuthor) -> tuple[tuple[str, str], ...]:
    """Files with the blob ids that they have now."""
    return tuple((path, hand.blob(path)) for path in paths)


def joined(was: Sequence[str], more: Iterable[str], name: str) -> tuple[str, ...]:
    """A list with members added that are not in it, each a word on one line."""
    found = list(was)
    for each in more:
        word = validation.word(name, each, TITLE_LIMIT)
        if word not in found:
            found.append(word)
    if len(found) > max(LIST_LIMIT, len(was)):
        raise Invalid(f"{name} must be {LIST_LIMIT} or fewer (got {len(found)})")
    return tuple(found)


def _kind(value: str) -> str:
    if value not in KINDS:
        raise Invalid(f"invalid kind: {value}", hint=f"valid: {', '.join(KINDS)}")
    return value


def _verdict(value: str) -> str:
    if value and value not in VERDICTS:
        raise Invalid(f"invalid verdict: {value}", hint=f"valid: {', '.join(VERDICTS)}")
    return value


def _title(value: str) -> str:
    return validation.word("title", value, TITLE_LIMIT) if value.strip() else ""


def _limited(name: str, limit: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > limit:
            raise Invalid(
                f"{name} must be {limit} characters or less (got {len(value)})",
                hint="put the long text into a file of the repository and name it with --path",
            )
        return validation.text(name, value)

    return check


def _content(value: str) -> str:
    if not value.strip():
        raise Invalid("the text is empty", hint="bd memory forget KEY takes a memory away")
    return _limited("content", CONTENT_LIMIT)(value)


def _confidence(value: str) -> str:
    """The number as it was typed, where JSON takes it."""
    if not value:
        return ""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise Invalid(f"invalid confidence {value!r}: a number from 0 to 1")
    return value if _JSON_NUMBER.match(value) else str(number)


def _keys(name: str) -> Callable[[Sequence[str]], tuple[str, ...]]:
    return lambda value: joined((), [memory_keys.check(one) for one in value], name)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "kind": _kind,
    "title": _title,
    "description": _limited("description", DESCRIPTION_LIMIT),
    "content": _content,
    "tags": lambda value: joined((), value, "tags"),
    "verdict": _verdict,
    "confidence": _confidence,
    "expires_at": lambda value: validation.moment("expires_at", value),
    "supersedes": _keys("supersedes"),
    "related": _keys("related"),
    "pinned": bool,
}
