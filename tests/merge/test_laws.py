"""The laws of the merge, over issues of every shape."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.support.merge_strategies import (
    ORIGINS,
    line_of,
    memories,
    prose,
    records,
    trees,
    triples,
    values_of,
)
from tracker.json_text import members
from tracker.log.conflict_markers import has_markers
from tracker.log.issue_codec import decode, encode
from tracker.log.issue_log import Log
from tracker.log.lines import MARKER
from tracker.merge.fields import DATE, WRITER, rule_of
from tracker.merge.id_collisions import are_strangers
from tracker.merge.inputs import MergeRow
from tracker.merge.rules import ISSUE, MEMORY, SCALAR, SOURCE
from tracker.merge.three_way import resolve_markers, three_way
from tracker.merge.values import ABSENT, attributes, elements, meaning
from tracker.model.issue import FIELDS, KINDS, Issue
from tracker.model.memory import MEMORY_FIELDS, SOURCE_FIELDS

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
brief = settings(patient, max_examples=patient.max_examples // 3)
JOINED = {"description", "design", "acceptance_criteria", "notes"}
LISTS = {"labels", "dependencies", "comments", "aliases", "conflicts"}


def file_of(side):
    return b"".join(encode(side[id]) + b"\n" for id in sorted(side))


def fields_of(issue):
    """Every field with its raw text, as the line has it."""
    return {name: member.raw for name, member in members(encode(issue).decode())[0].items()}


def same_issue(*found):
    rows = [MergeRow(("", i.id), encode(i), is_issue=True) for i in found if i is not None]
    return not any(are_strangers(one, two) for one in rows for two in rows)


def leads_to(id, issues):
    """The issue that an id of an edge means there, by its name or an alias; None where none."""
    named = [one for one in issues.values() if id in one.aliases]
    return issues.get(id) or min(named, key=lambda one: one.id, default=None)


def place_of(id, issues, result):
    """The id in the result of the issue that an id means elsewhere, or of its heir."""
    meant, now = leads_to(id, issues), leads_to(id, result)
    named = [one for one in result.values() if meant and {id, meant.id} & {one.id, *one.aliases}]
    same = [one.id for one in named if same_issue(meant, one)]
    if meant and {id, meant.id} & {*same}:  # where it stands under both, a merge saw no rename
        return id if id in same else meant.id
    return min(same, default=now.id if now else id)


def followed(id, side, triple, result):
    """The edges of a record of a side by where they are to lead in the result: to whom they mean.

    An edge that the base has means what the base means by the id. Of two that lead to one issue
    the first counts.
    """
    base = triple[0]
    old = {edge.key for edge in base[id].dependencies}
    found = {}
    for edge in side[id].dependencies:
        there = base if edge.key in old else side
        place = place_of(edge.depends_on_id, there, result)
        found.setdefault((place, edge.type), replace(edge, depends_on_id=place))
    return found


def is_shared(id, triple, result):
    """Whether a record is the same in all three; then it passes, edges and all, as it is."""
    shared = all(side[id] == triple[0][id] for side in triple)
    assert not shared or result[id] == triple[0][id]
    return shared


def merged_records(triple):
    base, ours, theirs = triple
    return Log(three_way(file_of(base), file_of(ours), file_of(theirs)).data)


def test_every_field_has_a_rule():
    assert set(FIELDS) <= ISSUE.keys()
    assert {*MEMORY_FIELDS, "conflicts"} <= MEMORY.keys()
    assert set(SOURCE_FIELDS) == {*SOURCE, *WRITER}


SCALARS = [name for name in FIELDS if name not in {*LISTS, "id", "metadata", "updated_at"}]


@pytest.mark.parametrize("name", [name for name in SCALARS if KINDS[name] != "bool"])
def test_of_two_values_of_a_field_none_is_lost(name):
    """What a branch wrote stands in the field, is kept in `conflicts`, or is said on stderr.

    Lists and objects have laws of their own below; of two stamps of the last edit the later stands.
    """
    base = Issue(id="bd-a", title="T", created_at=ORIGINS[0], updated_at=ORIGINS[0])
    values = [value for value in values_of(name) if value not in {None, "", getattr(base, name)}]
    mean = ISSUE[name].mean
    met = 0
    for pair in itertools.permutations(values, 2):
        sides = [
            replace(base, **{"updated_at": f"2026-05-0{day}T00:00:00Z", name: value})
            for day, value in enumerate(pair, 1)
        ]
        wrote = [members(encode(side).decode())[0][name] for side in sides]
        merged = three_way(*(file_of({"bd-a": issue}) for issue in (base, *sides)))
        record = members(merged.data.decode())[0]
        kept = elements(record.get("conflicts", ABSENT)) or []
        kept = [attributes(entry)["value"] for entry in kept]
        told = [decision.other for decision in merged.decisions if decision.field == name]
        for value in wrote:
            known = {mean(one) for one in (record[name], *kept)}
            is_joined = name == "notes" and value.value in record[name].value
            assert mean(value) in known or value.raw in told or is_joined, pair
        if mean(wrote[0]) == mean(wrote[1]):
            continue
        met += 1
        if ISSUE[name] in {SCALAR, DATE}:  # what a field has that says nothing else
            assert [mean(one) for one in (record[name], *kept)] == [
                mean(one) for one in wrote[::-1]
            ]
    assert met


@patient
@given(triples(marked=True) | triples())
def test_branches_may_be_swapped(triple):
    base, ours, theirs = triple
    assert three_way(base, ours, theirs) == three_way(base, theirs, ours)


@patient
@given(triples())
def test_a_side_that_did_nothing_changes_nothing(triple):
    base, ours, theirs = triple
    assume(not has_markers(ours))
    assert three_way(base, ours, base).data == ours
    assert three_way(base, base, theirs).data == theirs
    assert three_way(base, ours, ours).data == ours


@patient
@given(triples(marked=True) | triples())
def test_the_output_parses_and_holds_each_id_once(triple):
    result = three_way(*triple).data
    log = Log(result)
    clean = [resolve_markers(side).data for side in triple]
    assert not log.markers
    assert not log.repeated or result in clean  # a whole side, as it is
    for problem in log.problems:
        line = result.splitlines()[problem.line - 1] if b"\x0b" not in result else b""
        assert not MARKER.match(line)
    if any(Log(side).is_sorted for side in clean[1:]) and result not in clean:
        assert log.is_sorted


@brief
@given(triples(marked=True) | triples())
def test_the_output_is_a_base_for_the_next_merge(triple):
    base, ours, theirs = triple
    result = three_way(*triple).data
    assert three_way(base, result, result).data == result
    assert three_way(ours, ours, result).data == result
    again = three_way(result, ours, theirs)
    assert again == three_way(result, theirs, ours)
    assert not Log(again.data).markers


@brief
@given(triples(), triples())
def test_a_criss_cross_converges(triple, later):
    """Both sides merge each other, work on, and merge again, with what git makes as the base."""
    base, ours, theirs = triple
    one, two = three_way(base, ours, theirs).data, three_way(base, theirs, ours).data
    assert one == two
    virtual = three_way(base, ours, theirs).data
    here, there = three_way(later[0], one, later[1]).data, three_way(later[0], two, later[2]).data
    assert three_way(virtual, here, there) == three_way(virtual, there, here)


@patient
@given(records())
def test_what_one_side_left_alone_is_what_the_other_made_of_it(triple):
    base, ours, theirs = triple
    result = merged_records(triple)
    for id in base.keys() & ours.keys() & theirs.keys() & set(result):
        if not same_issue(base[id], ours[id], theirs[id]) or is_shared(id, triple, result):
            continue
        before, one, two, now = map(fields_of, (base[id], ours[id], theirs[id], result[id]))
        for name in before.keys() | one.keys() | two.keys():
            b, o, t = before.get(name), one.get(name), two.get(name)
            if name in {"conflicts", "comments"} or b not in {o, t}:
                continue
            moved = t if o == b else o
            side = theirs if o == b else ours
            if name == "dependencies" and name not in dict(side[id].extra):
                led = followed(id, side, triple, result)
                assert followed(id, result, (result,), result) == led
                if now.get(name) != moved:  # if somebody was renamed
                    assert {edge.key for edge in side[id].dependencies} - led.keys()
                continue
            if {moved, now.get(name)} <= {None, "null", '""', "[]"}:
                continue  # these mean the same
            assert now.get(name) == moved, name


@patient
@given(records())
def test_no_scalar_is_made_up(triple):
    base, ours, theirs = triple
    result = merged_records(triple)
    for id in result.keys() & ours.keys() & theirs.keys():
        if not same_issue(base.get(id), ours[id], theirs[id]):
            continue
        for name in FIELDS:
            if name in JOINED | LISTS | {"metadata"}:
                continue
            values = [getattr(side[id], name) for side in (ours, theirs)]
            assert getattr(result[id], name) in values, name


def counted(id, items):
    """The members of a list by what names them."""
    found = []
    for item in items:
        if isinstance(item, str):
            found.append(item)
        elif hasattr(item, "text"):
            if item.author != "tracker":
                found.append((item.author, item.text))
        else:
            found.append(item.key)
    return Counter(found)


@patient
@given(records())
def test_added_members_survive_and_removed_ones_stay_removed(triple):
    base, ours, theirs = triple
    result = merged_records(triple)
    for id in base.keys() & ours.keys() & theirs.keys() & set(result):
        if not same_issue(base[id], ours[id], theirs[id]) or is_shared(id, triple, result):
            continue
        for name in ("labels", "dependencies", "comments", "aliases"):
            lists = [getattr(side[id], name) for side in (*triple, result)]
            if name == "dependencies":
                lists = [followed(id, side, triple, result).values() for side in triple]
                lists.append(followed(id, result, (result,), result).values())
            four = [counted(id, items) for items in lists]
            carried = any(name in dict(side[id].extra) for side in triple)
            for key in set().union(*four) if not carried else ():
                often = name == "comments"  # which may say the same twice
                before, one, two, now = (
                    count[key] if often else min(count[key], 1) for count in four
                )
                wanted = two if one == before else one if two == before else max(one, two)
                assert now == wanted, (name, key)


@patient
@given(records())
def test_no_record_gets_lost(triple):
    """Every issue of a side is in the result, unless the other side deleted it as it was."""
    base, ours, theirs = triple
    result = merged_records(triple)
    born = Counter((issue.title, issue.created_at) for issue in result.values())
    for side, other in ((ours, theirs), (theirs, ours)):
        for id, issue in side.items():
            if id in base and (id not in other or not same_issue(base[id], other[id])):
                continue  # perhaps deleted
            before = base.get(id)
            if id in other and (
                same_issue(issue, other[id])
                or (before and same_issue(before, issue) and same_issue(before, other[id]))
            ):
                assert id in result
                continue
            renamed = [i for i in result.values() if i.id == id or id in i.aliases]
            assert any(same_issue(issue, one) for one in renamed), (id, born)


def paths(value, above=()):
    """Every path through an object to what is no object, and every key on the way."""
    found = {above} if above else set()
    for name, inner in value.items() if isinstance(value, dict) else ():
        found |= paths(inner, (*above, name))
    return found


@given(trees(), trees(), trees())
def test_unknown_keys_survive_at_any_depth(base, ours, theirs):
    assume(all(isinstance(tree, dict) for tree in (base, ours, theirs)))
    lines = [line_of("bd-a", zeta=tree) for tree in (base, ours, theirs)]
    result = three_way(*lines).data
    raw = dict(decode(result.strip()).extra)
    found = paths(json.loads(raw.get("zeta", "{}")))
    told = json.dumps(json.loads(raw.get("conflicts", "[]")))
    before, one, two = map(paths, (base, ours, theirs))
    for path in (one - before) | (two - before) | (one & two):
        above = {path[:length] for length in range(1, len(path))}
        if above <= found:  # else an object gave way to a scalar, and is kept as a whole
            removed = path in before and not (path in one and path in two)
            assert path in found or removed or told != "[]"
    for path in before - one - two:
        assert path not in found


@given(prose(), prose(), prose())
def test_no_line_of_text_gets_lost(base, ours, theirs):
    """What both sides wrote is in the text, in `conflicts` or in both."""
    lines = [
        line_of("bd-a", description=text, updated_at=f"2026-01-0{day}T00:00:00Z")
        for text, day in ((base, 1), (ours, 2), (theirs, 3))
    ]
    issue = decode(three_way(*lines).data.strip())
    kept = [entry["value"] for entry in json.loads(dict(issue.extra).get("conflicts", "[]"))]
    everywhere = Counter("\n".join([issue.description, *kept]).split("\n"))
    for side in (ours, theirs):
        new = Counter(side.split("\n")) - Counter(base.split("\n"))
        assert not {line for line in new if line} - everywhere.keys()
    said = [remark.text for remark in issue.comments]
    assert all(any(value in text for text in said) for value in kept)


@pytest.mark.parametrize("path", ["issues.jsonl", "memory.jsonl"])
@pytest.mark.parametrize("odd", [7, "text", {"a": 1}, ["x"]])
def test_what_else_stands_where_a_merge_keeps_values_stays_beside_them(path, odd):
    base, ours, theirs = (
        line_of("bd-a", key="k", title=title, updated_at=f"2026-01-0{day}T00:00:00Z", **more)
        for day, (title, more) in enumerate(
            [("base", {}), ("ours", {"conflicts": odd}), ("theirs", {})], 1
        )
    )
    merged = three_way(base, ours, theirs, path)
    entry = {"field": "/title", "value": "ours", "updated_at": "2026-01-02T00:00:00Z"}
    wanted = [*(odd if isinstance(odd, list) else [odd]), entry]
    kept = json.loads(merged.data)["conflicts"]
    assert sorted(kept, key=str) == sorted(wanted, key=str)
    again = three_way(base, merged.data, ours, path)
    assert sorted(json.loads(again.data)["conflicts"], key=str) == sorted(wanted, key=str)


@given(prose(), prose())
@example("a", "a\nb")
def test_notes_that_were_born_on_both_sides_are_joined(one, two):
    lines = [
        line_of("bd-a", notes=text, updated_at=f"2026-01-0{day}T00:00:00Z")
        for text, day in (("", 1), (one, 2), (two, 3))
    ]
    notes = decode(three_way(*lines).data.strip()).notes
    assert one in notes
    assert two in notes
    assert len(notes) <= len(one) + len(two) + 1


@patient
@given(memories())
def test_memories_obey_the_same_laws(triple):
    base, ours, theirs = triple
    merged = three_way(base, ours, theirs, "x/.beads/memory.jsonl")
    assert merged == three_way(base, theirs, ours, "x/.beads/memory.jsonl")
    assert three_way(base, ours, base, "memory.jsonl").data == ours
    rows = [json.loads(line) for line in merged.data.splitlines()]
    keys = [row["key"] for row in rows]
    assert keys == sorted(set(keys))
    sides = [{row["key"]: row for row in map(json.loads, side.splitlines())} for side in triple]
    assert set(keys) >= sides[1].keys() & sides[2].keys()
    assert set(keys) <= sides[1].keys() | sides[2].keys()


@patient
@given(triples(plain=True))
def test_markers_hold_what_the_merge_would_have_made(triple):
    """A whole file between markers, with its base, is the merge of the three."""
    base, ours, theirs = triple
    assume(ours != theirs)
    block = b"<<<<<<< HEAD\n%s||||||| base\n%s=======\n%s>>>>>>> theirs\n" % (ours, base, theirs)
    resolved = resolve_markers(block)
    assert resolved.data == three_way(base, ours, theirs).data
    swapped = b"<<<<<<< HEAD\n%s||||||| base\n%s=======\n%s>>>>>>> theirs\n" % (theirs, base, ours)
    assert resolve_markers(swapped) == resolved


@given(st.data())
def test_what_means_the_same_is_no_edit(data):
    """Each field has a meaning that its own spelling does not change."""
    name = data.draw(st.sampled_from(sorted(ISSUE)))
    rule = rule_of(ISSUE, name)
    value = members('{"v":["a"],"w":[ "a" ]}')[0]
    assert rule.mean(value["v"]) == rule.mean(value["w"])
    assert not rule.edited(value["v"], value["w"])
    assert rule.mean(ABSENT) == rule.mean(members('{"v":""}')[0]["v"])


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("1", "1.0", True),
        ("100", "1e2", True),
        ("0.10", "1e-1", True),
        ("-0", "0", True),
        ("9007199254740993", "9007199254740992", False),
        ("1e400", "1e401", False),
        ('"\\u003c"', '"<"', True),
        ('{"a":1,"b":null}', '{ "a": 1 }', True),
        ('{"x_at":"2026-01-01T00:00:00Z"}', '{"x_at":"2026-01-01T01:00:00+01:00"}', True),
        ("true", "1", False),
        ('"1"', "1", False),
        ("[1,2]", "[2,1]", False),
        ("[]", "null", True),
    ],
)
def test_meaning(one, two, same):
    found = members(f'{{"one":{one},"two":{two}}}')[0]
    assert (meaning(found["one"]) == meaning(found["two"])) is same
