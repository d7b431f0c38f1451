"""Random histories of three branches: what is in a log at the end is what nobody took away.

The graphs hold criss-crosses and virtual bases (made as git makes them, recursively). For every
member the oracle keeps who added it and what each removal had seen. Where one member is added once,
it is present if and only if no removal is in the history. Where two branches add the same member,
no file can tell whose it is, and a removal that saw one add may take both, or a virtual base hide
it: then what nobody removed is present. A branch that removed a member does
not add it again: no file tells that from never having removed it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import permutations

import pytest

from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log
from tracker.merge.three_way import three_way
from tracker.model.issue import Comment, Dependency, Issue
from tracker.model.timestamps import instant, stamp

START = instant("2026-01-01T00:00:00Z")
KINDS = ("label", "edge", "remark", "tag", "key", "record")
NAMES = ("a", "b", "c", "d", "e", "f")
Member = tuple[str, str]


@dataclass(eq=False)
class Commit:
    """A state of the file, and every event that its history saw."""

    data: bytes
    parents: tuple[Commit, ...] = ()
    adds: frozenset[tuple[Member, int]] = frozenset()
    removes: frozenset[tuple[Member, frozenset[int]]] = frozenset()
    ancestors: frozenset[Commit] = field(default=frozenset(), repr=False)

    def __post_init__(self):
        above = [parent.ancestors for parent in self.parents]
        self.ancestors = frozenset([self]).union(*above)

    def added(self, member):
        return frozenset(number for one, number in self.adds if one == member)

    def expected(self):
        covered = {(member, n) for member, numbers in self.removes for n in numbers}
        return {member for member, number in self.adds if (member, number) not in covered}


def merge_base(one, two):
    """The base that git would use: the best common ancestor, several of them merged into one."""
    base, *others = best_of(one.ancestors & two.ancestors)
    for other in others:
        base = merged(base, other)
    return base


def best_of(common):
    """The commits that are no ancestors of another, in a fixed order."""
    best = [c for c in common if not any(c in d.ancestors for d in common if d is not c)]
    return sorted(best, key=lambda commit: (len(commit.ancestors), commit.data))


def merged(one, two):
    base = merge_base(one, two)
    result = three_way(base.data, one.data, two.data)
    assert result == three_way(base.data, two.data, one.data)
    return Commit(
        result.data, (one, two), adds=one.adds | two.adds, removes=one.removes | two.removes
    )


def present(data):
    """The members that a log holds."""
    log = Log(data)
    assert not log.problems
    main = log["bd-main"]
    extra = dict(main.extra)
    found = {("label", name) for name in main.labels}
    found |= {("edge", edge.depends_on_id) for edge in main.dependencies}
    found |= {("remark", remark.text) for remark in main.comments if remark.author == "ann"}
    found |= {("tag", name) for name in NAMES if f'"{name}"' in extra.get("tags", "")}
    found |= {("key", name) for name in NAMES if f'"{name}"' in main.metadata}
    return found | {("record", id[-1]) for id in log if id != "bd-main"}


def _names(raw):
    return {name for name in NAMES if f'"{name}"' in raw}


def changed(data, member, here, now):
    """The file with a member there or not."""
    kind, name = member
    log = Log(data)
    issues = dict(log)
    main = issues["bd-main"]
    if kind == "record":
        issues[f"bd-{name}"] = Issue(id=f"bd-{name}", title=name, created_at=stamp(START))
        if not here:
            del issues[f"bd-{name}"]
        return b"".join(encode(issues[id]) + b"\n" for id in sorted(issues))
    edits = {}
    if kind == "label":
        edits["labels"] = tuple(sorted({*main.labels} ^ {name}))
    if kind == "edge":
        rest = tuple(edge for edge in main.dependencies if edge.depends_on_id != name)
        new = Dependency(issue_id="bd-main", depends_on_id=name, created_at=now)
        edits["dependencies"] = (*rest, new) if here else rest
    if kind == "remark":
        rest = tuple(remark for remark in main.comments if remark.text != name)
        new = Comment(id=len(rest) + 1, author="ann", text=name, created_at=now)
        edits["comments"] = (*rest, new) if here else rest
    extra = dict(main.extra)
    if kind == "tag":
        tags = sorted(_names(extra.pop("tags", "")) ^ {name})
        extra |= {"tags": "[" + ",".join(f'"{tag}"' for tag in tags) + "]"} if tags else {}
    if kind == "key":
        keys = sorted(_names(main.metadata) ^ {name})
        edits["metadata"] = "{" + ",".join(f'"{key}":{{"v":1}}' for key in keys) + "}"
    issues["bd-main"] = replace(main, **edits, updated_at=now, extra=tuple(sorted(extra.items())))
    return b"".join(encode(issues[id]) + b"\n" for id in sorted(issues))


def step(commit, chance, number, taken):
    """One more commit on a branch, by a clock that may be wrong."""
    member = chance.choice(KINDS), chance.choice(NAMES)
    now = stamp(START + chance.randrange(1, 100) * 1_000_000_000)
    if member in present(commit.data):
        gone = (member, commit.added(member))
        data = changed(commit.data, member, False, now)
        return Commit(data, (commit,), commit.adds, commit.removes | {gone})
    if commit.added(member) or member in taken:
        return commit
    data = changed(commit.data, member, True, now)
    return Commit(data, (commit,), commit.adds | {(member, number)}, commit.removes)


def check(commit, *, once):
    """Whether the log holds what its history says."""
    found, expected = present(commit.data), commit.expected()
    removed = {member for member, _ in commit.removes}
    if once:
        assert found == expected
    assert {member for member, _ in commit.adds} - removed <= found


def run(seed, steps, *, once):
    chance = random.Random(seed)
    taken = set()
    first = encode(Issue(id="bd-main", title="main", created_at=stamp(START))) + b"\n"
    root = Commit(first)
    heads = [root, root, root]
    for number in range(steps):
        at = chance.randrange(3)
        if chance.random() < 0.65:
            heads[at] = step(heads[at], chance, number, taken)
            if once:
                taken |= {member for member, _ in heads[at].adds}
            continue
        other = (at + chance.randrange(1, 3)) % 3
        if heads[at] in heads[other].ancestors:
            heads[at] = heads[other]
        elif heads[other] not in heads[at].ancestors:
            crossed = merged(heads[at], heads[other])
            if chance.random() < 0.4:  # both sides merge each other at the same time
                again = merged(heads[other], heads[at])
                assert again.data == crossed.data
                heads[other] = again
            heads[at] = crossed
        check(heads[at], once=once)
    one = merged(merged(heads[0], heads[1]), heads[2])  # an octopus merges one after the other
    check(one, once=once)
    return one


@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_a_member_is_there_if_nobody_who_saw_it_took_it_away(seed, once):
    run(seed, 40, once=once)


@pytest.mark.deep
@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_the_same_in_longer_histories(seed, once):
    run(seed, 120, once=once)


def test_the_histories_hold_criss_crosses():
    """Otherwise the test above would say little about virtual bases."""
    crossed = 0
    for end in [run(seed, 40, once=False) for seed in range(20)]:
        for commit in end.ancestors:
            if len(commit.parents) == 2:
                common = commit.parents[0].ancestors & commit.parents[1].ancestors
                crossed += len(best_of(common)) > 1
    assert crossed > 5


def clones():
    """Three clones that each gave one id to an issue of their own."""
    for number, day in enumerate((3, 1, 2)):
        at = f"2026-01-0{day}T00:00:00Z"
        issue = Issue(id="bd-7", title=f"Clone {number}", created_at=at, updated_at=at)
        edge = Dependency(issue_id=f"bd-{number}", depends_on_id="bd-7", created_at=at)
        other = Issue(id=f"bd-{number}", title="waits", created_at=at, dependencies=(edge,))
        yield encode(other) + b"\n" + encode(issue) + b"\n"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three_issues_of_one_id_get_the_same_names_in_any_order(order):
    files = list(clones())
    one, two, three = (files[number] for number in order)
    found = three_way(b"", three_way(b"", one, two).data, three).data
    log = Log(found)
    assert log["bd-7"].title == "Clone 1"  # it was created first
    assert {issue.title for issue in log.values()} == {"waits", "Clone 0", "Clone 1", "Clone 2"}
    for number in range(3):
        (edge,) = log[f"bd-{number}"].dependencies
        assert log[edge.depends_on_id].title == f"Clone {number}"
    expected = three_way(b"", three_way(b"", files[0], files[1]).data, files[2]).data
    assert found == expected


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_work_on_a_renamed_issue_reaches_it_from_every_clone(order):
    """Each clone goes on working under the old id and merges what the others made of it."""
    files = list(clones())
    merged_file = three_way(b"", three_way(b"", files[0], files[1]).data, files[2]).data
    for number in order:
        edited = files[number].replace(b'"status":"open"', b'"status":"in_progress"')
        merged_file = three_way(files[number], merged_file, edited).data
    log = Log(merged_file)
    mine = [issue for issue in log.values() if issue.title != "waits"]
    assert len(mine) == 3
    assert {issue.status for issue in log.values()} == {"in_progress"}
