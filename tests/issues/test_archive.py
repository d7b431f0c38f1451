"""`bd archive`: closed issues go into a file of their own, are still found, and come back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import logs
from tracker.issues import archive
from tracker.issues.archive import ArchiveRequest
from tracker.log import lines
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log
from tracker.log.snapshot import Snapshot

CLOSING = frozenset({"closed", "tombstone"})
OLD = {"status": "closed", "closed_at": "2026-01-02T00:00:00Z"}


def below(child, parent, type="parent-child"):
    return [{"issue_id": child, "depends_on_id": parent, "type": type}]


@pytest.fixture
def full(bd):
    """One of each: what goes, and what stays for every reason."""
    bd.write(
        bd.line("t-old", **OLD, comments=[{"id": 1, "author": "a", "text": "x"}]),
        bd.line("t-new", status="closed", closed_at="2027-01-10T00:00:00Z"),
        bd.line("t-open", dependencies=below("t-open", "t-named", "blocks")),
        bd.line("t-named", **OLD),
        bd.line("t-fam", **OLD),
        bd.line("t-fam.1", **OLD, dependencies=below("t-fam.1", "t-fam")),
        bd.line("t-half", **OLD),
        bd.line("t-half.1", dependencies=below("t-half.1", "t-half")),
        bd.line("t-half.2", **OLD, dependencies=below("t-half.2", "t-half")),
        bd.line("t-tomb", status="tombstone", deleted_at="2026-01-02T00:00:00Z"),
    )
    return bd


def held(bd):
    path = bd.beads / "archive.jsonl"
    return [json.loads(row)["id"] for row in path.read_text().splitlines()] if path.exists() else []


def test_what_is_old_goes_and_what_is_needed_stays(full):
    before = {row["id"]: row for row in full.issues()}
    said = full("archive", "--json").json
    assert said["archived"] == ["t-old", "t-fam", "t-fam.1"]
    assert said["kept"] == {
        "t-named": "t-open is open and names it",
        "t-half": "t-half.1 is open and names it",
        "t-half.2": "its parent t-half stays",
    }
    assert held(full) == ["t-fam", "t-fam.1", "t-old"]
    assert {row["id"] for row in full.issues()} == before.keys() - {"t-old", "t-fam", "t-fam.1"}
    assert full("archive", "--json").json["archived"] == []
    assert len(full("op", "log", "--json").json) == 1


def test_a_dry_run_and_the_words_for_people(full):
    before = full.file.read_bytes()
    said = full("archive", "--dry-run").out
    assert said.startswith("Would archive 3 issues\n  t-old\n  t-fam\n  t-fam.1\n")
    assert "3 closed issues stay:\n" in said
    assert "  t-half.2: its parent t-half stays\n" in said
    assert full.file.read_bytes() == before
    assert not held(full)
    assert full("archive").out.startswith("✓ Archived 3 issues\n")
    assert full("archive", "--older-than", "1h").out.startswith("✓ Archived 1 issues\n  t-new\n")
    assert full("archive", "--deleted", "--json").json["archived"] == ["t-tomb"]


def test_it_all_comes_back_byte_for_byte(full):
    before = full.file.read_bytes()
    full("archive")
    full("undo")
    assert full.file.read_bytes() == before
    assert not held(full)
    full("archive")
    said = full("restore", "t-fam.1", "t-old")
    assert said.out.splitlines() == [
        "✓ Restored t-fam.1: Title of t-fam.1 (closed)",
        "✓ Restored t-old: Title of t-old (closed)",
    ]  # fmt: skip
    assert not held(full), "a family comes as a whole"
    assert sorted(full.file.read_bytes().splitlines()) == sorted(before.splitlines())


def test_named_issues(full):
    assert full("archive", "t-new", "--json").json["archived"] == ["t-new"]
    for id, why in (
        ("t-open", "it is not closed"), ("t-named", "t-open is open and names it"),
        ("t-fam.1", "its parent t-fam stays"),
    ):  # fmt: skip
        assert f"{id} cannot be archived: {why}" in full("archive", id, code=1).err
    assert full("archive", "t-fam", "t-fam.1", "--json").json["archived"] == ["t-fam", "t-fam.1"]
    full("archive", "t-nope", code=1)
    full("archive", "t-old", "--older-than", "3d", code=2)
    full("archive", "t-tomb")
    assert held(full) == ["t-fam", "t-fam.1", "t-new", "t-tomb"]


# Ids still resolve.


def test_show_finds_what_was_put_away(full):
    live = full("show", "t-old", "--json").json
    full("archive")
    [found] = full("show", "t-old", "--json").json
    assert found == {**live[0], "archived": True}
    assert "Archived (bd restore t-old brings it back)" in full("show", "old").out
    text = full("show", "t-fam.1", "t-open").out
    assert "PARENT\n  ↑ ✓ t-fam" in text
    assert full("show", "t-fam", "--children", "--json").json["t-fam"][0]["id"] == "t-fam.1"
    assert "archived" not in full("show", "t-open", "--json").json[0]
    full("show", "t-nope", code=1)


def test_lists_read_it_only_if_all_is_asked_for(full):
    full("archive")
    assert len(full("list", "--status", "closed", "--json").json) == 4
    assert len(full("list", "--all", "--json").json) == 9
    assert "t-old" not in full("search", "t-old").out.replace("'t-old'", "")
    assert "t-old [P2]" in full("search", "t-old", "--all").out
    assert full("count").out == "6\n"
    exported = full("export", "--all").out.splitlines()
    assert len(exported) == 10
    assert len(full("export").out.splitlines()) == 7
    assert len(full("export", "--all", "--status", "closed").out.splitlines()) == 7
    assert full("export", "--all", "-o", ".beads/issues.jsonl", code=1).err.startswith("Error: ")


def test_commands_that_change_say_where_it_is(full):
    full("archive")
    for words in (["update", "t-old", "-p", "0"], ["reopen", "t-old"],
                  ["dep", "add", "t-open", "t-old"], ["comments", "add", "t-old", "x"],
                  ["label", "add", "t-old", "x"]):  # fmt: skip
        said = full(*words, code=1)
        assert "t-old is in the archive" in said.err, words
        assert "bd restore t-old" in said.err
    assert "is in the archive" in full("create", "X", "--id", "t-old", code=1).err
    said = full("update", "t-old", "-p", "0", "--json", code=1)
    assert said.error["hint"] == "bd restore t-old"
    full("restore", "t-old")
    full("update", "t-old", "-p", "0")


def test_where_a_merge_left_it_in_both_the_log_wins(full):
    full("archive")
    live = full.line("t-old", title="edited")
    full.file.write_text(full.file.read_text() + live + "\n")
    assert full("show", "t-old", "--json").json[0]["title"] == "edited"
    assert len(full("list", "--all", "--json").json) == 9
    full("close", "t-old")
    full("archive", "t-old")
    [row] = [r for r in (full.beads / "archive.jsonl").read_text().splitlines() if "t-old" in r]
    assert json.loads(row)["title"] == "edited"
    full("restore", "t-old")
    assert held(full) == ["t-fam", "t-fam.1"]


# What comes in again is not new.


def test_an_import_knows_what_was_put_away(full):
    text = full("export").out
    full("archive")
    said = full("import", "--json", stdin=text).json
    assert (said["created"], said["updated"], said["unchanged"]) == (0, 0, 10)
    assert held(full)
    later = full.line("t-old", title="later", updated_at="2030-01-01T00:00:00Z")
    assert full("import", "--json", stdin=later).json["updated"] == 1
    assert full.issue("t-old")["title"] == "later"
    assert held(full) == ["t-fam", "t-fam.1"], "an edit makes it live again"


def test_a_plan_and_a_retry_know_what_was_put_away(bd):
    (bd.path / "P.md").write_text("# Top\n- [x] A\n  - [x] B\n- [x] C\n")
    bd("import", "P.md")
    top = next(issue["id"] for issue in bd.issues() if issue["title"] == "Top")
    bd("close", top)
    key = bd("create", "K", "--idempotency-key", "k", "--silent").out.strip()
    ref = bd("create", "R", "--external-ref", "gh-1", "--silent").out.strip()
    bd("close", key, ref)
    assert len(bd("archive", "--older-than", "0s", "--json").json["archived"]) == 6
    assert bd.issues() == []
    again = bd("import", "P.md", "--json").json
    assert (again["created"], again["unchanged"]) == (0, 4)
    (bd.path / "P.md").write_text("# Top\n- [x] A\n  - [x] B\n- [x] C\n- [ ] D\n  Depends on: A\n")
    said = bd("import", "P.md")
    assert f"line 5: {top} is in the archive; no parent" in said.err
    assert [issue["title"] for issue in bd.issues()] == ["D"]
    assert bd("create", "K", "--idempotency-key", "k", "--silent").out.strip() == key
    graph = '{"nodes": [{"key": "n", "title": "N"}]}'
    for _ in range(2):
        bd("create", "--graph", "-", "--idempotency-key", "g", stdin=graph)
    assert len(bd.issues()) == 2
    said = bd("create", "R", "--external-ref", "gh-1", "--upsert", code=1)
    assert f"{ref} is in the archive" in said.err


# Laws.


def shelf(log, away=b""):
    files = {"issues.jsonl": log, "archive.jsonl": away}
    return Snapshot("issues.jsonl", lambda name: files.get(name, b""), Log)


def after(one, wanted):
    """The bytes of both files after a plan."""
    found = []
    for name in ("issues.jsonl", "archive.jsonl"):
        sheet = one.of(name)
        data = one.issues.whole.data if name == one.log else one.archive.data
        found.append(b"".join(lines.apply(data, sheet.edits(wanted.get(name, {})))))
    return found


@given(logs(max_size=12), st.booleans())
def test_putting_away_and_bringing_back(some, deleted):
    data = some.data if isinstance(some, Log) else b"".join(encode(one) + b"\n" for one in some)
    before = shelf(data)
    wanted, parted = archive.put_away(before, ArchiveRequest(CLOSING, 1 << 62, deleted=deleted))
    log, away = after(before, wanted)
    live, gone = Log(log), Log(away)
    assert set(live) | set(gone) == set(before.issues.whole)
    assert not set(live) & set(gone)
    assert set(gone) == set(parted.going)
    for id in live:
        issue = live[id]
        for edge in issue.dependencies:
            if edge.depends_on_id in gone:
                assert issue.status in CLOSING
                assert edge.type != "parent-child" or edge.depends_on_id not in before.issues.whole
    everything = Log(archive.together(log, away))
    assert {id: everything.line(id) for id in everything} == {
        id: before.issues.whole.line(id) for id in before.issues.whole
    }
    if gone:
        second = shelf(log, away)
        wanted, _ = archive.bring_back(second, list(gone), "bd")
        log, away = after(second, wanted)
        assert away == b""
        assert {id: Log(log).line(id) for id in Log(log)} == {
            id: before.issues.whole.line(id) for id in before.issues.whole
        }
