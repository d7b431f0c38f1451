"""Recognise private keys.

A key may be quoted, indented, part of a diff, or on one line with escaped line ends. Nothing that
was read is read again, so the time grows with the length of the text alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


HINTS = (
    "PRIVATE KEY",
    "PuTTY-User-Key-File-",
    "LS0tLS1CRUdJTi",
    '"kty',
    "PrivateKey",
    "PresharedKey",
)
"""Words of which each text that holds a private key holds one."""
_FEWEST = 40  # characters of a body; the shortest keys have 60
_FIELDS = 5  # lines between the head of a key and its body
_NEAR = 2_000  # characters of a JSON Web Key, or of a PuTTY key before its private lines

_HEAD = r"-{4,5} ?BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_END = r"-{4,5} ?END (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_GAPS = r"(?:\\++[nrt]|[\s\"'`+,>|#*])*+"  # a line's end, also where it is quoted or escaped
_FIELD = r"[A-Z][\w-]{0,30}:[^\n\\]{0,120}(?:\\+[nr]|\n)"
_BLOCK = r"[A-Za-z0-9+/=]{16,}+"
_REST = r"[A-Za-z0-9+/=]{1,15}"
_PUTTY = r"PuTTY-User-Key-File-\d:"
_PUTTY_BODY = r"Private-Lines: ?\d+"
_ENCODED = r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{60,}+={0,2}"
_WIREGUARD = (
    r"(?:PrivateKey|PresharedKey)\s{0,3}=\s{0,3}(?P<s>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"
)
_JWK = r'\\{0,3}"(?:d|k)\\{0,3}"\s{0,3}:\s{0,3}\\{0,3}"(?P<s>[\w-]{40,}+)\\{0,3}"'


class Key(NamedTuple):
    """Where a text holds a private key: the rule, start, end, and what tells whether it is real."""

    rule: str
    start: int
    end: int
    body: str


def keys(text: str) -> Iterator[Key]:
    """Every private key of a text."""
    if "PRIVATE KEY" in text:
        yield from _headed(text, "private-key", _HEAD)
    if "PuTTY-User-Key-File-" in text and "Private-Lines:" in text:
        yield from _of_putty(text)
    if "LS0tLS1CRUdJTi" in text:
        yield from _encoded(text)
    if "PrivateKey" in text or "PresharedKey" in text:
        for found in re.finditer(_WIREGUARD, text, re.ASCII):
            yield Key("wireguard", *found.span("s"), found["s"])
    if '"kty' in text:
        yield from _of_json(text)


def _headed(text: str, rule: str, head: str) -> Iterator[Key]:
    pattern, at = re.compile(head), 0
    while found := pattern.search(text, at):
        at = found.end()
        read = _body(text, at)
        if read is not None:
            at, body = read
            yield Key(rule, found.start(), at, body)


def _body(text: str, at: int) -> tuple[int, str] | None:
    """The end of the base64 text after a head, with the line that closes it, and that text."""
    at = _after(_GAPS, text, at)
    for _ in range(_FIELDS):
        field = _after(_FIELD, text, at)
        if field == at:
            break
        at = _after(_GAPS, text, field)
    blocks, end = [], at
    while (past := _after(_BLOCK, text, at)) != at:
        blocks.append(text[at:past])
        end, at = past, _after(_GAPS, text, past)
    body = "".join(blocks)
    if len(body) < _FEWEST:
        return None
    for _ in range(3):  # the last lines are short, and one may be a checksum
        if (closed := _after(_END, text, at)) != at:
            return closed, body
        at = _after(_GAPS, text, _after(_REST, text, at))
    return end, body


def _after(pattern: str, text: str, at: int) -> int:
    """Where what a pattern matches at a place ends; that place where it does not match."""
    found = re.compile(pattern, re.ASCII).match(text, at)
    return found.end() if found else at


def _of_putty(text: str) -> Iterator[Key]:
    at = 0
    while found := re.compile(_PUTTY).search(text, at):
        at = found.end()
        lines = re.compile(_PUTTY_BODY).search(text, at, at + _NEAR)
        read = _body(text, lines.end()) if lines else None
        if read is not None:
            at, body = read
            yield Key("putty-key", found.start(), at, body)


def _encoded(text: str) -> Iterator[Key]:
    """PEM that is encoded once more, as Kubernetes keeps it."""
    import base64

    for found in re.finditer(_ENCODED, text):
        head = base64.b64decode(found[0][:72])
        if b"PRIVATE KEY" in head:
            yield Key("private-key", *found.span(), found[0])


def _of_json(text: str) -> Iterator[Key]:
    """The private part of a JSON Web Key: it stands beside a type of key."""
    for found in re.finditer(_JWK, text, re.ASCII):
        start, end = found.span("s")
        if '"kty' in text[max(0, start - _NEAR) : end + _NEAR]:
            yield Key("jwk", start, end, found["s"])
