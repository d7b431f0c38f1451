"""`bd import`: records come in by their ids, nothing is lost, and again changes nothing."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import logs
from tracker.errors import Refused
from tracker.interchange import beads
from tracker.interchange.import_issues import (
    CONFLICTS,
    THEIRS,
    Arrival,
    ImportPolicy,
    followed,
    named,
    take,
)
from tracker.issues.editing import Who
from tracker.log import lines
from tracker.log.issue_codec import decode, encode
from tracker.log.issue_log import Log

WHO = Who("ann", 1_800_000_000_000_000_000)
OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def arrivals(data):
    return beads.read_lines(data, "f", lambda some, _: some).arrivals


def after(log, changes):
    return b"".join(lines.apply(log.data, log.edits(changes)))


def file_of(issues):
    return b"".join(encode(issue) + b"\n" for issue in issues)


two_logs = st.tuples(logs(), logs()).map(
    lambda pair: [Log(one.data if isinstance(one, Log) else file_of(one)) for one in pair]
)


# Laws.


@given(two_logs, st.sampled_from(CONFLICTS))
def test_laws_of_every_policy(pair, way):
    log, other = pair
    found = arrivals(other.data)
    try:
        taken = take(log, found, ImportPolicy(way), WHO)
    except Refused:
        assert way == "fail"
        return
    new = Log(after(log, taken.lines))
    assert set(new) == set(log) | set(other)
    untouched = set(log) - set(other)
    assert all(new.line(id) == log.line(id) for id in untouched)
    for id in set(new) & set(log) & set(other):
        texts = {(c.author, c.text.strip()) for c in new[id].comments}
        if way in {"newer", "theirs"} and new.line(id) != log.line(id):
            assert texts >= {(c.author, c.text.strip()) for c in log[id].comments}
    again = take(new, found, ImportPolicy(way), WHO)
    assert not again.lines, "the second time there is nothing to do"


@given(logs())
def test_a_log_in_itself_is_nothing(some):
    log = Log(some.data if isinstance(some, Log) else file_of(some))
    for way in CONFLICTS:
        taken = take(log, arrivals(log.data), ImportPolicy(way), WHO)
        assert not taken.lines
        assert taken.counts()["unchanged"] == len(log)


@given(two_logs)
def test_renamed_arrivals_find_themselves_again(pair):
    log, other = pair
    first = named(log, arrivals(other.data), "new")
    new = Log(after(log, take(log, first.arrivals, ImportPolicy(THEIRS), WHO).lines))
    second = named(new, arrivals(other.data), "new")
    assert dict(second.renamed) == dict(first.renamed)
    assert not take(new, second.arrivals, ImportPolicy(THEIRS), WHO).lines


def test_ids_in_texts_are_followed_whole():
    names = {"a-1": "t-1", "a-1.2": "t-1.2"}
    text = "see a-1, a-1.2 and (a-1.), not a-12, xa-1 or a-1-b"
    assert followed(text, names) == "see t-1, t-1.2 and (t-1.), not a-12, xa-1 or a-1-b"


# The command.


def put(bd, name, *issues):
    path = bd.path / name
    path.write_text("".join(f"{bd.line(**issue)}\n" for issue in issues))
    return name


def test_new_issues_keep_their_bytes(bd):
    odd = (
        '{ "id":"other-7" , "title":"A \\u003cb\\u003e","priority":1, "x_unknown":{"deep":[1.50]} }'
    )
    (bd.path / "in.jsonl").write_text(odd + "\n")
    said = bd("import", "-i", "in.jsonl")
    assert (said.out, said.err) == ("", "Import complete: 1 created, 0 updated\n")
    assert bd.file.read_text() == odd + "\n"
    assert bd("show", "other-7", "--json").json[0]["title"] == "A <b>"
    bd("undo")
    assert bd.file.read_bytes() == b""


def test_the_later_edit_stands(bd):
    bd.write(bd.line("t-1", title="ours", updated_at=NEW), bd.line("t-2", updated_at=OLD))
    put(
        bd, "in.jsonl",
        {"id": "t-1", "title": "theirs, older", "updated_at": OLD},
        {"id": "t-2", "title": "theirs, newer", "updated_at": NEW},
        {"id": "t-3"},
    )  # fmt: skip
    said = bd("import", "-i", "in.jsonl", "--json")
    assert said.json == {"created": 1, "updated": 1, "unchanged": 0, "skipped": 1}
    assert said.err == ""
    assert [bd.issue(f"t-{n}")["title"] for n in (1, 2, 3)] == [
        "ours", "theirs, newer", "Title of t-3",
    ]  # fmt: skip
    assert bd.issue("t-2")["updated_at"] == NEW
    assert bd("import", "-i", "in.jsonl", "--json").json["updated"] == 0
    assert "1 skipped: the log has a later edit" in bd("import", "-i", "in.jsonl").err


@pytest.mark.parametrize(
    ("words", "title"),
    [(["--on-conflict", "theirs"], "theirs"), (["--on-conflict", "skip"], "ours"),
     (["--skip-existing"], "ours"), (["-s"], "ours")],
)  # fmt: skip
def test_other_ways(bd, words, title):
    bd.write(bd.line("t-1", title="ours", updated_at=NEW))
    put(bd, "in.jsonl", {"id": "t-1", "title": "theirs", "updated_at": OLD}, {"id": "t-2"})
    bd("import", "-i", "in.jsonl", *words)
    assert bd.issue("t-1")["title"] == title
    assert bd.issue("t-2")


def test_fail_names_what_differs_and_writes_nothing(bd):
    bd.write(bd.line("t-1", title="ours"))
    before = bd.file.read_bytes()
    put(bd, "same.jsonl", {"id": "t-1", "title": "ours"})
    assert "1 unchanged" in bd("import", "-i", "same.jsonl", "--on-conflict", "fail").err
    put(bd, "in.jsonl", {"id": "t-1", "title": "theirs", "updated_at": NEW}, {"id": "t-2"})
    said = bd("import", "-i", "in.jsonl", "--on-conflict", "fail", code=1)
    assert "1 issues differ from those in the log: t-1; nothing was written" in said.err
    assert bd.file.read_bytes() == before


def test_a_dry_run_writes_nothing_at_all(bd, tmp_path):
    bd.write(bd.line("t-1", title="ours", updated_at=NEW), bd.line("t-2"))
    put(
        bd, "in.jsonl", {"id": "t-1", "updated_at": OLD},
        {"id": "t-2", "title": "x", "updated_at": NEW}, {"id": "t-3"},
    )  # fmt: skip
    before = {path: path.read_bytes() for path in bd.beads.rglob("*") if path.is_file()}
    said = bd("import", "-i", "in.jsonl", "--dry-run", "--json")
    assert said.json == {
        "created": 1, "updated": 1, "unchanged": 0, "skipped": 1, "dry_run": True,
        "would": {
            "create": ["t-3"], "update": ["t-2"],
            "skip": [{"id": "t-1", "why": "the log has a later edit"}],
        },
    }  # fmt: skip
    text = bd("import", "-i", "in.jsonl", "--dry-run").err
    assert "Would create 1 new issues, update 1 existing issues, skip 1; 0 unchanged" in text
    assert "Dry-run mode: no changes made" in text
    after = {path: path.read_bytes() for path in bd.beads.rglob("*") if path.is_file()}
    assert after == before
    bd("import", "-i", "in.jsonl")
    assert bd.issue("t-2")["title"] == "x"


def test_what_the_other_program_could_not_know_stays(bd):
    """Beads drops keys that it does not know, and exports of it may lack a comment."""
    here = {"author": "ann", "text": "only here", "issue_id": "t-1", "id": 5, "created_at": NEW}
    there = {"author": "bob", "text": "only there", "issue_id": "t-1", "id": 1, "created_at": OLD}
    bd.write(
        bd.line("t-1", comments=[here], conflicts=[{"field": "/x"}], assignee="ann", mine={"a": 1})
    )
    put(bd, "in.jsonl", {"id": "t-1", "title": "new", "updated_at": NEW, "comments": [there]})
    bd("import", "-i", "in.jsonl")
    issue = bd.issue("t-1")
    assert [one["text"] for one in issue["comments"]] == ["only there", "only here"]
    assert issue["mine"] == {"a": 1}
    assert issue["title"] == "new"
    assert "assignee" not in issue, "Beads leaves out what was cleared"


def test_an_older_record_brings_its_comment(bd):
    bd.write(bd.line("t-1", title="ours", updated_at=NEW))
    one = {"author": "bob", "text": "late", "issue_id": "t-1", "id": 1, "created_at": OLD}
    put(bd, "in.jsonl", {"id": "t-1", "title": "theirs", "updated_at": OLD, "comments": [one]})
    assert bd("import", "-i", "in.jsonl", "--json").json["updated"] == 1
    assert bd.issue("t-1")["title"] == "ours"
    assert [c["text"] for c in bd.issue("t-1")["comments"]] == ["late"]
    assert bd("import", "-i", "in.jsonl", "--json").json["updated"] == 0


def test_a_deletion_comes_in_and_can_be_restored(bd):
    bd.write(bd.line("t-1", description="much text", status="in_progress"))
    tomb = {"status": "tombstone", "deleted_at": NEW, "deleted_by": "bob", "delete_reason": "dup"}
    put(bd, "in.jsonl", {"id": "t-1", "updated_at": NEW, **tomb})
    bd("import", "-i", "in.jsonl")
    assert bd.issue("t-1")["deleted_by"] == "bob"
    bd("restore", "t-1")
    issue = bd.issue("t-1")
    assert (issue["status"], issue["description"]) == ("in_progress", "much text")


def test_what_was_deleted_here_stays_deleted(bd):
    bd.write(bd.line("t-1"))
    bd("delete", "t-1", "--force")
    put(bd, "in.jsonl", {"id": "t-1", "title": "back", "updated_at": "2030-01-01T00:00:00Z"})
    assert "1 skipped: it is deleted here" in bd("import", "-i", "in.jsonl").err
    bd("import", "-i", "in.jsonl", "--on-conflict", "theirs")
    assert bd.issue("t-1")["status"] == "open"


def test_lines_that_only_say_that_an_issue_is_gone(bd):
    bd.write(bd.line("t-1"), bd.line("t-2"))
    gone = '{"id":"t-1","_deleted":true}\n{"id":"t-9","_deleted":true}\n'
    assert bd("import", "--json", stdin=gone).json["updated"] == 1
    assert bd.issue("t-1")["status"] == "tombstone"
    assert len(bd.issues()) == 2
    assert bd("import", "--json", stdin=gone).json == {
        "created": 0, "updated": 0, "unchanged": 1, "skipped": 1,
    }  # fmt: skip


def test_two_issues_of_one_id_both_stay(bd):
    """Content never is an identity, and an id alone is none where everything else differs."""
    bd.write(bd.line("t-1", title="ours", created_at=OLD))
    put(
        bd, "in.jsonl",
        {"id": "t-1", "title": "another", "created_at": "2025-05-05T00:00:00Z", "updated_at": NEW},
        {"id": "t-2", "title": "uses t-1", "dependencies": [
            {"issue_id": "t-2", "depends_on_id": "t-1", "type": "blocks"}]},
    )  # fmt: skip
    said = bd("import", "-i", "in.jsonl", "--json").json
    new = said["renamed"]["t-1"]
    assert bd.issue("t-1")["title"] == "ours"
    assert (bd.issue(new)["title"], bd.issue(new)["aliases"]) == ("another", ["t-1"])
    assert bd.issue("t-2")["dependencies"][0]["depends_on_id"] == new
    assert bd.issue("t-2")["title"] == f"uses {new}"
    again = bd("import", "-i", "in.jsonl", "--json").json
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)


def test_same_content_is_not_the_same_issue(bd):
    put(bd, "in.jsonl", {"id": "t-1", "title": "same"}, {"id": "t-2", "title": "same"})
    bd("import", "-i", "in.jsonl")
    assert len(bd.issues()) == 2


def test_foreign_prefixes_are_taken_as_they_are_or_renamed(bd):
    issues = (
        {"id": "x-y-1", "description": "x-y-1.2 is a part"},
        {"id": "x-y-1.2", "dependencies": [
            {"issue_id": "x-y-1.2", "depends_on_id": "x-y-1", "type": "parent-child"}]},
    )  # fmt: skip
    put(bd, "in.jsonl", *issues)
    bd("import", "-i", "in.jsonl")
    assert {one["id"] for one in bd.issues()} == {"x-y-1", "x-y-1.2"}
    bd("undo")
    said = bd("import", "-i", "in.jsonl", "--rename-on-import")
    assert "x-y-1 is t-1 here" in said.err
    assert bd.issue("t-1.2")["dependencies"][0] == {
        "issue_id": "t-1.2", "depends_on_id": "t-1", "type": "parent-child",
    }  # fmt: skip
    assert bd.issue("t-1")["description"] == "t-1.2 is a part"
    assert bd("show", "x-y-1.2", "--json").json[0]["id"] == "t-1.2"
    for words in ([], ["--rename-on-import"]):
        assert "0 created, 0 updated, 2 unchanged" in bd("import", "-i", "in.jsonl", *words).err


def test_lines_that_cannot_be_read_stop_the_import(bd):
    good = bd.line("t-1")
    bad = f"{good}\nnot json\n{{}}\n{bd.line('no id here')}\n"
    said = bd("import", stdin=bad, code=1)
    assert "Error parsing line 2: not JSON" in said.err
    assert "--skip-invalid takes the other 1 records" in said.err
    assert bd.file.read_bytes() == b""
    said = bd("import", "--skip-invalid", stdin=bad)
    assert "3 lines were left out" in said.err
    assert [one["id"] for one in bd.issues()] == ["t-1"]


def test_conflict_markers_stop_the_import(bd):
    marked = f"<<<<<<< ours\n{bd.line('t-1')}\n=======\n{bd.line('t-2')}\n>>>>>>> theirs\n"
    said = bd("import", stdin=marked, code=1)
    assert "conflict markers (line 1, 3, 5)" in said.err
    assert bd.file.read_bytes() == b""


def test_orphans(bd):
    put(bd, "in.jsonl", {"id": "t-9.1"}, {"id": "t-1"})
    said = bd("import", "-i", "in.jsonl", "--strict", code=1)
    assert "parent issue t-9 of t-9.1 does not exist" in said.err
    bd("import", "-i", "in.jsonl", "--orphan-handling", "skip")
    assert [one["id"] for one in bd.issues()] == ["t-1"]
    bd("import", "-i", "in.jsonl")
    assert bd.issue("t-9.1")


def test_the_last_of_several_lines_of_one_id_counts(bd):
    put(bd, "in.jsonl", {"id": "t-1", "title": "first"}, {"id": "t-1", "title": "last"})
    assert "repeated ids: 1; the last record of each is used" in bd("import", "-i", "in.jsonl").err
    assert bd.issue("t-1")["title"] == "last"


def test_files_that_are_not_there_and_nobody_who_types(bd):
    assert "cannot read nope.jsonl: No such file" in bd("import", "-i", "nope.jsonl", code=1).err

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert "nothing to import" in bd("import", stdin=Terminal(), code=1).err
    assert "WAY" in bd("import", "--help").out
    bd("import", "--on-conflict", "merge", code=2)


def test_many_records_at_once_are_one_write(bd):
    count = 1_200
    text = "".join(f"{bd.line(f't-{n:04}')}\n" for n in range(count))
    bd("import", stdin=text)
    assert bd.file.read_text() == text
    assert bd("count").out == f"{count}\n"
    changed = text.replace('"open"', '"closed"').replace('updated_at":"2026', 'updated_at":"2027')
    assert f"{count} updated" in bd("import", stdin=changed).err
    assert bd("count", "--status", "closed").out == f"{count}\n"
    bd("undo")
    assert bd.file.read_text() == text


def test_a_bar_on_a_terminal_once_it_takes_long(bd, monkeypatch):
    from tracker.cli import files

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    class Seen:
        def __init__(self, stderr):
            self.stderr, self.json, self.patience = stderr, False, None
            self.flags = type("F", (), {"quiet": False})

    def passed(stream):
        return list(files.watched(Seen(stream), "Reading")(range(2000), 2000))

    quick = Terminal()
    assert passed(quick) == list(range(2000))
    assert quick.getvalue() == ""
    monkeypatch.setattr(files, "PATIENCE", -1.0)
    slow, no_terminal = Terminal(), io.StringIO()
    assert passed(slow) == passed(no_terminal) == list(range(2000))
    assert "Reading" in slow.getvalue()
    assert no_terminal.getvalue() == ""


def test_real_files_come_in_whole(bd, shared):
    for path in sorted((shared / "data/large").glob("*.jsonl")):
        if path.stat().st_size > 2_000_000:
            continue
        given = Log(path.read_bytes())
        bd.write()
        bd("import", "-i", str(path))
        log = Log(bd.file.read_bytes())
        assert {id: log.line(id) for id in log} == {id: given.line(id) for id in given}
        assert "0 created, 0 updated" in bd("import", "-i", str(path)).err


def test_the_side_of_a_real_merge_comes_in(bd, shared):
    folder = min((shared / "data/merges/steveyegge+beads").iterdir())
    bd.file.write_bytes((folder / "ours.jsonl").read_bytes())
    theirs = Log((folder / "theirs.jsonl").read_bytes())
    bd("import", "-i", str(folder / "theirs.jsonl"))
    ids = {one["id"] for one in bd.issues()}
    assert ids >= set(theirs)
    assert json.loads(bd.file.read_bytes().splitlines()[0])["id"]
    again = bd("import", "-i", str(folder / "theirs.jsonl"), "--json").json
    assert (again["created"], again["updated"]) == (0, 0)


def test_an_arrival_is_a_value():
    line = b'{"id":"t-1","title":"x"}'
    assert take(Log(b""), [Arrival("t-1", line)], ImportPolicy(), WHO).lines == {"t-1": line}
    assert decode(line).title == "x"
