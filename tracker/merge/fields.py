"""How two values of a field are merged: the rules.

A rule is asked only where `pick` found no answer, and sees the two sides as older and newer, so no
rule can tell ours from theirs. What it takes away is said in a `Decision`; where that is more than
routine, the other value is kept with the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import Member
from tracker.merge import sets
from tracker.merge import text as merge_text
from tracker.merge.values import (
    ABSENT,
    attributes,
    earliness,
    elements,
    is_time,
    mapping,
    meaning,
    moment,
    pick,
    text,
    when,
)
from tracker.model.confidence import prior
from tracker.model.status import CLOSED, TOMBSTONE

if TYPE_CHECKING:
    from tracker.merge.values import Meaning, Record


DEEPEST = 50  # levels of objects within objects that are merged key by key


class Decision(NamedTuple):
    """One thing that a merge decided: of which record and field, by which rule."""

    id: str
    field: str
    rule: str
    kept: str = ""
    other: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.id, self.field) if part)
        why = self.rule
        if self.field and (self.kept or self.other):
            why = f"kept {clipped(self.kept)}, not {clipped(self.other)} ({self.rule})"
        return _spelled(f"{where}: {why}" if where else why)


def clipped(raw: str) -> str:
    """A value as JSON spells it, short enough for a line of a report."""
    shown = _spelled(raw)
    if raw in {"", '""', "null", "[]"}:
        return "nothing"
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _spelled(text: str) -> str:
    """Text without what could steer a terminal, or reverse what is read."""
    if text.isprintable():
        return text
    signs = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(signs)


def remark_id(id: str, text: str) -> int:
    """The id of a comment that a merge makes: the same wherever it is made, and below 2^53."""
    import hashlib

    digest = hashlib.sha256(f"{id}|{text}".encode(errors="surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) or 1


class KeptValue(NamedTuple):
    """A value that gave way and stays with the record; `field` is a JSON pointer."""

    field: str
    value: Member
    updated_at: Member


class MergeContext(NamedTuple):
    """Two versions of one record, and what is said about their merge."""

    id: str
    base: Record
    older: Record
    newer: Record
    decisions: list[Decision]
    kept: list[KeptValue]


class FieldConflict(NamedTuple):
    """The three values of one field that both sides moved apart."""

    pointer: str
    base: Member
    older: Member
    newer: Member


Join = Callable[[str, str], str]
Settle = Callable[[MergeContext, FieldConflict], Member]


class Rule(NamedTuple):
    """How a field is settled, what its values mean, and what of that is more than bookkeeping."""

    settle: Settle
    mean: Meaning = meaning
    gist: Meaning | None = None

    def edited(self, before: Member, after: Member) -> bool:
        """Whether a person would say that the field was changed."""
        mean = self.gist or self.mean
        return before.raw != after.raw and mean(before) != mean(after)


Rules = Mapping[str, Rule]


def rule_of(rules: Rules, name: str) -> Rule:
    """The rule of a field; those of unknown fields follow from their values."""
    return rules.get(name) or (DATE if is_time(name) else OTHER)


def is_edited(rules: Rules, before: Record, after: Record) -> bool:
    """Whether a record differs from what it was in more than bookkeeping."""
    return any(
        rule_of(rules, name).edited(before.get(name, ABSENT), after.get(name, ABSENT))
        for name in before.keys() | after.keys()
    )


def note(meeting: MergeContext, field: FieldConflict, rule: str, stands: Member) -> Member:
    """Say that one value stands and the other does not; returns the one that stands."""
    other = field.older if stands is field.newer else field.newer
    name = field.pointer[1:]
    meeting.decisions.append(Decision(meeting.id, name, rule, stands.raw, other.raw))
    return stands


def keep(meeting: MergeContext, field: FieldConflict, rule: str, stands: Member) -> Member:
    """The same, and the other value stays with the record."""
    is_newer = stands is field.newer
    other, side = (field.older, meeting.older) if is_newer else (field.newer, meeting.newer)
    if meaning(other) is not None:
        stamp = side.get("updated_at", ABSENT)
        meeting.kept.append(KeptValue(field.pointer, other, stamp))
    return note(meeting, field, rule, stands)


def newer(meeting: MergeContext, field: FieldConflict) -> Member:
    """The value of the newer side stands, the other is kept."""
    return keep(meeting, field, "the newer edit", field.newer)


def silent(_meeting: MergeContext, field: FieldConflict) -> Member:
    """Bookkeeping: the newer side's, and nobody needs to know."""
    return field.newer


def latest(_meeting: MergeContext, field: FieldConflict) -> Member:
    """The later of two times."""
    return max(field.older, field.newer, key=lambda value: (moment_of(value), value.raw))


def moment_of(value: Member) -> int:
    """The instant of a value; 0 if it is no time."""
    return when({"": value}, "")


def urgent(meeting: MergeContext, field: FieldConflict) -> Member:
    """The smaller number stands; P0 is a priority, not the lack of one."""
    ranks = [value.value if value.raw else 0 for value in (field.older, field.newer)]
    if not all(type(rank) is int for rank in ranks):
        return newer(meeting, field)
    stands = field.older if ranks[0] < ranks[1] else field.newer
    return keep(meeting, field, "the more urgent", stands)


def claim(meeting: MergeContext, field: FieldConflict) -> Member:
    """Of two claims of a free issue the earlier stands."""
    if meaning(field.base) is None and meaning(field.older) and meaning(field.newer):
        return keep(meeting, field, "the earlier claim", field.older)
    return newer(meeting, field)


RANKS = {
    "open": 0, "deferred": 1, "blocked": 2, "in_progress": 3, "hooked": 3, "pinned": 3,
    CLOSED: 5, TOMBSTONE: 6,
}  # fmt: skip
_CUSTOM = 4


def _rank(value: Member, ranks: Mapping[str, int] = RANKS) -> int:
    return ranks.get(str(value.value or "open"), _CUSTOM)


def furthest(
    meeting: MergeContext, field: FieldConflict, ranks: Mapping[str, int] = RANKS
) -> Member:
    """The status nearest to the end stands; of two equally far ones the newer."""
    ahead = _rank(field.older, ranks) > _rank(field.newer, ranks)
    return note(meeting, field, "furthest along", field.older if ahead else field.newer)


def closing(meeting: MergeContext, field: FieldConflict) -> Member:
    """How an issue ended is told by the side whose status stands; of two ends by the earlier."""
    stands = field.older if _ender(meeting) is meeting.older else field.newer
    settle = keep if field.pointer.endswith("_reason") else note
    return settle(meeting, field, "as it ended", stands)


def _ender(meeting: MergeContext) -> Record:
    one, two = _status(meeting.older), _status(meeting.newer)
    if meaning(one) != meaning(two):
        picked = pick(_status(meeting.base), one, two, meaning)
        if picked is not None:
            return meeting.newer if picked is two else meeting.older
        return meeting.older if _rank(one) > _rank(two) else meeting.newer
    stamp = "deleted_at" if one.value == TOMBSTONE else "closed_at"
    return min(meeting.older, meeting.newer, key=lambda side: earliness(side, stamp))


def _status(record: Record) -> Member:
    found = record.get("status", ABSENT)
    return found if found.value else text("open")


def birth(meeting: MergeContext, field: FieldConflict) -> Member:
    """Where a record comes from is told by the side that says it was created earlier."""
    sides = (meeting.older, meeting.newer)
    first = min(sides, key=lambda side: earliness(side, "created_at"))
    return note(
        meeting, field, "created earlier", field.older if first is sides[0] else field.newer
    )


def prose(meeting: MergeContext, field: FieldConflict, *, joined: Join | None = None) -> Member:
    """Text is merged by lines; where the newer lines stand, the older text is kept whole.

    A text that was born on both sides is the newer one. Where texts are `joined` it holds both,
    and one that both sides only added to keeps all that they added.
    """
    values = (field.base, field.older, field.newer)
    if any(value.raw and not isinstance(value.value, str) for value in values):
        return anything(meeting, field)
    base, one, two = (str(value.value or "") for value in values)
    if joined and (not base or _is_reborn(meeting)):
        return text(joined(one, two))
    woven = merge_text.weave(base, one, two) if base else None
    if woven is not None and woven.clean:
        return text(woven.text)
    both = merge_text.added(base, one, two) if joined else None
    if both is not None:
        return text(both)
    stands = text(woven.text) if woven is not None else field.newer
    settle = note if merge_text.holds(str(stands.value or ""), one) else keep
    return settle(meeting, field._replace(newer=stands), "the newer lines", stands)


def _is_reborn(meeting: MergeContext) -> bool:
    """Whether both sides began anew under the name of what was deleted."""
    ended = [_status(side).value == TOMBSTONE for side in (meeting.older, meeting.newer)]
    return _status(meeting.base).value == TOMBSTONE and not any(ended)


def content(meeting: MergeContext, field: FieldConflict) -> Member:
    """The content of a memory: what both sides only added to is joined, as notes are."""
    merged = prose(meeting, field, joined=merge_text.together)
    is_new = not field.base.value or _is_reborn(meeting)
    if is_new and merged.value not in (field.older.value, field.newer.value):
        name = field.pointer[1:]
        meeting.decisions.append(Decision(meeting.id, name, "written on both branches: joined"))
    return merged


def keyed(meeting: MergeContext, field: FieldConflict) -> Member:
    """An object is merged key by key."""
    found = [attributes(value) for value in (field.base, field.older, field.newer)]
    base, one, two = found[0] or {}, found[1], found[2]
    if one is None or two is None or field.pointer.count("/") > DEEPEST:
        return newer(meeting, field)
    merged = fields(meeting, {}, field.pointer, (base, one, two))
    if not merged and not (field.older.raw and field.newer.raw):
        return ABSENT
    return mapping(merged)


WRITER = ("by", "origin", "session")


def origin(meeting: MergeContext, field: FieldConflict, rules: Rules) -> Member:
    """Where a memory comes from: key by key, but whoever wrote it is told by one side as a whole.

    Of two who wrote at once it is the newer one; the other is said, and not kept.
    """
    found = [attributes(value) for value in (field.base, field.older, field.newer)]
    base, one, two = found[0] or {}, found[1], found[2]
    if one is None or two is None:
        return newer(meeting, field)
    writers = [
        tuple(meaning(side.get(name, ABSENT)) for name in WRITER) for side in (base, one, two)
    ]
    chosen = one if writers[2] == writers[0] else two
    if writers[0] not in writers[1:] and writers[1] != writers[2]:
        names = (side.get("by", ABSENT) for side in (base, one, two))
        by = FieldConflict(f"{field.pointer}/by", *names)
        note(meeting, by, "the newer edit", by.newer)
    rest = [
        {name: value for name, value in side.items() if name not in WRITER}
        for side in (base, one, two)
    ]
    merged = fields(meeting, rules, field.pointer, (rest[0], rest[1], rest[2]))
    return mapping({**{name: chosen[name] for name in WRITER if name in chosen}, **merged})


def sign(meeting: MergeContext, merged: dict[str, Member]) -> dict[str, Member]:
    """The merged memory; if its text is woven of what both sides wrote, both names stand there.

    Its origin is then the one that is trusted less.
    """
    source = attributes(merged.get("source", ABSENT))
    is_woven = any(_is_woven(meeting, merged, name) for name in ("content", "value"))
    if source is None or not is_woven:
        return merged
    found = (attributes(side.get("source", ABSENT)) for side in (meeting.older, meeting.newer))
    sides = [side or {} for side in found]
    names = [str(side.get("by", ABSENT).value or "") for side in sides]
    by = ", ".join(sorted({one for name in names for one in name.split(", ") if one}))
    origins = [side.get("origin", ABSENT) for side in sides]
    origin = min(origins, key=lambda one: (prior(None, str(one.value or ""), ""), one.raw))
    writer = {"by": text(by) if by else ABSENT, "origin": origin}
    if not (source or by or origin.raw):
        return merged
    said = (meeting.id, "source/by")
    meeting.decisions[:] = [one for one in meeting.decisions if one[:2] != said]
    return {**merged, "source": mapping({**source, **writer})}


def _is_woven(meeting: MergeContext, merged: Record, name: str) -> bool:
    """Whether the merged text of this field is that of neither side."""
    found = [record.get(name, ABSENT) for record in (merged, meeting.older, meeting.newer)]
    return isinstance(found[0].value, str) and meaning(found[0]) not in map(meaning, found[1:])


def stamps(meeting: MergeContext, field: FieldConflict) -> Member:
    """An object that says how things were: key by key, and of two values the newer side's."""
    found = [attributes(value) for value in (field.base, field.older, field.newer)]
    base, one, two = found[0] or {}, found[1], found[2]
    if one is None or two is None:
        return note(meeting, field, "the newer edit", field.newer)
    merged = {}
    for name in {**two, **one}:
        values = (base.get(name, ABSENT), one.get(name, ABSENT), two.get(name, ABSENT))
        picked = pick(*values, meaning)
        value = values[2] if picked is None else picked
        if value.raw:
            merged[name] = value
    return mapping(merged)


def fields(
    meeting: MergeContext, rules: Rules, pointer: str, records: tuple[Record, Record, Record]
) -> dict[str, Member]:
    """The merged fields of three objects; the newer side's come first."""
    base, one, two = records
    merged = {}
    for name in {**two, **one}:
        rule = rule_of(rules, name)
        values = (base.get(name, ABSENT), one.get(name, ABSENT), two.get(name, ABSENT))
        value = pick(*values, rule.mean)
        if value is None:
            below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            value = rule.settle(meeting, FieldConflict(below, *values))
        if value.raw:
            merged[name] = value
    return merged


def anything(meeting: MergeContext, field: FieldConflict) -> Member:
    """A field that is not known: lists are sets, objects are merged by key, the rest by age."""
    sides = (field.older, field.newer)
    if all(elements(value) is not None for value in sides):
        return members_of(sets.PLAIN, meeting, field)
    if all(attributes(value) is not None for value in sides):
        return keyed(meeting, field)
    return newer(meeting, field)


def members_of(kind: sets.Listing, meeting: MergeContext, field: FieldConflict) -> Member:
    """A list is a three-way set of its elements."""
    one, two = elements(field.older), elements(field.newer)
    if one is None or two is None:
        return newer(meeting, field)
    return sets.merge(kind, (elements(field.base) or [], one, two), partial(element, meeting))


def entries(meeting: MergeContext, field: FieldConflict) -> Member:
    """What merges have kept is a set; what else somebody put there is one more of it."""
    values = (sets.listed(value) for value in (field.base, field.older, field.newer))
    return members_of(sets.ENTRIES, meeting, FieldConflict(field.pointer, *values))


def element(meeting: MergeContext, base: Member, one: Member, two: Member) -> Member:
    """Two versions of one edge or comment: key by key, and where both moved, the earlier.

    Nothing is said of it: the members are what matters.
    """
    picked = pick(base, one, two, meaning)
    records = [attributes(value) for value in (base, one, two)]
    if picked is not None or records[1] is None or records[2] is None:
        return picked or two
    later, earlier = sorted(
        (records[1], records[2]), key=lambda r: earliness(r, "created_at"), reverse=True
    )
    inner = MergeContext(meeting.id, records[0] or {}, later, earlier, [], [])
    return mapping(fields(inner, {}, "", (inner.base, later, earlier)))


def parents(meeting: MergeContext, field: FieldConflict) -> Member:
    """Edges are a set by target and type; two parents that came together are mentioned."""
    merged = members_of(sets.EDGES, meeting, field)
    found = [sets.parents(value) for value in (merged, field.older, field.newer)]
    if len(found[0]) > max(1, len(found[1]), len(found[2])):
        why = f"has {len(found[0])} parents now: {', '.join(sorted(found[0]))}"
        meeting.decisions.append(Decision(meeting.id, "", why))
    return merged


OTHER = Rule(anything)
DATE = Rule(newer, moment)
