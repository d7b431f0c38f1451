"""Merges of memories and outcomes as they are found: nothing that one branch wrote gets lost.

It stands in a record, in what a merge kept of it, on a line that nobody could read, or it is said.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.branches import Work
from tests.support.damaged_memories import triple, verdicts, words
from tracker.log.memory_log import MemoryFile, OutcomeFile
from tracker.memory.outcomes import counted
from tracker.merge.three_way import resolve_markers, three_way

PATH = ".beads/memory.jsonl"
VERDICTS = ".beads/outcomes.jsonl"


def found_in(merged):
    """Every word that a merge left in the file or said."""
    said = [text for one in merged.decisions for text in (one.kept, one.other)]
    return words(merged.data).union(*map(words, said))


def check(files):
    base, ours, theirs = files
    merged = three_way(base, ours, theirs, PATH)
    assert merged == three_way(base, theirs, ours, PATH)
    assert three_way(base, merged.data, merged.data, PATH).data == merged.data
    assert three_way(ours, ours, merged.data, PATH).data == merged.data
    found = MemoryFile(merged.data, PATH)
    assert not found.markers
    if merged.data not in files:
        assert not found.repeated
    assert not (words(ours) | words(theirs)) - words(base) - found_in(merged)
    check_again(base, merged.data, theirs)
    return merged


def check_again(base, ours, theirs):
    """What is merged again with an old base, as by a cherry-pick, comes to rest and loses nothing.

    A key that only the base lacks has two values then, of which each time another may be kept.
    """
    known = words(ours) - words(base)
    for _ in range(3):
        again = three_way(base, ours, theirs, PATH)
        assert known <= found_in(again)
        if again.data == ours:
            return
        ours = again.data
    assert three_way(base, ours, theirs, PATH).data == ours


def check_markers(files):
    """What git leaves where it has no driver, mended."""
    base, ours, theirs = (data if data.endswith(b"\n") else data + b"\n" for data in files)
    for middle in (b"", b"||||||| base\n" + base):
        block = b"<<<<<<< HEAD\n" + ours + middle + b"=======\n" + theirs + b">>>>>>> theirs\n"
        mended = resolve_markers(block, PATH)
        assert not MemoryFile(mended.data, PATH).markers
        known = words(base) if middle else set()
        assert not (words(ours) | words(theirs)) - known - found_in(mended)


def check_union(seed):
    """Outcomes are joined as lines, whoever merges, and without a driver in whatever order."""
    base, ours, theirs = verdicts(seed)
    files = base, base + ours, base + theirs
    merged = three_way(*files, VERDICTS)
    assert merged == three_way(files[0], files[2], files[1], VERDICTS)
    assert three_way(files[1], files[1], merged.data, VERDICTS).data == merged.data
    assert set(merged.data.splitlines()) == {line for data in files for line in data.splitlines()}
    told = [
        OutcomeFile(data, "outcomes.jsonl")
        for data in (merged.data, base + ours + theirs, base + theirs + ours)
    ]
    for one in told:
        assert dict(one) == dict(told[0])
        assert counted(one.values()) == counted(told[0].values())


@pytest.mark.parametrize("start", range(0, 120, 60))
def test_nothing_gets_lost(start):
    for seed in range(start, start + 60):
        check(triple(seed))
        check_markers(triple(seed))
        check_union(seed)


class Repo(Work):
    """A repository where two branches wrote down something else."""

    def fork_of(self, memories, outcomes):
        for branch, memory, outcome in zip(
            ("base", "ours", "theirs"), memories, outcomes, strict=True
        ):
            self.git(
                "switch", "--quiet", "--create", branch, *(["base"] if branch != "base" else [])
            )
            self.commit({PATH: memory, VERDICTS: outcome}, branch)

    def join(self, one, other):
        """Merge one branch into another: the files then."""
        self.git("switch", "--quiet", one)
        done = self.run("merge", "--no-edit", "--no-ff", other)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "CONFLICT" not in done.stdout
        return self.blob("HEAD", PATH), self.blob("HEAD", VERDICTS)

    def blob(self, rev, name):
        done = subprocess.run(
            ["git", "-C", str(self.path), "cat-file", "blob", f"{rev}:{name}"],
            capture_output=True, check=True,
        )  # fmt: skip
        return done.stdout


def check_in_git(folder, seed):
    repo = Repo(folder)
    base, *added = verdicts(seed)
    repo.fork_of(triple(seed), (base, *(base + more for more in added)))
    blobs = [repo.blob(branch, PATH) for branch in ("base", "ours", "theirs")]
    merged = check(blobs).data
    repo.git("branch", "elsewhere", "theirs")
    here, there = repo.join("ours", "theirs"), repo.join("elsewhere", "ours~1")
    assert here == there
    assert here == (merged, three_way(base, *(base + more for more in added), VERDICTS).data)
    assert not re.search(rb"(?m)^(<<<<<<<|>>>>>>>)", here[1])
    assert repo.join("ours", "theirs") == here  # there is nothing to do
    assert repo.join("ours", "elsewhere") == here


def is_log(data):
    """Whether the driver takes it for one: some line begins a record."""
    return not data or b'\n{"' in b"\n" + data


IN_GIT = [seed for seed in range(150) if all(map(is_log, (*triple(seed), *verdicts(seed))))]


@pytest.mark.parametrize("seed", IN_GIT[:3])
def test_nothing_gets_lost_in_git(tmp_path, seed):
    check_in_git(tmp_path, seed)


@pytest.mark.deep
@pytest.mark.parametrize("start", range(1000, 41_000, 2000))
def test_nothing_gets_lost_of_forty_thousand(start):
    for seed in range(start, start + 2000):
        check(triple(seed))
        check_markers(triple(seed))
        check_union(seed)


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", IN_GIT[3:100])
def test_a_hundred_repositories(tmp_path, seed):
    check_in_git(tmp_path, seed)


def test_the_files_hold_what_they_are_meant_to():
    """Otherwise the tests above would say little."""
    files = [data for seed in range(150) for data in triple(seed)]
    signs = (b"\r\n", b"\xef\xbb\xbf", b"\xe9 ", b'"moved_to"', b"tombstone", b"\\ud800", b"NaN")
    for sign in signs:
        assert sum(sign in data for data in files) >= 10, sign
    assert sum(bool(MemoryFile(data, PATH).repeated) for data in files) >= 10
    merged = [three_way(*triple(seed), PATH) for seed in range(150)]
    assert sum(b'"conflicts":[{"field"' in one.data for one in merged) >= 15
    assert sum("the edit follows" in str(one.decisions) for one in merged) >= 10
    added = [verdicts(seed) for seed in range(150)]
    assert sum(b'"voids"' in ours for _, ours, _ in added) >= 15
    ids = [[set(re.findall(rb'"id": ?"(\w+)"', data)) for data in of] for of in added]
    assert sum(bool(ours & theirs) for _, ours, theirs in ids) >= 15
