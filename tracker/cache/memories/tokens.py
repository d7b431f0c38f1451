"""Split text into the terms of the full-text index.

The index (SQLite's FTS5, `porter unicode61 remove_diacritics 2`) splits at whatever is no letter or
digit, folds case and accents, and stems English. What it cannot do happens here: stop words, names
in camelCase, and scripts that are written without spaces, which become pairs of characters.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_STOPS = """
    a about above after again against all am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further
    had has have having he her here hers him his how i if in into is it its itself just me might
    more most must my no nor not of off on once only or other our ours out over own same shall she
    should so some such than that the their theirs them then there these they this those through
    to too under until up us very was we were what when where which while who whom why will with
    would you your yours aren couldn d didn doesn don hadn hasn haven isn ll m re s shouldn t ve
    wasn weren won wouldn
"""
STOP_WORDS = frozenset(_STOPS.split())
"""Words that say nothing about a subject, and what an apostrophe leaves of others."""

MOST = 400
"""Terms of one question that are looked at: no question of a person has as many."""
_LONGEST = 64  # characters of a term; a longer word is looked for by its beginning

# Marks that belong to the letter before them, in scripts where words hold many.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff\u0f71-\u0fbc"
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_NAME = re.compile("[A-Za-z0-9]+")
_INNER = re.compile("[A-Z](?<=[A-Za-z0-9].)")  # written so that only capitals are looked at
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@cache
def _word() -> re.Pattern[str]:
    return re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")


@cache
def _run() -> re.Pattern[str]:
    return re.compile(rf"[{_UNSPACED}]+")


def terms(text: str) -> list[str]:
    """What a question asks for: each term once, in order, without stop words if others are left.

    A name in camelCase is a term, and so are its parts.
    """
    found: dict[str, None] = {}
    for word in (_NAME if text.isascii() else _word()).finditer(text):
        found.update(dict.fromkeys(_terms_of(word[0])))
        if len(found) > MOST:
            break
    told = [term for term in found if term not in STOP_WORDS]
    return (told or list(found))[:MOST]


def _terms_of(word: str) -> Iterator[str]:
    if word.isascii():
        yield word.lower()
        yield from (part.lower() for part in humps(word))
        return
    at = 0
    for run in _run().finditer(word):
        if run.start() > at:
            yield word[at : run.start()].lower()
        yield from _pairs(run[0]) if len(run[0]) > 1 else run[0]
        at = run.end()
    if at < len(word):
        yield word[at:].lower()


def humps(word: str) -> list[str]:
    """The parts of a name in camelCase; none of any other word."""
    if len(word) > _LONGEST or word.islower() or word.isupper() or word[1:].islower():
        return []
    parts = _HUMP.split(word)
    return parts if len(parts) > 1 else []


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def phrase(term: str) -> str:
    """A term as FTS5 looks for it: quoted, so that nothing in it is syntax."""
    if len(term) == 1 and not term.isascii() and _run().match(term):
        return f'"{term}"*'  # the index holds it as the beginning of a pair
    if len(term) > _LONGEST:
        return f'"{term[:_LONGEST]}"*'
    return '"' + term.replace('"', '""') + '"'


def match(found: Iterable[str]) -> str:
    """The expression that finds what holds any of the terms; "" for none."""
    return " OR ".join(map(phrase, found))


def match_pairs(found: Sequence[str]) -> str:
    """The expression that finds what holds two of the terms as they follow each other."""
    whole = [phrase(term) for term in found]
    return " OR ".join(
        f"{one[:-1]} {two[1:]}" for one, two in pairwise(whole) if not (one + two).count("*")
    )


def indexed(text: str) -> str:
    """A text as the index is given it: runs without spaces become pairs of characters.

    The last character stands alone as well, so that each is the beginning of something.
    """
    if text.isascii():
        return text
    return _run().sub(lambda run: f" {' '.join([*_pairs(run[0]), run[0][-1]])} ", text)


def parts(text: str) -> list[str]:
    """The parts of all names in camelCase, for a column of their own."""
    if not _INNER.search(text):
        return []
    return [part for word in _NAME.findall(text) for part in humps(word)]
