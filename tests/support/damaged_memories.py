"""Files of memories and outcomes as programs, people and accidents leave them.

`triple(seed)` is a base and two sides. A side writes, edits, deletes and moves memories, with
fields that nobody knows, values of the wrong type and stamps that are no times; each file is
spelled by a program of its own: sorted or not, with other spaces, escapes and key orders, with keys
that stand twice, lines that nobody can read, bytes that are no UTF-8, CRLF, a byte order mark.
Every word that is made is made once, so that it can be looked for.
"""

from __future__ import annotations

import json
import random
import re
from functools import cache

KEYS = ("a", "b", "b/c", "d/e/f", "é")
TIMES = (
    "2026-01-01T00:00:00Z",
    "2026-01-02T00:00:00.5Z",
    "2026-01-02T01:00:00.5+01:00",
    "",
    "soon",
)
BROKEN = (
    b'{"key":"cut","content":"%s', b"# %s", b'["%s"]', b"5", b'{"kind":"%s"}', b"\xff\xfe%s",
    b'{"key":"a","content":"\xe9 %s"}', b'{"key":"","content":"%s"}', b'{"key":7,"content":"%s"}',
    b"{'key': '%s'}", b'{"key":"a","%s":NaN}', b'{"key":"a"} and %s', b'"<<<<<<< HEAD %s"', b" ",
)  # fmt: skip
ODD = (7, None, True, ["p"], {"z": 1}, -1e300, "\ud800", "<<<<<<< HEAD\n=======\n>>>>>>> x", [[]])
FIELDS = (
    "content", "title", "tags", "source", "conflicts", "zeta", "status", "updated_at", "supersedes",
    "pinned", "moved_to", "created_at", "expires_at", "kind", "confidence",
)  # fmt: skip


class Maker:
    """One source of chance, and what it makes."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.count = 0

    def often(self, share):
        return self.chance.random() < share

    def word(self):
        """A word that stands nowhere else."""
        self.count += 1
        return f"w{self.count}w"

    def content(self, before=""):
        """Some lines; of an earlier text most stay."""
        lines = [line for line in before.split("\n") if line and self.often(0.7)]
        for _ in range(self.chance.randrange(1, 4)):
            lines.insert(self.chance.randint(0, len(lines)), f"line {self.word()}")
        return "\n".join(lines)

    def memory(self, key):
        row = {
            "key": key, "kind": self.chance.choice(["fact", "note"]), "content": self.content(),
            "created_at": self.chance.choice(TIMES[:3]), "updated_at": self.chance.choice(TIMES),
        }  # fmt: skip
        more = {
            "title": self.word(), "tags": [self.word()], "zeta": self.word(),
            "meta": {"x": self.word(), "y": [self.word()]},
        }  # fmt: skip
        return {**row, **{name: value for name, value in more.items() if self.often(0.3)}}

    def edited(self, row):
        row = dict(row)
        for _ in range(self.chance.randrange(1, 4)):
            edit = self.chance.choice(
                [self.write, self.write, self.list, self.nest, self.name, self.mark, self.break_]
            )
            edit(row)
        return {**row, "updated_at": self.chance.choice(TIMES)}

    def write(self, row):
        old = row.get("content")
        row["content"] = self.content(old if isinstance(old, str) else "")

    def list(self, row):
        name = self.chance.choice(["tags", "supersedes", "related"])
        old = row.get(name)
        new = self.word() if name == "tags" else self.chance.choice(KEYS)
        row[name] = [*(old if isinstance(old, list) else []), new]

    def nest(self, row):
        old = row.get("meta")
        new = {self.chance.choice("xyz"): self.word()}
        row["meta"] = {**(old if isinstance(old, dict) else {}), **new}

    def name(self, row):
        row[self.chance.choice(["title", "description", "zeta", "verdict"])] = self.word()

    def mark(self, row):
        row["status"] = self.chance.choice(["active", "archived", "tombstone"])
        row["source"] = {"by": self.chance.choice(["ann", "bob"]), "issues": [self.word()]}

    def break_(self, row):
        row[self.chance.choice(FIELDS)] = self.chance.choice(ODD)

    def side(self, base):
        rows = dict(base)
        for key in KEYS:
            dice = self.chance.random()
            if key not in rows:
                if dice < 0.4:
                    rows[key] = self.memory(key)
            elif dice < 0.45:
                rows[key] = self.edited(rows[key])
            elif dice < 0.55:
                del rows[key]
            elif dice < 0.65:
                self.move(rows, key)
        return rows

    def move(self, rows, key):
        """Give a memory another key, as `bd memory mv` does."""
        to = self.chance.choice([one for one in (*KEYS, "new") if one != key])
        if to in rows and rows[to].get("status") != "tombstone":
            return
        rows[to] = {**rows[key], "key": to}
        gone = {"status": "tombstone", "updated_at": self.chance.choice(TIMES)}
        rows[key] = {"key": key, "moved_to": to, **gone}

    def data(self, rows):
        """The bytes of a file, as some program spells it."""
        lines = [self.spelled(rows[key]) for key in sorted(rows)]
        if self.often(0.2):
            self.chance.shuffle(lines)
        for line in self.chance.choices(BROKEN, k=self.chance.choice([0, 0, 0, 1, 2])):
            text = line % self.word().encode() if b"%s" in line else line
            lines.insert(self.chance.randint(0, len(lines)), text)
        if rows and self.often(0.15):  # the last one counts
            lines.insert(0, self.spelled(self.memory(self.chance.choice(sorted(rows)))))
        newline = b"\r\n" if self.often(0.15) else b"\n"
        mark = b"\xef\xbb\xbf" if self.often(0.1) else b""
        end = newline if lines and self.often(0.9) else b""
        return mark + newline.join(lines) + end

    def spelled(self, row):
        if self.often(0.2):
            row = dict(self.chance.sample(sorted(row.items()), len(row)))
        separators = (", ", ": ") if self.often(0.2) else (",", ":")
        text = json.dumps(row, ensure_ascii=self.often(0.2), separators=separators)
        return text.replace("\ud800", "\\ud800").encode()

    def verdicts(self, base):
        """Outcomes added to others: verdicts, what takes some back, and ids that are taken."""
        rows = []
        for _ in range(self.chance.randrange(4)):
            ids = [row["id"] for row in (*base, *rows)]
            id = self.chance.choice([*ids, *"xyz", self.word()])
            row = {"id": id, "at": self.chance.choice(TIMES), "note": self.word()}
            if ids and self.often(0.4):
                row["voids"] = self.chance.choice(ids)
            else:
                row |= {"key": self.chance.choice(KEYS), "verdict": "success", "by": "ann"}
            if self.often(0.1):
                row[self.chance.choice(["weight", "at", "key", "voids"])] = self.chance.choice(ODD)
            rows.append(row)
        return rows


@cache
def triple(seed):
    """The bytes of a base and of two sides."""
    maker = Maker(seed)
    base = {key: maker.memory(key) for key in KEYS if maker.often(0.6)}
    return tuple(maker.data(rows) for rows in (base, maker.side(base), maker.side(base)))


def verdicts(seed):
    """Lines of outcomes: of a base, and what either side adds; some are none."""
    maker = Maker(seed)
    base = maker.verdicts([])
    files = []
    for rows in (base, maker.verdicts(base), maker.verdicts(base)):
        lines = [maker.spelled(row) for row in rows]
        if maker.often(0.1):
            lines.append(b"# %s" % maker.word().encode())
        files.append(b"".join(line + b"\n" for line in lines))
    return tuple(files)


def words(data):
    """The words that stand in bytes or in a text."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    return set(re.findall(r"w\d+w", text))
