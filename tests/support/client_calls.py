"""What seventeen programs made for `bd` call, and the answers that they rely on.

A row is a family of calls; each is run in turn in one workspace, that of `LOG`. Its answer is
described as text that it must hold, or as the form of its JSON: `key:type`, with `?` after keys
that are left out where there is nothing to say. Types are s (text), i (integer), n (number),
b (true or false), t (time), l (list), o (object), `[...]` a list of objects and `[s]` of texts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

ISSUE = (
    "id:s title:s status:s priority:i issue_type:s created_at:t updated_at:t created_by?:s "
    "owner?:s description?:s design?:s acceptance_criteria?:s notes?:s assignee?:s "
    "estimated_minutes?:i closed_at?:t close_reason?:s due_at?:t defer_until?:t external_ref?:s "
    "spec_id?:s labels?:[s] metadata?:o closed_by_session?:s deleted_at?:t deleted_by?:s "
    "delete_reason?:s original_type?:s original_status?:s ephemeral?:b pinned?:b parent?:s"
)
COUNTED = f"{ISSUE} dependency_count:i dependent_count:i comment_count:i"
LISTED = f"{COUNTED} dependencies?:[dependency]"
SHOWN = (
    f"{ISSUE} dependencies?:[linked] dependents?:[linked] comments?:[comment] ready?:b "
    "blocked_by?:[s]"
)
SHAPES = {
    "issue": ISSUE,
    "made": f"{ISSUE} !labels !dependencies",  # what create answers
    "listed": LISTED,
    "counted": f"{COUNTED} !dependencies",
    "shown": SHOWN,
    "linked": f"{ISSUE} dependency_type:s",
    # Raw edges as Beads 0.49 prints them, and at once issues, as its MCP server reads them.
    "dependency": "issue_id:s depends_on_id:s type:s created_at:t created_by?:s id:s title:s "
    "status:s priority:i issue_type:s updated_at:t dependency_type:s",
    "comment": "id:i issue_id:s author:s text:s created_at:t",
    "held": f"{COUNTED} blocked_by_count:i blocked_by:[s] cycle?:[s]",
    "closed": f"{ISSUE} closed_at:t close_reason:s",
    "ended": f"{ISSUE} closed_at:t !close_reason",
    "reopened": f"{ISSUE} !closed_at !close_reason",
    "edge": "issue_id:s depends_on_id:s type:s status:s",
    "cut": "issue_id:s depends_on_id:s status:s",
    "labelled": "issue_id:s label:s status:s",
    "label": "label:s count:i",
    "node": f"{ISSUE} depth:i parent_id:s truncated:b",
    "epic": "epic:issue total_children:i closed_children:i eligible_for_close:b",
    "group": "group:s count:i",
    "groups": "total:i groups:[group]",
    "count": "count:i",
    "deleted": "deleted:s dependencies_removed:i references_updated:i",
    "deletions": "deleted:[s] deleted_count:i dependencies_removed:i references_updated:i "
    "events_removed:i labels_removed:i orphaned_issues:l",
    "preview": "would_delete:[s]",
    "summary": "total_issues:i open_issues:i in_progress_issues:i closed_issues:i blocked_issues:i "
    "deferred_issues:i ready_issues:i tombstone_issues:i pinned_issues:i "
    "epics_eligible_for_closure:i average_lead_time_hours:n",
    "stats": "summary:summary recent_activity?:o",
    "schema": "tables:[s] schema_version:s config:o sample_issue_ids:[s] detected_prefix:s",
    "info": "database_path:s issue_count:i mode:s daemon_connected:b config:o schema?:schema",
    "where": "path:s prefix:s database_path:s jsonl_path:s redirected_from?:s",
    "setting": "key:s value:s",
    "version": "version:s build:s branch?:s commit?:s",
    "pair": "id1:s id2:s",
    "embedded": "embedded:b",
    "tree": "beads_state:s branch:s is_main:b name:s path:s",
    "worktree": "is_worktree:b",
    "memory": "action:s key:s value:s",
    "recalled": "found:b key:s value:s",
    "any": "",
}


class Row(NamedTuple):
    """One line of the table: its name, and its calls with what they answer."""

    name: str
    calls: tuple[tuple[str | tuple[str, ...], str], ...]


def row(name: str, *calls: tuple[str | tuple[str, ...], str]) -> Row:
    return Row(name, calls)


def issue(id: str, day: int, *needs: str, **fields: Any) -> dict[str, Any]:
    """One record; a need is `ID` or `TYPE:ID`."""
    stamp = f"2026-01-{day:02}T10:00:00Z"
    edges = [need.rpartition(":")[::2] for need in needs]
    found = [
        {"issue_id": id, "depends_on_id": on, "type": kind or "blocks", "created_at": stamp,
         "created_by": "ann"}
        for kind, on in edges
    ]  # fmt: skip
    more = {"dependencies": found} if found else {}
    who = {"created_by": "ann", "owner": "ann@example.com", "title": f"Title of {id}"}
    return {"id": id, "created_at": stamp, "updated_at": stamp, **who, **fields, **more}


FULL = {
    "description": "d", "design": "e", "acceptance_criteria": "a", "notes": "n", "priority": 1,
    "issue_type": "bug", "assignee": "bob", "estimated_minutes": 30,
    "due_at": "2027-06-01T00:00:00Z", "external_ref": "gh-1", "labels": ["money", "ui"],
    "comments": [{"id": 1, "issue_id": "t-a", "author": "ann", "text": "hello",
                  "created_at": "2026-01-01T11:00:00Z"}],
}  # fmt: skip
MANY = "2026-01-15T10:00:00Z"
DONE = {"status": "closed", "closed_at": "2026-01-20T10:00:00Z", "close_reason": "Fixed"}
LOG = (
    issue("t-a", 1, **FULL),
    issue("t-b", 2, "t-a", "related:t-c", **{**FULL, "external_ref": "gh-2", "comments": []}),
    issue("t-c", 3),
    issue("t-d", 4, status="in_progress", assignee="ann", labels=["ui"]),
    issue("t-e", 5, issue_type="epic"),
    issue("t-e.1", 6, "parent-child:t-e"),
    issue("t-e.2", 7, "parent-child:t-e", **DONE),
    issue("t-f", 8, issue_type="epic"),
    issue("t-f.1", 9, "parent-child:t-f", **DONE),
    issue("t-g", 10),
    issue("t-h", 11),
    issue("t-x", 12, status="tombstone", deleted_at="2026-01-20T10:00:00Z"),
    issue("t-z", 13, "t-a", **FULL | DONE | {"external_ref": "gh-3", "defer_until": MANY}),
)

ROWS = (
    row(
        "version",
        ("version", "=bd version 0.49.6 (tracker)\n"),
        ("--version", "=bd version 0.49.6 (tracker)\n"),
        ("version --json", "version"),
        ("--json version", "version"),
    ),
    row(
        "create with a title as a word",
        (("create", "A title", "--json"), "made"),
        (("create", "A title", "-p", "P1", "-t", "feature", "-d", "text", "--json"), "made"),
        (("create", "A title", "--priority", "0", "--type=bug", "-d=text", "--json"), "made"),
        (
            (
                "create",
                "A title",
                "--design",
                "d",
                "--acceptance",
                "a",
                "--external-ref",
                "x-1",
                "--assignee",
                "bob",
                "--json",
            ),
            "made",
        ),
        (
            (
                "create",
                "A title",
                "--notes",
                "n",
                "--estimate",
                "30",
                "--due",
                "2027-01-01",
                "--defer",
                "+2d",
                "--spec-id",
                "docs/s.md",
                "--ephemeral",
                "--json",
            ),
            "made",
        ),
        (("create", "A title", "-l", "a", "-l", "b", "--json"), "made"),
        (("create", "A title", "--labels", "a,b", "--json"), "made"),
        (("create", "A title", "--parent", "t-e", "--json"), "made"),
        (("create", "A title", "--deps", "t-a,discovered-from:t-c,related:t-d", "--json"), "made"),
        (("create", "A title", "--deps", "blocks: t-a, related: t-c", "--json"), "made"),
        (("create", "A title", "--deps", "parent-child:t-e", "--json"), "made"),
        (("create", "A title", "--id", "t-own", "--json"), "made"),
        (("create", "A title", "--id", "other-1", "--force", "--json"), "made"),
        (("create", "A title", "--body-file", "text.md", "--json"), "made"),
        (("create", "A title", "--body-file=text.md", "--json"), "made"),
        (("create", "A title", "--silent"), "~t-[a-z0-9]+\n"),
        (("create", "A title"), "^✓ Created issue: t-"),
        (("create", "--file", "plan.md", "--json"), "[made]"),
    ),
    row(
        "create with a title as an option",
        (("create", "--title", "A title", "--json"), "made"),
        (("create", "--title=--a dash", "--json"), "made"),
        (("create", "--title=- a list", "--description=- x", "--json"), "made"),
        (("--sandbox", "create", "--title", "A title", "--actor", "eve", "--json"), "made"),
        (("--no-daemon", "create", "A title", "--no-daemon", "--no-auto-flush", "--json"), "made"),
    ),
    row(
        "list",
        ("list --json", "[listed]"),
        ("list --json --tree=false", "[listed]"),
        ("list --json --all", "[listed]"),
        ("list --json --limit 2", "[listed]"),
        ("list --json --limit=0", "[listed]"),
        ("list --json -n 0", "[listed]"),
        ("list --status open --json", "[listed]"),
        ("list --status in_progress --json", "[listed]"),
        ("list --status closed --limit 1000 --json", "[listed]"),
        ("list --status open,in_progress --json", "[listed]"),
        ("list --type bug,epic --priority 1,2 --json", "[listed]"),
        ("list --type epic --json", "[listed]"),
        ("list --priority 1 --json", "[listed]"),
        ("list --assignee bob --json", "[listed]"),
        ("list --no-assignee --json", "[listed]"),
        ("list --label ui --label money --json", "[listed]"),
        ("list --label-any ui,none --json", "[listed]"),
        ("list --title Title --json", "[listed]"),
        ("list --parent t-e --json", "[listed]"),
        ("list --id t-a,t-z --json", "[listed]"),
        ("list --ready --json", "[listed]"),
        ("list --updated-after=2026-01-01T00:00:00Z --json", "[listed]"),
        ("list --exclude-type epic --json", "[listed]"),
        ("list --desc-contains d --json", "[listed]"),
        ("list --sort updated --reverse --json", "[listed]"),
        ("list --assignee nobody --json", "=[]\n"),
        ("--json list", "[listed]"),
        ("--db .beads/beads.db list --json", "[listed]"),
    ),
    row(
        "ready",
        ("ready --json", "[counted]"),
        ("ready --json --limit 2", "[counted]"),
        ("ready --limit 1000 --json", "[counted]"),
        ("ready --json --limit 0", "[counted]"),
        ("ready --json --priority 1 --assignee bob --label ui --label-any ui", "[counted]"),
        ("ready --json --unassigned --sort hybrid", "[counted]"),
        ("ready --json --sort oldest --type epic", "[counted]"),
        ("ready --json --parent t-e", "[counted]"),
        ("ready --json --assignee nobody", "=[]\n"),
    ),
    row(
        "blocked",
        ("blocked --json", "[held]"),
        ("blocked --json --parent t-e", "=[]\n"),
    ),
    row(
        "show",
        ("show t-a --json", "[shown]"),
        ("show --json t-a t-b", "[shown]"),
        ("show t-b --json --include-dependents --include-comments", "[shown]"),
        ("show --json -- t-a", "[shown]"),
        ("show t-z t-e t-e.1 --json", "[shown]"),
        ("show a --json", "[shown]"),
    ),
    row(
        "update",
        ("update t-c --json --status in_progress", "[issue]"),
        ("update t-c t-g --json --priority 3", "[issue]"),
        (("update", "t-c", "--json", "--title", "New title"), "[issue]"),
        (("update", "t-c", "--assignee", "bob", "--json"), "[issue]"),
        (("update", "t-c", "--assignee", "", "--json"), "[issue]"),
        (
            (
                "update",
                "t-c",
                "--description",
                "x",
                "--design",
                "y",
                "--notes",
                "z",
                "--acceptance",
                "w",
                "--json",
            ),
            "[issue]",
        ),
        (("update", "t-c", "-d", "- a\n- b", "--json"), "[issue]"),
        (("update", "t-c", "--acceptance-criteria", "x", "--json"), "[issue]"),
        (("update", "t-c", "--body-file", "text.md", "--json"), "[issue]"),
        (("update", "t-c", "--description", "", "--allow-empty-description", "--json"), "[issue]"),
        ("update t-c --external-ref gh-7 --estimate 5 --type bug --spec-id s --json", "[issue]"),
        ("update t-c --parent t-e --json", "[issue]"),
        (("update", "t-c", "--parent", "", "--json"), "[issue]"),
        (("update", "t-c", "--due", "+1d", "--defer", "tomorrow", "--json"), "[issue]"),
        (("update", "t-c", "--due", "", "--defer=", "--json"), "[issue]"),
        (("update", "t-c", "--metadata", '{"k": [1]}', "--json"), "[issue]"),
        ("update t-c --set-metadata k=v --json", "[issue]"),
        ("update t-c --add-label x --add-label y --remove-label z --json", "[issue]"),
        ("update t-c --set-labels a,b --json", "[issue]"),
        ("update t-c --set-labels a --set-labels b --json", "[issue]"),
        ("update t-c --labels a,b --json", "[issue]"),
        (("update", "t-c", "--set-labels", "", "--json"), "[issue]"),
        ("update t-g --claim --json", "[issue]"),
        ("update t-h --status closed --json", "[ended]"),
        ("update t-h --status open --json", "[reopened]"),
        ("update t-c --priority 1", "=✓ Updated issue: t-c\n"),
    ),
    row(
        "close and reopen",
        (("close", "t-a", "--reason", "Done well", "--json"), "[closed]"),
        ("close t-b t-c --json", "[closed]"),
        (("close", "t-d", "-r", "x"), "=✓ Closed t-d: x\n"),
        ("close t-g", "=✓ Closed t-g: Closed\n"),
        ("reopen t-a --json", "[reopened]"),
        (("reopen", "t-b", "t-c", "--reason", "not yet", "--json"), "[reopened]"),
        ("reopen t-d", "=↻ Reopened t-d\n"),
    ),
    row(
        "delete",
        ("delete t-a", "DELETE PREVIEW"),
        ("delete t-a --json", "preview"),
        ("delete t-g --force --json", "deleted"),
        ("delete t-h --force --hard --json", "deleted"),
        ("delete t-e.1 t-f.1 --force --json", "deletions"),
        ("delete t-a --force --cascade --json", "deletions"),
        ("delete t-c --force", "^✓ Deleted t-c"),
    ),
    row(
        "dep",
        ("dep add t-c t-g --json", "edge"),
        ("dep add t-d t-g --type related --json", "edge"),
        ("dep add t-d t-c -t discovered-from --json", "edge"),
        ("dep add t-g --depends-on t-h --json", "edge"),
        ("dep add --type blocks --json -- t-e.1 t-h", "edge"),
        ("dep add t-d t-h", "=✓ Added dependency: t-d depends on t-h (blocks)\n"),
        ("dep t-c --depends-on t-h --type blocks", "^✓ Added dependency"),
        ("dep list t-b --json", "[linked]"),
        ("dep list t-a --json --direction up", "[linked]"),
        ("dep list t-b --json --direction down --type blocks", "[linked]"),
        ("dep list t-h --json", "=[]\n"),
        ("dep tree t-b --json", "[node]"),
        ("dep tree t-a --json --direction up --max-depth 2", "[node]"),
        ("dep cycles --json", "=[]\n"),
        ("dep relate t-g t-f --json", "pair"),
        ("dep unrelate t-g t-f --json", "pair"),
        ("dep remove t-c t-g --json", "cut"),
        ("dep remove t-d t-g --type related --json", "cut"),
        ("dep remove t-d t-h", "^✓ Removed dependency"),
    ),
    row(
        "label",
        ("label add t-c x --json", "[labelled]"),
        (("label", "add", "t-c", "--json", "--", "y"), "[labelled]"),
        ("label remove t-c x --json", "[labelled]"),
        ("label list t-a --json", "[s]"),
        ("label list t-h --json", "=[]\n"),
        ("label list-all --json", "[label]"),
        ("labels --json", "[label]"),
    ),
    row(
        "comments",
        (("comment", "t-c", "a text"), "=Comment added to t-c\n"),
        (("comment", "t-c", "- a list\n- of two", "--author", "eve"), "=Comment added to t-c\n"),
        ("comments t-a --json", "[comment]"),
        ("comments t-h --json", "=[]\n"),
        (("comments", "add", "t-c", "a text", "--json"), "comment"),
        (("comments", "add", "t-c", "a text", "--author", "eve", "--json"), "comment"),
        (("comments", "add", "t-c", "-f", "text.md", "--json"), "comment"),
        (("comments", "add", "t-c", "--json", "--", "--a text"), "comment"),
        (("note", "t-c", "a note"), "t-c"),
    ),
    row(
        "stats and count",
        ("stats --json", "stats"),
        ("status --json", "stats"),
        ("status --json --no-activity", "stats"),
        ("count --json", "count"),
        ("count --json --status open", "count"),
        ("count --json --type bug --priority 1 --assignee bob --label ui", "count"),
        ("count --json --by-status", "groups"),
        ("count --json --by-priority", "groups"),
        ("count --json --by-type", "groups"),
        ("count --json --by-assignee", "groups"),
        ("count --json --by-label", "groups"),
    ),
    row(
        "epic",
        ("epic status --json", "[epic]"),
        ("epic status --json --eligible-only", "[epic]"),
        ("epic close-eligible --dry-run --json", "[epic]"),
    ),
    row(
        "children and search",
        ("children t-e --json", "[listed]"),
        ("children t-h --json", "=[]\n"),
        ("search title --json", "[counted]"),
        ("search title --json --status open --type bug --assignee bob --label ui", "[counted]"),
        ("search title --json --label-any ui --limit 2 --sort updated --reverse", "[counted]"),
        ("search title --json --priority-min 0 --priority-max 2", "[counted]"),
        ("search title --json --created-after 2020-01-01 --created-before 2030-01-01", "[counted]"),
        ("search title --json --updated-after -7d --updated-before tomorrow", "=[]\n"),
        ("search nothing-like-it --json", "=[]\n"),
    ),
    row(
        "info and config",
        ("info --json", "info"),
        ("info --schema --json", "info"),
        ("where --json", "where"),
        ("config get issue_prefix --json", "setting"),
        ("config get issue_prefix", "=t\n"),
        ("config list --json", "any"),
    ),
    row(
        "export and import",
        ("export", '^{"id":"t-a"'),
        ("export -o out.jsonl", ""),
        ("export --output out.jsonl --force --json", "any"),
        ("export --status open", '^{"id":"t-a"'),
        ("import -i out.jsonl --dry-run", ""),
        ("import -i out.jsonl --rename-on-import --skip-existing", ""),
    ),
    row(
        "sync",
        ("sync --status --json", "any"),
        ("sync --dry-run --json", "any"),
        ("sync --flush-only", "="),
        ("sync --import", "="),
        ("sync --import-only --json", "any"),
        ("sync --no-push --no-pull --json", "any"),
        ("sync --full --force --no-push --no-pull --json", "any"),
    ),
    row(
        "guides",
        ("quickstart", "bd"),
        ("prime", "bd"),
        ("prime --hook-json", "any"),
        ("onboard", "bd"),
        ("human", "bd"),
    ),
    row(
        "admin",
        ("migrate --inspect --json", "any"),
        ("detect-pollution --json", "any"),
        ("repair-deps --json", "any"),
        ("validate --json", "any"),
        ("doctor --check=pollution --json", "any"),
        ("doctor --check=validate --fix --yes --json", "any"),
    ),
    row(
        "daemon",
        ("daemon start", "="),
        ("daemon stop", "="),
        ("daemon --start", "="),
        ("daemon --stop", "="),
        ("daemon status --json", "any"),
        ("daemon --status --json", "any"),
    ),
    row(
        "menus",
        ("formula list --json", "=[]\n"),
        ("graph t-b", "t-b"),
        ("stale --json", "[issue]"),
        ("lint --json", "any"),
        ("orphans --json", "any"),
        ("duplicates --json", "any"),
        ("hooks list --json", "any"),
        ("worktree list --json", "[tree]"),
        ("worktree info --json", "worktree"),
    ),
    row(
        "the generation of 1.x",
        ("dolt show --json", "embedded"),
        ("-C .beads/.. list --json", "[listed]"),
        (("remember", "use tabs", "--json"), "memory"),
        ("memories --json", "any"),
        ("memories tabs --json", "any"),
        ("recall use-tabs --json", "recalled"),
    ),
)
