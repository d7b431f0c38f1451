"""A workspace that is made of given issues, and a `bd` that asks it questions."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, NamedTuple

from tracker.cli import main
from tracker.log.issue_codec import encode
from tracker.model.issue import PARENT, Comment, Dependency, Issue
from tracker.model.timestamps import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
NOW = 1_800_000_000 * 10**9  # 2027-01-15T08:00:00Z, and later than any file that a test writes


def ago(nanoseconds: int) -> str:
    """A stored time so long before NOW."""
    return stamp(NOW - nanoseconds)


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def ids(self):
        return [item["id"] for item in self.json]

    @property
    def lines(self):
        return self.out.splitlines()


def issue(id: str, title: str = "", *edges: tuple[str, str], **fields) -> Issue:
    """An issue of two days ago; an edge is (type, id), a remark (author, text)."""
    remarks = fields.pop("remarks", ())
    fields = {
        "priority": 2,
        "created_at": ago(2 * DAY),
        "created_by": "Ann Example",
        "updated_at": ago(DAY),
        **fields,
    }
    return Issue(
        id=id,
        title=title or f"Title of {id}",
        dependencies=tuple(
            Dependency(
                issue_id=id, depends_on_id=to, type=type, created_at=ago(DAY), created_by="Ann"
            )
            for type, to in edges
        ),
        comments=tuple(
            Comment(id=number, issue_id=id, author=author, text=text, created_at=ago(HOUR))
            for number, (author, text) in enumerate(remarks, 1)
        ),
        **fields,
    )


def child(id: str, parent: str, *edges: tuple[str, str], **fields) -> Issue:
    return issue(id, "", (PARENT, parent), *edges, **fields)


class Desk:
    """A workspace and someone who sits before it."""

    def __init__(self, path: Path, lines: Iterable[bytes], config: str = "") -> None:
        self.path = path
        self.beads = path / ".beads"
        self.beads.mkdir(parents=True)
        self.log = self.beads / "issues.jsonl"
        self.log.write_bytes(b"".join(line + b"\n" for line in lines))
        (self.beads / "config.yaml").write_text(f"issue-prefix: t\n{config}", encoding="utf-8")

    def bd(self, *words: str, code: int = 0, env=None, now: int = NOW) -> Answer:
        """Ask; the exit code must be `code`."""
        out, err = io.StringIO(), io.StringIO()
        own = {"BD_ACTOR": "ann", **(env or {})}
        argv = ["bd", *words]
        found = main(argv, own, io.StringIO(), out, err, str(self.path), clock=lambda: now)
        answer = Answer(found, out.getvalue(), err.getvalue())
        assert answer.code == code, answer
        return answer

    def ask(self, *words: str, **more) -> list:
        """The answer as JSON, with nothing on stderr."""
        answer = self.bd(*words, "--json", **more)
        assert not answer.err
        return answer.json


def desk(path: Path, issues: Iterable[Issue], config: str = "") -> Desk:
    """A workspace whose log holds these issues, sorted."""
    return Desk(path, [encode(one) for one in sorted(issues, key=lambda one: one.id)], config)
