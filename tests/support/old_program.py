"""A writer with a database that it believes more than the file, as Beads 0.49 is described.

Before each command it imports the file if that has changed, but into an issue that it knows only
some of the fields, and never less than it had; then it writes all of its database over the file,
in its own order and spelling, with the comments numbered anew and without what it does not know.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tracker.model.timestamps import instant

Row = dict[str, Any]
ORDER = (
    "id", "title", "description", "design", "acceptance_criteria", "notes", "spec_id", "status",
    "priority", "issue_type", "assignee", "owner", "estimated_minutes", "created_at", "created_by",
    "updated_at", "closed_at", "close_reason", "due_at", "defer_until", "external_ref", "metadata",
    "labels", "dependencies", "comments", "deleted_at", "deleted_by", "delete_reason",
    "original_type", "sender", "pinned", "is_template", "mol_type",
)  # fmt: skip
"""What its database has a place for, in the order of its lines."""
UPDATED = ("title", "description", "status", "priority", "issue_type", "design",
           "acceptance_criteria", "notes", "closed_at", "assignee", "external_ref")  # fmt: skip
"""What an import changes in an issue that it knows."""
ALWAYS = frozenset({"id", "title", "status", "priority", "issue_type", "created_at", "updated_at"})
EDGE = ("issue_id", "depends_on_id", "type", "created_at", "created_by", "metadata")


class OldProgram:
    """One clone's program: its database, and the file that it writes."""

    def __init__(self, file: Path, name: str) -> None:
        self.file = file
        self.name = name
        self.rows: dict[str, Row] = {}
        self.seen = b""
        self.now = 1_790_000_000
        self.made = 0

    # Commands.

    def update(self, id: str, **fields: Any) -> None:
        self.import_()
        if id in self.rows:
            self.rows[id] |= {**fields, "updated_at": self.time()}
        self.export()

    def label(self, id: str, label: str) -> None:
        self.import_()
        if id in self.rows:
            labels = {*self.rows[id].get("labels", []), label}
            self.rows[id] |= {"labels": sorted(labels), "updated_at": self.time()}
        self.export()

    def comment(self, id: str, text: str) -> None:
        self.import_()
        if id in self.rows:
            at = self.time()[:19] + "Z"
            remark = {"issue_id": id, "author": self.name, "text": text, "created_at": at}
            self.rows[id].setdefault("comments", []).append(remark)
        self.export()

    def create(self, title: str) -> str:
        self.import_()
        self.made += 1
        id = f"t-{self.name[0]}{self.made}"
        at = self.time()
        self.rows[id] = {
            "id": id, "title": title, "status": "open", "priority": 2, "issue_type": "task",
            "created_at": at, "created_by": self.name, "updated_at": at,
        }  # fmt: skip
        self.export()
        return id

    def flush(self) -> None:
        """What its commit hook does: import what came, and write the file again."""
        self.import_()
        self.export()

    def time(self) -> str:
        """With an offset and nanoseconds."""
        self.now += 61
        minutes, seconds = divmod(self.now, 60)
        hours, minutes = divmod(minutes, 60)
        day = 1 + hours // 24 % 27
        return f"2026-09-{day:02d}T{hours % 24:02d}:{minutes:02d}:{seconds:02d}.123456789-05:00"

    # Import.

    def import_(self) -> None:
        data = self.file.read_bytes()
        if hashlib.sha256(data).digest() == self.seen:
            return
        for line in data.decode().splitlines():
            row = json.loads(line)
            known = self.rows.get(row["id"])
            if known is None:
                self.rows[row["id"]] = self.new(row)
            elif known["status"] != "tombstone":
                self.merge(known, row)
        self.seen = hashlib.sha256(data).digest()

    def new(self, row: Row) -> Row:
        kept = {name: row[name] for name in ORDER if row.get(name) not in (None, "", [])}
        kept["priority"] = row.get("priority", 0)
        return kept

    def merge(self, known: Row, row: Row) -> None:
        if instant(row["updated_at"]) > instant(known["updated_at"]):
            for name in UPDATED:
                known.pop(name, None)
                if row.get(name) not in (None, ""):
                    known[name] = row[name]
            known["priority"] = row.get("priority", 0)
            if row.get("pinned"):
                known["pinned"] = True
            known["updated_at"] = self.time()
        if row.get("labels"):
            known["labels"] = sorted(row["labels"])
        for name, keys in (("dependencies", EDGE[1:3]), ("comments", ("author", "text"))):
            held = [tuple(one[key] for key in keys) for one in known.get(name, [])]
            new = [one for one in row.get(name, []) if tuple(one[k] for k in keys) not in held]
            if new:
                known[name] = [*known.get(name, []), *new]

    # Export.

    def export(self) -> None:
        number = 0
        lines = []
        for id in sorted(self.rows):
            row = self.rows[id]
            fields = {n: row[n] for n in ORDER if n in ALWAYS or row.get(n) not in (None, "", [])}
            if row.get("comments"):
                fields["comments"] = []
                for remark in row["comments"]:
                    number += 1
                    fields["comments"].append({
                        "id": number, "issue_id": id, "author": remark["author"],
                        "text": remark["text"], "created_at": remark["created_at"][:19] + "Z",
                    })  # fmt: skip
            if row.get("dependencies"):
                edges = [{k: edge[k] for k in EDGE if edge.get(k)} for edge in row["dependencies"]]
                fields["dependencies"] = edges
            lines.append(json.dumps(fields, separators=(",", ":"), ensure_ascii=False))
        text = "".join(f"{line}\n" for line in lines)
        for sign in "<>&":
            text = text.replace(sign, f"\\u{ord(sign):04x}")
        self.file.write_text(text)
        self.seen = hashlib.sha256(text.encode()).digest()
