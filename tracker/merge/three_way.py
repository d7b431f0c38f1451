"""Merge three versions of a file of records."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tracker.json_text import Member, in_order, members
from tracker.log.conflict_markers import halves, has_markers
from tracker.log.issue_codec import ALWAYS, decode, encode
from tracker.log.lines import BOM, MARKER, newline_of
from tracker.log.memory_codec import MEMORY_RANK
from tracker.merge import id_collisions, inputs, sets
from tracker.merge import renames as merge_renames
from tracker.merge.fields import Decision, MergeContext, fields, is_edited, remark_id, rule_of, sign
from tracker.merge.rules import BOOKKEEPING, ISSUE, MEMORY
from tracker.merge.sets import grows, union_lines
from tracker.merge.values import ABSENT, mapping, text, when
from tracker.model.status import TOMBSTONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.merge.fields import KeptValue, Rules
    from tracker.merge.inputs import Key, MergeRow, Names, Rows, Side
    from tracker.merge.values import Record


FEWEST = 5
"""Losses below this number are nobody's mass deletion."""
_EMPTY: tuple[object, ...] = (None, "", [], {})


def losses(sides: tuple[Rows, Rows, Rows]) -> list[Decision]:
    """What either side removed from more than half of the records of the base."""
    base = sides[0]
    found = []
    for side in sides[1:]:
        gone = len(base.keys() - side.keys())
        if gone >= FEWEST and gone * 2 > len(base):
            why = f"one branch removed {gone} of {len(base)} records"
            found.append(Decision("", "", why))
        found += _stripped(base, side)
    return found


def _stripped(base: Rows, side: Rows) -> Iterator[Decision]:
    emptied: Counter[str] = Counter()
    for key, row in base.items():
        other = side.get(key)
        if other is not None and other is not row:
            now = other.fields
            emptied.update(
                name
                for name, value in row.fields.items()
                if not now.get(name) and now.get(name) in _EMPTY and value not in _EMPTY
            )
    for name, count in sorted(emptied.items()):
        if count < FEWEST or ISSUE.get(name) is BOOKKEEPING:
            continue
        sign = b'"%s":' % name.encode(errors="replace")
        rows = (row for key, row in base.items() if key in side and sign in row.line)
        having = sum(1 for _ in islice(rows, count * 2))
        if count * 2 > having:
            yield Decision("", name, f"one branch emptied it in {count} of {having} records")


_TIMES = ("updated_at", "created_at")  # of a record, for the comments that a merge adds
_DELETED_EDIT = "deleted on one branch, edited on the other: it stays deleted; restore brings both"
_REPEATED = "stands more than once: the last line counts"


class Merged(NamedTuple):
    """The merged file, and what was decided in it; swapping the sides changes neither."""

    data: bytes
    decisions: tuple[Decision, ...]


def three_way(base: bytes, ours: bytes, theirs: bytes, path: str = "issues.jsonl") -> Merged:
    """Merge two files that grew from one; an empty base is none.

    `path` tells memories (`memory.jsonl`), and files that only grow, from issues.
    """
    if theirs in (ours, base):  # a set would hash the files
        return resolve_markers(ours, path)
    if ours == base:
        return resolve_markers(theirs, path)
    if grows(path):
        return _grown(base, ours, theirs, path)
    files = (base, ours, theirs)
    found = inputs.read(files, _names(path))
    said: list[Decision] = []
    if any(MARKER.match(line) for side in found for line in side.unread):
        clean = [resolve_markers(data, path) for data in files]
        files = (clean[0].data, clean[1].data, clean[2].data)
        found = inputs.read(files, _names(path))
        said += [*clean[1].decisions, *clean[2].decisions]
    return _merged(_written(found, files, said), said)


def _grown(base: bytes, ours: bytes, theirs: bytes, path: str) -> Merged:
    clean = [resolve_markers(data, path) for data in (base, ours, theirs)]
    lines = union_lines(*(one.data for one in clean)).split(b"\n")[:-1]
    merged = _framed(lines, (base, ours, theirs))
    return _merged(merged, [*clean[1].decisions, *clean[2].decisions])


def resolve_markers(data: bytes, path: str = "issues.jsonl") -> Merged:
    """The file without conflict markers: what stood between them, merged.

    Without a base between them (diff3 style) a deletion cannot be told from an addition: it stays.
    """
    if not has_markers(data):
        return Merged(data, ())
    base, ours, theirs = halves(data, lambda part: resolve_markers(part, path).data)
    merged = three_way(base, ours, theirs, path)
    return _merged(merged.data, [*merged.decisions, Decision("", "", "merged conflict markers")])


def _merged(data: bytes, decisions: Sequence[Decision]) -> Merged:
    return Merged(data, tuple(sorted(set(decisions))))


def _names(path: str) -> Names:
    is_memory = path.replace("\\", "/").rpartition("/")[2] == "memory.jsonl"
    return ("key", "id") if is_memory else ("id", "key")


def _written(found: list[Side], files: Sequence[bytes], said: list[Decision]) -> bytes:
    """The bytes of the merged file."""
    said += [
        Decision(row.key[1], "", _REPEATED, other=row.line.decode())
        for side in found[1:]
        for row in side.repeated
    ]
    renames, decisions = merge_renames.follow_renames((found[0].rows, found[1].rows, found[2].rows))
    is_moved = any(b'"moved_to"' in data for data in files)
    moves, more = merge_renames.follow_moves(renames) if is_moved else (renames, [])
    parted = id_collisions.part(moves)
    said += [*decisions, *more, *parted.decisions]
    lines = _records(parted.sides, said)
    unread = _unread([side.unread for side in found], said)
    said += losses(parted.sides)
    is_sorted = found[1].is_sorted or found[2].is_sorted
    known = {} if is_sorted else {key: None for key in parted.sides[0] if key in lines}
    order = [*known, *sorted(key for key in lines if key not in known)]
    return _framed([*(lines[key] for key in order), *unread], files)


def _framed(lines: list[bytes], files: Sequence[bytes]) -> bytes:
    """Lines as a file with the line ending and the byte order mark that the sides agree on."""
    newline = _agreed([newline_of(data) for data in files if data], b"\n")
    mark = _agreed([BOM if data.startswith(BOM) else b"" for data in files if data], b"")
    return mark + newline.join([*lines, b""]) if lines else b""


def _agreed(found: Sequence[bytes], plain: bytes) -> bytes:
    """Of a base and two sides what moved; without a base what both have, else the plain one."""
    if len(found) < 3:
        return found[0] if found and found[0] == found[-1] else plain
    base, one, two = found
    return two if one == base else one


def _unread(found: Sequence[list[bytes]], said: list[Decision]) -> list[bytes]:
    """Lines that hold no record: a three-way set, in the order of the base, new ones sorted."""
    base, one, two = found
    keep = [line for line in base if line in one and line in two]
    new = {line for line in [*one, *two] if line not in base}
    if keep or new:
        said.append(Decision("", "", f"carried {len(keep) + len(new)} lines that cannot be read"))
    return [*keep, *sorted(new)]


def _records(parted: tuple[Rows, Rows, Rows], said: list[Decision]) -> dict[Key, bytes]:
    base, ours, theirs = parted
    lines = {}
    for key in {**base, **ours, **theirs}:
        before, one, two = base.get(key), ours.get(key), theirs.get(key)
        row = one if one is two or two is before else two
        if row is not one and one is not before:
            line = _met(before, one, two, said)
            if line is not None:
                lines[key] = line
        elif row is not None:
            lines[key] = row.line
    return lines


def _met(
    before: MergeRow | None, one: MergeRow | None, two: MergeRow | None, said: list[Decision]
) -> bytes | None:
    """The line of a record that both sides changed, or that one changed and the other deleted."""
    row = one or two
    if row is None:
        return None
    rules = ISSUE if row.is_issue else MEMORY
    if one is not None and two is not None:
        return _line(before, one, two, rules, said)
    if before is not None and not is_edited(rules, before.record, row.record):
        return None
    said.append(Decision(row.key[1], "", "edited on one branch, deleted on the other: it stays"))
    return row.line


def _line(
    before: MergeRow | None, one: MergeRow, two: MergeRow, rules: Rules, said: list[Decision]
) -> bytes:
    """The line of a record that is on both sides, in other bytes than the base's."""
    if _same(rules, one.record, two.record):
        is_old = before is not None and _same(rules, before.record, one.record)
        return before.line if before is not None and is_old else min(one.line, two.line)
    older, newer = sorted((one, two), key=lambda row: (when(row.record, "updated_at"), row.line))
    base = {} if before is None else before.record
    meeting = MergeContext(one.key[1], base, older.record, newer.record, said, [])
    merged = fields(meeting, rules, "", (base, older.record, newer.record))
    if rules is MEMORY:
        merged = sign(meeting, merged)
    if before is not None and _is_deleted_edit(rules, merged, before, (one, two)):
        said.append(Decision(one.key[1], "", _DELETED_EDIT))
    _add_kept(merged, meeting, is_issue=one.is_issue)
    for row in (one, two):
        if _same(rules, merged, row.record):
            return row.line
    return _encoded(merged, is_issue=one.is_issue)


def _is_deleted_edit(
    rules: Rules, merged: Record, before: MergeRow, sides: tuple[MergeRow, MergeRow]
) -> bool:
    """Whether one side deleted the record and the other edited it: the deletion stands."""
    if not _is_tombstone(merged) or _is_tombstone(before.record):
        return False
    alive = [row.record for row in sides if not _is_tombstone(row.record)]
    return any(is_edited(rules, before.record, record) for record in alive)


def _is_tombstone(record: Record) -> bool:
    return bool(record.get("status", ABSENT).value == TOMBSTONE)


def _same(rules: Rules, one: Record, two: Record) -> bool:
    """Whether two records mean the same, bookkeeping included."""
    for name in one.keys() | two.keys():
        first, second = one.get(name, ABSENT), two.get(name, ABSENT)
        if first.raw != second.raw:
            mean = rule_of(rules, name).mean
            if mean(first) != mean(second):
                return False
    return True


def _add_kept(merged: dict[str, Member], meeting: MergeContext, *, is_issue: bool) -> None:
    """Put what gave way into `conflicts`, and for programs that drop that into comments."""
    if not meeting.kept:
        return
    entries = [
        mapping({"field": text(k.field), "value": k.value, "updated_at": k.updated_at})
        for k in meeting.kept
    ]
    found = sets.listed(merged.get("conflicts", ABSENT))
    merged["conflicts"] = sets.union(sets.ENTRIES, found, entries)
    if is_issue:
        at = next((merged[name] for name in _TIMES if merged.get(name, ABSENT).value), ABSENT)
        remarks = [_remark(meeting.id, kept, at) for kept in meeting.kept]
        found = merged.get("comments", ABSENT)
        merged["comments"] = sets.union(sets.REMARKS, found, remarks)


def _remark(id: str, kept: KeptValue, at: Member) -> Member:
    other = kept.value.value if isinstance(kept.value.value, str) else kept.value.raw
    said = f"merge kept {kept.field[1:]}; the other branch wrote:\n{other}"
    number = Member(None, str(remark_id(id, said)))
    names = {"id": number, "issue_id": text(id), "author": text("tracker"), "text": text(said)}
    return mapping({**names, "created_at": at} if at.raw else names)


def _encoded(record: Record, *, is_issue: bool) -> bytes:
    if is_issue:
        line = encode(decode(mapping(record).raw))
        if record.keys() >= ALWAYS:
            return line
        # What neither side says is not said here, although a writer would.
        found = members(line.decode())[0]
        said = {n: value for n, value in found.items() if n in record or n not in ALWAYS}
        return mapping(said).raw.encode()
    return in_order({name: value.raw for name, value in record.items() if value.raw}, MEMORY_RANK)
