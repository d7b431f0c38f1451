"""Merges of files as programs leave them: nothing that one side says, and the other does not
contradict, gets lost. The facts are counted here anew, and by the shared scorer where that is."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter

import pytest

from tests.support.damaged_files import marked, triple
from tests.support.repository import SHARED
from tracker.log.issue_log import Log
from tracker.merge.three_way import resolve_markers, three_way
from tracker.model.timestamps import instant

QUIET = {"updated_at", "content_hash", "comment_count", "_type", "issue_id"}
SETS = {"labels", "tags", "dependencies", "comments"}
SCORER = SHARED / "tools" / "score_merges.py"


def rows_of(data):
    """The records by id, as any reader of JSON finds them; the last of an id counts."""
    found = {}
    decoder = json.JSONDecoder()
    for line in data.decode("utf-8-sig").splitlines():
        at = 0
        while at < len(line):
            row, at = decoder.raw_decode(line, at)
            if isinstance(row.get("id"), str):
                found[row["id"]] = row
    return found


def said(row):
    """What a record says: scalars by name, and the members of its lists."""
    found = {}
    for name, value in (row or {}).items():
        if name in QUIET or value in (None, "", [], {}):
            continue
        if name in SETS:
            for member, count in Counter(map(_member(name), value)).items():
                found[name, member] = min(count, 1)
        elif name == "metadata":
            found |= {(name, key): json.dumps(inner) for key, inner in value.items()}
        elif name.endswith("_at"):
            found[name, ""] = instant(value)
        else:
            found[name, ""] = json.dumps(value, sort_keys=True)
    return found


def _member(name):
    keys = {"dependencies": ("depends_on_id", "type"), "comments": ("author", "text")}.get(name)
    return (lambda one: tuple(one[key] for key in keys)) if keys else (lambda one: one)


def are_two(*rows):
    """Whether records of one id are different issues; equal seconds count as equal."""
    found = [(row["title"], instant(row["created_at"]) // 10**9) for row in rows if row]
    return any(a[0] != b[0] and a[1] != b[1] for a in found for b in found)


def lost(base, ours, theirs, result):
    """Every fact that the result misses."""
    for id in base.keys() | ours.keys() | theirs.keys():
        before, one, two = base.get(id), ours.get(id), theirs.get(id)
        if are_two(before, one, two):
            titles = {row["title"] for row in result.values()}
            yield from (id for row in (one, two) if row and row["title"] not in titles)
            continue
        b, o, t = said(before), said(one), said(two)
        now = result.get(id)
        if one is None or two is None:
            rest = one or two
            if before is None or (rest and said(rest) != b):
                here = said(now)
                yield from ((id, f) for f, v in said(rest).items() if here.get(f) != v)
            elif now is not None:
                yield id, "deletion undone"
            continue
        here = said(now)
        for fact in b.keys() | o.keys() | t.keys():
            values = b.get(fact), o.get(fact), t.get(fact)
            moved = {value for value in (values[1], values[2]) if value != values[0]}
            if len(moved) <= 1 and here.get(fact) != (moved.pop() if moved else values[0]):
                times = (
                    values[1:] if fact[0].endswith("_at") and None not in values[1:] else (0, 1e9)
                )
                if abs(times[0] - times[1]) >= 1e9:  # else a program cut the fraction off
                    yield id, fact


def unfollowed(data):
    """The result with edges to renamed issues pointed back, as counting knows no renames."""
    rows = rows_of(data)
    names = {id: row["aliases"][0] for id, row in rows.items()
             if row.get("aliases") and id.startswith(row["aliases"][0] + "x")}  # fmt: skip
    for id, row in rows.items():
        for edge in row.get("dependencies", ()) if id not in names else ():
            edge["depends_on_id"] = names.get(edge["depends_on_id"], edge["depends_on_id"])
    return rows


def check(files):
    merged = three_way(*files)
    assert merged == three_way(files[0], files[2], files[1])
    log = Log(merged.data)
    assert not log.markers
    if merged.data not in files[1:]:
        assert not log.repeated
        assert not log.problems
    assert three_way(files[1], files[1], merged.data).data == merged.data
    assert three_way(files[0], merged.data, merged.data).data == merged.data
    assert not list(lost(*map(rows_of, files), unfollowed(merged.data)))
    return merged.data


@pytest.mark.parametrize("start", range(0, 180, 60))
def test_no_fact_gets_lost(start):
    for seed in range(start, start + 60):
        check(triple(seed))


@pytest.mark.parametrize("start", range(0, 60, 60))
def test_files_with_conflicts_in_them(start):
    for seed in range(start, start + 60):
        files = [marked(seed * 3 + at, data) for at, data in enumerate(triple(seed))]
        merged = three_way(*files)
        assert merged == three_way(files[0], files[2], files[1])
        assert not Log(merged.data).markers
        clean = [resolve_markers(data).data for data in files]
        assert not any(Log(data).markers for data in clean)
        for data, after in zip(files, clean, strict=True):
            known = {name for issue in Log(after).values() for name in (issue.id, *issue.aliases)}
            if b"|||||||" not in data:  # without a base nothing between markers is deleted
                assert known >= set(Log(data))


def test_the_triples_hold_what_they_are_meant_to():
    """Otherwise the tests above would say little."""
    files = [data for seed in range(180) for data in triple(seed)]
    for sign in (b"\r\n", b"}{", b"\xef\xbb\xbf", b'"_type": "memory"', b"\\u003c", b"\\u00fc"):
        assert sum(sign in data for data in files) >= 10, sign
    assert sum(bool(Log(data).repeated) for data in files) >= 10
    assert sum(b"<<<<<<<" in marked(n, data) for n, data in enumerate(files)) > 200
    renamed = [three_way(*triple(seed)).data for seed in range(180)]
    assert sum(b"another branch had given" in data for data in renamed) >= 10


def test_what_is_lost_is_seen():
    base, ours, theirs = triple(7)
    found = list(lost(*map(rows_of, (base, ours, theirs)), rows_of(ours)))
    assert found
    assert not list(lost(*map(rows_of, (base, ours, ours)), rows_of(ours)))


@pytest.mark.deep
@pytest.mark.parametrize("start", range(10_000, 30_000, 1000))
def test_the_same_of_twenty_thousand(start):
    for seed in range(start, start + 1000):
        check(triple(seed))


@pytest.mark.deep
@pytest.mark.skipif(not SCORER.exists(), reason=f"the shared scorer is not there: {SCORER}")
@pytest.mark.parametrize("start", range(30_000, 34_000, 1000))
def test_the_shared_scorer_finds_nothing_lost_either(start):
    found = importlib.util.spec_from_file_location("score_merges", SCORER)
    scorer = importlib.util.module_from_spec(found)
    found.loader.exec_module(scorer)
    for seed in range(start, start + 1000):
        files = triple(seed)
        rows = unfollowed(three_way(*files).data).values()
        result = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        sides = [scorer.File(data, {}) for data in (*files, result)]
        for side in sides:
            for key in [key for key in side.rec if key.startswith("memory:")]:
                del side.rec[key], side.raw[key]  # these are not among the rows
        missing, examples = scorer.lost(scorer.measure(*sides[:3])[1], *sides)
        missing.pop("issue lost in an id collision", None)  # it knows no cut fractions
        assert not missing, (seed, examples)
