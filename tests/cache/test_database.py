"""The cache is only a cache: whatever becomes of it, answers and the log are the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cache_states import STATES, built
from tests.support.depth import one_in
from tests.support.repository import ROOT
from tests.support.strategies import NOW, files, logs
from tests.support.workspaces import (
    IGNORED,
    TIME,
    beads_of,
    changed,
    dropped,
    in_memory,
    issue,
    lines_of,
    moment,
    opened,
    put,
    remarked,
    sample,
)
from tracker.cache import database as caches
from tracker.cache.issues import follow as issues_follow
from tracker.cache.issues.source import IssueSource
from tracker.cache.refresh import _fresh, open_cache
from tracker.errors import TrackerError
from tracker.fileio import is_ignored, stat_text, text_of
from tracker.issues.filters import Filter, order
from tracker.issues.graph import EpicFamily, Graph, Rules, cycles, is_hidden, waiting_edges
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log
from tracker.log.lines import apply

HOUR = 3_600_000_000_000
FEWER = settings(max_examples=settings().max_examples // 2)
TABLES = {
    "issue": "SELECT * FROM issue ORDER BY id",
    "body": "SELECT i.id, b.line, b.listed FROM body b JOIN issue i USING(n) ORDER BY i.id",
    "brief": "SELECT i.id, b.text FROM brief b JOIN issue i USING(n) ORDER BY i.id",
    "edge": "SELECT i.id, e.* FROM edge e JOIN issue i USING(n) ORDER BY i.id, e.place",
    "label": "SELECT i.id, l.label FROM label l JOIN issue i USING(n) ORDER BY 1, 2",
    "blocked": "SELECT i.id, k.reasons FROM blocked k JOIN issue i USING(n) ORDER BY 1",
    "cycle": "SELECT * FROM cycle ORDER BY number, place",
    "loose": "SELECT (SELECT count(*) FROM body) + (SELECT count(*) FROM blocked WHERE n NOT IN "
    "(SELECT n FROM issue)) - (SELECT count(*) FROM issue)",
}
SAME_STATE = ("config", "content", "markers", "plain", "problems", "settings", "sorted", "version")


def dump(db):
    """Everything that the tables say, without the numbers that hold them together."""
    found = {}
    for name, sql in TABLES.items():
        cursor = db.execute(sql)
        columns = [column[0] for column in cursor.description]
        kept = [at for at, column in enumerate(columns) if column != "n"]
        found[name] = [tuple(row[at] for at in kept) for row in cursor]
    state = dict(db.execute("SELECT key, value FROM state"))
    found["state"] = [state.get(name) for name in SAME_STATE]
    return found


def source_of(beads, now=0, config=b""):
    return IssueSource(
        str(beads / "issues.jsonl"), str(beads / "beads.db"), str(beads / ".local"), config,
        now or time.time_ns(),
    )  # fmt: skip


# Following is the same as building anew.


def follow(folder, versions, config=b""):
    """Let one cache follow every version of a log; each must be what a new one would be."""
    beads = beads_of(folder)
    for data in versions:
        (beads / "issues.jsonl").write_bytes(data)
        source = source_of(beads, config=config)
        cache = open_cache(source)
        fresh = issues_follow.in_memory(source, data, "")
        assert cache.kept
        assert dump(cache.db) == dump(fresh.db)
        assert cache.settings == fresh.settings
        cache.close()
        fresh.close()


@st.composite
def histories(draw):
    """A log, and what edits, removals, additions and another order made of it."""
    found = {one.id: one for one in draw(logs())}
    versions = [list(found.values())]
    for _ in range(draw(st.integers(1, 4))):
        rows = dict.fromkeys(found)
        for one in draw(logs(max_size=3)):
            found[one.id] = one
            rows.setdefault(one.id)
        for id in draw(st.lists(st.sampled_from(sorted(found)), max_size=3)) if found else ():
            found.pop(id, None)
        names = [id for id in rows if id in found]
        if draw(st.sampled_from([False, False, True])):
            names = draw(st.permutations(names))
        versions.append([found[id] for id in names])
    return [lines_of(version) for version in versions]


@FEWER
@given(histories(), st.sampled_from([b"", b"status.closed: review\n"]))
def test_a_cache_that_follows_is_the_one_that_is_built_anew(tmp_path_factory, versions, config):
    follow(tmp_path_factory.mktemp("w"), versions, config)


@FEWER
@given(st.lists(files(markers=True), min_size=1, max_size=3))
def test_it_follows_whatever_lines_there_are(tmp_path_factory, versions):
    follow(tmp_path_factory.mktemp("w"), versions)


@FEWER
@given(st.lists(files(plain=True, repeats=False), min_size=2, max_size=3))
def test_it_follows_plain_files_line_by_line(tmp_path_factory, versions):
    follow(tmp_path_factory.mktemp("w"), versions)


@FEWER
@given(histories())
def test_writes_leave_the_cache_as_one_that_is_built_anew(tmp_path_factory, versions):
    beads = beads_of(tmp_path_factory.mktemp("w"), versions[0])
    workspace = opened(beads)
    assert workspace.answers.cache.kept
    for data in versions[1:]:
        log = Log(data)
        wanted = {id: log.line(id) for id in log}
        gone = {id: None for id in Log((beads / "issues.jsonl").read_bytes()) if id not in wanted}
        workspace.rewrite(lambda _before, plan=(wanted | gone): plan)
        log = (beads / "issues.jsonl").read_bytes()
        assert {id: Log(log).line(id) for id in Log(log)} == wanted
        cache = open_cache(source_of(beads))
        assert dump(cache.db) == dump(issues_follow.in_memory(source_of(beads), log, "").db)
        cache.close()


@pytest.mark.parametrize("name", ["create", "edit", "comment", "drop", "make a circle", "several"])
def test_a_write_leaves_a_cache_that_answers_for_it(tmp_path, name):
    beads = beads_of(tmp_path, lines_of(sample()))
    opened(beads).rewrite(WRITES[name])
    cache = caches.believed(source_of(beads))
    data = (beads / "issues.jsonl").read_bytes()
    assert cache.state["log"] == stat_text(str(beads / "issues.jsonl"))
    assert dump(cache.db) == dump(issues_follow.in_memory(source_of(beads), data, "").db)
    cache.close()


def some_of(folder, pattern, request):
    """Paths of the shared data: a few by default, all in a deep run."""
    found = sorted(folder.glob(pattern))
    deep = "deep" in (request.config.getoption("-m") or "").replace("not deep", "")
    return found if deep else found[:: max(1, len(found) // 6)]


def test_real_logs_are_answered_as_the_graph_does(shared):
    for path in sorted((shared / "data" / "large").glob("*.jsonl")):
        agrees(path.read_bytes())


def agrees(data):
    """The cache of this log against the pure functions."""
    log = Log(data)
    rules = Rules(NOW)
    family = EpicFamily(log.glances())
    graph = Graph(family, rules)
    answers = in_memory(data, moment(NOW))
    listed = sorted(family, key=order("id"))
    assert [row.id for row in answers.listed(Filter(hide_tombstones=False), "id").rows] == [
        one.id for one in listed
    ]
    ready = {i.id for i in family if graph.is_ready(i) and not is_hidden(i.issue_type, i.id)}
    assert {row.id for row in answers.ready(Filter(hide_tombstones=False)).rows} == ready
    assert {row.id for row in answers.blocked(Filter(hide_tombstones=False)).rows} == {
        i.id for i in family if graph.is_blocked(i)
    }
    assert answers.cycles() == cycles(waiting_edges(family, rules))
    page = answers.listed(Filter(hide_tombstones=False), "id")
    told = json.loads("[" + ",".join(answers.objects(page.rows)) + "]")
    assert [item["title"] for item in told] == [one.title for one in listed]


def test_real_merges_are_followed(shared, tmp_path, request):
    folders = some_of(shared / "data" / "merges", "*/*", request)
    assert folders
    for number, folder in enumerate(folders):
        versions = [path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))]
        follow(tmp_path / str(number), versions)


@pytest.mark.deep
def test_every_real_merge_is_followed_and_answered(shared, tmp_path):
    for number, folder in enumerate(sorted((shared / "data" / "merges").glob("*/*"))):
        versions = [path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))]
        follow(tmp_path / str(number), versions)
        for data in versions:
            agrees(data)


def test_malformed_logs_are_followed(shared, tmp_path, request):
    paths = some_of(shared / "data" / "malformed", "*.jsonl", request)
    follow(tmp_path, [path.read_bytes() for path in paths])


# Every state of the cache, every question, every write.


def page(found):
    return [row._replace(n=0) for row in found.rows], found.total


READS = {
    "listed": lambda a: page(a.listed(Filter())),
    "listed, sorted and cut": lambda a: page(a.listed(Filter(), "title", 3, back=True)),
    "searched": lambda a: page(a.listed(Filter(text="WANTS"), "updated")),
    "keys": lambda a: [key[1:] for key in a.keys(Filter())],
    "ready": lambda a: page(a.ready(Filter())),
    "ready, cut": lambda a: page(a.ready(Filter(), "hybrid", 2)),
    "ready, deferred too": lambda a: page(a.ready(Filter(), deferred=True)),
    "blocked": lambda a: page(a.blocked(Filter())),
    "counted": lambda a: a.count(a.is_ready(Filter())),
    "grouped": lambda a: [a.grouped(Filter(), by) for by in ("status", "type", "label")],
    "row": lambda a: [a.row(id) and a.row(id)._replace(n=0) for id in ("bd-a", "bd-x")],
    "line": lambda a: a.line(a.row("bd-n").n),
    "edges": lambda a: [(e.type, e.id, e.row and e.row.id)
                        for e in [*a.edges_of(a.row("bd-c")), *a.edges_to(a.row("bd-e"))]],
    "reasons": lambda a: [a.reasons(a.row(id).n) for id in ("bd-b", "bd-c", "bd-a")],
    "cycles": lambda a: (a.cycles(), a.all_cycles()),
    "descendants": lambda a: a.descendants("bd-e"),
    "ids": lambda a: a.all_ids(),
    "objects": lambda a: list(a.objects(a.listed(Filter(), "id").rows)),
    "bare": lambda a: a.bare(a.row("bd-n")),
    "problems": lambda a: a.cache.problems,
}  # fmt: skip
WRITES = {
    "create": put(issue("bd-dd", ("bd-a", "blocks"), labels=("new",))),
    "create at the end": put(issue("bd-zz")),
    "edit": changed("bd-c", title="another", status="closed"),
    "comment": remarked("bd-n", "a remark"),
    "close what holds others": changed("bd-a", status="closed", closed_at=TIME),
    "make a circle": changed("bd-a", dependencies=issue("bd-a", ("bd-c", "blocks")).dependencies),
    "drop": dropped("bd-b"),
    "several": lambda before: {
        **changed("bd-a", title="one")(before), **put(issue("bd-0"))(before),
        **dropped("bd-o", "bd-d")(before),
    },
    "nothing": changed("bd-a", title="Title of bd-a"),
}  # fmt: skip
LOGS = {
    "plain": lines_of(sample()),
    "with a problem": lines_of(sample()[:9]) + b"not a record\n" + lines_of(sample()[9:]),
}


SOME = ("fresh", "missing", "stale", "of Beads", "unwritable folder")  # where the log is the same


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """One `.beads` per log whose cache has been built, to copy from."""
    made = {}
    for name, data in LOGS.items():
        beads = beads_of(tmp_path_factory.mktemp("template"), data)
        made[name] = beads
    return made


def workspace_in(state, template, tmp_path):
    beads = tmp_path / ".beads"
    shutil.copytree(template, beads)
    built(beads)
    STATES[state](beads)
    return beads


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("state", STATES)
def test_every_answer_is_the_same_in_every_state(state, log, template, tmp_path):
    beads = workspace_in(state, template[log], tmp_path)
    data = (beads / "issues.jsonl").read_bytes()
    assert data == LOGS[log]
    foreign = (beads / "beads.db").read_bytes() if state == "of Beads" else None
    now = opened(beads).caller.clock()
    expected = in_memory(data, moment(now))
    for name, read in READS.items():
        workspace = opened(beads)
        workspace.answers.at = expected.at
        assert read(workspace.answers) == read(expected), name
        workspace.refresh()
    assert (beads / "issues.jsonl").read_bytes() == data
    if foreign is not None:
        assert (beads / "beads.db").read_bytes() == foreign


@one_in(3)
@pytest.mark.parametrize(
    ("state", "log"),
    [*((state, "plain") for state in STATES), *((state, "with a problem") for state in SOME)],
)
def test_every_write_is_the_same_in_every_state(state, log, every, template, tmp_path):
    data = LOGS[log]
    writes = [*WRITES.items()][[*STATES].index(state) % every :: every]
    for number, (name, plan) in enumerate(writes):
        folder = tmp_path / str(number)
        folder.mkdir()
        beads = workspace_in(state, template[log], folder)
        inode = (beads / "issues.jsonl").stat().st_ino
        opened(beads).rewrite(plan)
        written = (beads / "issues.jsonl").read_bytes()
        before = Log(data)
        wanted = plan(before)
        changes = {id: line for id, line in wanted.items() if before.line(id) != line}
        expected = b"".join(apply(data, before.edits(changes))) if changes else data
        assert written == expected, name
        assert bool(changes) == ((beads / "issues.jsonl").stat().st_ino != inode)
        workspace = opened(beads)
        found = dump(workspace.answers.db)
        fresh = issues_follow.in_memory(source_of(beads), written, "")
        assert found == dump(fresh.db), name
        assert [n for n in os.listdir(beads) if "tmp" in n or n.endswith(".new")] == []
        workspace.refresh()


@pytest.mark.parametrize("state", STATES)
def test_the_second_question_needs_no_look_at_the_log(state, template, tmp_path):
    beads = workspace_in(state, template["plain"], tmp_path)
    opened(beads, ahead=HOUR).answers.cache.close()
    opened(beads, ahead=HOUR).answers.cache.close()
    if state == "unwritable folder":
        assert not opened(beads).answers.cache.kept
    else:
        found = _fresh(source_of(beads, time.time_ns() + HOUR))
        assert found.kept
        found.close()


def test_a_cache_where_nothing_ignores_it_goes_into_the_local_folder(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()), ignored="*.log\n")
    assert opened(beads).answers.cache.path == str(beads / ".local" / "cache.db")
    assert not (beads / "beads.db").exists()
    assert (beads / ".local" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("patterns", "covered"),
    [
        ("beads.db", True), ("*.db", True), ("/beads.db*", True), ("*", True), (" *.db \n#x", True),
        ("", False), ("#*.db", False), ("*.db-wal", False), ("*.db\n!beads.db", False),
        ("!beads.db\n*.db", True), ("other/beads.db", False), ("*.db?*", False),
    ],
)  # fmt: skip
def test_what_an_ignore_file_covers(tmp_path, patterns, covered):
    (tmp_path / ".gitignore").write_text(patterns)
    assert is_ignored(str(tmp_path), "beads.db") is covered


def test_a_database_that_appears_in_our_place_is_left_alone(tmp_path):
    """The place was looked at before; Beads has put its own there since."""
    beads = beads_of(tmp_path, lines_of(sample()))
    workspace = opened(beads)
    assert workspace.answers.cache.path == str(beads / "beads.db")
    workspace.refresh()
    STATES["of Beads"](beads)
    data = (beads / "beads.db").read_bytes()
    assert workspace.answers.cache.path == str(beads / ".local" / "cache.db")
    assert (beads / "beads.db").read_bytes() == data


# Edits that leave no trace in the file's stamp.


def quiet_edit(beads, how):
    """Another log of the same size and time of change."""
    log = beads / "issues.jsonl"
    before = log.stat()
    data = log.read_bytes().replace(b"Title of bd-a", b"TITLE OF BD-A")
    assert len(data) == before.st_size
    if how == "in place":
        with log.open("r+b") as file:
            file.write(data)
    else:
        (beads / "other").write_bytes(data)
        (beads / "other").replace(log)
    os.utime(log, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert log.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("how", ["in place", "by rename"])
@pytest.mark.parametrize("ahead", [0, HOUR])
def test_an_edit_of_the_same_size_and_time_is_noticed(tmp_path, how, ahead):
    beads = beads_of(tmp_path, lines_of(sample()))
    assert opened(beads, ahead).answers.row("bd-a").title == "Title of bd-a"
    quiet_edit(beads, how)
    assert opened(beads, ahead).answers.row("bd-a").title == "TITLE OF BD-A"


@pytest.mark.parametrize("how", ["in place", "by rename"])
def test_an_edit_that_no_stamp_shows_is_noticed_while_the_log_is_young(tmp_path, how, monkeypatch):
    """Within the tick of a clock even the time of the inode's change stays."""
    beads = beads_of(tmp_path, lines_of(sample()))
    log = str(beads / "issues.jsonl")
    frozen = stat_text(log)
    real_text, real_stat = text_of, stat_text
    monkeypatch.setattr(
        "tracker.cache.issues.source.stat_text",
        lambda path: frozen if path == log else real_stat(path),
    )
    size = os.stat(log).st_size
    monkeypatch.setattr(
        "tracker.fileio.text_of",
        lambda found: frozen if found.st_size == size else real_text(found),
    )
    assert opened(beads).answers.row("bd-a").title == "Title of bd-a"
    quiet_edit(beads, how)
    assert opened(beads).answers.row("bd-a").title == "TITLE OF BD-A"
    # Had the first look been an hour later, the stamp would have been believed.
    opened(beads, HOUR).answers.cache.close()
    assert caches.is_settled(frozen, time.time_ns() + HOUR)


def test_a_settled_log_is_not_read(tmp_path, monkeypatch):
    beads = beads_of(tmp_path, lines_of(sample()))
    opened(beads, HOUR).answers.cache.close()
    monkeypatch.setattr("tracker.cache.issues.source.read_log", None)
    monkeypatch.setattr("tracker.cache.issues.source.digest_log", None)
    assert opened(beads, HOUR).answers.row("bd-a").title == "Title of bd-a"


def test_a_touched_log_is_compared_and_the_cache_is_kept(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    opened(beads).answers.cache.close()
    inode = (beads / "beads.db").stat().st_ino
    os.utime(beads / "issues.jsonl", ns=(1, 1))
    assert opened(beads, HOUR).answers.cache.kept
    assert (beads / "beads.db").stat().st_ino == inode
    found = _fresh(source_of(beads, time.time_ns() + HOUR))
    assert found.state["log"] == stat_text(str(beads / "issues.jsonl"))
    found.close()


def test_a_log_that_is_missing_and_one_that_is_empty(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    assert opened(beads).answers.all_ids()
    (beads / "issues.jsonl").unlink()
    assert opened(beads).answers.all_ids() == []
    assert not (beads / "issues.jsonl").exists()
    (beads / "issues.jsonl").touch()
    assert opened(beads).answers.all_ids() == []
    (beads / "issues.jsonl").write_bytes(lines_of([issue("bd-a")]))
    assert opened(beads).answers.all_ids() == ["bd-a"]


def test_another_configuration_makes_another_cache(tmp_path):
    beads = beads_of(tmp_path, lines_of([issue("bd-a", status="done"),
                                         issue("bd-b", ("bd-a", "blocks"))]))  # fmt: skip
    assert [row.id for row in opened(beads).answers.ready(Filter()).rows] == []
    (beads / "config.yaml").write_text("status.custom: done\nstatus.closed: done\n")
    assert [row.id for row in opened(beads).answers.ready(Filter()).rows] == ["bd-b"]
    (beads / "config.yaml").unlink()
    assert [row.id for row in opened(beads).answers.ready(Filter()).rows] == []


# Several at once.


def test_a_cache_that_is_deleted_while_it_answers(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    first = opened(beads)
    assert first.answers.row("bd-a")
    shutil.rmtree(beads / ".local")
    (beads / "beads.db").unlink()
    assert opened(beads).answers.row("bd-a").title == "Title of bd-a"
    assert [row.id for row in first.answers.listed(Filter()).rows]
    opened(beads).rewrite(changed("bd-a", title="new"))
    assert first.answers.row("bd-a").title == "Title of bd-a"
    first.refresh()
    assert first.answers.row("bd-a").title == "new"


def test_an_answer_is_of_one_state_whatever_is_written_meanwhile(tmp_path):
    found = [issue(f"bd-{n}", labels=("x",)) for n in range(300)]
    beads = beads_of(tmp_path, lines_of(found))
    reader = opened(beads)
    page = reader.answers.listed(Filter(), "id")
    texts = reader.answers.objects(page.rows[:100])
    next(texts)
    writer = opened(beads)
    writer.rewrite(dropped(*[one.id for one in found[1:]]))
    assert writer.answers.all_ids() == ["bd-0"]
    assert len(list(texts)) == 99
    assert reader.answers.listed(Filter()).total == 300
    reader.refresh()
    assert reader.answers.all_ids() == ["bd-0"]
    assert reader.answers.cache.kept


def test_a_reader_that_never_lets_go_costs_others_one_wait(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    reader = opened(beads)
    assert reader.answers.cache.kept
    writer = opened(beads)
    writer.rewrite(changed("bd-a", title="one"))
    assert writer.answers.row("bd-a").title == "one"
    inode = (beads / "beads.db").stat().st_ino
    writer.rewrite(changed("bd-a", title="two"))
    assert writer.answers.row("bd-a").title == "two"
    assert writer.answers.cache.kept
    assert (beads / "beads.db").stat().st_ino == inode  # nobody was in the way any more


BUILDER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tests.support.workspaces import opened
from tracker.issues.filters import Filter
answers = opened(Path(sys.argv[2])).answers
print(answers.listed(Filter(hide_tombstones=False)).total, answers.ready(Filter()).total,
      len(answers.cycles()))
"""


def test_many_processes_that_build_at_once(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    words = [sys.executable, "-c", BUILDER, str(ROOT), str(beads)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(8)]
    said = {process.communicate()[0] for process in running}
    expected = in_memory(lines_of(sample()), moment(time.time_ns()))
    assert said == {
        f"16 {expected.ready(Filter()).total} {len(expected.cycles())}\n".encode(),
    }
    assert sorted(os.listdir(beads)) == [".gitignore", ".local", "beads.db", "issues.jsonl"]
    assert sorted(os.listdir(beads / ".local")) == [".gitignore", "cache.lock", "cache.stamp"]


def test_many_threads_while_the_log_and_the_cache_change(tmp_path):
    """Each answer is of some version of the log, and none is an error."""
    versions = [lines_of(sample()[:n]) for n in (4, 8, 12, 16)]
    beads = beads_of(tmp_path, versions[0])
    done = threading.Event()
    failed: list[object] = []
    counts: list[int] = []

    def read():
        while not done.is_set():
            try:
                answers = opened(beads).answers
                total = answers.listed(Filter(hide_tombstones=False)).total
                assert len(list(answers.objects(answers.listed(Filter()).rows))) <= total
                counts.append(total)
                answers.cache.close()
            except Exception as error:  # noqa: BLE001  (whatever it is, the test shall show it)
                failed.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for turn in range(24):
        (beads / "new").write_bytes(versions[turn % 4])
        (beads / "new").replace(beads / "issues.jsonl")
        if turn % 5 == 0:
            with suppress(FileNotFoundError):
                (beads / "beads.db").unlink()
        time.sleep(0.02)
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert set(counts) <= {4, 8, 12, 16}
    assert len(set(counts)) > 1
    assert opened(beads).answers.listed(Filter(hide_tombstones=False)).total == 16


def test_a_large_change_makes_a_new_file(tmp_path):
    found = [issue(f"bd-{n:05}") for n in range(3000)]
    beads = beads_of(tmp_path, lines_of(found))
    opened(beads).answers.cache.close()
    inode = (beads / "beads.db").stat().st_ino
    (beads / "issues.jsonl").write_bytes(lines_of(found[:-1]))
    assert opened(beads).answers.listed(Filter()).total == 2999
    assert (beads / "beads.db").stat().st_ino == inode
    (beads / "issues.jsonl").write_bytes(lines_of(found[:100]))
    assert opened(beads).answers.listed(Filter()).total == 100
    assert (beads / "beads.db").stat().st_ino != inode


def test_reads_write_nothing_that_git_shows(repo):
    log = lines_of(sample())
    repo.commit({".beads/issues.jsonl": log, ".beads/.gitignore": IGNORED.encode()})
    assert opened(repo.path / ".beads").answers.all_ids()
    assert repo.git("status", "--porcelain", "--untracked-files=all") == ""
    assert (repo.path / ".beads" / "beads.db").exists()


def test_no_error_of_the_configuration_is_hidden_by_the_cache(tmp_path):
    beads = beads_of(tmp_path, encode(issue("bd-a")) + b"\n")
    assert opened(beads).answers.all_ids() == ["bd-a"]
    (beads / "config.yaml").write_text("a: [\n")
    with pytest.raises(TrackerError, match="cannot be read"):
        _ = opened(beads).answers


def test_an_undo_in_an_unsorted_log_leaves_the_cache_knowing_the_order(tmp_path):
    beads = beads_of(tmp_path, lines_of([issue("bd-b"), issue("bd-a")]))
    workspace = opened(beads)
    workspace.rewrite(dropped("bd-b"))
    assert workspace.answers.cache.state["sorted"] == 1
    workspace.undo()
    assert (beads / "issues.jsonl").read_bytes() == lines_of([issue("bd-b"), issue("bd-a")])
    assert workspace.answers.cache.state["sorted"] == 0
    workspace.rewrite(put(issue("bd-ab")))
    assert list(Log((beads / "issues.jsonl").read_bytes())) == ["bd-b", "bd-a", "bd-ab"]
