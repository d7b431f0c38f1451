"""The command lines under which calls are made to fail: every command that writes has at least one.

`CASES` are by command; `NOT_HIT` says of the rest why not.
"""

from __future__ import annotations

from tests.support.command_lines import FILES, log, record
from tests.support.faults import Case

ARCHIVED = (("archive", "t-c"),)
PLAN = "# Plan\n\n- [ ] One\n- [ ] Two\n  - [ ] Below\n"
TICKET = (
    "---\nid: t-tick\nstatus: open\ndeps: []\ncreated: 2026-01-01T00:00:00Z\ntype: task\n"
    "priority: 1\n---\n# A ticket\n\nWhat it says.\n"
)
GRAPH = (
    '{"nodes":[{"key":"a","title":"First"},{"key":"b","title":"Second"}],'
    '"edges":[{"from_key":"b","to_key":"a","type":"blocks"}]}'
)
GITHUB = '[{"number":7,"title":"From there","body":"Text","state":"OPEN"}]'
MARKERS = (
    log().decode()
    + "<<<<<<< ours\n"
    + record("t-zz", title="Ours")
    + "=======\n"
    + record("t-zz", title="Theirs", day=2)
    + ">>>>>>> theirs\n"
)
KEPT = log().decode() + record(
    "t-zy",
    more=',"conflicts":[{"field":"title","value":"Other","at":"2026-01-02T00:00:00Z"}]',
)
BASE, OURS, THEIRS = (
    record("t-a", title=title, day=day) for title, day in (("Base", 1), ("Ours", 2), ("Theirs", 3))
)


def _cases() -> list[Case]:
    return [
        # Issues.
        Case(("create", "New", "--deps", "t-a", "--labels", "x")),
        Case(("create", "Child", "--parent", "t-e", "--idempotency-key", "once")),
        Case(("create", "--graph", "-"), stdin=GRAPH),
        Case(("create", "--file", "plan.md"), files=(("plan.md", "## One\n\nText\n\n## Two\n"),)),
        Case(("q", "New")),
        Case(("update", "t-a", "--priority", "0", "--append-notes", "n")),
        Case(("update", "t-a", "t-e", "--title", "Other")),
        Case(("update", "t-a", "--claim", "--lease", "30m")),
        Case(("close", "t-a", "--reason", "done", "--suggest-next")),
        Case(("close", "t-a", "--used", "a/one", "--remember", "Learned", "--key", "a/three")),
        Case(("close", "t-a", "--claim-next"), first=("close", "t-a")),
        Case(("reopen", "t-c")),
        Case(("delete", "t-d", "--force")),
        Case(("delete", "t-d", "--force", "--hard")),
        Case(("restore", "t-x")),
        Case(("restore", "t-c"), before=ARCHIVED),
        Case(("defer", "t-a", "--until", "2030-01-01")),
        Case(("undefer", "t-a"), before=(("defer", "t-a", "--until", "2030-01-01"),)),
        Case(("note", "t-a", "n")),
        Case(("assign", "t-a", "bob")),
        Case(("priority", "t-a", "0")),
        Case(("tag", "t-a", "new")),
        Case(("set-state", "t-a", "health=failing", "--reason", "No answer")),
        Case(("todo", "add", "Answer the mail")),
        Case(("todo", "done", "t-a")),
        Case(("label", "add", "t-a", "t-d", "new")),
        Case(("label", "remove", "t-a", "web")),
        Case(("label", "propagate", "t-e", "new"), before=(("label", "add", "t-e", "new"),)),
        Case(("comments", "add", "t-a", "hello")),
        Case(("comment", "t-a", "hello")),
        Case(("rename", "t-a", "t-r")),
        Case(("rename-prefix", "s-")),
        Case(("epic", "close-eligible"), before=(
            ("update", "t-e", "--type", "epic"), ("close", "t-e.1"),
        )),
        # Dependencies.
        Case(("dep", "add", "t-d", "t-a")),
        Case(("dep", "remove", "t-b", "t-a")),
        Case(("dep", "relate", "t-a", "t-d")),
        Case(("dep", "unrelate", "t-a", "t-d"), before=(("dep", "relate", "t-a", "t-d"),)),
        Case(("duplicate", "t-a", "--of", "t-d")),
        Case(("supersede", "t-a", "--with", "t-d")),
        Case(("link", "t-d", "t-a")),
        # Memory.
        Case(("remember", "Run the migrations first", "--issue", "t-a")),
        Case(("remember", "Only here", "--local")),
        Case(("forget", "a/one")),
        Case(("memory", "set", "a/one", "Other", "--tag", "y")),
        Case(("memory", "append", "a/one", "One more line")),
        Case(("memory", "mv", "a/one", "b/one")),
        Case(("memory", "mv", "a/", "b/")),
        Case(("memory", "link", "a/one", "a/two")),
        Case(("memory", "supersede", "a/one", "a/two")),
        Case(("memory", "pin", "a/one")),
        Case(("memory", "unpin", "a/one"), before=(("memory", "pin", "a/one"),)),
        Case(("memory", "verify", "a/one")),
        Case(("memory", "forget", "a/one", "a/two")),
        Case(("memory", "restore", "a/one"), before=(("memory", "forget", "a/one"),)),
        Case(("memory", "archive", "a/one")),
        Case(("memory", "purge", "a/one", "--force"), whole=False),
        Case(("memory", "ok", "a/one", "--issue", "t-a")),
        Case(("memory", "bad", "a/one", "a/two")),
        Case(("memory", "import", "memories.jsonl"),
             files=(("memories.jsonl", FILES["memories.jsonl"]),)),
        Case(("memory", "store", "key", "Text", "--namespace", "a")),
        Case(("memory", "delete", "one", "--namespace", "a")),
        Case(("memory", "clear", "--namespace", "a", "--force")),
        Case(("kv", "set", "other", "1")),
        Case(("kv", "clear", "release")),
        # All of it.
        Case(("config", "set", "status.custom", "review")),
        Case(("config", "set-many", "a.b=1", "a.c=2")),
        Case(("config", "unset", "issue-prefix")),
        Case(("undo",)),
        Case(("undo",), before=(("close", "t-a", "--used", "a/one", "--remember", "Learned"),)),
        Case(("archive", "t-c")),
        Case(("batch",), stdin=FILES["script"]),
        Case(("import", "more.jsonl"), files=(("more.jsonl", FILES["more.jsonl"]),)),
        Case(("import", "--format", "markdown", "plan.md"), files=(("plan.md", PLAN),)),
        Case(("import", "--format", "github"), stdin=GITHUB),
        Case(("migrate", ".tickets"), files=((".tickets/t-tick.md", TICKET),)),
        Case(("admin", "cleanup", "--force")),
        Case(("admin", "compact", "--apply", "--id", "t-c", "--force", "--summary", "-"),
             stdin="Short", before=(("update", "t-c", "--description", "Long " * 9),)),
        Case(("admin", "compact", "--prune", "--older-than", "0")),
        Case(("resolve", "t-zy", "--take", "other"), late=((".beads/issues.jsonl", KEPT),)),
        # Files that are not records.
        Case(("fmt",), late=((".beads/issues.jsonl", log().decode() + record("t-aa")),),
             whole=False),
        Case(("resolve",), late=((".beads/issues.jsonl", MARKERS),), whole=False),
        Case(("audit", "record", "--kind", "tool_call", "--tool-name", "make"), whole=False,
             grows=True),
        Case(("export", "-o", "out.jsonl"), files=(("out.jsonl", "old\n"),), whole=False),
        Case(("merge-driver", "base", "ours", "theirs"), whole=False, files=(
            ("base", BASE), ("ours", OURS), ("theirs", THEIRS),
        )),
        Case(("init", "--prefix", "t"), whole=False, is_new=True),
        Case(("setup", "claude"), whole=False),
        Case(("setup", "claude", "--remove"), before=(("setup", "claude"),), whole=False),
        Case(("setup", "codex"), files=(("AGENTS.md", "# Ours\n"),), whole=False),
        Case(("setup", "beside"), whole=False),
        Case(("setup", "beside", "--remove"), before=(("setup", "beside"),), whole=False),
        Case(("setup", "git"), whole=False, before=(("uninstall",),)),
        Case(("hooks", "install"), whole=False),
        Case(("hooks", "uninstall"), before=(("hooks", "install"),), whole=False),
        Case(("uninstall",), whole=False),
        Case(("sync",), whole=False, commits=True),
    ]  # fmt: skip


CASES = _cases()

NOT_HIT = {
    "edit": "needs a terminal and an editor; what it writes is written as by `update`",
    "memory resolve": "needs what a merge kept; writes as `resolve ID` does",
    "memory void": "needs a random id of a verdict; appends a line as `memory ok` does",
    "audit label": "needs a random id; appends a line as `audit record` does",
    "worktree create": "git makes the folder and the branch",
    "worktree remove": "git removes the folder",
}
"""Commands that write and have no case, each with the reason."""
