"""The memories of a workspace, as commands and other programs ask for them."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.repository import Repository
from tests.support.workspaces import beads_of, issue, lines_of, opened
from tracker.errors import Invalid, NoMemory, Refused
from tracker.git import blob_ids
from tracker.git.blob_ids import Tree
from tracker.memory import actions
from tracker.memory.edits import MemoryTarget
from tracker.memory.outcomes import About
from tracker.memory.quick_read import glimpse


@pytest.fixture
def library(tmp_path):
    return opened(beads_of(tmp_path, lines_of([issue("bd-a")]))).library


def test_what_is_put_can_be_found(library):
    library.put("climate/drift", {"content": "Detrend first.", "tags": ["ml"]})
    library.append("climate/log", "one")
    library.append("climate/log", "two")
    library.put("mine", {"content": "quiet"}, MemoryTarget(private=True))
    assert library.get("climate/drift").content == "Detrend first."
    assert library.get("climate/log").content == "one\ntwo"
    assert [one.key for one in library.find("climate/*")] == ["climate/drift", "climate/log"]
    assert [one.key for one in library.find()] == ["climate/drift", "climate/log", "mine"]
    with pytest.raises(NoMemory, match='No memory with key "drift"'):
        library.get("drift")


def test_several_are_forgotten_together_or_not_at_all(library):
    library.put("a", {"content": "x"})
    with pytest.raises(NoMemory):
        library.forget(["a", "b"])
    assert library.get("a")
    library.forget(["a"])
    assert library.find() == []
    assert [one.key for one in library.find(gone=True)] == ["a"]
    library.change(actions.restore, ["a"])
    assert library.get("a").content == "x"


def test_verdicts_and_closed_work_move_trust(library):
    memory = library.put("a", {"content": "x"}, origin="agent")
    start = library.trust(memory).value
    assert start == pytest.approx(0.7)
    (good,) = library.record(["a"], "ok", About("bd-a"))
    assert library.trust(memory).value > start
    library.take_back([good.id])
    assert library.trust(memory).value == pytest.approx(start)
    workspace = library._workspace
    done = {"status": "closed", "closed_at": "2027-01-01T00:00:00Z", "close_reason": "Done"}
    line = json.dumps({"id": "bd-z", "title": "z", "metadata": {"memories": ["a"]}, **done})
    with open(workspace.place.log, "a") as file:
        file.write(line + "\n")
    assert library.trust(memory).credits == 1


def test_an_agent_is_one_that_says_its_session(library):
    assert library.put("a", {"content": "x"}).source.origin == "user"
    library._workspace.caller.session_id = "s-1"
    found = library.put("b", {"content": "x"}).source
    assert (found.by, found.origin, found.session) == ("ann", "agent", "s-1")
    assert library.put("c", {"content": "x"}, origin="tool").source.origin == "tool"


def test_a_memory_is_stale_when_a_file_that_it_names_has_moved(library, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "api.py").write_text("one\n")
    memory = library.put("a", {"content": "x", "paths": ["src/api.py"]})
    assert library.stale(memory) == []
    (tmp_path / "src" / "api.py").write_text("two\n")
    again = opened(tmp_path / ".beads").library
    assert again.stale(memory) == ["src/api.py"]
    (fresh,) = again.change(actions.verify, ["a"])
    assert again.stale(fresh) == []
    (tmp_path / "src" / "api.py").unlink()
    assert opened(tmp_path / ".beads").library.stale(fresh) == ["src/api.py"]


def test_nothing_is_written_where_nothing_may_be(library):
    library.put("a", {"content": "x"})
    library._workspace.caller.readonly = True
    assert library.get("a").content == "x"
    with pytest.raises(Refused, match="read-only"):
        library.put("a", {"content": "y"})


# Blob ids.


def test_a_blob_id_is_what_git_says(tmp_path):
    repo = Repository(tmp_path / "repo")
    for name, data in (("a", b""), ("b", b"text\n"), ("c", bytes(range(256)) * 9000)):
        path = repo.path / name
        path.write_bytes(data)
        said = subprocess.run(
            ["git", "hash-object", "--no-filters", name],
            cwd=repo.path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert blob_ids.blob_id(str(path)) == said.stdout.strip()
    (repo.path / "link").symlink_to("a")
    assert blob_ids.blob_id(str(repo.path / "link")) not in {
        "",
        blob_ids.blob_id(str(repo.path / "a")),
    }
    assert blob_ids.blob_id(str(repo.path / "none")) == blob_ids.blob_id(str(repo.path)) == ""


def test_files_are_named_from_the_top_and_stay_within(tmp_path):
    (tmp_path / "top" / "src").mkdir(parents=True)
    (tmp_path / "top" / "src" / "api.py").write_text("x")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "top" / "out").symlink_to("..")
    tree = Tree(str(tmp_path / "top"))
    assert tree.path("api.py", str(tmp_path / "top" / "src")) == "src/api.py"
    assert tree.path(str(tmp_path / "top" / "src" / "api.py"), "/") == "src/api.py"
    for given, why in (("../secret", "outside"), ("src", "a folder"), ("none", "not there")):
        with pytest.raises(Invalid, match=why):
            tree.path(given, str(tmp_path / "top"))
    assert tree.blob("src/api.py")
    assert tree.blob("../secret") == tree.blob("out/secret") == tree.blob("none") == ""


# One memory without the others.


def test_a_plain_memory_is_found_without_the_others(library):
    library.put("climate/drift", {"content": "one"})
    library.put("climate/drift2", {"content": "two", "related": ["climate/drift"]})
    library.put('quote " é', {"content": "three"})
    beads = library._workspace.place.beads
    assert glimpse(beads, "climate/drift") == "one"
    assert glimpse(beads, 'quote " é') == "three"
    assert glimpse(beads, "climate") is None
    library.put("climate/drift", {"content": "mine"}, MemoryTarget(private=True))
    assert glimpse(beads, "climate/drift") == "mine"
    library.forget(["climate/drift2"])
    assert glimpse(beads, "climate/drift2") is None


@pytest.mark.parametrize(
    "data",
    [
        '{"key":"a","content":"one"}\n{"key":"a","content":"two"}\n',
        '<<<<<<< HEAD\n{"key":"a","content":"one"}\n=======\n>>>>>>> x\n',
        '{"key":"a","content":"one"} and more\n',
        '{"key":"a","content":5}\n',
        '{"x":{"key":"a"},"content":"one"}\n',
        '{"key": "a", "content": "one"}\n',
        '{"key":"a","content":"one","status":"archived"}\n',
        '{"key":"a","content":"one","expires_at":"2027-01-01T00:00:00Z"}\n',
        '{"key":"a","content":"one","source":{"paths":{"api.py":"12"}}}\n',
        '{"key":"a","content":"one","source":"ann"}\n',
        '{"key":"a","content":"one","conflicts":[]}\n',
        '{"key":"a","content":"one"}\n{"key":"b","content":"two","supersedes":["a"]}\n',
        '{"key":"a","content":"one"}\n{"key":"b","status":"tombstone","moved_to":"a"}\n',
    ],
)
def test_what_is_not_plain_is_left_to_who_reads_all(library, data):
    beads = library._workspace.place.beads
    path = f"{beads}/memory.jsonl"
    with open(path, "w") as file:
        file.write(data)
    assert glimpse(beads, "a") is None
    with open(path, "w") as file:
        file.write('{"key":"a","content":"one"}\n')
    assert glimpse(beads, "a") == "one"


@pytest.mark.parametrize("private", [False, True])
def test_what_may_be_doubted_is_left_to_who_knows_how_far(library, private):
    library.put("a", {"content": "one"}, MemoryTarget(private=private))
    library.put("b", {"content": "two"}, MemoryTarget(private=private))
    beads = library._workspace.place.beads
    library.record(["a", "b"], "success")
    assert glimpse(beads, "a") == "one"
    library.record(["a"], "failure")
    assert (glimpse(beads, "a"), glimpse(beads, "b")) == (None, "two")
    library.record(["b"], "failure", About(note="success"))
    assert glimpse(beads, "b") is None
