"""Somebody who edits and syncs in a clone: `python sync_worker.py CLONE NAME EDITS`.

Prints as JSON what must be in everybody's log at the end, and how often a push was tried again.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys

from tracker.cli import main

SHARED = [f"t-{number}" for number in range(10)]


class Worker:
    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.random = random.Random(name)
        self.created: list[str] = []
        self.labels: list[tuple[str, str]] = []
        self.comments: list[tuple[str, str]] = []
        self.closed: list[str] = []
        self.syncs: list[dict] = []

    def bd(self, *words: str, codes=(0,)) -> dict | list:
        out, err = io.StringIO(), io.StringIO()
        argv = ["bd", *words, "--json", "--actor", self.name]
        code = main(argv, os.environ, io.StringIO(), out, err, self.path)
        assert code in codes, (words, code, out.getvalue(), err.getvalue())
        return json.loads(out.getvalue() or "null")

    def sync(self) -> None:
        self.syncs.append(self.bd("sync"))

    def edit(self, number: int) -> None:
        kind = self.random.choice(["create", "label", "comment", "title", "notes", "close"])
        id = self.random.choice([*SHARED, *self.created])
        text = f"{self.name} {number}"
        if kind == "create":
            self.created.append(self.bd("create", text)["id"])
        elif kind == "label":
            label = f"{self.name}-{number}"
            self.bd("update", id, "--add-label", label)
            self.labels.append((id, label))
        elif kind == "comment":
            self.bd("comments", "add", id, text)
            self.comments.append((id, text))
        elif kind == "close":
            self.bd("close", id, "--reason", text, "--force")
            self.closed.append(id)
        else:
            self.bd("update", id, f"--{kind}", text)

    def work(self, edits: int) -> None:
        for number in range(edits):
            self.edit(number)
            if self.random.random() < 1 / 8:
                self.sync()
        self.sync()


def told(path: str, name: str, edits: int) -> dict:
    worker = Worker(path, name)
    worker.work(edits)
    return {
        "created": worker.created,
        "labels": worker.labels,
        "comments": worker.comments,
        "closed": worker.closed,
        "retries": [found["retries"] for found in worker.syncs],
        "pushed": [found["pushed"] for found in worker.syncs],
    }


if __name__ == "__main__":
    print(json.dumps(told(sys.argv[1], sys.argv[2], int(sys.argv[3]))))  # noqa: T201
