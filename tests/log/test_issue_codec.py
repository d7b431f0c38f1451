"""A record and its line: laws over every issue, and the cases that other programs have written."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import (
    HARD_NUMBERS,
    dependencies,
    extras,
    foreign,
    issues,
    json_texts,
    misfits,
    small_issues,
    texts,
)
from tracker.json_text import members, quote
from tracker.log.issue_codec import KEY_ORDER, decode, encode, glance
from tracker.model.issue import DEFAULTS, FIELDS, Comment, Dependency, Issue

BEADS_LINES = (
    (
        '{"id":"tst-oxq","title":"Fix login","description":"Größe > 5? No: ≥ 5","design":"D",'
        '"acceptance_criteria":"A","notes":"N","spec_id":"docs/spec.md","status":"open","priority":1,'
        '"issue_type":"bug","assignee":"ann","owner":"ann@example.com","estimated_minutes":60,'
        '"created_at":"2026-11-20T05:17:52.208422182Z","created_by":"Ann Example",'
        '"updated_at":"2026-11-20T05:17:52.208422182Z","due_at":"2025-12-31T00:00:00Z",'
        '"defer_until":"2026-11-20T11:17:52.201660713Z","external_ref":"gh-9",'
        '"source_system":"jira","metadata":{"b":1.0,"a":[1e400,"x"]},"compaction_level":1,'
        '"original_size":10,"labels":["backend","urgent"]}'
    ),
    (
        '{"id":"tst-7w9.2","title":"Child","status":"closed","priority":0,"issue_type":"task",'
        '"created_at":"2026-11-20T05:17:52Z","updated_at":"2026-11-20T05:17:53.5Z",'
        '"closed_at":"2026-11-20T05:17:53.5Z","close_reason":"done","closed_by_session":"s1",'
        '"dependencies":[{"issue_id":"tst-7w9.2","depends_on_id":"tst-7w9","type":"parent-child",'
        '"created_at":"2026-11-20T05:17:52Z","created_by":"Ann"},{"issue_id":"tst-7w9.2",'
        '"depends_on_id":"tst-7w9.1","type":"waits-for","created_at":"2026-11-20T05:17:52Z",'
        '"metadata":"{\\"gate\\":\\"any-children\\"}","thread_id":"t"}],'
        '"comments":[{"id":1,"issue_id":"tst-7w9.2","author":"ann","text":"one\\ntwo",'
        '"created_at":"2026-11-20T05:17:53Z"}]}'
    ),
    (
        '{"id":"tst-gone","title":"Gone","status":"tombstone","priority":2,"issue_type":"task",'
        '"created_at":"2026-11-20T05:17:52Z","updated_at":"2026-11-20T05:17:53Z",'
        '"deleted_at":"2026-11-20T05:17:53Z","deleted_by":"ann","delete_reason":"delete",'
        '"original_type":"bug"}'
    ),
    (
        '{"id":"tst-agent","title":"Agent","status":"pinned","priority":0,"issue_type":"agent",'
        '"created_at":"2026-11-20T05:17:52Z","updated_at":"2026-11-20T05:17:53Z","sender":"mayor",'
        '"ephemeral":true,"wisp_type":"patrol","pinned":true,"is_template":true,'
        '"bonded_from":[{"source_id":"a","bond_type":"b"}],"creator":{"name":"x"},'
        '"quality_score":0.5,"crystallizes":true,"await_type":"gh:run","timeout":1000000000,'
        '"waiters":["a"],"holder":"h","source_formula":"f","hook_bead":"b","role_bead":"r",'
        '"agent_state":"idle","role_type":"polecat","rig":"gas","mol_type":"swarm",'
        '"work_type":"mutex","event_kind":"e","actor":"a","target":"t","payload":"{}"}'
    ),
)


def record(**fields):
    """A line of these raw JSON texts, as an issue."""
    body = ",".join(f"{quote(name)}:{raw}" for name, raw in {"id": '"bd-a"', **fields}.items())
    return decode("{" + body + "}")


@given(issues())
def test_what_is_encoded_decodes_to_the_same_issue(issue):
    assert decode(encode(issue)) == issue


@given(issues())
def test_the_canonical_line_is_canonical(issue):
    line = encode(issue)
    assert encode(decode(line)) == line
    assert b"\n" not in line
    assert b"\r" not in line


@given(issues().flatmap(lambda issue: st.tuples(st.just(issue), foreign(encode(issue)))))
def test_another_spelling_decodes_to_the_same_issue_but_for_raw_texts(pair):
    issue, line = pair
    raw = {"extra": (), "metadata": "", "dependencies": (), "comments": ()}
    assert replace(decode(line), **raw) == replace(issue, **raw)
    once = encode(decode(line))
    assert encode(decode(once)) == once


@given(issues())
def test_another_json_reader_finds_the_same_values(issue):
    row = json.loads(encode(issue), parse_int=str, parse_float=str)
    for name in set(FIELDS) - {"metadata", "dependencies", "comments", "extra"}:
        value = getattr(issue, name)
        if isinstance(value, (str, tuple)) and name not in dict(issue.extra):
            found = row.get(name, DEFAULTS[name])
            assert (tuple(found) if isinstance(value, tuple) else found) == value


@given(issues())
def test_known_keys_stand_in_the_order_of_beads_and_unknown_ones_sorted(issue):
    keys = list(json.loads(encode(issue)))
    known = [key for key in keys if key in KEY_ORDER]
    unknown = [key for key in keys if key not in KEY_ORDER]
    assert known == [key for key in KEY_ORDER if key in known]
    assert unknown == sorted(unknown)
    assert keys == known + unknown


@given(extras(FIELDS, min_size=1))
def test_unknown_fields_survive_byte_for_byte(carried):
    line = encode(Issue(id="bd-a", extra=carried)).decode()
    for name, raw in carried:
        assert f"{quote(name)}:{raw}" in line
    assert decode(line).extra == carried


@given(dependencies(), extras(("id", "issue_id", "author", "text", "created_at"), min_size=1))
def test_unknown_fields_of_nested_records_survive_byte_for_byte(edge, carried):
    issue = Issue(id="bd-a", dependencies=(edge,), comments=(Comment(text="hi", extra=carried),))
    found = decode(encode(issue))
    assert found.dependencies[0].extra == edge.extra
    assert found.comments[0].extra == carried


@given(json_texts())
def test_metadata_is_kept_verbatim(raw):
    found = record(metadata=raw).metadata
    assert found == ("" if json.loads(raw) in (None, "", []) else raw)


@pytest.mark.parametrize("digits", [*HARD_NUMBERS, "9" * 4500], ids=lambda digits: digits[:12])
def test_a_number_never_changes(digits):
    issue = record(quality_score=digits, metadata=f'{{"n":{digits}}}', zeta=f"[{digits}]")
    line = encode(issue).decode()
    assert f'"quality_score":{digits},' in line.replace("}", ",")
    assert f'"metadata":{{"n":{digits}}}' in line
    assert f'"zeta":[{digits}]' in line
    assert decode(line) == issue


@given(misfits())
def test_a_field_of_an_unexpected_type_is_carried(misfit):
    name, raw = misfit
    issue = record(**{name: raw})
    assert issue == Issue(id="bd-a", extra=((name, raw),))
    assert f"{quote(name)}:{raw}".encode() in encode(issue)


@given(misfits())
def test_a_field_of_an_unexpected_type_gives_way_to_an_edit(misfit):
    name, raw = misfit
    values = {str: "new", int: 7, bool: True, type(None): 7}
    new = ("x",) if name in {"labels", "aliases"} else values.get(type(DEFAULTS[name]))
    if name == "dependencies":
        new = (Dependency(issue_id="bd-a", depends_on_id="bd-b"),)
    if name == "comments":
        new = (Comment(text="hi"),)
    found = decode(encode(replace(record(**{name: raw}), **{name: new})))
    assert getattr(found, name) == new
    assert found.extra == ()


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "id"])
def test_null_the_empty_text_and_the_empty_list_are_the_same_as_absent(name):
    absent = record()
    for raw in ("null", '""', "[]"):
        assert record(**{name: raw}) == absent
        assert encode(record(**{name: raw})) == encode(absent)


@pytest.mark.parametrize("part", ["dependencies", "comments"])
def test_in_nested_records_too_null_is_the_same_as_absent(part):
    names = {
        "dependencies": ("issue_id", "type", "created_at", "created_by"),
        "comments": ("id", "issue_id", "author", "text", "created_at"),
    }[part]
    one = '"depends_on_id":"bd-b"' if part == "dependencies" else '"x":1'
    absent = record(**{part: f"[{{{one}}}]"})
    assert getattr(absent, part)
    for name in names:
        for raw in ("null", '""'):
            assert record(**{part: f'[{{{one},"{name}":{raw}}}]'}) == absent


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in {"id", "metadata"}])
def test_a_number_too_long_for_python_is_carried(name):
    assert record(**{name: "9" * 4500}).extra == ((name, "9" * 4500),)
    assert record(**{name: "-" + "9" * 4500}).extra == ((name, "-" + "9" * 4500),)


def test_zero_and_false():
    zero = record(estimated_minutes="0", priority="0")
    assert (zero.estimated_minutes, zero.priority) == (0, 0)
    assert b'"priority":0' in encode(zero)
    assert b'"estimated_minutes":0' in encode(zero)
    assert record().estimated_minutes is None
    assert b"estimated_minutes" not in encode(record())
    assert record(pinned="false") == record()
    assert b"pinned" not in encode(record(pinned="false"))


def test_a_line_without_a_priority_is_p0_and_then_says_so():
    assert record().priority == 0
    assert encode(record()) == (
        b'{"id":"bd-a","title":"","status":"open","priority":0,"issue_type":"task"}'
    )


@pytest.mark.parametrize("line", BEADS_LINES, ids=lambda line: line[7:20].split('"')[0])
def test_a_line_of_beads_in_utc_is_canonical(line):
    assert encode(decode(line)).decode() == line
    assert decode(line.encode()) == decode(line)


def test_the_lines_of_beads_above_use_every_key_that_it_writes_but_odd_ones():
    used = {key for line in BEADS_LINES for key in json.loads(line)}
    left = set(KEY_ORDER) - used
    assert left == {
        "_type", "compacted_at", "compacted_at_commit", "validations", "await_id",
        "source_location", "last_activity",
    }  # fmt: skip
    assert used <= set(KEY_ORDER)


def test_beads_escapes_are_read_and_written_plain():
    line = '{"id":"bd-a","title":"\\u003cb\\u003e \\u0026 \\u2028"}'
    assert decode(line).title == "<b> & \u2028"
    assert '"title":"<b> & \u2028"'.encode() in encode(decode(line))


def test_the_type_of_a_beads_1_line_stays_first_and_its_counts_stay_last():
    line = (
        '{"_type":"issue","id":"bd-a","title":"T","status":"open","priority":2,'
        '"issue_type":"task","comment_count":0,"dependency_count":0,"dependent_count":1}'
    )
    assert encode(decode(line)).decode() == line


def test_of_a_repeated_key_the_last_counts():
    assert record(title='"one"').title == "one"
    line = '{"id":"bd-a","title":"one","x":1,"priority":3,"title":"two","x":2.0}'
    assert decode(line).title == "two"
    assert decode(line).extra == (("x", "2.0"),)


def test_a_key_may_be_spelled_with_escapes():
    assert decode('{"\\u0069d":"bd-a","t\\u0069tle":"T"}') == Issue(id="bd-a", title="T")


@given(texts(), texts())
def test_lone_surrogates_stay_escapes(title, name):
    issue = Issue(id="bd-a", title=title, labels=(name,), extra=((f"x{name}", quote(title)),))
    line = encode(issue)
    assert line.decode()
    assert decode(line) == issue


def test_text_that_python_put_together_can_be_written():
    raw = json.dumps({"torn": "\ud800"}, ensure_ascii=False)
    assert encode(Issue(id="bd-a", metadata='{"torn":1}'))
    line = encode(Issue(id="bd-a", metadata=raw, extra=(("x", raw),)))
    assert json.loads(line)["metadata"] == json.loads(line)["x"] == {"torn": "\ud800"}


def test_an_edge_or_a_comment_may_be_incomplete():
    (edge,) = record(dependencies='[{"depends_on_id":"bd-b","type":"related"}]').dependencies
    assert edge == Dependency(issue_id="", depends_on_id="bd-b", type="related")
    (empty,) = record(dependencies='[{"depends_on_id":""}]').dependencies
    assert empty == Dependency(issue_id="", depends_on_id="")
    (remark,) = record(comments='[{"text":"hi"}]').comments
    assert remark == Comment(text="hi")
    issue = record(dependencies='[ {"depends_on_id":""} , {"depends_on_id":"b"}]', comments="[{}]")
    assert decode(encode(issue)) == issue


def test_values_of_an_unexpected_type_are_carried_within_nested_records():
    edges = '[{"issue_id":5,"depends_on_id":"bd-b","type":["x"],"created_by":{"n":1.0}}]'
    (edge,) = record(dependencies=edges).dependencies
    assert edge.extra == (("created_by", '{"n":1.0}'), ("issue_id", "5"), ("type", '["x"]'))
    assert (edge.issue_id, edge.type) == ("", "blocks")
    (remark,) = record(comments='[{"id":1.0,"author":true,"text":"hi"}]').comments
    assert remark == Comment(text="hi", extra=(("author", "true"), ("id", "1.0")))
    issue = record(dependencies=edges, comments='[{"id":true,"text":"hi"}]')
    line = encode(issue)
    assert b'"id":true' in line
    assert b'"type":["x"]' in line
    assert decode(line) == issue


def test_comment_ids_are_numbers_or_texts():
    ids = [remark.id for remark in record(comments='[{"id":7},{"id":"0193-ab"},{}]').comments]
    assert ids == [7, "0193-ab", 0]
    line = encode(record(comments=f'[{{"id":{2**70}}},{{"id":"7"}}]'))
    assert f'"id":{2**70},'.encode() in line
    assert b'"id":"7",' in line


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"title":"T"}', "no id"),
        ('{"id":null}', "no id"),
        ('{"id":""}', "no id"),
        ('{"id":7}', "no id"),
        ('{"id":"bd-a"} x', "column 15"),
        ('{"id":"bd-a"}{"id":"bd-b"}', "column 14"),
        ('{"id":"bd-a"}\u00a0', "column 14"),
        ('{"id" "bd-a"}', "':' is missing at column 7"),
        ('{"id":"bd-a" "x":1}', "missing at column 14"),
        ('{"id":"bd-a",}', "key is missing at column 14"),
        ('{"id":}', "value is missing at column 7"),
        ('{id:"bd-a"}', "key is missing at column 2"),
        ('{"id":"bd-a","x":NaN}', "NaN is not JSON"),
        ('{"id":"bd-a","x":-Infinity}', "-Infinity is not JSON"),
        ('{"id":"bd-a","x":"\x01"}', "control character"),
        ('{"id":"bd-a"', "missing at column 13"),
        ('["bd-a"]', "not a JSON object"),
        ("", "not a JSON object"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(line, why):
    assert decode(' { "id" : "bd-a" } \t\r\n') == Issue(id="bd-a")
    with pytest.raises(ValueError, match=re.escape(why)):
        decode(line)


def test_bytes_that_are_not_utf_8_are_refused():
    assert decode('{"id":"bd-é"}'.encode()).id == "bd-é"
    with pytest.raises(UnicodeDecodeError):
        decode('{"id":"bd-é"}'.encode("latin-1"))


@pytest.mark.parametrize("depth", [10, 900, 5_000])
@pytest.mark.parametrize("pair", ["[]", '{"":}'])
def test_nesting_is_carried_however_deep_it_is(depth, pair):
    half = len(pair) - 1
    raw = pair[:half] * depth + ("1" if half > 1 else "") + pair[half:] * depth
    issue = record(zeta=raw, metadata=raw, title='"after"')
    assert dict(issue.extra) == {"zeta": raw}
    assert (issue.metadata, issue.title) == (raw, "after")
    assert decode(encode(issue)) == issue


def test_deep_text_in_brackets_within_strings_is_no_nesting():
    raw = "[" * 3000 + '"]}\\"[{"' + "]" * 3000
    assert record(zeta=raw, title='"after"').title == "after"
    with pytest.raises(ValueError, match="does not end"):
        record(zeta="[" * 3000 + '"]"')


@given(issues())
def test_a_glance_shows_what_decoding_shows_but_for_what_is_only_carried(issue):
    found = glance(json.loads(encode(issue)))
    bare = [replace(edge, extra=()) for edge in issue.dependencies]
    assert [replace(edge, extra=()) for edge in found.dependencies] == bare
    assert found.comments == tuple(replace(remark, extra=()) for remark in issue.comments)
    assert bool(found.metadata) == bool(issue.metadata)
    same = {"dependencies": (), "comments": (), "metadata": "", "extra": ()}
    assert replace(found, **same) == replace(issue, **same)


@given(small_issues())
def test_a_glance_keeps_what_gates_are_made_of(issue):
    found = glance(json.loads(encode(issue)))
    assert found.dependencies == issue.dependencies


def test_a_glance_at_odd_values():
    row = {"id": "bd-a", "metadata": {"torn": "\ud800"}, "comments": [{"id": [1]}, {"id": True}]}
    assert glance(row).metadata == '{"torn": "\\ud800"}'
    assert [remark.id for remark in glance(row).comments] == [0, 0]
    deep = json.loads("[" * 500 + "]" * 500)
    for _ in range(6):
        deep = [deep]
    assert glance({"id": "bd-a", "metadata": deep}).id == "bd-a"


@given(issues())
def test_members_are_slices_of_the_line(issue):
    line = encode(issue).decode()
    found, end = members(f"  {line} ", 1)
    assert end == len(line) + 2
    assert all(f"{quote(name)}:{member.raw}" in line for name, member in found.items())
    assert list(found) == list(json.loads(line))
