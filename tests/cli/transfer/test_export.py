"""`bd export`: what the log holds, as it holds it, and no file loses an issue by it."""

from __future__ import annotations

import json

import pytest

PLUS = "\N{HEAVY PLUS SIGN}"


@pytest.fixture
def full(bd):
    bd.write(
        bd.line("t-2", title="zwei <b>", labels=["a b", "x"], due_at="2027-02-01T00:00:00Z"),
        '{"id":"t-1", "title":"odd \\u003cb\\u003e","status":"closed","x":1.50,'
        '"closed_at":"2026-05-05T00:00:00Z","updated_at":"2026-03-03T00:00:00Z"}',
        bd.line("t-3", status="tombstone", deleted_at="2026-04-04T00:00:00Z"),
        bd.line("t-2.1", dependencies=[
            {"issue_id": "t-2.1", "depends_on_id": "t-2", "type": "parent-child"},
            {"issue_id": "t-2.1", "depends_on_id": "t-1", "type": "blocks"}]),
    )  # fmt: skip
    return bd


def test_every_record_as_it_is_by_id(full):
    said = full("export")
    rows = full.file.read_text().splitlines()
    assert said.out.splitlines() == [rows[1], rows[0], rows[3], rows[2]]
    assert said.err == ""
    assert [one["id"] for one in full("export", "--json").json] == ["t-1", "t-2", "t-2.1", "t-3"]
    assert full("export", "-f", "json").json[0]["x"] == 1.5


def test_what_is_exported_comes_in_again_and_changes_nothing(full):
    before = full.file.read_bytes()
    assert "0 created, 0 updated, 4 unchanged" in full("import", stdin=full("export").out).err
    assert full.file.read_bytes() == before


def test_only_what_is_asked_for(full):
    ids = [json.loads(row)["id"] for row in full("export", "--status", "open").out.splitlines()]
    assert ids == ["t-2", "t-2.1"]
    assert full("export", "-s", "tombstone").out.count("\n") == 1
    assert full("export", "--priority", "0").out.count("\n") == 1, "P0 is a priority"
    assert full("export", "--priority-max", "0").out.count("\n") == 1
    assert full("export", "--label", "nobody").out == ""
    assert "use open, in_progress" in full("export", "--status", "bogus", code=1).err


def test_into_a_file(full):
    said = full("export", "-o", "out.jsonl")
    assert (said.out, said.err) == ("", "Exported 4 issues to out.jsonl\n")
    assert (full.path / "out.jsonl").read_text() == full("export").out
    assert full("export", "-o", "out.jsonl", "--json").json == {
        "success": True, "exported": 4, "skipped": 0, "total_issues": 4, "output_file": "out.jsonl",
    }  # fmt: skip
    assert full("export", "-o", "out.jsonl", "-q").err == ""


def test_a_file_loses_no_issue(full):
    other = full.path / "out.jsonl"
    full("export", "-o", "out.jsonl")
    other.write_text(other.read_text() + full.line("x-1") + "\n")
    held = other.read_text()
    said = full("export", "-o", "out.jsonl", code=1)
    assert "out.jsonl holds 1 issues that are not exported: x-1" in said.err
    assert other.read_text() == held
    full("export", "-o", "out.jsonl", "--force")
    assert "x-1" not in other.read_text()
    full("export", "-o", "out.jsonl", "--status", "open", code=1)


def test_the_log_into_itself(full):
    before = full.file.read_bytes()
    stat = full.file.stat()
    said = full("export", "-o", ".beads/issues.jsonl")
    assert "Exported 4 issues" in said.err
    full("export", "-o", ".beads/issues.jsonl", "--force")
    for words in (["--status", "open"], ["-f", "obsidian"]):
        said = full("export", "-o", ".beads/issues.jsonl", "--force", *words, code=1)
        assert "is the log itself" in said.err
    assert full.file.read_bytes() == before
    assert full.file.stat().st_mtime_ns == stat.st_mtime_ns


def test_where_nothing_can_be_written(full):
    (full.path / "folder").mkdir()
    assert "it is left as it is" in full("export", "-o", "folder", code=1).err
    assert "cannot write no/where: No such file" in full("export", "-o", "no/where", code=1).err


def test_as_tasks_of_obsidian(full):
    text = full("export", "--format", "obsidian").out
    assert text.splitlines() == [
        "# Changes Log",
        "",
        "## 2026-03-03",
        "",
        "- [x] odd <b> 🔺 #task 🆔 t-1 ✅ 2026-05-05",
        "",
        "## 2026-01-01",
        "",
        f"- [ ] zwei <b> 🔼 #task #a-b #x 🆔 t-2 {PLUS} 2026-01-01 📅 2027-02-01",
        f"  - [ ] Title of t-2.1 🔼 #task 🆔 t-2.1 ⛔ t-1 {PLUS} 2026-01-01",
        f"- [-] Title of t-3 🔼 #task 🆔 t-3 {PLUS} 2026-01-01 ❌ 2026-04-04",
    ]


def test_parents_in_a_circle_are_still_there(bd):
    edges = [{"issue_id": "t-1", "depends_on_id": "t-1", "type": "parent-child"}]
    bd.write(bd.line("t-1", dependencies=edges))
    assert "## In a circle\n\n- [ ] Title of t-1" in bd("export", "-f", "obsidian").out
