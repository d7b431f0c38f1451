"""Command lines that cover what the program does, for tests that hold for each of them.

Each runs in the workspace that `log` gives; those of WRITES change the log.
"""

from __future__ import annotations

from pathlib import Path

LINE = (
    '{{"id":"{id}","title":"{title}","status":"{status}","priority":{priority},'
    '"issue_type":"task","created_at":"2026-01-0{day}T00:00:00Z",'
    '"updated_at":"2026-01-0{day}T00:00:00Z"{more}}}\n'
)
EDGE = ',"dependencies":[{{"issue_id":"{id}","depends_on_id":"{on}","type":"{type}"}}]'

READS = [
    ["memories"], ["memory", "list", "--json"],
    ["graph"], ["graph", "t-b", "--json"],
    ["ready"], ["ready", "--json"], ["ready", "--explain"], ["list"], ["list", "--all", "--json"],
    ["list", "--tree"], ["list", "--label", "web"], ["show", "t-a"], ["show", "t-b", "--json"],
    ["show", "t-none"], ["blocked"], ["blocked", "--json"], ["blocked", "--why", "t-b"],
    ["search", "title"], ["count", "--by-status"], ["stats", "--json"], ["dep", "tree", "t-b"],
    ["dep", "list", "t-b", "--json"], ["dep", "cycles"], ["label", "list-all"],
    ["label", "list", "t-a"], ["comments", "t-a"], ["prime"], ["config", "list"], ["info"],
    ["where"], ["version"], ["children", "t-e"], ["stale"],
    ["epic", "status", "--json"], ["duplicates"],
    ["query", "status=open AND notes=none"], ["lint", "--json"],
    ["sync", "--flush-only"], ["hook", "pre-commit"],
    ["daemon", "status"],
    ["history", "t-a"], ["diff"], ["list", "--ref", "HEAD"], ["show", "t-a", "--as-of", "HEAD"],
    ["memory", "scan", "--json"],
]  # fmt: skip
WRITES = [
    ["remember", "Run the migrations first", "--issue", "t-a"],
    ["create", "New", "--id", "t-new", "--deps", "t-a", "--labels", "x"],
    ["create", "Child", "--parent", "t-e"],
    ["update", "t-a", "--priority", "0", "--append-notes", "n"], ["update", "t-a", "--claim"],
    ["update", "t-a", "--title", "Title of t-a"],  # changes nothing
    ["close", "t-a", "--reason", "done", "--suggest-next"], ["close", "t-b"],  # blocked
    ["reopen", "t-c"], ["delete", "t-d", "--force"], ["delete", "t-d", "--force", "--hard"],
    ["delete", "t-d"], ["restore", "t-x"], ["dep", "add", "t-d", "t-a"],
    ["dep", "add", "t-a", "t-b"],  # a cycle
    ["dep", "remove", "t-b", "t-a"], ["label", "add", "t-a", "t-b", "new"],
    ["label", "remove", "t-a", "web"], ["comments", "add", "t-a", "hello"],
    ["comment", "t-a", "hello"], ["dep", "relate", "t-a", "t-d"], ["update", "t-none", "-p", "1"],
    ["note", "t-a", "n"], ["defer", "t-a", "--until", "2030-01-01"], ["undefer", "t-d"],
    ["duplicate", "t-a", "--of", "t-d"], ["rename", "t-a", "t-r"], ["set-state", "t-a", "x=y"],
    ["import", "more.jsonl"], ["import", "more.jsonl", "--on-conflict", "theirs", "--json"],
    ["import", "more.jsonl", "--dry-run"], ["batch", "script"], ["batch", "script", "--json"],
    ["batch", "script", "--dry-run"], ["archive", "t-c"], ["archive", "--json"],
    ["archive", "t-a"],  # which is open
    ["memory", "import", "memories.jsonl"], ["memory", "set", "a/b", "Text", "--tag", "x"],
]  # fmt: skip
FILES = {
    "script": 'new = create "From a script" -p 1\nclose t-d -r "by @new"\ncomment @new "hello"\n',
    "memories.jsonl": '{"key":"a/b","content":"One"}\n{"key":"c","content":"Two"}\n',
    "more.jsonl": "".join(
        LINE.format(id=id, title="Imported", status="open", priority=1, day=9, more="")
        for id in ("t-a", "t-new")
    ),
}


def record(id: str, title: str = "", status: str = "open", day: int = 1, more: str = "") -> str:
    """One line of the log."""
    title = title or f"Title of {id}"
    return LINE.format(id=id, title=title, status=status, priority=2, day=day, more=more)


def log() -> bytes:
    """A small log in which everything that the commands ask for happens."""
    closed = ',"closed_at":"2026-01-02T00:00:00Z","close_reason":"done"'
    deleted = ',"deleted_at":"2026-01-02T00:00:00Z","original_type":"task"'
    rows = [
        record("t-a", day=1, more=',"labels":["web"]'),
        record("t-b", day=2, more=EDGE.format(id="t-b", on="t-a", type="blocks")),
        record("t-c", status="closed", day=3, more=closed),
        record("t-d", status="in_progress", day=4, more=',"assignee":"bob"'),
        record("t-e", day=5),
        record("t-e.1", day=6, more=EDGE.format(id="t-e.1", on="t-e", type="parent-child")),
        record("t-x", status="tombstone", day=7, more=deleted),
        record("t-y", day=8, more=EDGE.format(id="t-y", on="t-z", type="blocks")),
        record("t-z", day=9, more=EDGE.format(id="t-z", on="t-y", type="blocks")),
    ]
    return "".join(rows).encode()


def workspace(folder: Path) -> Path:
    """A workspace with that log, as Beads would have left it, and files that commands read."""
    beads = folder / ".beads"
    beads.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (beads / "issues.jsonl").write_bytes(log())
    (beads / "config.yaml").write_text("issue-prefix: t\n")
    (beads / ".gitignore").write_text("*.db\n*.db?*\n.jsonl.lock\nlast-touched\n")
    return beads
