"""The log as a value, and the draft of its next state: laws over whatever a file may hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.strategies import (
    DEEP,
    MEMORIES,
    conflicts,
    edited,
    files,
    ids,
    logs,
    small_issues,
)
from tracker.errors import Conflicted, Refused
from tracker.log import lines
from tracker.log.issue_codec import decode, encode, glance
from tracker.log.issue_log import Draft, Log
from tracker.log.lines import BOM, FoundLine, scan
from tracker.model.issue import Dependency, Issue

A = Issue(id="bd-a", title="A", updated_at="2026-01-01T00:00:00Z")
B = Issue(id="bd-b", title="B", updated_at="2026-01-01T00:00:00Z")
C = Issue(id="bd-c", title="C", updated_at="2026-01-01T00:00:00Z")


def text(*parts, newline=b"\n", end=True):
    """A file of these issues and raw lines."""
    raw = [encode(part) if isinstance(part, Issue) else part for part in parts]
    return newline.join(raw) + (newline if end and raw else b"")


def after(log, changes):
    return b"".join(lines.apply(log.data, log.edits(changes)))


def places(data):
    """Where each record stands; of several with one id all."""
    found = {}
    for item in scan(data):
        if isinstance(item, FoundLine) and item.row.get("id") and isinstance(item.row["id"], str):
            found.setdefault(item.row["id"], []).append(item)
    return found


def editable(log):
    return [id for id, found in places(log.data).items() if len(found) == 1]


def no_records(data):
    """The bytes of everything that is no issue, in order; glued lines as what they hold."""
    every = data.removeprefix(BOM).split(b"\n")
    for item in scan(data):
        if not isinstance(item, FoundLine):
            yield every[item.number - 1].rstrip(b"\r")
        elif item.row.get("id") not in places(data):
            yield data[item.start : item.end]


def raw_lines(log, *, but=()):
    """The bytes of each record; blanks around it belong to its line only if it has one alone."""
    return {id: log.line(id).strip(b" \t") for id in log if id not in but}


def reasons(log):
    """What is wrong with the file, whatever the line."""
    return Counter(problem.why.partition(" on line ")[0] for problem in log.problems)


def names(data, log):
    """Draws the id of a record that may be edited."""
    found = editable(log)
    assume(found)
    return data.draw(st.sampled_from(found))


@given(files())
def test_of_several_lines_with_one_id_the_last_counts(data):
    log = Log(data)
    found = places(data)
    assert set(log) == set(found) == set(log.all_ids())
    assert len(log) == len(found)
    last = {id: data[every[-1].start : every[-1].end] for id, every in found.items()}
    assert {id: log.line(id) for id in log} == last
    assert list(log) == sorted(log, key=lambda id: found[id][-1].start)


@given(files(markers=True) | files())
def test_every_record_that_is_listed_can_be_read(data):
    log = Log(data)
    for id in log:
        assert log[id] == decode(log.line(id)) == log.get_issue(id)
        assert log[id].id == id
    assert [row["id"] for _, row in log.rows()] == list(log)
    assert "bd-nowhere" not in log
    assert log.get("bd-nowhere") is log.get_issue("bd-nowhere") is log.line("bd-nowhere") is None


@given(files(markers=True) | files())
def test_problems_stand_in_order_and_name_a_line_of_the_file(data):
    log = Log(data, "some.jsonl")
    last = len(data.split(b"\n"))
    assert [problem.line for problem in log.problems] == sorted(p.line for p in log.problems)
    assert all(p.path == "some.jsonl" and 1 <= p.line <= last and p.why for p in log.problems)
    marked = [number for number, line in enumerate(data.split(b"\n"), 1) if line[:7] == b"=" * 7]
    assert set(marked) <= set(log.markers)
    assert bool(log.markers) == bool(marked)


@given(files())
def test_no_change_is_no_edit(data):
    assert Log(data).edits({}) == []
    assert after(Log(data), {}) == data
    assert after(Log(data), {"bd-nowhere": None}) == data


@given(files(), st.data())
def test_an_edit_of_one_record_leaves_every_other_line_alone(data, draw):
    log = Log(data)
    id = names(draw, log)
    (place,) = places(data)[id]
    new = encode(edited(log[id]))
    result = after(log, {id: new})
    other = Log(result)
    assert other.line(id) == new
    assert raw_lines(other, but=[id]) == raw_lines(log, but=[id])
    old_lines, new_lines = data.split(b"\n"), result.split(b"\n")
    at, behind = place.number - 1, len(old_lines) - place.number
    assert new_lines[:at] == old_lines[:at]
    assert new_lines[len(new_lines) - behind :] == old_lines[at + 1 :]
    if not place.glued:
        record = data[place.start : place.end]
        assert new_lines[at : at + 1] == [old_lines[at].replace(record, new)]
        assert other.problems == log.problems
    assert reasons(other) == reasons(log)
    assert list(no_records(result)) == list(no_records(data))


@given(files(), st.data())
def test_editing_back_restores_the_file(data, draw):
    log = Log(data)
    id = names(draw, log)
    (place,) = places(data)[id]
    other = Log(after(log, {id: encode(edited(log[id]))}))
    result = after(other, {id: log.line(id)})
    assert raw_lines(Log(result)) == raw_lines(log)
    if not place.glued:
        assert result == data


@given(files(), small_issues(), st.data())
def test_a_new_record_keeps_the_order_or_goes_to_the_end(data, issue, draw):
    log = Log(data)
    assume(issue.id not in log)
    other = Log(after(log, {issue.id: encode(issue)}))
    assert other[issue.id] == issue
    assert raw_lines(other, but=[issue.id]) == raw_lines(log)
    assert [id for id in other if id != issue.id] == list(log)
    if log.is_sorted:
        assert other.is_sorted
    else:
        assert list(other)[-1] == issue.id
        assert other.data.rstrip(b"\r\n").endswith(encode(issue))


@given(files(), st.lists(small_issues(), min_size=1, max_size=3, unique_by=lambda i: i.id))
def test_taking_new_records_away_restores_the_file(data, new):
    log = Log(data)
    assume(all(issue.id not in log for issue in new))
    other = Log(after(log, {issue.id: encode(issue) for issue in new}))
    result = after(other, dict.fromkeys([issue.id for issue in new]))
    assert raw_lines(Log(result)) == raw_lines(log)
    assert list(no_records(result)) == list(no_records(data))
    if not log.is_glued:
        assert result == data


@given(files(), st.data())
def test_any_change_of_many_records_does_what_it_says_and_no_more(data, draw):
    log = Log(data)
    changes = {}
    for id in draw.draw(st.lists(st.sampled_from([*editable(log), "bd-new", "zz-new"]))):
        new = encode(edited(log[id]) if id in log else replace(A, id=id))
        changes[id] = draw.draw(st.sampled_from([None, new]))
    result = after(log, changes)
    other = Log(result)
    expected = raw_lines(log, but=changes) | {id: new for id, new in changes.items() if new}
    assert raw_lines(other) == expected
    assert list(no_records(result)) == list(no_records(data))
    assert reasons(other) == reasons(log)
    if log.is_sorted:
        assert other.is_sorted
    undone = Log(after(other, {id: log.line(id) for id in changes}))
    assert raw_lines(undone) == raw_lines(log)


@given(files(plain=True, repeats=False))
def test_the_form_of_the_end_of_a_file_is_kept(data):
    for whole in (data, data[:-1], data.replace(b"\n", b"\r\n"), data.replace(b"\n", b"\r\n")[:-2]):
        log = Log(whole)
        for changes in ({"bd-new": encode(A)}, dict.fromkeys(log), dict.fromkeys(log, b"{}")):
            result = after(log, changes)
            if whole and result:
                assert result.endswith(b"\n") == whole.endswith(b"\n")
                assert result.count(b"\r\n") in {0, result.count(b"\n")}


@example(b"<<<<<<<")
@given(st.binary(max_size=60) | st.text('{}[]":,id\\\r\n \ufeffé', max_size=60).map(str.encode))
def test_any_bytes_at_all_are_a_log(data):
    log = Log(data)
    assert [log[id].id for id in log] == list(log)
    if log.markers:
        with pytest.raises(Conflicted):
            after(log, {})
        return
    assert after(log, {}) == data
    assume(b"\r" not in data)  # a lone one at the end of a file is part of its last line
    other = Log(after(log, {"bd-new": encode(replace(A, id="bd-new"))}))
    assert other["bd-new"].title == "A"
    assert after(other, {"bd-new": None}) == data


def test_where_a_new_record_goes_in_each_kind_of_file():
    new = {"bd-b": encode(B)}
    assert after(Log(b""), new) == text(B)
    assert after(Log(BOM), new) == BOM + text(B)
    assert after(Log(text(A, C)), new) == text(A, B, C)
    assert after(Log(text(C, A)), new) == text(C, A, B)
    assert after(Log(text(A, C, end=False)), new) == text(A, B, C, end=False)
    assert after(Log(text(A, end=False)), new) == text(A, B, end=False)
    assert after(Log(BOM + text(C, newline=b"\r\n")), new) == BOM + text(B, C, newline=b"\r\n")
    assert after(Log(text(A, *MEMORIES)), new) == text(A, B, *MEMORIES)
    assert after(Log(text(A, b"# rubbish", end=False)), new) == text(A, B, b"# rubbish", end=False)
    assert after(Log(text(*MEMORIES)), new) == text(*MEMORIES, B)
    assert after(Log(text(encode(A) + encode(C))), new) == text(A, B, C)
    assert after(Log(text(encode(A) + MEMORIES[0], C)), new) == text(
        encode(A) + MEMORIES[0], B, C
    )  # fmt: skip


def test_a_record_without_newline_can_be_renamed_to_one_that_sorts_before_it():
    log = Log(text(A, C, end=False))
    assert after(log, {"bd-c": None, "bd-b": encode(B)}) == text(A, B, end=False)
    assert after(Log(text(C, end=False)), {"bd-c": None, "bd-b": encode(B)}) == text(B, end=False)
    assert after(Log(text(B, end=False)), {"bd-b": None, "bd-c": encode(C)}) == text(C, end=False)


def test_a_malformed_line_survives_a_hundred_writes_elsewhere():
    rubbish = [b'{"id":"bd-cut","title":"unfin', b"\xff\xfe", b'{"title":"no id"}', b"<<<<<<"]
    data = text(rubbish[0], A, rubbish[1], rubbish[2], B, rubbish[3])
    for number in range(100):
        log = Log(data)
        data = after(log, {"bd-a": encode(replace(log["bd-a"], title=f"title {number}"))})
    assert data == text(
        rubbish[0], replace(A, title="title 99"), rubbish[1], rubbish[2], B, rubbish[3]
    )


def test_problems_say_what_and_where():
    data = text(
        A, b"", b"# a remark", b'{"title":"no id"}', B, b"[]", b'{"id":7}', b'{"id":null}', C, A
    )
    log = Log(BOM + data, "x.jsonl")
    assert [str(problem) for problem in log.problems] == [
        "x.jsonl:1: bd-a stands again on line 10, and the last one counts",
        "x.jsonl:3: not JSON: not a JSON object",
        "x.jsonl:4: the record has no id",
        "x.jsonl:6: not a JSON object",
        "x.jsonl:7: the record has no id",
        "x.jsonl:8: the record has no id",
    ]
    assert set(log) == {"bd-a", "bd-b", "bd-c"}


def test_memory_lines_are_no_problem_and_no_issue():
    log = Log(text(A, *MEMORIES, b'{"_type":"config","x":1}'))
    assert list(log) == ["bd-a"]
    assert log.problems == ()
    for line in (b'{"_type":"issue","title":"x"}', b'{"_type":null}', b'{"_type":""}', b"{}"):
        assert [p.line for p in Log(text(A, line)).problems] == [2]


def test_crlf_a_mark_and_glued_records_are_no_problem():
    log = Log(BOM + text(encode(A) + encode(B), C, newline=b"\r\n"))
    assert [log[id] for id in log] == [A, B, C]
    assert log.problems == ()
    assert log.is_glued
    assert not Log(text(A, B)).is_glued


def test_a_record_that_stands_twice_cannot_be_edited_and_others_can():
    log = Log(text(A, B, replace(A, title="second"), C, replace(A, title="third")))
    assert log["bd-a"].title == "third"
    assert after(log, {"bd-b": None, "bd-c": None}) == text(
        A, replace(A, title="second"), replace(A, title="third")
    )
    log.forbid_edit("bd-b")
    for refused in (
        lambda: log.forbid_edit("bd-a"),
        lambda: log.edits({"bd-a": encode(A)}),
        lambda: log.edits({"bd-a": None, "bd-b": None}),
        lambda: Draft(log).put(A),
        lambda: Draft(log).drop("bd-a"),
    ):
        with pytest.raises(Refused, match="lines 1 and 3 and 5") as caught:
            refused()
        assert caught.value.hint


def test_a_log_with_markers_cannot_be_edited():
    before, marked = text(A, B, C), text(A, *conflicts(encode(B), encode(C)))
    assert Log(before).edits({"bd-a": None})
    log = Log(marked, "x.jsonl")
    for refused in (
        lambda: log.edits({}),
        lambda: log.edits({"bd-a": None}),
        lambda: log.edits({"bd-new": encode(A)}),
        lambda: log.forbid_edit("bd-a"),
        lambda: log.forbid_edit("bd-new"),
        lambda: Draft(log).put(replace(A, title="new")),
        lambda: Draft(log).drop("bd-a"),
    ):
        with pytest.raises(Conflicted, match=r"x.jsonl .*line 2, 4, 6.* nothing was written") as e:
            refused()
        assert e.value.lines == (2, 4, 6)
        assert e.value.hint == "bd resolve"


def test_reads_show_both_sides_of_a_conflict_and_not_the_base():
    ours, theirs = replace(A, title="ours"), replace(B, title="theirs")
    log = Log(text(*conflicts(encode(ours), encode(theirs), base=encode(C))))
    assert {id: issue.title for id, issue in log.items()} == {"bd-a": "ours", "bd-b": "theirs"}
    assert log.markers == (1, 3, 5, 7)
    assert [problem.why for problem in log.problems] == ["conflict marker"] * 4


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_of_two_sides_of_one_record_the_newer_is_shown(style):
    newer = replace(A, title="newer", updated_at="2026-01-01T01:00:00+01:00.5Z"[:19] + ".5Z")
    base = encode(replace(A, title="base", updated_at="2027-01-01T00:00:00Z"))
    shown = set()
    for one, two in ((A, newer), (newer, A)):
        sides = conflicts(encode(one), encode(two), base=base if style == "diff3" else b"")
        log = Log(text(*sides, B))
        shown.add(log["bd-a"].title)
        assert [p.why for p in log.problems if "again" in p.why] == []
        assert "bd-b" in log
    assert shown == {"newer"}


@given(small_issues(id="bd-a"), small_issues(id="bd-a"))
def test_what_a_conflict_shows_does_not_hang_on_the_side(one, two):
    first = Log(text(*conflicts(encode(one), encode(two))))["bd-a"]
    assert first == Log(text(*conflicts(encode(two), encode(one))))["bd-a"]
    assert first in (one, two)


def test_a_base_may_hold_a_conflict_of_its_own():
    nested = [
        b"<<<<<<<<< Temporary merge branch 1", encode(replace(C, id="bd-old1")), b"|||||||||",
        encode(replace(C, id="bd-old2")), b"=========", encode(replace(C, id="bd-old3")),
        b">>>>>>>>> Temporary merge branch 2",
    ]  # fmt: skip
    whole = conflicts(encode(A), encode(B), base=b"\n".join(nested))
    log = Log(text(*whole, C))
    assert list(log) == ["bd-a", "bd-b", "bd-c"]
    assert log.markers == (1, 3, 4, 6, 8, 10, 11, 13)


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_conflicts_that_git_writes_are_read_and_refused(repo, style):
    repo.git("config", "merge.conflictStyle", style)
    repo.commit({"issues.jsonl": text(A, B)})
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit({"issues.jsonl": text(A, replace(B, title="side"), replace(C, id="bd-side"))})
    repo.git("switch", "--quiet", "main")
    repo.commit({"issues.jsonl": text(A, replace(B, title="main"), replace(C, id="bd-main"))})
    assert Log((repo.path / "issues.jsonl").read_bytes()).markers == ()
    repo.git("merge", "side", may_fail=True)
    log = Log((repo.path / "issues.jsonl").read_bytes())
    assert len(log.markers) == (3 if style == "merge" else 4)
    assert set(log) == {"bd-a", "bd-b", "bd-main", "bd-side"}
    assert log["bd-b"].title in {"main", "side"}
    with pytest.raises(Conflicted):
        log.edits({"bd-a": None})


def test_a_criss_cross_that_git_leaves_with_markers_in_the_base_is_read(repo):
    repo.git("config", "merge.conflictStyle", "diff3")
    log = repo.path / "issues.jsonl"

    def commit(title, *options):
        repo.commit({"issues.jsonl": text(A, replace(B, title=title))}, title)
        return repo.git("rev-parse", "HEAD").strip()

    commit("start")
    repo.git("switch", "--quiet", "--create", "side")
    side = commit("side 1")
    repo.git("switch", "--quiet", "main")
    main = commit("main 1")
    repo.git("merge", side, may_fail=True)
    commit("main 2")
    repo.git("switch", "--quiet", "side")
    repo.git("merge", main, may_fail=True)
    commit("side 2")
    repo.git("merge", "main", may_fail=True)
    data = log.read_bytes()
    assert b"\n<<<<<<<<< " in data
    assert len(Log(data).markers) > 4
    assert Log(data)["bd-b"].title in {"main 2", "side 2"}
    assert list(Log(data)) == ["bd-a", "bd-b"]


@given(files(repeats=False))
def test_glances_show_what_the_records_show(data):
    log = Log(data)
    found = list(log.glances())
    assert [issue.id for issue in found] == list(log)
    for issue in found:
        if issue.id != "bd-deep":
            same = {"extra": (), "metadata": ""}
            assert replace(issue, **same) == replace(log[issue.id], **same)


def test_a_record_that_is_nested_deeply_is_read_edited_and_kept():
    log = Log(text(A, DEEP))
    assert log.problems == ()
    assert log["bd-deep"].title == "deep"
    result = after(log, {"bd-deep": encode(replace(log["bd-deep"], title="new"))})
    assert b"[" * 1015 + b"]" * 1015 in result
    assert Log(result)["bd-deep"].title == "new"
    assert {issue.title for issue in Log(result).glances()} == {"A", "new"}
    assert glance({"id": "bd-a"}) == Issue(id="bd-a")


@given(logs())
def test_incoming_edges_are_all_edges_seen_from_their_targets(issues):
    log = Log(text(*issues))
    expected = [edge.at(issue.id) for issue in issues for edge in issue.dependencies]
    targets = {edge.depends_on_id for edge in expected}
    assert [e for target in targets for e in log.incoming(target)] == [
        edge for target in targets for edge in expected if edge.depends_on_id == target
    ]
    assert log.incoming("bd-nobody") == []


def test_an_incoming_edge_starts_at_the_record_it_stands_in_and_keeps_its_gate():
    gate = (("metadata", '"{\\"gate\\":\\"any-children\\"}"'),)
    edge = Dependency(issue_id="bd-wrong", depends_on_id="bd-b", type="waits-for", extra=gate)
    log = Log(text(replace(A, dependencies=(edge,)), B))
    assert log.incoming("bd-b") == [replace(edge, issue_id="bd-a")]


def test_prefixes_count_top_level_issues_only():
    every = ["bd-a", "bd-b", "bd-b.1", "bd-b.1.2", "my-proj-x", "v1.2-x", "v1.2-x.1"]
    log = Log(text(*(replace(A, id=id) for id in every)))
    assert log.prefixes() == {"bd": 2, "my-proj": 1, "v1.2": 1}


def test_the_smallest_of_several_issues_with_an_alias_is_what_it_was_renamed_to():
    one, two = replace(C, aliases=("bd-old",)), replace(B, aliases=("bd-x", "bd-old"))
    log = Log(text(A, one, two))
    assert log.renamed("bd-old") == "bd-b"
    assert log.renamed("bd-x") == "bd-b"
    assert log.renamed("bd-a") is None
    draft = Draft(log)
    draft.put(replace(two, aliases=()))
    assert (draft.renamed("bd-old"), draft.renamed("bd-x")) == ("bd-c", None)
    draft.put(replace(A, aliases=("bd-old",)))
    assert draft.renamed("bd-old") == "bd-a"


def test_sorted_is_by_bytes():
    def log(*every):
        return Log(text(*(replace(A, id=id) for id in every)))

    assert log().is_sorted
    assert log("bd-B", "bd-a", "bd-a.1", "bd-a.10", "bd-a.2", "bd-é").is_sorted
    assert not log("bd-a", "bd-B").is_sorted
    assert not log("bd-a.2", "bd-a.10").is_sorted


@given(logs(), st.data())
def test_a_draft_answers_as_the_log_that_it_becomes(issues, draw):
    log = Log(text(*issues))
    draft = Draft(log)
    for id in draw.draw(st.lists(st.sampled_from([*log, "bd-new"]) | ids(), max_size=6)):
        now = draft.get_issue(id)
        if draw.draw(st.booleans()):
            targets = st.sampled_from([*log, "bd-new"])
            draft.put(draw.draw(small_issues(id=id, targets=targets)))
        elif now is not None and draw.draw(st.booleans()):
            draft.put(edited(now))
        else:
            draft.drop(id)
    written = draft.written()
    then = Log(after(log, written))
    every = {*log, *then, "bd-new", "bd-missing"}
    assert sorted(draft.all_ids()) == sorted(then.all_ids())
    assert {id: draft.get_issue(id) for id in every} == {id: then.get(id) for id in every}
    assert dict(draft.prefixes()) == dict(then.prefixes())
    for id in every:
        assert sorted(draft.incoming(id), key=repr) == sorted(then.incoming(id), key=repr)
    for alias in ("bd-old", "bd-older", "bd-new"):
        assert draft.renamed(alias) == then.renamed(alias)
    differing = {id for id in every if log.get(id) != then.get(id)}
    assert set(written) == differing
    assert all(written[id] == then.line(id) for id in differing)


@given(files(repeats=False), st.data())
def test_putting_what_is_there_changes_nothing(data, draw):
    log = Log(data)
    id = names(draw, log)
    draft = Draft(log)
    assert draft.put(decode(log.line(id))) == log[id]
    assert (draft.changes, draft.written()) == ({}, {})
    draft.put(edited(log[id]))
    assert draft.written() == {id: encode(edited(log[id]))}
    draft.put(log[id])
    assert draft.written() == {}
    assert after(log, draft.written()) == data


def test_a_draft_of_a_record_that_comes_and_goes_writes_nothing():
    draft = Draft(Log(text(A)))
    draft.put(B)
    assert draft.written() == {"bd-b": encode(B)}
    draft.drop("bd-b")
    draft.drop("bd-never")
    assert draft.written() == {}
    draft.drop("bd-a")
    assert draft.written() == {"bd-a": None}
    assert draft.get_issue("bd-a") is None
    assert list(draft.all_ids()) == []


def test_what_stands_twice_may_be_put_unchanged():
    log = Log(text(A, replace(A, title="second")))
    draft = Draft(log)
    draft.put(replace(A, title="second"))
    assert draft.written() == {}
    with pytest.raises(Refused):
        draft.put(A)
    draft.forbid_edit("bd-b")
    with pytest.raises(Refused):
        draft.forbid_edit("bd-a")


def test_what_is_below_an_issue_in_a_draft():
    draft = Draft(Log(b"".join(encode(replace(A, id=id)) + b"\n" for id in ("x", "x.1", "x.2"))))
    assert sorted(draft.below("x")) == ["x.1", "x.2"]
    for id in ("x.3", "x3", "y", "x.1.1"):
        draft.put(replace(A, id=id))
    draft.drop("x.2")
    assert sorted(draft.below("x")) == ["x.1", "x.1.1", "x.3"]
    assert sorted(draft.below("y")) == []


FEW = ("t-a", "t-a.1", "t-a.1.2", "t-b", "t-b.1")


@st.composite
def steps(draw):
    """What is done to a draft: records put and dropped, and points that are gone back to."""

    def one(kind):
        if kind == "put":
            targets = draw(st.lists(st.sampled_from(FEW), max_size=2, unique=True))
            id = draw(st.sampled_from(FEW))
            edges = tuple(Dependency(issue_id=id, depends_on_id=target) for target in targets)
            return kind, Issue(id=id, title=draw(st.sampled_from("xy")), dependencies=edges)
        return kind, draw(st.sampled_from(FEW))

    return [one(draw(st.sampled_from(("put", "put", "drop", "mark", "back")))) for _ in range(8)]


@given(steps(), steps())
def test_a_draft_answers_as_a_log_of_the_same_records(first, then):
    """Also once it has gone back to a mark, which undoes exactly what came after."""
    held = {what.id: what for kind, what in first if kind == "put"}
    draft, marks = Draft(Log(text(*held.values()))), []
    for kind, what in then:
        if kind == "put":
            held[what.id] = draft.put(what)
        elif kind == "drop":
            draft.drop(what)
            held.pop(what, None)
        elif kind == "mark":
            marks.append((draft.mark(), dict(held)))
        elif marks:
            mark, held = marks.pop()
            draft.back_to(mark)
    log = Log(text(*held.values()))
    assert sorted(draft.all_ids()) == sorted(log.all_ids())
    for id in FEW:
        assert draft.get_issue(id) == log.get_issue(id)
        assert sorted(draft.below(id)) == sorted(log.below(id))
        assert sorted(map(str, draft.incoming(id))) == sorted(map(str, log.incoming(id)))
