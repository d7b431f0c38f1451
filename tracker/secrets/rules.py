"""The rules for what looks like a secret.

`find` names rule and place, never the value: whoever reports a finding cannot leak it. Rules that
refuse have a shape that only one vendor's tokens have; the loose ones (a password that is assigned,
one in a URL, a bearer word) only warn, since in real texts nearly all that they find is harmless.

Most texts hold none of the words that tokens begin with, and then no pattern is compiled. The time
grows with the length of the text and with nothing else, whatever it holds: a pattern is tried where
one of its words stands, reads a bounded part, and what it took is not read again.

Laws: `find` of a text without a hint is empty; findings ascend and do not overlap; after `redacted`
none of them is found again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from math import log2
from typing import TYPE_CHECKING, NamedTuple

from tracker.secrets import private_keys
from tracker.secrets.tokens import FORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from tracker.secrets.tokens import Form


_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_SHORTEST = 20  # characters of a token; no vendor's are shorter
_RUN = "[A-Za-z0-9_+/=.-]{16,}+"  # each token holds one
_TRIES = 20  # of a run of letters that may begin with a JSON Web Token
_JUDGED = 400  # characters of a value that decide whether it is a secret
_HINTED = tuple((hint, form) for form in FORMS for hint in form.hints.split())
_SEARCHED = tuple(form for form in FORMS if not form.hints)
_ESCAPED = r"\\(?:u([0-9a-fA-F]{4})|/)"
_ENDED = frozenset(" \t\r\n\"'`<>()[]{},")  # what ends a URL in a text

_AWS = (
    r"(?i:secret[ _-]?(?:access)?[ _-]?key)[\w ]{0,10}[\"'`]?\s{0,3}(?:=|:|=>)\s{0,3}"
    r"[\"'`]?(?P<s>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])"
)
_NAMES = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|"
    r"client[_-]?secret|private[_-]?key|credential"
)
_BEARER = (
    r"(?i:authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer|basic|token|apikey)|bearer)"
    r"\s{1,9}(?P<s>[\w.~+/-]{20,}+={0,3})"
)
_URL = (
    r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://(?P<user>[^\s/:@\"'<>`]{0,64})"
    r":(?P<s>[^\s/@\"'<>`]{6,200}+)@[\w.\[-]"
)
_ASSIGNED = (
    rf"(?i:(?:{_NAMES}))s?\w{{0,20}}[\"'`]?\s{{0,3}}(?:=|:=|=>|:)\s{{0,3}}"
    r"[\"'`]?(?P<s>[^\s\"'`,;()\[\]{}<>]{8,200}+)"
)
_NETRC = (
    r"machine\s{1,9}\S{1,200}+\s{1,9}login\s{1,9}\S{1,200}+\s{1,9}password\s{1,9}(?P<s>\S{8,200}+)"
)
# A hint in lower case, the name of the rule, its form, and whether it refuses.
_LOOSE: tuple[tuple[str, str, str, bool], ...] = (
    ("secret", "aws-secret-key", _AWS, True),
    ("://", "password-in-url", _URL, False),
    ("bearer", "authorization", _BEARER, False),
    ("authorization", "authorization", _BEARER, False),
    ("machine", "netrc", _NETRC, False),
    *((hint, "assigned", _ASSIGNED, False)
      for hint in ("pass", "pwd", "secret", "token", "key", "credential")),
)  # fmt: skip

# What stands where a secret belongs.
_SAID = (
    "example placeholder redacted changeme change-me change_me dummy your fake sample insert"
    " replace xxxx abcdefg"
)
_SIGNS = "*** ... … < > $ % 1234567"
_PLACEHOLDERS = tuple(f"{_SAID} {_SAID.upper()} {_SIGNS}".split())
_ROW = 8  # times the same letter
_CODE = r"[A-Za-z_]\w*+(?:(?:\.|::|->)\w++)++"
_PATH = r"[\w./~-]*+"


class Finding(NamedTuple):
    """Where a text holds what may be a secret; `refuses` tells a vendor's token from a guess."""

    rule: str
    start: int
    end: int
    fingerprint: str
    refuses: bool

    def __str__(self) -> str:
        return f"rule {self.rule}, fingerprint {self.fingerprint}"


Span = tuple[str, int, int]
"""The name of a rule, and where what it found starts and ends."""


def find(text: str) -> list[Finding]:
    """What may be a secret in a text, in its order."""
    exact = _apart([*_keys(text), *_tokens(text), *_loose(text, refuses=True)])
    ends = [end for _, _, end in exact]
    found = [_finding(text, span, refuses=True) for span in exact]
    for span in _apart(_loose(text, refuses=False)):
        at = bisect_left(ends, span[1] + 1)
        if at == len(exact) or exact[at][1] >= span[2]:
            found.append(_finding(text, span, refuses=False))
    return sorted(found, key=lambda one: one.start)


def hinted(text: str) -> bool:
    """Whether a text, or JSON of it, may hold a secret at all; quick, and true for few texts."""
    return _is_hinted(text) or ("\\" in text and _is_hinted(unescaped(text)))


def unescaped(text: str) -> str:
    """A text with the characters that JSON may spell out as themselves: letters, slashes."""
    return re.sub(_ESCAPED, lambda found: chr(int(found[1], 16)) if found[1] else "/", text)


def _is_hinted(text: str) -> bool:
    low = text.lower()
    return (
        any(hint in text for hint in private_keys.HINTS)
        or any(hint in low for hint, *_ in _LOOSE)
        or (_has_runs(text) and _has_tokens(text))
    )


def _has_tokens(text: str) -> bool:
    """Whether a text holds a word that tokens begin with."""
    searched = (re.search(form.pattern, text, re.ASCII) for form in _SEARCHED)
    return "eyJ" in text or any(hint in text for hint, _ in _HINTED) or any(searched)


def fingerprint(value: str) -> str:
    """What names a secret without telling it: 16 hex digits of its SHA-256."""
    import hashlib

    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def mark(finding: Finding) -> str:
    """What stands in the place of a secret.

    Only a vendor's token has a part of its fingerprint there: that of a short password would tell
    it to whoever tries a list of words.
    """
    part = f":{finding.fingerprint[:8]}" if finding.refuses else ""
    return f"[redacted:{finding.rule}{part}]"


def redacted(text: str, findings: Iterable[Finding]) -> str:
    """The text with a mark in the place of each finding."""
    parts, at = [], 0
    for one in sorted(findings, key=lambda one: one.start):
        parts += [text[at : one.start], mark(one)]
        at = one.end
    return "".join([*parts, text[at:]])


def veiled(text: str) -> str:
    """A name or a path as it may be printed: what is a secret in it has given way to its mark."""
    return redacted(text, [one for one in find(text) if one.refuses])


def _finding(text: str, span: Span, *, refuses: bool) -> Finding:
    rule, start, end = span
    return Finding(rule, start, end, fingerprint(text[start:end]), refuses)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Those that do not overlap: the first one in the text, and of several there the longest."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[1], -span[2])):
        if not found or span[1] >= found[-1][2]:
            found.append(span)
    return found


# Private keys and tokens: these refuse.


def _keys(text: str) -> Iterator[Span]:
    for rule, start, end, body in private_keys.keys(text):
        if _entropy(body[:_JUDGED]) >= 3.3:
            yield rule, start, end


def _has_runs(text: str) -> bool:
    """Whether a text holds a word as long and as varied as a token."""
    return any(_is_varied(run[0]) for run in re.finditer(_RUN, text))


def _is_varied(run: str) -> bool:
    return not (run.islower() or run.isupper()) or not re.fullmatch("[a-zA-Z_+/=.-]+", run)


def _tokens(text: str) -> Iterator[Span]:
    if not _has_runs(text):
        return
    for form in _SEARCHED:
        for found in re.finditer(f"{_START}{form.pattern}{_END}", text, re.ASCII):
            if _is_secret(form, found):
                yield form.rule, *_place(found)
    for hint, form in _HINTED:
        if hint in text:
            yield from _standing(form, hint, text)
    if "eyJ" in text:
        yield from _webtokens(text)


def _standing(form: Form, hint: str, text: str) -> Iterator[Span]:
    """The tokens of a form that hold a hint; what one of them took is not read again."""
    pattern = re.compile(form.pattern + _END, re.ASCII)
    places = re.compile(_place_of(hint, is_first=form.starts == (0,)))
    past = 0
    while place := places.search(text, past):
        at = place.start()
        past = at + 1
        for before in form.starts:
            begins = before <= at and _begins(text, at - before)
            found = pattern.match(text, at - before) if begins else None
            if found:
                past = max(past, found.end())
                if _is_secret(form, found):
                    yield form.rule, *_place(found)
                break


def _place_of(hint: str, *, is_first: bool) -> str:
    """A pattern for a word; where a token begins with it, not within a longer word.

    The word comes first in it, since `re` looks for that fastest.
    """
    word = re.escape(hint)
    return f"{word}(?<![A-Za-z0-9]{word})" if is_first and _is_letter(hint[0]) else word


def _begins(text: str, at: int) -> bool:
    """Whether a token can begin here: it is no part of a longer word."""
    return at == 0 or not (_is_letter(text[at - 1]) and _is_letter(text[at]))


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _place(found: re.Match[str]) -> tuple[int, int]:
    return found.span("s" if "s" in found.re.groupindex else 0)


def _is_secret(form: Form, found: re.Match[str]) -> bool:
    """Whether it is one that somebody was given, and no word or placeholder in its form."""
    check = _CHECKS.get(form.rule)
    if check:
        return check(found)
    start, end = _place(found)
    value = found.string[start : min(end, start + _JUDGED)]
    return _is_token(value) and (not form.mixed or _is_random(value))


def _is_token(value: str) -> bool:
    return not (_is_placeholder(value) or _is_words(value)) and _entropy(value) >= 2.6


def _is_random(value: str) -> bool:
    """Whether digits, capital and small letters are mixed, and no words joined: `Url8080Test`."""
    value = re.sub("^[A-Za-z]{1,12}[_.:+-]", "", value)
    kinds = (str.isdigit, str.isupper, str.islower)
    words = sum(len(word) for word in re.findall("[a-z]{3,}", value))
    return all(any(map(kind, value)) for kind in kinds) and words * 5 < len(value) * 3


def _is_bot(found: re.Match[str]) -> bool:
    """Whether the first part of a Discord bot's token is the number of an account."""
    number = _decoded(found[0].partition(".")[0])
    return len(number) >= 17 and number.isdigit() and _entropy(found[0]) >= 3.5


def _is_signature(found: re.Match[str]) -> bool:
    """Whether the signature stands in a URL of Azure: beside a version or an expiry."""
    start, end = found.span()
    around = found.string[max(0, start - 1_000) : end + 1_000]
    at = min(start, 1_000)
    first = max(around.rfind(sign, 0, at) for sign in _ENDED) + 1
    last = min((one for sign in _ENDED if (one := around.find(sign, at)) >= 0), default=None)
    names = {pair.partition("=")[0] for pair in re.split("[?&; ]", around[first:last])}
    value = found["s"]
    return bool(names & {"sv", "se", "sp", "skn"}) and _entropy(value) >= 3.5


def _is_raw(found: re.Match[str]) -> bool:
    """Whether the part behind a row of one letter is random."""
    return _entropy(found[0][24:]) >= 3.5


_CHECKS: dict[str, Callable[[re.Match[str]], bool]] = {
    "azure-sas": _is_signature,
    "discord-bot": _is_bot,
    "twitter": _is_raw,
}


def _webtokens(text: str) -> Iterator[Span]:
    """The JSON Web Tokens: three parts, or five where they are encrypted, whatever their length."""
    at = text.find("eyJ")
    while at >= 0:
        run = re.compile(r"[\w.-]++", re.ASCII).match(text, at)
        end = run.end() if run else at + 3
        for _ in range(_TRIES):
            length = _length(text[at:end]) if _begins(text, at) else 0
            if length:
                yield "jwt", at, at + length
            at = text.find("eyJ", at + max(length, 1))
            if not 0 <= at < end:
                break
        at = text.find("eyJ", end) if 0 <= at < end else at


def _length(run: str) -> int:
    """How many characters of a run are the token that it begins with."""
    parts = run.split(".", 5)[:5]
    if len(parts) < 3 or not _is_header(parts[0]):
        return 0
    if len(parts) == 5 and "enc" in _object(parts[0]):
        return len(".".join(parts)) if len(parts[3]) >= 8 else 0
    payload = _object(parts[1])
    is_known = payload.get("sub") == "1234567890"
    if not payload or is_known or len(parts[2]) < _SHORTEST:
        return 0
    return len(".".join(parts[:3]))


def _is_header(part: str) -> bool:
    return "alg" in _object(part)


def _object(part: str) -> dict[str, Any]:
    """The JSON object that a part of a token encodes; empty where it is none."""
    from tracker import json_text

    try:
        found = json_text.loads(_decoded(part))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(part: str) -> bytes:
    """What base64 without its padding encodes; empty where it is none."""
    import base64

    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return b""


# What is beside a word like `password`: that warns, but for the secret key of AWS.


def _loose(text: str, *, refuses: bool) -> Iterator[Span]:
    low = text.lower()
    rules = {
        (rule, form): None for hint, rule, form, exact in _LOOSE if exact == refuses and hint in low
    }
    for rule, form in rules:
        check = _LOOSE_CHECKS[rule]
        for found in re.finditer(form, text):
            if check(found):
                yield rule, *found.span("s")


def _is_aws(found: re.Match[str]) -> bool:
    value = found["s"]
    is_hash = re.fullmatch("[0-9a-f]+|[0-9A-F]+", value)
    return not is_hash and not _is_placeholder(value) and _entropy(value) >= 4.0


def _is_url(found: re.Match[str]) -> bool:
    value = found["s"]
    usual = found["user"].lower() == value.lower() or _is_words(value)
    return not usual and not _is_placeholder(value) and _is_mixed(value)


def _is_bearer(found: re.Match[str]) -> bool:
    return _is_assigned(found) and _entropy(found["s"][:_JUDGED]) >= 3.5


def _is_assigned(found: re.Match[str]) -> bool:
    """Whether it looks chosen by chance: no word, no code, no name of a file, no test login."""
    value = found["s"][:_JUDGED].rstrip(".:\\|!?*")
    if _is_placeholder(value) or _is_words(value) or _is_code(value):
        return False
    if re.fullmatch("[0-9a-f]{8,}", value):
        return len(value) >= 16 and _entropy(value) >= 3.0
    return len(value) >= 8 and _is_mixed(value) and _entropy(value) >= 3.0


_LOOSE_CHECKS: dict[str, Callable[[re.Match[str]], bool]] = {
    "aws-secret-key": _is_aws,
    "password-in-url": _is_url,
    "authorization": _is_bearer,
    "netrc": _is_assigned,
    "assigned": _is_assigned,
}


# What values look like.


def _is_placeholder(value: str) -> bool:
    for word in _PLACEHOLDERS:  # this is asked of each candidate: a loop costs half of `any`
        if word in value:
            return True
    kinds = set(value)
    return len(value) - len(kinds) >= _ROW - 1 and any(sign * _ROW in value for sign in kinds)


def _is_words(value: str) -> bool:
    """Whether it is made of words: `Fix-the_login.NOW`."""
    return all(
        not part
        or (
            part.isascii()
            and part.isalpha()
            and (part.islower() or part.isupper() or part.istitle())
        )
        for part in re.split("[-_.]", value)
    )


def _is_code(value: str) -> bool:
    """Whether it is an expression, the path of a file, or an address."""
    is_path = "/" in value and re.fullmatch(_PATH, value)
    return bool(is_path or re.fullmatch(_CODE, value)) or value.startswith(("http:", "https:"))


def _is_mixed(value: str) -> bool:
    """Whether digits stand among letters, and not only before or after them."""
    kinds = re.sub(r"[^a-zA-Z0-9]+", "", re.sub(r"[a-z]+", "a", re.sub(r"\d+", "1", value)))
    return len(re.findall(r"\d", kinds)) + len(re.findall(r"[A-Z]+", kinds)) >= 3


def _entropy(text: str) -> float:
    """Shannon's, in bits per character."""
    counts = [text.count(one) for one in set(text)]
    return log2(len(text)) - sum(count * log2(count) for count in counts if count > 1) / len(text)
