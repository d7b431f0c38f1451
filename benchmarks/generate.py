"""Logs of realistic size and shape, the same bytes for the same seed on every machine.

0.9 KB a line, two labels, half of the issues with a dependency; statuses, types and the spread of
lengths follow logs that teams keep. The blocking edges never form a cycle: each goes to an issue
of a strictly lower rank, and the rank is the order of creation, slightly shuffled.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from bisect import insort
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.prose import Prose, weighted
from tracker.log.issue_codec import decode, encode
from tracker.model.issue import BLOCKS, PARENT, Comment, Dependency, Issue
from tracker.model.timestamps import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PREFIX = "bench"
SEED = 1
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
START = instant("2025-01-06T08:00:00Z")
YEAR = 365 * DAY
NEVER = "2099-01-01T00:00:00Z"

PEOPLE = ("Ada Byrne", "Bo Lindqvist", "Chidi Okafor", "Dana Reyes", "Émile Roux", "Farah Aziz")
AGENTS = ("agent-1", "agent-2", "agent-3", "builder")
LABELS = (
    "backend", "api", "tests", "docs", "performance", "ui", "cli", "cache", "storage", "security",
    "refactor", "infra", "flaky", "release", "good-first-issue", "area:parser", "area:graph",
    "area:merge", "area:sync", "area:search", "phase:1", "phase:2", "team:core", "team:web",
    "needs-design", "regression", "windows", "macos", "database", "accessibility",
)  # fmt: skip
REASONS = ("Closed", "Done", "Implemented and tested", "Duplicate", "Fixed", "Cannot reproduce")


class Sketch(NamedTuple):
    """What must be known of every issue before the first one can be written."""

    id: str
    kind: str
    status: str
    created: int
    rank: float
    parent: int


def _sketches(count: int, rng: random.Random) -> list[Sketch]:
    sketches: list[Sketch] = []
    epics: list[int] = []
    children: Counter[int] = Counter()
    taken: set[str] = set()
    for at in range(count):
        kind = weighted(rng, {"task": 60, "bug": 18, "feature": 12, "chore": 5, "epic": 5})
        parent = -1
        if epics and rng.random() < (0.08 if kind == "epic" else 0.22):
            parent = rng.choice(epics[-12:])
        rank = at + rng.uniform(-30, 30)
        if parent >= 0:
            children[parent] += 1
            id = f"{sketches[parent].id}.{children[parent]}"
            rank = max(rank, sketches[parent].rank + 0.5)
        else:
            id = _new_id(rng, taken)
        above = sketches[parent].status if parent >= 0 else ""
        created = START + int((at + rng.random()) * YEAR / count)
        status = _status(rng, kind, at / count, above)
        sketches.append(Sketch(id, kind, status, created, rank, parent))
        if kind == "epic" and id.count(".") < 2:
            epics.append(at)
    return sketches


def _new_id(rng: random.Random, taken: set[str]) -> str:
    while True:
        id = f"{PREFIX}-{''.join(rng.choices('0123456789abcdefghijklmnopqrstuvwxyz', k=7))}"
        if id not in taken:
            taken.add(id)
            return id


def _status(rng: random.Random, kind: str, age: float, parent: str) -> str:
    """Young issues are more often active (`age` runs from 0 to 1), those of closed epics rarely."""
    if kind != "epic" and rng.random() < 0.053:
        return "tombstone"
    active = 0.15 + 0.45 * age
    if parent:
        active *= 0.2 if parent == "closed" else 1.3
    if rng.random() >= active:
        return "closed"
    return weighted(rng, {"open": 250, "in_progress": 50, "blocked": 18, "deferred": 12})


class Writer:
    """The issues of a plan, one by one in the order of creation."""

    def __init__(self, sketches: Sequence[Sketch], rng: random.Random) -> None:
        self.sketches = sketches
        self.rng = rng
        self.prose = Prose(rng)
        self._epics = [at for at, sketch in enumerate(sketches) if sketch.kind == "epic"]

    def issue(self, at: int) -> Issue:
        """The issue number `at`."""
        rng, sketch = self.rng, self.sketches[at]
        updated = sketch.created + int(rng.expovariate(1 / (6 * DAY)))
        author = rng.choice(PEOPLE + AGENTS)
        fields: dict[str, Any] = {
            "owner": _address(author) if rng.random() < 0.8 else "",
            "assignee": rng.choice(AGENTS + PEOPLE) if rng.random() < 0.45 else "",
            "labels": self._labels(),
            "dependencies": tuple(self._dependencies(at)),
            "comments": tuple(self._comments(at)),
        }
        return Issue(
            id=sketch.id,
            title=self.prose.title(),
            description=self.prose.description(),
            status=sketch.status,
            priority=weighted(rng, {0: 4, 1: 20, 2: 50, 3: 20, 4: 6}),
            issue_type=sketch.kind,
            created_at=stamp(sketch.created),
            created_by=author,
            updated_at=stamp(updated),
            **fields,
            **self._texts(),
            **self._ending(sketch, updated),
            **self._details(sketch),
        )

    def _texts(self) -> dict[str, Any]:
        texts: dict[str, Any] = {}
        for name, share in (("design", 0.05), ("acceptance_criteria", 0.08), ("notes", 0.12)):
            if self.rng.random() < share:
                size = self.rng.randint(1, 4)
                bullets = name == "acceptance_criteria"
                mark = "- [ ] "
                texts[name] = (
                    self.prose.bullets(size, mark) if bullets else self.prose.markdown(size)
                )
        return texts

    def _ending(self, sketch: Sketch, updated: int) -> dict[str, Any]:
        rng = self.rng
        if sketch.status == "closed":
            brief = rng.random() < 0.55
            return {
                "closed_at": stamp(updated),
                "close_reason": rng.choice(REASONS) if brief else self.prose.sentence(),
                "closed_by_session": f"s-{rng.getrandbits(48):012x}" if rng.random() < 0.1 else "",
            }
        if sketch.status == "tombstone":
            return {
                "deleted_at": stamp(updated),
                "deleted_by": rng.choice(PEOPLE),
                "delete_reason": "delete",
                "original_type": sketch.kind,
            }
        return {}

    def _details(self, sketch: Sketch) -> dict[str, Any]:
        rng = self.rng
        details: dict[str, Any] = {}
        if rng.random() < 0.1:
            details["estimated_minutes"] = rng.choice((15, 30, 60, 120, 240, 480))
        if rng.random() < 0.04:
            details["due_at"] = stamp(sketch.created + rng.randrange(3, 90) * DAY)
        if sketch.status == "deferred" or rng.random() < 0.01:
            later = stamp(sketch.created + rng.randrange(3, 30) * DAY)
            details["defer_until"] = rng.choice((NEVER, later))
        if rng.random() < 0.03:
            details["external_ref"] = f"gh-{rng.randrange(1, 9000)}"
        if rng.random() < 0.05:
            sprint = {"sprint": rng.randrange(1, 40), "points": rng.choice((1, 2, 3, 5, 8))}
            details["metadata"] = json.dumps(sprint, separators=(",", ":"))
        return details

    def _labels(self) -> tuple[str, ...]:
        many = weighted(self.rng, {0: 15, 1: 22, 2: 26, 3: 20, 4: 11, 5: 6})
        labels: set[str] = set()
        while len(labels) < many:
            labels.add(LABELS[int(len(LABELS) * self.rng.random() ** 2)])
        return tuple(sorted(labels))

    def _comments(self, at: int) -> Iterator[Comment]:
        if self.rng.random() < 0.12:
            said = self.sketches[at].created
            for _ in range(self.rng.choice((1, 1, 2, 3))):
                said += self.rng.randrange(60, 200_000) * SECOND
                yield Comment(
                    id=self.rng.randrange(1, 2**53),
                    issue_id=self.sketches[at].id,
                    author=self.rng.choice(PEOPLE + AGENTS),
                    text=self.prose.markdown(self.rng.choice((1, 1, 2, 4))),
                    created_at=stamp(said),
                )

    def _dependencies(self, at: int) -> Iterator[Dependency]:
        sketch, rng = self.sketches[at], self.rng
        used = {at, *self._ancestors(at)}
        if sketch.parent >= 0:
            yield self._edge(at, sketch.parent, PARENT)
        if rng.random() < (0.05 if sketch.kind == "epic" else 0.32):
            for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3))):
                type = weighted(rng, {BLOCKS: 93, "conditional-blocks": 4, "waits-for": 3})
                target = self._target(at, type, used)
                if target >= 0:
                    used.add(target)
                    yield self._edge(at, target, type)
        if at > 0 and rng.random() < 0.09:
            target = max(0, at - 1 - int(rng.expovariate(1 / 80)))
            if target not in used:
                yield self._edge(at, target, rng.choice(("discovered-from", "related")))

    def _ancestors(self, at: int) -> Iterator[int]:
        while (at := self.sketches[at].parent) >= 0:
            yield at

    def _target(self, at: int, type: str, used: set[int]) -> int:
        """Something near of a lower rank, and mostly done if the issue itself is; -1 for none."""
        mine = self.sketches[at]
        for attempt in range(6):
            if type == "waits-for" and self._epics:
                near = self.rng.choice(self._epics)
            else:
                step = 1 + int(self.rng.expovariate(1 / 40))
                near = at + step if self.rng.random() < 0.15 else at - step
            if not 0 <= near < len(self.sketches) or near in used:
                continue
            other = self.sketches[near]
            done = other.status in {"closed", "tombstone"}
            if other.rank < mine.rank and (done or mine.status != "closed" or attempt > 4):
                return near
        return -1

    def _edge(self, at: int, target: int, type: str) -> Dependency:
        gate = '"{\\"gate\\":\\"all-children\\"}"'
        mine, other = self.sketches[at], self.sketches[target]
        born = max(mine.created, other.created)
        return Dependency(
            issue_id=mine.id,
            depends_on_id=other.id,
            type=type,
            created_at=stamp(born + self.rng.randrange(600) * SECOND),
            created_by=self.rng.choice(PEOPLE),
            extra=(("metadata", gate),) if type == "waits-for" else (),
        )


def _address(name: str) -> str:
    plain = name.lower().replace(" ", ".").replace("é", "e")
    return f"{plain}@example.com"


def issues(count: int, seed: int = SEED) -> Iterator[bytes]:
    """The lines of a log of `count` issues, without line endings, sorted by id in byte order."""
    rng = random.Random(f"{seed}:{count}")
    sketches = _sketches(count, rng)
    writer = Writer(sketches, rng)
    lines = {sketch.id: encode(writer.issue(at)) for at, sketch in enumerate(sketches)}
    for id in sorted(lines):
        yield lines.pop(id)


def log(count: int, seed: int = SEED) -> bytes:
    """The file of `issues`."""
    return b"".join(line + b"\n" for line in issues(count, seed))


def edited(data: bytes, share: float, seed: int = SEED) -> bytes:
    """The log after git changed that share of its lines.

    `round(share * lines)` lines, at least one: of twenty, one is removed and one is new (one each
    at least from three on), and the others are edits with a later `updated_at`.
    """
    rng = random.Random(f"edited:{seed}")
    lines = data.splitlines()
    count = max(1, round(len(lines) * share))
    few = max(1, count // 20) if count > 2 else 0
    live = [at for at, line in enumerate(lines) if b'"status":"tombstone"' not in line]
    chosen = rng.sample(live, min(len(live), count - few))
    last = max((instant(decode(lines[at]).updated_at) for at in chosen), default=START)
    prose = Prose(rng)
    for at in chosen[few:]:
        lines[at] = encode(_edit(decode(lines[at]), rng, prose))
    for at in sorted(chosen[:few], reverse=True):
        del lines[at]
    taken = {identity(line) for line in lines}
    for at in range(few):
        sketch = Sketch(_new_id(rng, taken), "task", "open", last + at * SECOND, 0, -1)
        insort(lines, encode(Writer([sketch], rng).issue(0)), key=identity)
    return b"".join(line + b"\n" for line in lines)


def identity(line: bytes) -> str:
    """The id of a canonical line, which begins with `{"id":"`."""
    return line[7 : line.index(b'"', 7)].decode()


def _edit(issue: Issue, rng: random.Random, prose: Prose) -> Issue:
    moment = stamp(instant(issue.updated_at) + rng.randrange(60, 400_000) * SECOND)
    kind = weighted(rng, {"status": 50, "title": 25, "description": 15, "comments": 10})
    if kind == "status":
        changes = _move(issue, rng, moment)
    elif kind == "title":
        changes = {"title": prose.title()}
    elif kind == "description":
        changes = {"description": f"{issue.description}\n\n{prose.sentence()}".strip()}
    else:
        remark = Comment(
            id=rng.randrange(1, 2**53),
            issue_id=issue.id,
            author=rng.choice(AGENTS),
            text=prose.sentence(),
            created_at=moment,
        )
        changes = {"comments": (*issue.comments, remark)}
    return replace(issue, updated_at=moment, **changes)


def _move(issue: Issue, rng: random.Random, moment: str) -> dict[str, Any]:
    if issue.status == "closed":
        return {"status": "open", "closed_at": "", "close_reason": "", "closed_by_session": ""}
    if issue.status == "open" and rng.random() < 0.5:
        return {"status": "in_progress", "assignee": rng.choice(AGENTS)}
    return {"status": "closed", "closed_at": moment, "close_reason": rng.choice(REASONS)}


def branches(data: bytes, share: float, seed: int = SEED) -> tuple[bytes, bytes, bytes]:
    """`(base, ours, theirs)`: two branches that each changed that share of the lines."""
    return data, edited(data, share, seed * 2), edited(data, share, seed * 2 + 1)


def memories(count: int, seed: int = SEED) -> bytes:
    """A memory file: keys in three namespaces, sorted, each with a few sentences."""
    rng = random.Random(f"memories:{seed}:{count}")
    prose = Prose(rng)
    lines = []
    for at in range(count):
        moment = stamp(START + int((at + rng.random()) * YEAR / count))
        memory = {
            "key": f"{rng.choice(('build', 'api', 'storage/patterns'))}/note-{at:06d}",
            "kind": rng.choice(("fact", "note", "decision", "pattern", "pitfall")),
            "title": prose.title(),
            "content": prose.sentences(rng.randint(1, 5)),
            "tags": sorted(rng.sample(LABELS, 2)),
            "created_at": moment,
            "updated_at": moment,
        }
        lines.append(json.dumps(memory, ensure_ascii=False, separators=(",", ":")))
    return "".join(line + "\n" for line in sorted(lines)).encode()


def edited_memories(data: bytes, share: float, seed: int = SEED) -> bytes:
    """The memories after git changed the titles of that share of them, at least of one."""
    rng = random.Random(f"edited memories:{seed}:{len(data)}")
    prose = Prose(rng)
    lines = data.splitlines()
    for at in rng.sample(range(len(lines)), max(1, round(len(lines) * share))):
        memory = {**json.loads(lines[at]), "title": prose.title()}
        lines[at] = json.dumps(memory, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join(line + b"\n" for line in lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Write a log to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.generate", description=main.__doc__)
    parser.add_argument("count", type=int, metavar="N", help="how many issues")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(argv)
    for line in issues(options.count, options.seed):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
