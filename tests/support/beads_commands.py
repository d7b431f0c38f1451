"""Everything that can be typed to Beads: each command and flag, what to see here, and the verdict.

`TABLE` is the one place for it: tests run every row, and docs/from-beads.md is made of it. A row is
a flag, a command line with it, and what must be seen then. Each line runs twice, each time in a new
workspace that holds `LOG`: as text, and with `--json`.

Checks: `says` (texts in the answer), `prints` (all of it), `ids` (of a JSON list, in order),
`gives` (members of a JSON object, or of the only one in a list), `shape`
(tests/support/client_calls.py), `holds` (members of a record, afterwards), `makes` (members of the
one new record), `gone`, `fails` (the exit code, and texts in what is said), `same` (the log did
not change), `file` (what one says).
"""

from __future__ import annotations

from typing import Any, NamedTuple

SAME, BETTER, IDLE, ABSENT = "same", "better", "accepted", "absent"
"""As in Beads; otherwise, for a reason; understood and without effect; no part of this tool."""

MISSING = object()


class Check(NamedTuple):
    """What to look at, with what is expected there."""

    kind: str
    expected: Any = ()
    more: tuple[tuple[str, Any], ...] = ()


class Row(NamedTuple):
    """One flag (or "" for the command itself), tried by a line of words."""

    flag: str
    words: str
    checks: tuple[Check, ...]
    verdict: str = SAME
    note: str = ""
    stdin: str = ""


class Command(NamedTuple):
    """A command of Beads, with its verdict and a note for those who know it."""

    name: str
    verdict: str
    note: str
    rows: tuple[Row, ...]


def says(*texts: str) -> Check:
    return Check("says", texts)


def prints(text: str) -> Check:
    return Check("prints", text)


def ids(text: str) -> Check:
    return Check("ids", text.split())


def gives(**members: Any) -> Check:
    return Check("gives", (), tuple(members.items()))


def shape(form: str) -> Check:
    return Check("shape", form)


def holds(id: str, **members: Any) -> Check:
    return Check("holds", id, tuple(members.items()))


def makes(**members: Any) -> Check:
    return Check("makes", (), tuple(members.items()))


def gone(id: str) -> Check:
    return Check("gone", id)


def fails(code: int, *texts: str) -> Check:
    return Check("fails", (code, *texts))


def file(name: str, *texts: str) -> Check:
    return Check("file", (name, *texts))


same = Check("same")


def row(flag: str, words: str, *checks: Check, stdin: str = "") -> Row:
    return Row(flag, words, checks, stdin=stdin)


def better(note: str, flag: str, words: str, *checks: Check, stdin: str = "") -> Row:
    return Row(flag, words, checks, BETTER, note, stdin)


def idle(flag: str, words: str, *checks: Check, note: str = "") -> Row:
    return Row(flag, words, checks, IDLE, note)


def absent(note: str, flag: str, words: str, code: int = 1) -> Row:
    return Row(flag, words, (fails(code), same), ABSENT, note)


def edge(id: str, on: str, type: str = "blocks") -> dict[str, str]:
    return {"issue_id": id, "depends_on_id": on, "type": type,
            "created_at": "2026-01-01T00:00:00Z", "created_by": "Ann"}  # fmt: skip


def issue(id: str, day: int, **fields: Any) -> dict[str, Any]:
    stamp = f"2026-01-{day:02}T10:00:00Z"
    usual = {"title": f"Title of {id}", "status": "open", "priority": 2, "issue_type": "task"}
    return {"id": id, **usual, "created_at": stamp, "updated_at": stamp, **fields}


DONE = {"status": "closed", "closed_at": "2026-02-01T00:00:00Z", "close_reason": "Fixed"}
LOG = (
    issue("t-1", 1, priority=1, issue_type="bug", title="Login fails", description="Nobody gets in",
          design="Ask the server", acceptance_criteria="It works", notes="seen twice",
          spec_id="docs/login.md", assignee="bob", estimated_minutes=60, external_ref="gh-9",
          due_at="2026-06-01T00:00:00Z", labels=["backend", "urgent"],
          comments=[{"id": 7, "issue_id": "t-1", "author": "Ann", "text": "hello",
                     "created_at": "2026-01-01T11:00:00Z"}]),
    issue("t-2", 2, dependencies=[edge("t-2", "t-1")], metadata={"team": "web"}),
    issue("t-3", 3, status="in_progress", assignee="ann", labels=["ui"]),
    issue("t-4", 4, priority=3, labels=["ui"], **DONE),
    issue("t-5", 5, status="deferred", defer_until="2027-06-01T00:00:00Z", priority=4),
    issue("t-6", 6, status="tombstone", deleted_at="2026-02-01T00:00:00Z"),
    issue("t-7", 7, issue_type="feature", pinned=True, priority=0),
    issue("t-8", 8, title="Same", description="words"),
    issue("t-9", 9, title="Same", description="words"),
    issue("t-e", 10, issue_type="epic", title="Epic"),
    issue("t-e.1", 11, dependencies=[edge("t-e.1", "t-e", "parent-child")]),
    issue("t-f", 12, issue_type="epic"),
    issue("t-f.1", 13, dependencies=[edge("t-f.1", "t-f", "parent-child")], **DONE),
    issue("t-m", 14, is_template=True),
    issue("t-g", 15, issue_type="gate"),
)  # fmt: skip
FILES = {
    "text.md": "from a file\n",
    "ids.txt": "t-8\n# t-9\n",
    "meta.json": '{"a": 1}',
    "plan.md": "## First\n\nwhat it is\n\n### Priority\n1\n\n### Type\nbug\n\n## Second\n",
    "graph.json": '{"nodes": [{"key": "a", "title": "A"}, {"key": "b", "title": "B"}],'
    ' "edges": [{"from_key": "b", "to_key": "a", "type": "blocks"}]}',
    "new.jsonl": '{"id":"t-new","title":"New","status":"open","priority":2,"issue_type":"task",'
    '"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n',
    ".beads/memory.jsonl": '{"key":"k","kind":"fact","content":"Detrend first.",'
    '"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n',
    "edges.txt": "t-8 t-9\nt-9 t-2 related\n",
}
"""Files beside the log: their names and what they say."""

OPEN = "t-7 t-1 t-f t-e.1 t-e t-9 t-8 t-3 t-2 t-5"  # in the order of `list`
EVERY = "t-7 t-1 t-f.1 t-f t-e.1 t-e t-9 t-8 t-3 t-2 t-4 t-5"
READY = "t-1 t-8 t-9 t-e t-e.1 t-f"

CREATE = Command(
    "create", BETTER,
    "created ids are two characters longer and never meet; owner and creator are always set",
    (
        row("", "create 'A title'", says("✓ Created issue: t-", "  Title: A title\n",
            "  Priority: P2\n", "  Status: open\n"), shape("made"),
            makes(title="A title", status="open", priority=2, created_by="Ann Example")),
        row("new", "new X", makes(title="X")),
        row("--title", "create --title=--x", makes(title="--x")),
        row("-d --description", "create X -d=text", makes(description="text")),
        row("--body", "create X --body text", makes(description="text")),
        row("-m --message", "create X -m text", makes(description="text")),
        row("-d -", "create X -d -", makes(description="typed"), stdin="typed\n"),
        row("--stdin", "create X --stdin", makes(description="typed"), stdin="typed\n"),
        row("--body-file", "create X --body-file text.md", makes(description="from a file")),
        row("--description-file", "create X --description-file text.md",
            makes(description="from a file")),
        row("--design", "create X --design D", makes(design="D")),
        row("--design-file", "create X --design-file text.md", makes(design="from a file")),
        row("--acceptance", "create X --acceptance A", makes(acceptance_criteria="A")),
        row("--notes", "create X --notes N", makes(notes="N")),
        row("--append-notes", "create X --append-notes N", makes(notes="N")),
        row("-p --priority", "create X -p P0", makes(priority=0)),
        row("-t --type", "create X -t feat", makes(issue_type="feature")),
        row("-a --assignee", "create X -a ann", makes(assignee="ann")),
        row("-l --labels", "create X -l b,a -l c", makes(labels=["a", "b", "c"])),
        row("--label", "create X --label a", makes(labels=["a"])),
        row("--id", "create X --id t-mine", makes(id="t-mine")),
        better("works; in Beads the id is refused all the same", "--force",
               "create X --id other-1 --force", makes(id="other-1")),
        row("--parent", "create X --parent t-e", makes(id="t-e.2")),
        better("`blocks:X` depends on X, as in 0.49; `blocked-by:` and `depends-on:` say it "
               "clearly; a bad one creates nothing", "--deps",
               "create X --deps t-1,discovered-from:t-2,blocked-by:t-3", makes(title="X")),
        row("-e --estimate", "create X -e 30", makes(estimated_minutes=30)),
        row("--due", "create X --due 2027-02-01", makes(due_at="2027-02-01T00:00:00Z")),
        row("--defer", "create X --defer 2027-02-01", makes(defer_until="2027-02-01T00:00:00Z")),
        row("--external-ref", "create X --external-ref gh-1", makes(external_ref="gh-1")),
        row("--spec-id", "create X --spec-id s.md", makes(spec_id="s.md")),
        row("--metadata", "create X --metadata @meta.json", makes(metadata={"a": 1})),
        row("--silent", "create X --silent", makes(title="X")),
        row("--dry-run", "create X --dry-run",
            says("⚠ [DRY RUN] Would create issue:", "  Title: X"), same),
        better("kept in the file, and never ready", "--ephemeral", "create X --ephemeral",
               makes(ephemeral=True)),
        row("-f --file", "create -f plan.md", says("✓ Created 2 issues from plan.md:",
            "First [P1, bug]", "Second [P2, task]")),
        row("--graph", "create --graph graph.json", says("Created 2 issues", "  a -> t-")),
        row("--waits-for", "create X --waits-for t-e", makes(title="X")),
        row("--waits-for-gate", "create X --waits-for t-e --waits-for-gate any-children",
            makes(title="X")),
        row("--no-inherit-labels", "create X --parent t-1 --no-inherit-labels", makes(title="X")),
        row("--mol-type", "create X --mol-type swarm", makes(mol_type="swarm")),
        row("--wisp-type", "create X --wisp-type ping", makes(wisp_type="ping")),
        idle("--validate", "create X --validate", makes(title="X"), note="bd lint does it"),
        idle("--repo", "create X --repo r", makes(title="X")),
        idle("--rig", "create X --rig r", makes(title="X")),
        idle("--prefix", "create X --prefix p", makes(title="X")),
        idle("--agent-rig", "create X --agent-rig r", makes(title="X")),
        idle("--event-category --event-actor --event-target --event-payload",
             "create X --event-category c --event-actor a --event-target t --event-payload p",
             makes(title="X")),
        idle("--context", "create X --context c", makes(title="X")),
        idle("--skills", "create X --skills s", makes(title="X")),
        row("(errors)", "create", fails(1, "title required"), same),
        row("(errors)", "create X -t foo", fails(1, "invalid issue type"), same),
        row("(errors)", "create X -p high", fails(1, 'invalid priority "high"'), same),
        row("(errors)", "create X --due soonish", fails(1, 'invalid --due format "soonish". '
            "Examples: +6h, tomorrow, next monday, 2025-01-15"), same),
        row("(errors)", "create X --parent t-none",
            fails(1, "parent issue t-none not found"), same),
        row("(errors)", "create X --id t-z --parent t-e",
            fails(1, "cannot specify both --id and --parent flags"), same),
        row("(errors)", "create X --id foo-1", fails(1, "prefix mismatch"), same),
        better("the message names the id", "(errors)", "create X --id t-1",
               fails(1, "issue t-1 already exists"), same),
    ),
)  # fmt: skip
Q = Command(
    "q", BETTER, "owner and creator are set as in create; the words need no quotes",
    (
        row("", "q Fix it", makes(title="Fix it", created_by="Ann Example")),
        row("-l --labels", "q X -l a,b", makes(labels=["a", "b"])),
        row("-p --priority", "q X -p 0", makes(priority=0)),
        row("-t --type", "q X -t bug", makes(issue_type="bug")),
    ),
)  # fmt: skip
SHOW = Command(
    "show", BETTER,
    "tells whether it is ready, and if not why; an unknown id is exit code 1",
    (
        row("", "show t-1", says("○ t-1 [BUG] · Login fails   [● P1 · OPEN]\n",
            "Assignee: bob · Type: bug\n", "External: gh-9\n", "Spec: docs/login.md\n",
            "\nDESCRIPTION\nNobody gets in\n", "\nDESIGN\n", "\nNOTES\n", "\nACCEPTANCE CRITERIA\n",
            "\nLABELS: backend, urgent\n", "\nBLOCKS\n  ← ○ t-2: Title of t-2 ● P2\n",
            "\nCOMMENTS\n  2026-01-01 11:00 Ann\n    hello\n"), shape("[shown]"), same),
        row("(several)", "show t-1 t-2", says("─" * 60), ids("t-1 t-2")),
        row("view", "view t-1", ids("t-1")),
        row("--id", "show --id t-1", ids("t-1")),
        better("also with --json", "--short", "show t-1 --short",
               prints("○ t-1 ● P1 [bug] Login fails\n"), ids("t-1")),
        row("--children", "show t-e --children", says("↳ Children of t-e (1):\n", "  ↳ ○ t-e.1"),
            gives(**{"t-e": [{"id": "t-e.1"}]})),
        row("--refs", "show t-1 --refs", says("References to t-1 (1):", "t-2"),
            gives(**{"t-1": [{"id": "t-2"}]})),
        row("--thread", "show t-1 --thread", ids("t-1")),
        row("--local-time", "show t-1 --local-time", ids("t-1")),
        row("--as-of", "show t-1 --as-of HEAD", ids("t-1")),
        row("--current --long --include-comments --include-dependents",
            "show t-1 --current --long --include-comments --include-dependents", ids("t-1")),
        idle("-w --watch", "show t-1 -w", ids("t-1")),
        better("exit code 1; Beads says 0", "(errors)", "show t-none",
               fails(1, 'no issue found matching "t-none"')),
    ),
)  # fmt: skip
LIST = Command(
    "list", BETTER,
    "limits never lie, sorting comes before the limit, an unknown status is an error, and "
    "`blocked by` names what really blocks; with --json there is no limit unless one is given",
    (
        row("", "list", says("● P1] [bug] @bob [backend urgent] - Login fails (blocks: t-2)",
            "(blocked by: t-1)"), ids(OPEN), shape("[listed]"), same),
        row("-s --status", "list -s closed", says("✓ t-4 [P3] [task] [ui] - Title of t-4"),
            ids("t-f.1 t-4")),
        row("--status a,b", "list --status in_progress,deferred", ids("t-3 t-5")),
        row("--status all", "list --status all", ids(f"{EVERY}")),
        row("-p --priority", "list -p 0,P1", ids("t-7 t-1")),
        row("--priority-min", "list --priority-min 3", ids("t-5")),
        row("--priority-max", "list --priority-max 1", ids("t-7 t-1")),
        row("-a --assignee", "list -a ann", ids("t-3")),
        row("-t --type", "list -t bug,epic", ids("t-1 t-f t-e")),
        row("-l --label", "list -l backend,urgent", ids("t-1")),
        row("--label-any", "list --label-any ui,backend", ids("t-1 t-3")),
        row("--label-pattern", "list --label-pattern 'u*'", ids("t-1 t-3")),
        row("--label-regex", "list --label-regex '^u.$'", ids("t-3")),
        row("--exclude-label", "list --exclude-label ui --assignee ann", ids("")),
        better("closed ones too: they were named", "--id", "list --id t-1,t-4", ids("t-1 t-4")),
        row("--title", "list --title login", ids("t-1")),
        row("--title-contains", "list --title-contains LOGIN", ids("t-1")),
        row("--desc-contains", "list --desc-contains nobody", ids("t-1")),
        row("--notes-contains", "list --notes-contains twice", ids("t-1")),
        row("--spec", "list --spec docs/", ids("t-1")),
        row("--created-after", "list --created-after 2026-01-12", ids("t-f")),
        row("--created-before", "list --created-before 2026-01-02", ids("t-1")),
        row("--updated-after", "list --updated-after 2026-01-12", ids("t-f")),
        row("--updated-before", "list --updated-before 2026-01-02", ids("t-1")),
        row("--closed-after", "list --all --closed-after 2026-01-31", ids("t-f.1 t-4")),
        row("--closed-before", "list --all --closed-before 2026-01-31", ids("")),
        row("--due-after", "list --due-after 2026-01-01", ids("t-1")),
        row("--due-before", "list --due-before 2026-01-01", ids("")),
        row("--defer-after", "list --defer-after 2027-01-01", ids("t-5")),
        row("--defer-before", "list --defer-before 2027-01-01", ids("")),
        row("--overdue", "list --overdue", ids("t-1")),
        row("--deferred", "list --deferred", ids("t-5")),
        row("--empty-description", "list --empty-description -t bug,epic", ids("t-f t-e")),
        row("--no-assignee", "list --no-assignee -t epic", ids("t-f t-e")),
        row("--no-labels", "list --no-labels -p 0,1", ids("t-7")),
        row("--pinned", "list --pinned", ids("t-7")),
        row("--no-pinned", "list --no-pinned -p 0,1", ids("t-1")),
        row("--parent", "list --parent t-e", ids("t-e.1")),
        row("--filter-parent", "list --filter-parent t-e", ids("t-e.1")),
        row("--no-parent", "list --no-parent -t epic", ids("t-f t-e")),
        row("--mol-type", "list --mol-type swarm", ids("")),
        row("--wisp-type", "list --wisp-type ping", ids("")),
        row("--metadata-field", "list --metadata-field team=web", ids("t-2")),
        row("--include-templates", "list --include-templates --created-after 2026-01-13",
            ids("t-m")),
        row("--include-gates", "list --include-gates --created-after 2026-01-13", ids("t-g")),
        row("--all", "list --all", ids(EVERY)),
        better("what `bd ready` lists, not only what is open", "--ready", "list --ready",
               ids("t-1 t-f t-e.1 t-e t-9 t-8")),
        row("-n --limit", "list -n 1", ids("t-7")),
        row("--limit 0", "list --limit 0", ids(OPEN)),
        better("before the limit", "--sort", "list --sort title -n 2", ids("t-e t-1")),
        row("-r --reverse", "list --sort id -r -n 1", ids("t-f")),
        row("--long", "list --long -p 1", says("\nFound 1 issues:\n\n", "t-1 [● P1] [bug] open\n",
            "  Login fails\n  Assignee: bob\n  Labels: [backend urgent]\n")),
        row("--pretty --tree", "list --tree -t epic,task --parent t-e",
            says("○ t-e ● P2 [epic] Epic\n└── ○ t-e.1 ● P2 [task] Title of t-e.1\n",
                 "Total: 2 issues (2 open, 0 in progress)")),
        row("--tree=false --flat", "list --tree=false --flat -p 0", ids("t-7")),
        row("--format digraph", "list --format digraph", says("t-2 t-1\n")),
        row("--format dot", "list --format dot", says("digraph dependencies {", '"t-2" -> "t-1";')),
        absent("`list --json` holds every field", "--format TEMPLATE", "list --format '{{.ID}}'"),
        idle("-w --watch", "list -w -p 0", ids("t-7"), note="watch -n 2 bd list"),
        row("--no-pager", "list --no-pager -p 0", ids("t-7")),
        row("--exclude-type", "list --exclude-type task,feature,bug", ids("t-f t-e")),
        idle("--skip-labels", "list --skip-labels -p 0", ids("t-7")),
        better("exit code 1; in Beads an empty list", "(errors)", "list --status bogus",
               fails(1, "invalid status")),
    ),
)  # fmt: skip
READY_ = Command(
    "ready", BETTER,
    "in the order priority, then age, from which old urgent work cannot hide; children of blocked "
    "or deferred parents are not ready; a cycle is named (docs/ready.md)",
    (
        row("", "ready", says("\n📋 Ready work (6 issues with no blockers):\n\n",
            "1. [● P1] [bug] t-1: Login fails\n   Estimate: 60 min\n   Assignee: bob\n"),
            ids(READY), shape("[counted]"), same),
        row("-n --limit", "ready -n 2", ids("t-1 t-8")),
        row("-p --priority", "ready -p 1", ids("t-1")),
        row("-a --assignee", "ready -a bob", ids("t-1")),
        row("-u --unassigned", "ready -u -p 1", ids("")),
        row("-l --label", "ready -l backend", ids("t-1")),
        row("--label-any", "ready --label-any backend,ui", ids("t-1")),
        row("-t --type", "ready -t epic", ids("t-e t-f")),
        row("--parent", "ready --parent t-e", ids("t-e.1")),
        row("-s --sort", "ready -s oldest", ids("t-1 t-8 t-9 t-e t-e.1 t-f")),
        row("--sort hybrid", "ready --sort hybrid -n 1", ids("t-1")),
        row("--pretty", "ready --pretty -p 1", says("○ t-1 ● P1 [bug] Login fails\n")),
        row("--plain", "ready --plain -p 1", ids("t-1")),
        row("--include-deferred", "ready --include-deferred", ids(READY)),
        row("--claim", "ready --claim --unassigned", says("✓ Claimed t-8: Same"),
            holds("t-8", status="in_progress", assignee="Ann Example")),
        row("--explain", "ready --explain -p 1", says("Login fails")),
        row("--exclude-label", "ready --exclude-label backend -p 1", ids("")),
        row("--exclude-type", "ready --exclude-type task,epic", ids("t-1")),
        row("--metadata-field", "ready --metadata-field team=web", ids("")),
        idle("--include-ephemeral", "ready --include-ephemeral -p 1", ids("t-1")),
        idle("--gated", "ready --gated -p 1", ids("t-1")),
        idle("--mol", "ready --mol m -p 1", ids("t-1")),
        idle("--mol-type", "ready --mol-type swarm -p 1", ids("t-1")),
        better("exit code 1; in Beads an empty list", "(errors)", "ready --parent t-none",
               fails(1, "no issue found")),
    ),
)  # fmt: skip
UPDATE = Command(
    "update", BETTER,
    "failures are exit code 1, several ids are one write, and what is already so changes nothing",
    (
        row("", "update t-8 --title New", prints("✓ Updated issue: t-8\n"), shape("[issue]"),
            holds("t-8", title="New")),
        row("(several)", "update t-8 t-9 -p 0", holds("t-9", priority=0)),
        row("(none)", "update t-8", prints("No updates specified\n"), same),
        row("-d --description", "update t-8 -d D", holds("t-8", description="D")),
        row("--body-file", "update t-8 --body-file text.md",
            holds("t-8", description="from a file")),
        row("--design", "update t-8 --design D", holds("t-8", design="D")),
        row("--design-file", "update t-8 --design-file text.md",
            holds("t-8", design="from a file")),
        row("--acceptance", "update t-8 --acceptance A", holds("t-8", acceptance_criteria="A")),
        row("--acceptance-criteria", "update t-8 --acceptance-criteria A",
            holds("t-8", acceptance_criteria="A")),
        row("--notes", "update t-1 --notes N", holds("t-1", notes="N")),
        row("--append-notes", "update t-1 --append-notes N", holds("t-1", notes="seen twice\nN")),
        row("-s --status", "update t-8 -s in_progress", holds("t-8", status="in_progress")),
        row("--status closed", "update t-8 --status closed", holds("t-8", status="closed")),
        better("says why, with a status that closes", "--reason",
               "update t-8 --status closed --reason R", holds("t-8", close_reason="R")),
        row("--status open", "update t-4 --status open",
            holds("t-4", closed_at=MISSING, close_reason=MISSING)),
        row("-p --priority", "update t-8 -p P0", holds("t-8", priority=0)),
        row("-t --type", "update t-8 -t enhancement", holds("t-8", issue_type="feature")),
        row("-a --assignee", "update t-8 -a ann", holds("t-8", assignee="ann")),
        row('--assignee ""', "update t-1 --assignee ''", holds("t-1", assignee=MISSING)),
        row("-e --estimate", "update t-8 -e 5", holds("t-8", estimated_minutes=5)),
        row("--external-ref", "update t-8 --external-ref r", holds("t-8", external_ref="r")),
        row("--spec-id", "update t-8 --spec-id s", holds("t-8", spec_id="s")),
        row("--due", "update t-1 --due ''", holds("t-1", due_at=MISSING)),
        row("--defer", "update t-8 --defer 2027-02-01",
            holds("t-8", defer_until="2027-02-01T00:00:00Z")),
        row("--parent", "update t-8 --parent t-e", holds("t-8", dependencies=[
            {"depends_on_id": "t-e", "type": "parent-child"}])),
        row('--parent ""', "update t-e.1 --parent ''", holds("t-e.1", dependencies=MISSING)),
        row("--add-label", "update t-3 --add-label a,b", holds("t-3", labels=["a", "b", "ui"])),
        row("--remove-label", "update t-1 --remove-label urgent",
            holds("t-1", labels=["backend"])),
        row("--set-labels", "update t-1 --set-labels x", holds("t-1", labels=["x"])),
        row("--labels", "update t-1 --labels x,y", holds("t-1", labels=["x", "y"])),
        row("--claim", "update t-8 --claim",
            holds("t-8", status="in_progress", assignee="Ann Example")),
        row("--metadata", "update t-8 --metadata @meta.json", holds("t-8", metadata={"a": 1})),
        row("--set-metadata", "update t-2 --set-metadata a=1",
            holds("t-2", metadata={"team": "web", "a": 1})),
        row("--unset-metadata", "update t-2 --unset-metadata team", holds("t-2", metadata=MISSING)),
        row("--ephemeral", "update t-8 --ephemeral", holds("t-8", ephemeral=True)),
        row("--persistent", "update t-8 --persistent", same),
        row("--session", "update t-8 --status closed --session s",
            holds("t-8", closed_by_session="s")),
        row("--allow-empty-description", "update t-8 --description '' --allow-empty-description",
            holds("t-8", description=MISSING)),
        idle("--await-id", "update t-8 --await-id x -p 0", holds("t-8", priority=0)),
        better("exit code 1", "(errors)", "update t-none -p 1", fails(1, "no issue found")),
        better("exit code 1, and the holder by name", "(errors)", "update t-3 --claim",
               fails(1, "t-3: issue already claimed by ann"), same),
        better("exit code 1", "(errors)", "update t-8 -s bogus", fails(1, "invalid status"),
               same),
        row("(errors)", "update t-8 -s tombstone", fails(1, "cannot set status to tombstone "
            "directly; use 'bd delete' instead"), same),
        row("(errors)", "update t-8 -t x", fails(1, 'invalid issue type "x"'), same),
        row("(errors)", "update t-8 --notes a --append-notes b",
            fails(1, "cannot specify both --notes and --append-notes"), same),
        row("(errors)", "update t-8 --metadata {", fails(1, "must be valid JSON"), same),
        row("(errors)", "update t-8 -e -1", fails(1, "estimate must be a non-negative"), same),
    ),
)  # fmt: skip
CLOSE = Command(
    "close", BETTER, "closing again keeps the first reason, and several ids are one write",
    (
        row("", "close t-8", prints("✓ Closed t-8: Closed\n"), shape("[closed]"),
            holds("t-8", status="closed", close_reason="Closed")),
        row("-r --reason", "close t-8 t-9 -r R", holds("t-9", close_reason="R")),
        row("(one for each)", "close t-8 t-9 -r A -r B", holds("t-9", close_reason="B")),
        row("--resolution", "close t-8 --resolution R", holds("t-8", close_reason="R")),
        row("-m --message", "close t-8 -m R", holds("t-8", close_reason="R")),
        row("--reason-file", "close t-8 --reason-file text.md",
            holds("t-8", close_reason="from a file")),
        row("-f --force", "close t-2 -f", holds("t-2", status="closed")),
        row("--suggest-next", "close t-1 --suggest-next",
            says('\nNewly unblocked:\n  • t-2 "Title of t-2" (P2)\n'),
            gives(unblocked=[{"id": "t-2"}])),
        row("--claim-next", "close t-1 --claim-next", says("✓ Claimed"),
            gives(closed=[{"id": "t-1"}])),
        row("--session", "close t-8 --session s", holds("t-8", closed_by_session="s")),
        idle("--continue", "close t-8 --continue", holds("t-8", status="closed")),
        idle("--no-auto", "close t-8 --no-auto", holds("t-8", status="closed")),
        better("exit code 1", "(errors)", "close t-2", fails(1, "cannot close t-2: blocked by open "
               "issues [t-1] (use --force to override)"), same),
        row("(errors)", "close t-none", fails(1, 'no issue found matching "t-none"'), same),
    ),
)  # fmt: skip
REOPEN = Command(
    "reopen", SAME, "",
    (
        row("", "reopen t-4", prints("↻ Reopened t-4\n"), shape("[reopened]"),
            holds("t-4", status="open", closed_at=MISSING)),
        row("-r --reason", "reopen t-4 -r 'It is back'", prints("↻ Reopened t-4: It is back\n")),
        row("(open)", "reopen t-8", says("↻ Reopened t-8"), same),
        row("(errors)", "reopen t-none", fails(1, "no issue found"), same),
    ),
)  # fmt: skip
DEP = Command(
    "dep", BETTER,
    "only blocking types take part in the search for cycles; dependencies count as an edit",
    (
        row("", "dep add t-8 t-9", prints("✓ Added dependency: t-8 depends on t-9 (blocks)\n"),
            gives(issue_id="t-8", depends_on_id="t-9", type="blocks", status="added"),
            shape("edge")),
        row("dep A --depends-on B", "dep t-8 --depends-on t-9 --type blocks",
            gives(issue_id="t-8", depends_on_id="t-9")),
        row("--blocked-by", "dep add t-8 --blocked-by t-9", gives(depends_on_id="t-9")),
        row("--blocks", "dep t-8 --blocks t-9", prints("✓ Added dependency: t-8 blocks t-9\n"),
            gives(issue_id="t-9", depends_on_id="t-8")),
        row("-t --type", "dep add t-8 t-9 -t related", gives(type="related")),
        row("--", "dep add --type related -- t-8 t-9", gives(type="related")),
        row("--file", "dep add --file edges.txt", says("✓ Added 2 dependencies"),
            holds("t-9", dependencies=[{"depends_on_id": "t-2", "type": "related"}])),
        idle("--no-cycle-check", "dep add t-8 t-9 --no-cycle-check", gives(status="added"),
             note="circles are always looked for"),
        row("dep remove", "dep remove t-2 t-1",
            prints("✓ Removed dependency: t-2 no longer depends on t-1\n"), gives(status="removed"),
            holds("t-2", dependencies=MISSING)),
        row("dep rm", "dep rm t-2 t-1", gives(status="removed")),
        row("dep remove --type", "dep remove t-2 t-1 --type blocks", gives(status="removed")),
        row("dep list", "dep list t-2",
            says("\n📋 t-2 depends on:\n\n  t-1: Login fails [P1] (open) via blocks\n"), ids("t-1"),
            shape("[linked]")),
        row("dep list --direction", "dep list t-1 --direction up",
            says("📋 Issues that depend on t-1"), ids("t-2")),
        row("dep list --type", "dep list t-2 -t related", ids("")),
        better("[READY] means ready", "dep tree", "dep tree t-2",
               says("🌲 Dependency tree for t-2:\n\nt-2: Title of t-2 [P2] (open)\n"
                    "└── t-1: Login fails [P1] (open)\n"), ids("t-2 t-1"), shape("[node]")),
        row("dep tree --direction", "dep tree t-1 --direction up", says("Dependent tree"),
            ids("t-1 t-2")),
        row("dep tree --direction both", "dep tree t-1 --direction both",
            says("Full dependency graph")),
        row("dep tree --reverse", "dep tree t-1 --reverse", ids("t-1 t-2")),
        row("dep tree --max-depth", "dep tree t-2 -d 1", ids("t-2 t-1")),
        better("works as documented", "dep tree --depth", "dep tree t-2 --depth 2", ids("t-2 t-1")),
        row("dep tree --status", "dep tree t-2 --status open", ids("t-2 t-1")),
        row("dep tree --type", "dep tree t-2 -t related", ids("t-2")),
        row("dep tree --show-all-paths", "dep tree t-2 --show-all-paths", ids("t-2 t-1")),
        row("dep tree --format", "dep tree t-2 --format mermaid", says("flowchart")),
        row("dep cycles", "dep cycles", says("✓ No dependency cycles detected"), ids("")),
        row("dep relate", "dep relate t-8 t-9", prints("✓ Linked t-8 ↔ t-9\n"),
            gives(id1="t-8", id2="t-9", related=True)),
        row("dep unrelate", "dep unrelate t-8 t-9", fails(1, "does not exist")),
        row("relate", "relate t-8 t-9", gives(related=True)),
        row("unrelate", "unrelate t-8 t-9", fails(1, "does not exist")),
        row("(errors)", "dep add t-1 t-2", fails(1, "cannot add dependency: would create a cycle "
            "(t-1 → t-2 → t-1)"), same),
        row("(errors)", "dep add t-8 t-8", fails(1, "cannot depend on itself"), same),
        row("(errors)", "dep remove t-8 t-9",
            fails(1, "dependency from t-8 to t-9 does not exist"), same),
    ),
)  # fmt: skip
LABEL = Command(
    "label", BETTER, "a label counts as an edit",
    (
        row("label add", "label add t-8 x", prints("✓ Added label 'x' to t-8\n"),
            shape("[labelled]"), holds("t-8", labels=["x"])),
        row("(several)", "label add t-8 t-9 x", holds("t-9", labels=["x"])),
        row("label remove", "label remove t-3 ui", prints("✓ Removed label 'ui' from t-3\n"),
            holds("t-3", labels=MISSING)),
        row("label list", "label list t-1",
            says("\n🏷 Labels for t-1:\n  - backend\n  - urgent\n")),
        row("(none)", "label list t-8", says("\nt-8 has no labels\n")),
        row("label list-all", "label list-all", says("\n🏷 All labels (3 unique):\n"),
            shape("[label]")),
        row("labels", "labels", shape("[label]")),
        row("label propagate", "label propagate t-e x", says("✓ Added label 'x' to t-e.1"),
            holds("t-e.1", labels=["x"])),
        better("exit code 1", "(errors)", "label add t-none x", fails(1, "no issue found"), same),
    ),
)  # fmt: skip
COMMENTS = Command(
    "comments", SAME, "a comment counts as an edit",
    (
        row("", "comments t-1",
            says("\nComments on t-1:\n\n[Ann] at 2026-01-01 11:00\n  hello\n"), shape("[comment]")),
        row("(none)", "comments t-8", prints("No comments on t-8\n"), ids("")),
        row("--local-time", "comments t-1 --local-time", shape("[comment]")),
        row("comments add", "comments add t-8 'some text'", prints("Comment added to t-8\n"),
            shape("comment")),
        row("-f --file", "comments add t-8 -f text.md", gives(text="from a file")),
        row("-a --author", "comments add t-8 x -a Zoe", gives(author="Zoe")),
        row("comment", "comment t-8 x", prints("Comment added to t-8\n"), gives(text="x")),
        row("(errors)", "comments t-none", fails(1, "no issue found")),
    ),
)  # fmt: skip
BLOCKED = Command(
    "blocked", BETTER,
    "everything that waits for something, by any way; deferred issues are not blocked",
    (
        row("", "blocked", says("\n🚫 Blocked issues (1):\n\n[● P2] t-2: Title of t-2\n"
            "  Blocked by 1 open dependencies: [t-1]\n"), shape("[held]"), ids("t-2")),
        row("--parent", "blocked --parent t-e", says("\n✨ No blocked issues\n"), ids("")),
        better("down to what can be worked on", "--why", "blocked --why t-2", says("t-1")),
    ),
)  # fmt: skip
SEARCH = Command(
    "search", SAME, "",
    (
        row("", "search login", says("Found 1 issues matching 'login':\n"
            "t-1 [P1] [bug] open @bob [backend urgent] - Login fails\n"), ids("t-1"),
            shape("[counted]")),
        row("(none)", "search zzz", prints("No issues found matching 'zzz'\n"), ids("")),
        row("(closed too)", "search t-4", ids("t-4")),
        row("--query", "search --query login", ids("t-1")),
        row("-s --status", "search title -s closed", ids("t-f.1 t-4")),
        row("-t --type", "search i -t bug", ids("t-1")),
        row("-p --priority", "search t -p 0", ids("t-7")),
        row("-a --assignee", "search t -a ann", ids("t-3")),
        row("-l --label", "search t -l backend", ids("t-1")),
        row("--label-any", "search t --label-any backend", ids("t-1")),
        row("--priority-min", "search t --priority-min 4", ids("t-5")),
        row("--priority-max", "search t --priority-max 0", ids("t-7")),
        row("--created-after", "search t --created-after 2026-01-14", ids("t-g t-m")),
        row("--created-before", "search t --created-before 2026-01-02", ids("t-1")),
        row("--updated-after", "search t --updated-after 2026-01-14", ids("t-g t-m")),
        row("--updated-before", "search t --updated-before 2026-01-02", ids("t-1")),
        row("-n --limit", "search t -n 1", ids("t-7")),
        row("--sort", "search title --sort id -n 1", ids("t-2")),
        row("-r --reverse", "search title --sort id -r -n 1", ids("t-m")),
        row("--long", "search login --long", says("  Login fails\n")),
        better("wrong usage is exit code 2", "(errors)", "search",
               fails(2, "search query is required")),
    ),
)  # fmt: skip
STATS = Command(
    "status", BETTER, "also as `stats`; the figures are those of `ready` and `blocked`",
    (
        row("stats", "stats", says("📊 Issue Database Status", "Ready to Work:"), shape("stats")),
        row("status", "status", shape("stats")),
        row("--assigned", "stats --assigned", shape("stats")),
        idle("--no-activity", "stats --no-activity", shape("stats"),
             note="`bd history` and `bd diff` tell what happened"),
    ),
)  # fmt: skip
DELETE = Command(
    "delete", BETTER,
    "only its own record changes, and `bd restore` brings it back with all its edges",
    (
        row("", "delete t-8", says("DELETE PREVIEW", "--force"), same),
        row("-f --force", "delete t-8 -f", prints("✓ Deleted t-8\n"), shape("deleted"),
            holds("t-8", status="tombstone", original_type="task")),
        row("(several)", "delete t-8 t-9 --force", says("✓ Deleted 2 issue(s)"),
            shape("deletions")),
        row("--cascade", "delete t-1 --cascade --force", holds("t-2", status="tombstone")),
        row("--dry-run", "delete t-8 --dry-run", shape("preview"), same),
        row("--from-file", "delete --from-file ids.txt --force", holds("t-8", status="tombstone")),
        row("--reason", "delete t-8 --force --reason R", holds("t-8", delete_reason="R")),
        better("takes the record out", "--hard", "delete t-8 --force --hard", gone("t-8")),
        row("(errors)", "delete t-none --force", fails(1, "no issue found"), same),
    ),
)  # fmt: skip
CORE = (
    CREATE, Q, SHOW, LIST, READY_, UPDATE, CLOSE, REOPEN, DEP, LABEL, COMMENTS, BLOCKED, SEARCH,
    STATS, DELETE,
)  # fmt: skip
