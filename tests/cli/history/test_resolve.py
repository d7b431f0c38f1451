"""`bd resolve`, `bd conflicts`, `bd merges`: what a merge has left to a person, and what it did."""

from __future__ import annotations

import json

import pytest

from tests.support.branches import LOG, Work
from tests.support.scratch import bd, line, lines, tree, workspace
from tracker.merge.three_way import resolve_markers, three_way
from tracker.setup.merge_driver import KEY

SIDE = b'{"id":"t-2","title":"Side","status":"open","priority":2,"issue_type":"task"}\n'
MARKED = lines("t-1") + b"<<<<<<< HEAD\n" + lines("t-2") + b"=======\n" + SIDE + b">>>>>>> side\n"
DIFF3 = MARKED.replace(b"=======\n", b"||||||| base\n" + lines("t-2") + b"=======\n")


@pytest.fixture
def stuck(tmp_path):
    """A merge that git has left with markers."""
    work = Work(tmp_path / "work")
    work.fork()
    work.git("config", "--unset", KEY)
    work.git("merge", "side", may_fail=True)
    assert b"<<<<<<<" in work.data
    return work


@pytest.fixture
def root(tmp_path):
    return tmp_path / "plain"


# From the index.


def test_from_the_index_as_the_driver_would(stuck):
    before = stuck.data
    wanted = stuck.merged("main~1", "main", "side")
    said = stuck.bd("resolve")
    assert stuck.data == wanted
    assert "from the versions in git's index: 5 records" in said.out
    assert f"git add {LOG}" in said.out
    assert (stuck.path / ".beads/.local/issues.jsonl.pre-resolve").read_bytes() == before
    assert stuck.status == f"UU {LOG}\n"
    again = stuck.bd("resolve")
    assert "holds no conflict markers" in again.out
    assert f"git add {LOG}" in again.out
    assert stuck.data == wanted


@pytest.mark.parametrize("words", [[LOG], ["--file", LOG]])
def test_a_file_by_its_name(stuck, words):
    stuck.bd("resolve", *words)
    assert stuck.data == stuck.merged("main~1", "main", "side")


def test_json(stuck):
    said = stuck.bd("resolve", "--json").json
    (one,) = said["resolved"]
    assert one["from"] == "index"
    assert one["records"] == 5
    assert one["path"] == str(stuck.log)
    assert said["left"] == [f"git add {LOG}"]
    assert stuck.bd("resolve", "--json").json["resolved"] == []


def test_a_dry_run_writes_nothing(stuck):
    before = tree(stuck.path)
    said = stuck.bd("resolve", "--dry-run")
    assert said.out.startswith(f"Would merge {LOG}")
    assert tree(stuck.path) == before


def test_what_was_corrected_by_hand_stays(stuck):
    wanted = stuck.merged("main~1", "main", "side")
    stuck.log.write_bytes(
        stuck.data.replace(b"Title of t-9", b"By hand") + line("t-99").encode() + b"\n"
    )
    said = stuck.bd("resolve")
    assert "t-9: as it was corrected in the file" in said.out
    assert stuck.data == wanted.replace(b"Title of t-9", b"By hand") + lines("t-99")


def test_without_the_stages_it_is_the_markers(stuck):
    wanted = resolve_markers(stuck.data).data
    stuck.git("add", LOG)
    said = stuck.bd("resolve")
    assert "from the conflict markers" in said.out
    assert stuck.data == wanted
    assert stuck.issue("t-1")["title"] == "Of main"


def test_diff3_markers_give_what_the_driver_gives(stuck):
    wanted = stuck.merged("main~1", "main", "side")
    stuck.git("-c", "merge.conflictStyle=diff3", "checkout", "--merge", "--", LOG)
    assert b"|||||||" in stuck.data
    stuck.git("add", LOG)
    stuck.bd("resolve")
    assert stuck.data == wanted


def test_it_registers_the_driver_so_that_it_was_the_last_time(stuck):
    assert "by record" in stuck.bd("resolve").err
    assert "merge-driver" in stuck.git("config", KEY)


# From the markers.


@pytest.mark.parametrize("data", [MARKED, DIFF3], ids=["two", "diff3"])
def test_from_the_markers(root, data):
    log = workspace(root, data) / "issues.jsonl"
    assert "bd resolve" in bd(root, "close", "t-1", code=1).err
    said = bd(root, "resolve")
    assert log.read_bytes() == resolve_markers(data).data
    assert b"<<<<" not in log.read_bytes()
    assert "2 records" in said.out
    assert "git add" not in said.out
    bd(root, "close", "t-1")


def test_a_file_outside_of_any_workspace(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(MARKED)
    bd(tmp_path, "resolve", "x.jsonl")
    assert (tmp_path / "x.jsonl").read_bytes() == resolve_markers(MARKED).data
    assert (tmp_path / "x.jsonl.pre-resolve").read_bytes() == MARKED
    assert "there is no file" in bd(tmp_path, "resolve", "y.jsonl", code=1).err


def test_every_file_of_the_workspace(root):
    memory = (
        b'<<<<<<< a\n{"key":"a","content":"x"}\n=======\n{"key":"b","content":"y"}\n>>>>>>> b\n'
    )
    beads = workspace(root, lines("t-1"), memory__jsonl=memory, archive__jsonl=MARKED)
    bd(root, "resolve")
    assert (beads / "memory.jsonl").read_bytes() == resolve_markers(memory, "memory.jsonl").data
    assert (beads / "archive.jsonl").read_bytes() == resolve_markers(MARKED).data
    assert (beads / "issues.jsonl").read_bytes() == lines("t-1")


def test_nothing_to_do_is_said_and_nothing_is_written(root):
    workspace(root, lines("t-1"))
    before = tree(root)
    assert bd(root, "resolve").out.startswith("✓ no conflict markers")
    assert tree(root) == before


def test_a_second_conflict_keeps_the_first_copy(root):
    log = workspace(root, MARKED) / "issues.jsonl"
    bd(root, "resolve")
    log.write_bytes(DIFF3)
    bd(root, "resolve")
    local = root / ".beads/.local"
    assert (local / "issues.jsonl.pre-resolve").read_bytes() == MARKED
    assert (local / "issues.jsonl.pre-resolve.1").read_bytes() == DIFF3


def test_read_only_is_read_only(root):
    workspace(root, MARKED)
    before = tree(root)
    assert "not allowed in read-only" in bd(root, "--readonly", "resolve", code=1).err
    assert tree(root) == before


# Several lines of one id, as a merge by lines leaves them.


def row(id, day, **more):
    known = {"id": id, "title": f"Title of {id}", "status": "open", "priority": 2,
             "issue_type": "task", "created_at": "2026-01-01T00:00:00Z",
             "updated_at": f"2026-01-0{day}T00:00:00Z"}  # fmt: skip
    return json.dumps({**known, **more}, separators=(",", ":")).encode() + b"\n"


def issues_in(path):
    return {one["id"]: one for one in map(json.loads, path.read_bytes().splitlines())}


def test_lines_of_one_id_are_merged_like_the_sides_of_a_conflict(root):
    ours = row("t-1", 2, labels=["a"], notes="Ours.", status="closed")
    theirs = row("t-1", 3, labels=["b"], notes="Theirs.", title="Another")
    others = row("t-2", 1) + b"{oops\n"
    log = workspace(root, ours + others + theirs) / "issues.jsonl"
    assert bd(root, "resolve", "--dry-run").out.startswith("Would merge ")
    said = bd(root, "resolve")
    assert "merged .beads/issues.jsonl from the lines of ids that stand more than once" in said.out
    merged = three_way(b"", ours, theirs).data
    assert log.read_bytes() == merged + row("t-2", 1) + b"{oops\n"
    one = json.loads(merged)
    assert (one["labels"], one["notes"], one["status"]) == (["a", "b"], "Ours.\nTheirs.", "closed")
    backup = root / ".beads/.local/issues.jsonl.pre-resolve"
    assert backup.read_bytes() == ours + others + theirs
    assert bd(root, "resolve", "--json").json["resolved"] == []
    swapped = workspace(root.parent / "swapped", theirs + others + ours) / "issues.jsonl"
    bd(swapped.parent.parent, "resolve")
    assert swapped.read_bytes() == log.read_bytes()


def test_more_than_two_glued_ones_and_two_issues_of_one_id(root):
    three = b"".join(row("t-1", day, labels=[f"l{day}"]) for day in (1, 2, 3))
    glued = row("t-2", 1, labels=["x"]).strip() + row("t-2", 2, labels=["y"])
    apart = row("t-3", 1) + row("t-3", 2, title="Other", created_at="2026-02-01T00:00:00Z")
    log = workspace(root, three + glued + apart) / "issues.jsonl"
    found = bd(root, "resolve", "--json").json["resolved"]
    assert [(one["from"], one["records"]) for one in found] == [("repeats", 4)]
    issues = issues_in(log)
    assert issues["t-1"]["labels"] == ["l1", "l2", "l3"]
    assert issues["t-2"]["labels"] == ["x", "y"]
    (split,) = issues.keys() - {"t-1", "t-2", "t-3"}
    assert (issues["t-3"]["title"], issues[split]["title"]) == ("Title of t-3", "Other")
    bd(root, "fmt", "--check")
    bd(root, "update", "t-1", "--add-label", "l4")


def test_a_union_of_git_is_repaired(repo):
    """`merge=union` has merged two edits of one issue by lines."""
    root = repo.path
    log = workspace(root, lines("t-1", "t-2")) / "issues.jsonl"
    (root / ".gitattributes").write_text("*.jsonl merge=union\n")
    (root / ".beads/.gitignore").write_text("beads.db*\n.local/\n.jsonl.lock\n")
    repo.commit({})
    repo.git("branch", "side")
    for branch, label in (("main", "one"), ("side", "two")):
        repo.git("switch", "--quiet", branch)
        bd(root, "label", "add", "t-1", label)
        repo.commit({})
    repo.git("merge", "--quiet", "--no-edit", "main")
    assert log.read_bytes().count(b'"id":"t-1"') == 2
    assert "stands more than once" in bd(root, "close", "t-1", code=1).err
    bd(root, "resolve")
    assert issues_in(log)["t-1"]["labels"] == ["one", "two"]
    bd(root, "close", "t-1")


# What an interrupted merge of Beads left.


def leave(root, **sides):
    beads = workspace(root, sides.pop("log"))
    for side, data in sides.items():
        (beads / f"beads.{side}.jsonl").write_bytes(data)
        (beads / f"beads.{side}.meta.json").write_bytes(b"{}")
    return beads


def test_leftovers_are_brought_in_and_put_away(root):
    newer = lines("t-1").replace(b'"updated_at":"2026-01-01', b'"updated_at":"2026-01-05')
    edited = newer.replace(b"Title of t-1", b"Edited on the left")
    base = lines("t-1")
    beads = leave(root, log=lines("t-1", "t-4"), base=base, left=edited,
                  right=base + lines("t-3"))  # fmt: skip
    assert "bd resolve --leftovers" in bd(root, "doctor", code=1).out
    dry = bd(root, "resolve", "--leftovers", "--dry-run")
    assert "2 records would be brought in" in dry.out
    assert (beads / "issues.jsonl").read_bytes() == lines("t-1", "t-4")
    said = bd(root, "resolve", "--leftovers", "--json").json
    assert said["news"] == ["t-1", "t-3"]
    wanted = edited + lines("t-3", "t-4")
    assert (beads / "issues.jsonl").read_bytes() == wanted
    assert not list(beads.glob("beads.*.json*"))
    moved = beads / ".local/leftovers"
    assert (moved / "beads.left.jsonl").read_bytes() == edited
    assert len(list(moved.iterdir())) == 6
    assert "left anything" in bd(root, "resolve", "--leftovers").out


def test_leftovers_change_nothing_that_the_log_has_done_since(root):
    log = lines("t-1").replace(b'"open"', b'"closed"').replace(b"t-1T", b"t-1T")
    beads = leave(root, log=log, base=lines("t-1", "t-2"), left=lines("t-1", "t-2"))
    bd(root, "resolve", "--leftovers")
    assert (beads / "issues.jsonl").read_bytes() == log


def test_leftovers_wait_for_the_markers(root):
    beads = leave(root, log=MARKED, left=lines("t-7"))
    assert "conflict markers" in bd(root, "resolve", "--leftovers", code=1).err
    assert (beads / "beads.left.jsonl").exists()
    bd(root, "resolve")
    bd(root, "resolve", "--leftovers")
    assert b'"t-7"' in (beads / "issues.jsonl").read_bytes()


# Values that gave way.

ENTRIES = [
    {"field": "/title", "value": "Other", "updated_at": "2026-01-02T00:00:00Z"},
    {"field": "/title", "value": "Third", "updated_at": "2026-01-03T00:00:00Z"},
    {"field": "/priority", "value": 3, "updated_at": "2026-01-02T00:00:00Z"},
    {"field": "/metadata/owner~1team", "value": {"a": 1.50}, "updated_at": ""},
    {"field": "/mood", "value": "calm", "updated_at": "2026-01-02T00:00:00Z"},
]


@pytest.fixture
def torn(root):
    """An issue of whose fields merges kept several values."""
    held = json.loads(line("t-1", "Kept"))
    held |= {"metadata": {"owner/team": 1, "x": 1}, "mood": "bright", "conflicts": ENTRIES}
    workspace(root, json.dumps(held).encode() + b"\n" + lines("t-2"))
    return root


def record(root, id="t-1"):
    rows = map(json.loads, (root / LOG).read_bytes().splitlines())
    return next(row for row in rows if row["id"] == id)


def fields(root):
    return [entry["field"] for entry in record(root).get("conflicts", [])]


def test_conflicts_are_listed_with_what_stands(torn):
    said = bd(torn, "conflicts")
    assert said.out.startswith("t-1: Kept\n  title\n      kept:  Kept\n      1:     Other")
    (one,) = bd(torn, "conflicts", "--json").json
    assert one["id"] == "t-1"
    assert [(c["n"], c["field"], c["kept"]) for c in one["conflicts"]] == [
        (1, "title", "Kept"), (2, "title", "Kept"), (3, "priority", 2),
        (4, "metadata/owner~1team", 1), (5, "mood", "bright"),
    ]  # fmt: skip
    assert bd(torn, "conflicts", "t-2", "--json").json == []
    assert "--take kept|other|N" in bd(torn, "resolve", "t-1").out
    assert "Conflicts: title" in bd(torn, "show", "t-1").out


def test_no_conflicts(root):
    workspace(root, lines("t-1"))
    assert bd(root, "conflicts").out.startswith("✓ ")
    assert bd(root, "conflicts", "--json").json == []


def test_take_what_stands(torn):
    before = record(torn)
    said = bd(torn, "resolve", "t-1", "--field", "title", "--take", "kept")
    after = record(torn)
    assert after["title"] == "Kept"
    assert fields(torn) == ["/priority", "/metadata/owner~1team", "/mood"]
    assert after["updated_at"] > before["updated_at"]
    assert "left: priority, metadata/owner~1team, mood" in said.out
    bd(torn, "resolve", "t-1", "--take", "kept")
    assert fields(torn) == []
    assert record(torn)["metadata"] == {"owner/team": 1, "x": 1}


def test_take_the_other(torn):
    bd(torn, "resolve", "t-1", "--field", "priority", "--take", "other")
    assert record(torn)["priority"] == 3
    bd(torn, "resolve", "t-1", "--field", "metadata/owner~1team", "--take", "other")
    assert record(torn)["metadata"] == {"owner/team": {"a": 1.5}, "x": 1}
    assert b'{"a": 1.5}' in (torn / LOG).read_bytes()
    bd(torn, "resolve", "t-1", "--field", "mood", "--take", "other")
    assert record(torn)["mood"] == "calm"
    assert fields(torn) == ["/title", "/title"]
    assert record(torn)["title"] == "Kept"


def test_several_others_need_a_number(torn):
    before = (torn / LOG).read_bytes()
    said = bd(torn, "resolve", "t-1", "--field", "title", "--take", "other", code=1)
    assert "2 other values of title: take one by its number" in said.err
    for wrong in ("0", "9", "3", "theirs"):
        words = ("resolve", "t-1", "--field", "title", "--take", wrong)
        assert "the number of an entry" in bd(torn, *words, code=1).err
    assert (torn / LOG).read_bytes() == before
    bd(torn, "resolve", "t-1", "--take", "2")
    assert record(torn)["title"] == "Third"
    assert "/title" not in fields(torn)


def test_a_text_of_ones_own(torn):
    assert "name the field" in bd(torn, "resolve", "t-1", "--text", "Mine", code=1).err
    bd(torn, "resolve", "t-1", "--field", "title", "--text", "Mine")
    assert record(torn)["title"] == "Mine"
    assert "/title" not in fields(torn)
    bd(torn, "resolve", "t-1", "--field", "priority", "--text", "1")
    assert record(torn)["priority"] == 1


def test_what_a_field_cannot_hold_is_refused(torn):
    before = (torn / LOG).read_bytes()
    for field, text in (("priority", "high"), ("title", "two\nlines"), ("title", " ")):
        bd(torn, "resolve", "t-1", "--field", field, "--text", text, code=1)
    assert "no conflict of notes" in bd(
        torn, "resolve", "t-1", "--field", "notes", "--take", "kept", code=1
    ).err  # fmt: skip
    assert (torn / LOG).read_bytes() == before
    assert "has no conflicts" in bd(torn, "resolve", "t-2", "--take", "kept", code=1).err


@pytest.mark.parametrize(
    "words",
    [["--take", "kept"], ["t-1", "--take", "kept", "--text", "x"], ["t-1", "--field", "title"]],
)
def test_words_that_make_no_sense(torn, words):
    bd(torn, "resolve", *words, code=2)


def test_settling_can_be_undone(torn):
    before = (torn / LOG).read_bytes()
    bd(torn, "resolve", "t-1", "--take", "2")
    assert (torn / LOG).read_bytes() != before
    bd(torn, "undo")
    assert (torn / LOG).read_bytes() == before


def test_a_choice_on_one_branch_survives_a_merge(torn):
    base = (torn / LOG).read_bytes()
    bd(torn, "resolve", "t-1", "--field", "title", "--take", "2")
    theirs = base.replace(b"Title of t-2", b"Else")
    merged = three_way(base, (torn / LOG).read_bytes(), theirs).data
    row = json.loads(merged.splitlines()[0])
    assert row["title"] == "Third"
    assert [entry["field"] for entry in row["conflicts"]] == fields(torn)


# What a merge did.


@pytest.fixture
def joined(tmp_path):
    work = Work(tmp_path / "work")
    work.fork()
    work.git("switch", "--quiet", "side")
    work.change(13, t_1={"title": "Of side"})
    work.git("switch", "--quiet", "main")
    work.git("merge", "--quiet", "--no-edit", "side")
    return work


def test_what_the_last_merge_decided(joined):
    joined.change(20, t_9={"title": "Later"})
    said = joined.bd("merges")
    assert "Merge branch 'side' (2 parents)" in said.out
    assert f'{LOG}: 1 decision\n  t-1: title: kept "Of side", not "Of main"' in said.out
    found = joined.bd("merges", "HEAD~1", "--json").json
    (one,) = [file for file in found["files"] if file["path"] == LOG]
    assert one["as_committed"]
    assert one["decisions"][0]["field"] == "title"
    assert len(found["parents"]) == 2


def test_a_merge_that_was_edited_says_so(joined):
    joined.log.write_bytes(joined.data.replace(b"Of side", b"By hand"))
    joined.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    assert "The commit holds something else" in joined.bd("merges").out
    assert not joined.bd("merges", "--json").json["files"][0]["as_committed"]


def test_a_criss_cross_is_worked_out_as_git_did(tmp_path):
    work = Work(tmp_path / "work")
    work.fork()
    work.git("branch", "copy", "main")
    work.git("merge", "--quiet", "side")
    work.change(20, t_1={"design": "Later."})
    work.git("switch", "--quiet", "side")
    work.git("merge", "--quiet", "copy")
    work.change(21, t_1={"notes": "Later."})
    work.git("merge", "--quiet", "main")
    assert work.bd("merges", "--json").json["files"][0]["as_committed"]


def test_where_there_is_no_merge(joined, tmp_path):
    assert joined.bd("merges", "HEAD").code == 0
    assert "is no merge" in joined.bd("merges", "HEAD~1", code=1).err
    assert "nowhere" in joined.bd("merges", "nowhere", code=1).err
    assert "-x" in joined.bd("merges", "--", "-x", code=1).err
    work = Work(tmp_path / "straight")
    assert "no merge on this branch" in work.bd("merges", code=1).err
