"""Files as people and programs leave them, in the mixtures that real repositories hold.

`triple(seed)` is a base and two sides. A side edits records, deletes some or nearly all, loses a
field in every record, numbers and stamps its comments anew, cuts fractions of seconds, or gives a
record another id. Each file is spelled by a program of its own: sorted or not, with other spaces,
escapes and key orders, with memories, glued lines, repeated ids, CRLF, a byte order mark, blank
lines, or conflict markers.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from functools import cache
from typing import Any

Row = dict[str, Any]
WORDS = (
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "<iota>",
    "kappa&",
    "mü",
)
STRIPPED = ("labels", "comments", "close_reason", "design", "assignee", "dependencies",
            "description", "priority", "acceptance_criteria", "metadata")  # fmt: skip
LIVE = ("open", "in_progress", "blocked", "deferred", "hooked", "review")


class Maker:
    """One source of chance, and what it makes."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def stamp(self) -> str:
        pick = self.chance.randrange
        digits = self.chance.choice([0, 0, 6, 9])
        fraction = f".{pick(10**digits):0{digits}d}" if digits else ""
        zone = self.chance.choice(["Z", "Z", "Z", "+01:00", "-05:00"])
        return (
            f"2026-0{pick(1, 10)}-{pick(1, 29):02d}T{pick(24):02d}:{pick(60):02d}:{pick(60):02d}"
            f"{fraction}{zone}"
        )

    def text(self, words: int = 3) -> str:
        return " ".join(self.chance.choices(WORDS, k=words))

    def prose(self) -> str:
        return "\n".join(self.text() for _ in range(self.chance.randrange(1, 6)))

    def edge(self, id: str, target: str) -> Row:
        kinds = ["blocks", "blocks", "parent-child", "related", "discovered-from"]
        return {
            "issue_id": id, "depends_on_id": target, "type": self.chance.choice(kinds),
            "created_at": self.stamp(), "created_by": "ann",
        }  # fmt: skip

    def remark(self, id: str) -> Row:
        number: Any = self.chance.randrange(1, 50)
        return {
            "id": number if self.often(0.5) else str(number), "issue_id": id,
            "author": self.chance.choice(["ann", "bob"]), "text": self.text(2),
            "created_at": self.stamp(),
        }  # fmt: skip

    def issue(self, id: str, others: list[str]) -> Row:
        pick = self.chance.choice
        row: Row = {
            "id": id, "title": self.text(), "status": pick(LIVE), "priority": pick(range(5)),
            "issue_type": pick(["task", "bug", "epic"]), "created_at": self.stamp(),
            "updated_at": self.stamp(),
        }  # fmt: skip
        makers: dict[str, Callable[[], Any]] = {
            "description": self.prose, "notes": self.prose, "design": self.prose,
            "acceptance_criteria": self.prose, "assignee": lambda: pick(["ann", "bob"]),
            "labels": lambda: self.chance.sample(WORDS, 2),
            "dependencies": lambda: [self.edge(id, pick(others))] if others else [],
            "comments": lambda: [self.remark(id) for _ in range(pick(range(1, 4)))],
            "metadata": lambda: {pick("abc"): pick([1, "x", ["p"], {"d": 1}])},
            "tags": lambda: self.chance.sample(WORDS, 2), "custom": lambda: pick([1, 2.5, True]),
            "external_ref": self.text, "ephemeral": lambda: True,
            "content_hash": lambda: f"{self.chance.getrandbits(64):x}",
        }  # fmt: skip
        row |= {name: make() for name, make in makers.items() if self.often(0.3)}
        if self.often(0.3):
            row |= {"status": "closed", "closed_at": self.stamp(), "close_reason": self.text()}
        if self.often(0.05):
            row |= {"priority": "1", "design": {"a": self.text()}}
        return row

    # A side.

    def edited(self, row: Row, others: list[str]) -> Row:
        row = copy.deepcopy(row)
        for _ in range(self.chance.randrange(1, 5)):
            self.change(row, others)
        if self.often(0.9):
            row["updated_at"] = self.stamp()
        return row

    def change(self, row: Row, others: list[str]) -> None:
        """One edit, as a person would make it."""
        pick = self.chance.choice
        prose = pick(["description", "notes", "design"])
        name = pick([
            "title", "acceptance_criteria", "status", "priority", "assignee", "labels", "comments",
            "metadata", "custom", "external_ref", "due_at", "estimated_minutes", "end", "drop",
            prose, prose, "dependencies",
        ])  # fmt: skip
        if name == prose:
            row[name] = self.reworded(row.get(name))
        elif name in {"labels", "comments"} and row.get(name) and self.often(0.5):
            row[name] = row[name][1:]
        elif name == "labels":
            row[name] = list(dict.fromkeys([*row.get(name, []), pick(WORDS)]))
        elif name == "comments":
            row[name] = [*row.get(name, []), self.remark(row["id"])]
        elif name == "dependencies":
            held = {one["depends_on_id"] for one in row.get(name, [])}
            free = [other for other in others if other not in held]
            row[name] = [*row.get(name, []), *([self.edge(row["id"], pick(free))] if free else [])]
        elif name == "metadata":
            row[name] = {**row.get(name, {}), pick("abcd"): pick([1, 2, "y", ["q"]])}
        elif name == "end":
            self.end(row)
        elif name == "drop":
            fixed = {"id", "title", "created_at", "status", "issue_type"}
            row.pop(pick([key for key in row if key not in fixed] or [""]), None)
        else:
            row[name] = {
                "status": pick(LIVE), "priority": pick(range(5)), "due_at": self.stamp(),
                "assignee": pick(["ann", "zoe", ""]), "estimated_minutes": pick([0, 30, 90]),
                "custom": pick([1, 3, "w", {"k": [1]}, False, None]),
            }.get(name, self.text())  # fmt: skip

    def reworded(self, text: Any) -> str:
        lines = text.split("\n") if isinstance(text, str) and text else []
        at = self.chance.randrange(len(lines)) if lines else 0
        how = self.chance.randrange(4)
        if how == 0:
            return "\n".join([*lines, self.text()])
        if how == 1:
            return "\n".join([self.text(), *lines])
        return "\n".join([*lines[:at], *([self.text()] if how == 2 else []), *lines[at + 1 :]])

    def end(self, row: Row) -> None:
        if row["status"] == "closed":
            row["status"] = "open"
            row.pop("closed_at", None)
            row.pop("close_reason", None)
        elif self.often(0.3):
            row |= {"status": "tombstone", "deleted_at": self.stamp(), "deleted_by": "ann"}
        else:
            row |= {"status": "closed", "closed_at": self.stamp(), "close_reason": self.text()}

    def side(self, base: list[Row], born: list[Row]) -> list[Row]:
        ids = [row["id"] for row in base]
        share, gone = (
            self.chance.choice([0.1, 0.3, 0.6]),
            self.chance.choice([0, 0, 0.05, 0.2, 0.9]),
        )
        rows = [self.edited(row, ids) if self.often(share) else copy.deepcopy(row) for row in base]
        rows = [row for row in rows if not self.often(gone)]
        for new in self.chance.sample(born, min(len(born), 2)):  # now and then two of one id
            rows.append(copy.deepcopy(new) if self.often(0.5) else self.issue(new["id"], ids))
        for how in (self.strip, self.restamp, self.cut, self.rename, self.count):
            if self.often(0.2):
                how(rows)
        return rows

    def strip(self, rows: list[Row]) -> None:
        name = self.chance.choice(STRIPPED)
        for row in rows:
            row.pop(name, None)

    def restamp(self, rows: list[Row]) -> None:
        for number, remark in enumerate(r for row in rows for r in row.get("comments", [])):
            remark |= {"id": number + 1, "created_at": self.stamp()}

    def cut(self, rows: list[Row]) -> None:
        for row in rows:
            for name in ("created_at", "updated_at", "closed_at"):
                if name in row:
                    row[name] = re.sub(r"\.\d+", "", row[name])

    def rename(self, rows: list[Row]) -> None:
        if rows:
            row = self.chance.choice(rows)
            row["id"] += "r"  # without an alias it is another issue, to whoever counts

    def count(self, rows: list[Row]) -> None:
        for row in rows:
            row |= {"_type": "issue", "comment_count": len(row.get("comments", []))}

    # A file.

    def spelled(self, rows: list[Row], habits: Row) -> bytes:
        lines = [self.line(row, habits["how"]).encode() for row in rows]
        if habits["sorted"]:
            ids = [row["id"] for row in rows]
            lines = [line for _, line in sorted(zip(ids, lines, strict=True))]
        if habits["memories"]:
            rest = [{"_type": "memory", "key": key, "value": self.text()} for key in "kl"]
            lines += [json.dumps(row).encode() for row in rest]
        if habits["repeated"] and lines:
            lines.append(self.chance.choice(lines))
        if habits["glued"] and len(lines) > 2:
            at = self.chance.randrange(len(lines) - 1)
            lines[at : at + 2] = [lines[at] + lines[at + 1]]
        if habits["blank"]:
            lines.insert(self.chance.randrange(len(lines) + 1), b"")
        newline = b"\r\n" if habits["crlf"] else b"\n"
        end = b"" if habits["open"] or not lines else newline
        return (b"\xef\xbb\xbf" if habits["mark"] else b"") + newline.join(lines) + end

    def line(self, row: Row, how: str) -> str:
        if how == "python":
            return json.dumps(row)
        if how == "keys":
            names = list(row)
            self.chance.shuffle(names)
            row = {name: row[name] for name in names}
        plain = json.dumps(row, separators=(",", ":"), ensure_ascii=False)
        return re.sub("[<>&]", lambda m: f"\\u{ord(m[0]):04x}", plain) if how == "go" else plain

    def habits(self) -> Row:
        how = self.chance.choice(["plain", "plain", "plain", "python", "go", "keys"])
        odd = {name: self.often(0.05) for name in ("repeated", "glued", "blank", "crlf", "mark")}
        return {
            "how": how, "sorted": self.often(0.7), "memories": self.often(0.15),
            "open": self.often(0.1), **odd, "glued": odd["glued"] and not odd["crlf"],
        }  # fmt: skip


@cache
def triple(seed: int) -> tuple[bytes, bytes, bytes]:
    """Base, ours and theirs."""
    make = Maker(seed)
    size = make.chance.choice([0, 1, 3, 8, 20])
    ids = [f"bd-{number}" for number in range(1, size + 1)]
    base = [make.issue(id, ids[:at]) for at, id in enumerate(ids)]
    born = [make.issue(f"bd-{size + number}", []) for number in range(1, 6)]
    usual = make.habits()
    files = [make.spelled(base, usual)]
    for _ in range(2):
        habits = usual if make.often(0.6) else make.habits()
        files.append(make.spelled(make.side(base, born), habits))
    return files[0], files[1], files[2]


def marked(seed: int, data: bytes) -> bytes:
    """The file with a conflict in it, as a person committed it."""
    make = Maker(seed)
    lines = data.split(b"\n")
    if len(lines) < 3:
        return data
    at = make.chance.randrange(len(lines) - 1)
    block = lines[at : at + make.chance.randrange(1, 5)]
    size = make.chance.choice([7, 7, 9])
    base = [b"|" * size + b" base", *block] if make.often(0.5) else []
    conflict = [
        b"<" * size + b" HEAD", *_half(make, block), *base, b"=" * size, *_half(make, block),
        b">" * size + b" theirs",
    ]  # fmt: skip
    return b"\n".join([*lines[:at], *conflict, *lines[at + len(block) :]])


def _half(make: Maker, block: list[bytes]) -> list[bytes]:
    half = []
    for line in block:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if make.often(0.2):
            continue
        changes = isinstance(row, dict) and "id" in row and "status" in row and make.often(0.6)
        half.append(json.dumps(make.edited(row, [])).encode() if changes else line)
    return half
