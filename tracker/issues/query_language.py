"""Parse and evaluate the language of `bd query`.

    status=open AND (priority<=1 OR label=urgent) AND NOT assignee=none AND updated>7d

    expression   term { OR term };   term   factor { AND factor }
    factor       NOT factor | ( expression ) | FIELD OP VALUE { , VALUE }
    OP           = != > >= < <=      (the last four only for priorities and times)

Words are bare or quoted; AND, OR and NOT are in either case; NOT binds closest. `none` is an empty
field; several values mean any of them. Titles, descriptions and notes are compared by containing
a text, whatever the case; ids, labels and specs may have `*`. A time is compared as an instant, and
`=` means within the 24 hours that begin then; a field without a time holds for no comparison but
`=none`. The parser is our own because all of it is shorter than the grammar and the calls of a
library, whose import would take longer than the answer.

`conditions` says the same in SQL; a property test holds the two together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Invalid
from tracker.issues.filters import has
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tracker.model.issue import Issue


MOST_VALUES = 300  # SQLite takes expressions 1,000 deep, and each value is one of them or two
DAY = 86_400_000_000_000  # nanoseconds
NONE = "none"


class Comparison(NamedTuple):
    """A field against values, with `=`, `!=` or an order; `values` are texts, numbers or flags.

    `""` among the values is an empty field; times are in nanoseconds since 1970.
    """

    field: str
    op: str
    values: tuple[Any, ...]


class Not(NamedTuple):
    """What does not hold."""

    part: Expression


class Every(NamedTuple):
    """What holds together."""

    parts: tuple[Expression, ...]


class Either(NamedTuple):
    """Of which at least one holds."""

    parts: tuple[Expression, ...]


Expression = Comparison | Not | Every | Either

WORDS = {
    "status": "status", "type": "issue_type", "assignee": "assignee", "owner": "owner",
    "id": "id", "spec": "spec_id", "parent": "parent", "mol_type": "mol_type",
    "external_ref": "external_ref",
}  # fmt: skip
"""Fields that hold one word, and their names in the model."""
TEXTS = ("title", "description", "notes")
FLAGS = {"pinned": "pinned", "ephemeral": "ephemeral", "template": "is_template"}
TIMES = {
    "created": "created_at", "updated": "updated_at", "closed": "closed_at", "due": "due_at",
    "defer": "defer_until",
}  # fmt: skip
FIELDS = (*WORDS, "label", "priority", *TEXTS, *FLAGS, *TIMES)
PATTERNS = frozenset({"id", "spec", "label"})
"""Fields whose values may have `*`."""
_ALIASES = {
    "desc": "description", "labels": "label", "issue_type": "type", "spec_id": "spec",
    "created_at": "created", "updated_at": "updated", "closed_at": "closed", "due_at": "due",
    "defer_until": "defer", "mol-type": "mol_type", "prio": "priority",
}  # fmt: skip
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EQUAL = {"=", "!="}
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[()]|[!<>=]=|[<>=,])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|
        (?P<word>[^\s()=<>!"',]+))""",
    re.VERBOSE,
)


class _Token(NamedTuple):
    text: str
    kind: str  # sign, word, quoted, or end
    at: int  # its column, from 1


def parse(text: str, when: Callable[[str], int]) -> Expression:
    """The expression that a text is; `when` tells the instant of a date. Raises Invalid."""
    return _Parser(list(_tokens(text)), when).whole()


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _wrong(f"{text[at:].strip()[:1]!r} is not understood", at + 1)
        kind = match.lastgroup or ""
        said = match[kind]
        if kind == "double":
            said = re.sub(r"\\(.)", r"\1", said)
        yield _Token(
            said, "quoted" if kind in {"double", "single"} else kind, match.start(kind) + 1
        )
        at = match.end()
    yield _Token("", "end", end + 1)


def _wrong(what: str, column: int) -> Invalid:
    return Invalid(
        f"query: {what} (column {column})", hint="bd query 'status=open AND priority<=1'"
    )


class _Parser:
    def __init__(self, tokens: list[_Token], when: Callable[[str], int]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._values = 0
        self._when = when

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _sign(self, *signs: str) -> str:
        """Take a sign if it is the next token."""
        if self._next.kind == "sign" and self._next.text in signs:
            return self._take().text
        return ""

    def _keyword(self, word: str) -> bool:
        """Take a keyword if it is the next token."""
        if self._next.kind != "word" or self._next.text.upper() != word:
            return False
        self._take()
        return True

    def whole(self) -> Expression:
        if self._next.kind == "end":
            raise _wrong("it is empty", 1)
        found = self._any()
        if self._next.kind != "end":
            raise _wrong(f"AND or OR expected before {self._next.text!r}", self._next.at)
        return found

    def _any(self) -> Expression:
        parts = [self._all()]
        while self._keyword("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self) -> Expression:
        parts = [self._factor()]
        while self._keyword("AND"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _factor(self) -> Expression:
        self._depth += 1
        if self._depth > 50:
            raise _wrong("it is nested more than 50 deep", self._next.at)
        try:
            if self._keyword("NOT"):
                return Not(self._factor())
            opening = self._next
            if not self._sign("("):
                return self._comparison()
            found = self._any()
            if not self._sign(")"):
                raise _wrong("the parenthesis is not closed", opening.at)
            return found
        finally:
            self._depth -= 1

    def _comparison(self) -> Comparison:
        token = self._take()
        if token.kind != "word":
            raise _wrong(f"a field expected, not {token.text!r}" if token.text else
                         "a field is missing", token.at)  # fmt: skip
        field = _field(token)
        op = self._sign("=", "==", "!=", ">=", "<=", ">", "<").replace("==", "=")
        if not op:
            raise _wrong(f"= or another comparison expected after {token.text}", self._next.at)
        if op not in _EQUAL and field != "priority" and field not in TIMES:
            raise _wrong(f"{field} has no order: use = or !=", token.at)
        values = [self._value(field, op)]
        while self._sign(","):
            values.append(self._value(field, op))
        if len(values) > 1 and op not in _EQUAL:
            raise _wrong(f"{op} takes one value", token.at)
        return Comparison(field, op, tuple(values))

    def _value(self, field: str, op: str) -> Any:
        token = self._take()
        self._values += 1
        if self._values > MOST_VALUES:
            raise _wrong(f"it has more than {MOST_VALUES} values", token.at)
        if token.kind not in {"word", "quoted"}:
            raise _wrong("a value is missing", token.at)
        if token.kind == "word" and token.text.lower() == NONE and field not in FLAGS:
            if op not in _EQUAL or field == "priority":
                raise _wrong(f"{field} {op} none means nothing", token.at)
            return ""
        if field == "priority":
            return _priority(token)
        if field in FLAGS:
            if token.text.lower() not in _FLAGS:
                raise _wrong(f"{field} is true or false, not {token.text!r}", token.at)
            return _FLAGS[token.text.lower()]
        return self._instant(token) if field in TIMES else token.text

    def _instant(self, token: _Token) -> int:
        # A bare distance lies in the past: `updated>7d` is what changed within a week.
        text = f"-{token.text}" if re.match(r"\d+[hdwmy]\Z", token.text) else token.text
        return self._when(text)


def _field(token: _Token) -> str:
    name = token.text.lower()
    name = _ALIASES.get(name, name)
    if name in FIELDS:
        return name
    from difflib import get_close_matches

    near = get_close_matches(name, FIELDS, 1)
    meant = f"; did you mean {near[0]}?" if near else f" (there are {', '.join(FIELDS)})"
    raise _wrong(f"unknown field {token.text!r}{meant}", token.at)


def _priority(token: _Token) -> int:
    match = re.match(r"[pP]?([0-4])\Z", token.text)
    if match is None:
        raise _wrong(f"a priority is 0 to 4 or P0 to P4, not {token.text!r}", token.at)
    return int(match[1])


def fields(expression: Expression) -> set[str]:
    """The fields that an expression asks about."""
    if isinstance(expression, Comparison):
        return {expression.field}
    if isinstance(expression, Not):
        return fields(expression.part)
    return set().union(*map(fields, expression.parts))


def spelled(expression: Expression) -> str:
    """The expression in full, with every parenthesis; `parse` understands it the same way."""
    if isinstance(expression, Not):
        return f"NOT {spelled(expression.part)}"
    if isinstance(expression, Comparison):
        values = ",".join(_spelled(expression.field, value) for value in expression.values)
        return f"{expression.field}{expression.op}{values}"
    word = " AND " if isinstance(expression, Every) else " OR "
    return f"({word.join(map(spelled, expression.parts))})"


def _spelled(field: str, value: Any) -> str:
    if value == "":
        return NONE
    if field in TIMES:
        return stamp(value)
    if isinstance(value, str):
        return '"' + re.sub(r'([\\"])', r"\\\1", value) + '"'
    return str(value).lower()


def holds(expression: Expression, issue: Issue) -> bool:
    """Whether it holds for an issue."""
    if isinstance(expression, Not):
        return not holds(expression.part, issue)
    if isinstance(expression, Every):
        return all(holds(part, issue) for part in expression.parts)
    if isinstance(expression, Either):
        return any(holds(part, issue) for part in expression.parts)
    field, op, values = expression
    if op in _EQUAL:
        return any(_is(issue, field, value) for value in values) == (op == "=")
    if field == "priority":
        return _in_order(issue.priority, op, values[0])
    moment = instant(getattr(issue, TIMES[field]))
    return moment != 0 and _in_order(moment, op, values[0])


def _in_order(one: int, op: str, other: int) -> bool:
    return {">": one > other, ">=": one >= other, "<": one < other, "<=": one <= other}[op]


def _is(issue: Issue, field: str, value: Any) -> bool:
    if field == "priority":
        return bool(issue.priority == value)
    if field in FLAGS:
        return bool(getattr(issue, FLAGS[field]) == value)
    if field in TIMES:
        moment = instant(getattr(issue, TIMES[field]))
        return moment == 0 if value == "" else moment != 0 and value <= moment < value + DAY
    if field == "label":
        own = issue.labels
        return any(_like(one, value) for one in own) if value else not own
    if field in TEXTS:
        text = getattr(issue, field)
        return has(value, text) if value else not text
    word = getattr(issue, WORDS[field])
    return _like(word, value) if field in PATTERNS else bool(word == value)


def _like(word: str, value: str) -> bool:
    if "*" not in value:
        return word == value
    return re.fullmatch(glob(value), word, re.DOTALL) is not None


def glob(value: str) -> str:
    """The regular expression of a value in which only `*` means something."""
    return ".*".join(map(re.escape, value.split("*")))
