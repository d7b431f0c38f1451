"""The rows of commands that are typed now and then, of those of Beads 1.x, and of the fringe."""

from __future__ import annotations

from tests.support.beads_commands import (
    BETTER,
    CORE,
    IDLE,
    MISSING,
    SAME,
    Command,
    absent,
    better,
    fails,
    file,
    gives,
    gone,
    holds,
    idle,
    ids,
    makes,
    prints,
    row,
    same,
    says,
    shape,
)

USEFUL = (
    Command(
        "stale", BETTER, "without deleted issues, and with labels and owner in the JSON",
        (
            row("", "stale", says("\n⏰ Stale issues (", "Last updated: "), shape("[counted]")),
            row("-d --days", "stale -d 1000",
                prints("\n✨ No stale issues found (all active)\n\n")),
            row("-n --limit", "stale -n 1", ids("t-1")),
            row("-s --status", "stale -s in_progress", ids("t-3")),
        ),
    ),
    Command(
        "count", SAME, "",
        (
            row("", "count", prints("14\n"), gives(count=14)),
            row("--by-status", "count --by-status", says("Total: 14\n\n", "open: "),
                shape("groups")),
            row("--by-priority", "count --by-priority", says("P1: 1")),
            row("--by-type", "count --by-type", says("bug: 1")),
            row("--by-assignee", "count --by-assignee", says("(unassigned): ")),
            row("--by-label", "count --by-label", says("(no labels): ")),
            row("-s --status", "count -s closed", gives(count=2)),
            row("-t --type", "count -t bug", gives(count=1)),
            better("also P0 to P4", "-p --priority", "count -p P1", gives(count=1)),
            row("-a --assignee", "count -a ann", gives(count=1)),
            row("-l --label", "count -l ui", gives(count=2)),
            better("wrong usage is exit code 2", "(errors)", "count --by-status --by-type",
                   fails(2, "only one of")),
        ),
    ),
    Command(
        "epic", SAME, "an epic that is complete by another's closing is closed as well",
        (
            row("epic status", "epic status",
                says("✓ t-f Title of t-f\n   Progress: 1/1 children closed (100%)\n"
                     "   Eligible for closure\n"), shape("[epic]")),
            row("--eligible-only", "epic status --eligible-only", shape("[epic]")),
            row("epic close-eligible", "epic close-eligible",
                prints("✓ Closed 1 epic(s)\n  - t-f\n"), holds("t-f", status="closed")),
            row("--dry-run", "epic close-eligible --dry-run", same, shape("[epic]")),
        ),
    ),
    Command(
        "defer", BETTER, "a time that has passed makes it ready again by itself",
        (
            row("", "defer t-8 t-9", prints("* Deferred t-8\n* Deferred t-9\n"), shape("[issue]"),
                holds("t-9", status="deferred")),
            row("--until", "defer t-8 --until 2027-03-01",
                holds("t-8", defer_until="2027-03-01T00:00:00Z")),
        ),
    ),
    Command(
        "undefer", SAME, "",
        (
            row("", "undefer t-5", prints("* Undeferred t-5 (now open)\n"),
                holds("t-5", status="open", defer_until=MISSING)),
        ),
    ),
    Command(
        "duplicate", BETTER, "works; in Beads 0.49 it always fails",
        (
            row("--of", "duplicate t-9 --of t-8",
                prints("✓ Marked t-9 as duplicate of t-8 (closed)\n"),
                gives(duplicate="t-9", canonical="t-8"), holds("t-9", status="closed")),
        ),
    ),
    Command(
        "supersede", BETTER, "works; in Beads 0.49 it always fails",
        (
            row("--with", "supersede t-9 --with t-8",
                prints("✓ Marked t-9 as superseded by t-8 (closed)\n"),
                gives(superseded="t-9", replacement="t-8"), holds("t-9", status="closed")),
        ),
    ),
    Command(
        "duplicates", BETTER, "--auto-merge does what it says",
        (
            row("", "duplicates", says("1 group(s)"), gives(duplicate_groups=1)),
            row("--auto-merge", "duplicates --auto-merge", says("✓ Merged 1 group(s)"),
                holds("t-9", status="closed", close_reason="Duplicate of t-8")),
            row("--dry-run", "duplicates --auto-merge --dry-run", same),
        ),
    ),
    Command(
        "find-duplicates", BETTER, "by the words of titles and descriptions, also misspelled",
        (
            row("", "find-duplicates", says("t-8: Same"), gives(method="mechanical")),
            row("find-dups", "find-dups", gives(method="mechanical")),
            row("--threshold", "find-duplicates --threshold 1", gives(threshold=1.0)),
            row("--method", "find-duplicates --method mechanical", gives(method="mechanical")),
            absent("it asks no language model", "--method ai", "find-duplicates --method ai"),
        ),
    ),
    Command(
        "query", BETTER, "several values mean any of them; wrong words are named with their column",
        (
            row("", "query 'status=open AND priority<=1'", says("Found 2 issues:\n"),
                ids("t-7 t-1"), shape("[listed]")),
            row("OR NOT ()", "query 'NOT (type=task OR type=epic) AND assignee=bob'", ids("t-1")),
            row("none", "query 'assignee=none AND type=feature'", ids("t-7")),
            row("7d", "query 'updated<7d AND label=ui'", ids("t-3")),
            row("-a --all", "query label=ui -a", ids("t-3 t-4")),
            row("-n --limit", "query type=task -n 1", says("Found 1 of ")),
            row("--long", "query type=bug --long", says("  Login fails\n")),
            row("--sort -r --reverse", "query type=epic --sort id -r", ids("t-f t-e")),
            row("--parse-only", "query type=bug --parse-only", prints('type="bug"\n')),
        ),
    ),
    Command(
        "children", SAME, "says how many closed ones it does not show",
        (row("", "children t-e", ids("t-e.1"), shape("[listed]")),),
    ),
    Command("types", SAME, "with what each is for", (row("", "types", says("task", "epic")),)),
    Command(
        "rename", BETTER, "edges and texts follow, the old id still resolves, and merges know it",
        (
            row("", "rename t-8 t-new", prints("Renamed t-8 -> t-new\n"),
                holds("t-new", aliases=["t-8"]), gone("t-8")),
        ),
    ),
    Command(
        "rename-prefix", BETTER, "the same for all ids; the prefix may be of any length",
        (
            row("", "rename-prefix shop-",
                holds("shop-2", dependencies=[{"depends_on_id": "shop-1"}]),
                file(".beads/config.yaml", "issue-prefix: shop")),
            row("--dry-run", "rename-prefix shop --dry-run", says("t-1 -> shop-1"), same),
            row("--repair", "rename-prefix shop --repair", holds("shop-1", priority=1)),
        ),
    ),
    Command(
        "edit", SAME, "only at a terminal, and only with $EDITOR or $VISUAL",
        (
            row("", "edit t-8", fails(1, "editor")),
            row("--title", "edit t-8 --title", fails(1, "editor")),
            row("--description", "edit t-8 --description", fails(1, "editor")),
            row("--design", "edit t-8 --design", fails(1, "editor")),
            row("--notes", "edit t-8 --notes", fails(1, "editor")),
            row("--acceptance", "edit t-8 --acceptance", fails(1, "editor")),
        ),
    ),
    Command(
        "export", BETTER, "the lines as they are, unknown keys too",
        (
            row("", "export", says('{"id":"t-1"')),
            row("-o --output", "export -o out.jsonl", file("out.jsonl", '{"id":"t-1"')),
            row("-f --format", "export -f obsidian", says("Login fails")),
            row("--status", "export --status closed", says('"t-4"')),
            row("--force", "export -o text.md --force", file("text.md", '{"id":"t-1"')),
            idle("--events", "export --events", says("t-1"), note="`bd history` tells more"),
        ),
    ),
    Command(
        "import", BETTER,
        "by id alone, a record is never lost, a missing parent is no obstacle, and --dry-run "
        "writes nothing; with --json the counts are on stdout",
        (
            row("-i --input", "import -i new.jsonl", holds("t-new", title="New")),
            row("--dry-run", "import -i new.jsonl --dry-run", same),
            row("-s --skip-existing", "import -i new.jsonl -s", holds("t-new", title="New")),
            row("--strict", "import -i new.jsonl --strict", holds("t-new", title="New")),
            row("--rename-on-import", "import -i new.jsonl --rename-on-import",
                holds("t-new", title="New")),
            row("--orphan-handling", "import -i new.jsonl --orphan-handling allow",
                holds("t-new", title="New")),
            row("--dedupe-after --clear-duplicate-external-refs --no-git-history --force",
                "import -i new.jsonl --dedupe-after --clear-duplicate-external-refs "
                "--no-git-history --force", holds("t-new", title="New")),
        ),
    ),
    Command(
        "graph", BETTER, "also as Mermaid, DOT, SVG or a page, with the critical path",
        (
            row("", "graph t-2", says("t-1")),
            row("--all", "graph --all", says("t-1")),
            row("--compact", "graph t-2 --compact", says("t-1")),
            row("--box", "graph t-2 --box", says("t-1")),
        ),
    ),
    Command(
        "lint", SAME, "criteria may stand in their own field, too",
        (
            row("", "lint", fails(1), says("Template warnings (")),
            row("ID", "lint t-3", fails(1), says("t-3 [task]: Title of t-3\n"
                "  ⚠ Missing: ## Acceptance Criteria")),
            row("-t --type", "lint -t feature", fails(1), says("t-7 [feature]")),
            row("-s --status", "lint -s closed", fails(1), says("t-4 [task]")),
        ),
    ),
    Command(
        "info", BETTER, "nothing has to be connected to: mode is always direct",
        (
            row("", "info", says("Issue prefix: t"), shape("info")),
            row("--schema", "info --schema", says("issues"), shape("info")),
            idle("--whats-new", "info --whats-new", shape("info"), note="CHANGELOG.md"),
        ),
    ),
    Command("where", SAME, "", (row("", "where", says("prefix: t"), shape("where")),)),
    Command(
        "config", BETTER, "every setting is in config.yaml and travels with git",
        (
            row("config set", "config set types.custom story",
                prints("Set types.custom = story (in config.yaml)\n"), gives(key="types.custom")),
            row("config get", "config get issue-prefix", prints("t\n"), gives(value="t")),
            row("(not set)", "config get no.such", prints("no.such (not set)\n"), gives(value="")),
            row("config list", "config list", says("issue-prefix = t")),
            row("config unset", "config unset issue-prefix", says("Unset issue-prefix")),
            row("config validate", "config validate", says("is valid")),
            row("config set-many", "config set-many a.b=1 c.d=2",
                says("Set a.b = 1", "Set c.d = 2")),
            row("config show", "config show", says("issue-prefix = t  (config.yaml)")),
            absent("there is nothing besides config.yaml to drift", "config drift apply",
                   "config drift", 2),
        ),
    ),
    Command(
        "kv", BETTER, "values travel with git and are merged by name",
        (
            row("kv set", "kv set a b", prints("Set a = b\n"), gives(key="a", value="b")),
            row("kv get", "kv get zz", fails(1), says("zz (not set)")),
            row("kv list", "kv list", says("No values are set")),
            row("kv clear", "kv clear zz", fails(1), says("zz (not set)")),
        ),
    ),
    Command(
        "todo", SAME, "issues of the type task",
        (
            row("", "todo", says("Title of t-2")),
            row("todo add", "todo add Answer the mail", makes(title="Answer the mail")),
            row("todo list", "todo list", says("Title of t-2")),
            row("todo done", "todo done t-8", prints("✓ Closed t-8: Completed\n"),
                holds("t-8", status="closed")),
        ),
    ),
    Command(
        "orphans", SAME, "ids anywhere in a message of a commit, not only in parentheses",
        (row("", "orphans", prints("✓ No orphaned issues found\n"), ids("")),),
    ),
    Command(
        "doctor", BETTER, "reads only, and names the command for each finding",
        (
            row("", "doctor --check cycles", says("✓ 1 in order")),
            row("--check", "doctor --check cycles", says("✓ 1 in order")),
            row("--fix", "doctor --check cycles --fix", same),
            row("-y --yes", "doctor --check cycles -y", same),
            row("--dry-run", "doctor --check cycles --dry-run", same),
            row("--deep", "doctor --check cycles --deep", same),
            row("--perf", "doctor --check cycles --perf", same),
            row("--source", "doctor --check cycles --source jsonl", same),
            row("--check-health", "doctor --check-health", same),
        ),
    ),
    Command(
        "hooks", BETTER, "hooks of others run as before; nothing depends on ours",
        (
            row("hooks list", "hooks list", says("pre-commit: not installed"), same),
            row("hooks install", "hooks install", file(".git/hooks/pre-commit", "bd")),
            row("hooks uninstall", "hooks uninstall", same),
            row("hooks run", "hooks run pre-commit", same),
            row("--force", "hooks install --force", file(".git/hooks/pre-commit", "bd")),
            row("--chain", "hooks install --chain", file(".git/hooks/pre-commit", "bd")),
        ),
    ),
    Command(
        "worktree", BETTER, "each worktree has the log of its own branch; claims are shared",
        (
            row("worktree list", "worktree list", says("main"), ids("")),
            row("worktree info", "worktree info", gives(is_worktree=False)),
            row("worktree create", "worktree create wt --branch main", fails(1, "main")),
            row("worktree remove", "worktree remove nope", fails(1, "no worktree found")),
        ),
    ),
    Command(
        "setup", BETTER, "a marked block that --remove takes out again byte for byte",
        (
            row("setup RECIPE", "setup cursor", says("cursor")),
            row("--check", "setup codex --check", fails(1)),
            row("--remove", "setup codex --remove", same),
            row("--print", "setup codex --print", says("bd"), same),
            row("--list", "setup --list", says("aider")),
            row("-o --output", "setup codex -o A.md", file("A.md", "bd")),
            row("--stealth", "setup codex --stealth -o A.md", file("A.md", "bd")),
            idle("--project", "setup claude --project --print", says("bd"),
                 note="it is always the project's"),
            absent("-o names another file for a recipe", "--add", "setup --add x A.md", 2),
        ),
    ),
    Command(
        "migrate", BETTER, "takes what another database holds and the log lacks",
        (row("--inspect", "migrate --inspect", gives(warnings=[])),),
    ),
    Command(
        "admin", BETTER, "nothing expires by itself; a summary is written by you, not by a model",
        (
            row("admin cleanup", "admin cleanup", fails(1), says("DELETE PREVIEW"), same),
            row("--older-than", "admin cleanup --older-than 5000 --dry-run", same),
            row("--force", "admin cleanup --force", holds("t-4", status="tombstone")),
            row("--cascade", "admin cleanup --cascade --dry-run", same),
            row("--dry-run", "admin cleanup --dry-run", same),
            row("--ephemeral", "admin cleanup --ephemeral --dry-run", same),
            row("--hard", "admin cleanup --hard --force", gone("t-4")),
            row("admin compact --stats", "admin compact --stats", gives(tier=1), same),
            row("admin compact --analyze", "admin compact --analyze --tier 1 --limit 5", ids("")),
            row("admin compact --prune", "admin compact --prune", gone("t-6")),
            row("admin compact --purge-tombstones", "admin compact --purge-tombstones",
                gone("t-6")),
            absent("it asks no language model", "admin compact --auto", "admin compact --auto"),
            absent("`bd uninstall` keeps the log", "admin reset", "admin reset --force"),
            row("compact", "compact --stats", gives(tier=1)),
            row("cleanup", "cleanup --dry-run", same),
        ),
    ),
    Command(
        "restore", BETTER, "brings a deleted issue back; for old texts `bd history ID`",
        (row("", "restore t-6", says("✓ Restored t-6"), holds("t-6", status="open")),),
    ),
    Command(
        "repair", IDLE, "there is no database to mend: `bd doctor`, `bd resolve`",
        (row("", "repair", fails(1, "bd doctor")),),
    ),
    Command(
        "resolve-conflicts", BETTER, "is `bd resolve`; from git's index where it has both sides",
        (row("", "resolve-conflicts", says("no conflict markers")),),
    ),
    Command(
        "daemon", IDLE, "there is no daemon; every answer is that of the log",
        (
            row("", "daemon status", same),
            row("--start --stop --status", "daemon --start", same),
            row("daemons", "daemons list", same),
        ),
    ),
    Command(
        "state", SAME, "",
        (
            row("", "state t-1 health", says("(no health state set)"),
                gives(issue_id="t-1", dimension="health", value=None)),
            row("state list", "state list t-1", says("t-1 has no state labels")),
        ),
    ),
    Command(
        "set-state", BETTER, "the reason is a comment, not an issue of its own",
        (
            row("", "set-state t-1 health=ok", says("✓ Set health = ok on t-1"),
                holds("t-1", labels=["backend", "health:ok", "urgent"])),
            row("--reason", "set-state t-1 health=ok --reason R", gives(new_value="ok")),
        ),
    ),
    Command(
        "audit", SAME, "is merged line by line",
        (
            row("audit record", "audit record --kind llm_call --model m --prompt p --response r "
                "--issue-id t-1 --tool-name x --exit-code 0 --error e",
                file(".beads/interactions.jsonl", '"kind":"llm_call"')),
            row("--stdin", "audit record --stdin", gives(kind="tool_call"),
                stdin='{"kind":"tool_call"}'),
            row("audit label", "audit label int-0 --label good --reason R", fails(1, "int-0")),
        ),
    ),
    Command(
        "sync", BETTER,
        "commits the tracker's files alone, and pushes only if nothing else would go with them "
        "(docs/sync.md)",
        (
            row("--flush-only", "sync --flush-only", prints(""), same),
            row("--import-only --import", "sync --import-only", same),
            row("--status", "sync --status", same),
            row("--check", "sync --check", same),
            row("--dry-run", "sync --dry-run", same),
            row("-m --message", "sync -m 'Update issues' --dry-run", same),
            row("--no-pull --no-push", "sync --no-pull --no-push --dry-run", same),
            row("--full --force --squash", "sync --full --force --squash --dry-run", same),
        ),
    ),
    Command(
        "prime", BETTER, "within a budget of bytes, and says what was left out",
        (
            row("", "prime", says("bd ready")),
            row("--full --mcp --stealth", "prime --full --mcp --stealth", says("bd ready")),
            row("--export", "prime --export", says("bd ready")),
            row("--hook-json", "prime --hook-json", says("bd ready")),
            row("--memories-only", "prime --memories-only", says("Detrend first.", "1 of 1 shown")),
        ),
    ),
    Command("onboard", SAME, "", (row("", "onboard", says("bd ")),)),
    Command("quickstart", SAME, "", (row("", "quickstart", says("bd create")),)),
    Command("human", SAME, "", (row("", "human", says("bd create")),)),
    Command(
        "version", SAME, "BD_COMPAT_VERSION reports another number",
        (
            row("", "version", prints("bd version 0.49.6 (tracker)\n"), shape("version")),
            row("-V --version", "--version", prints("bd version 0.49.6 (tracker)\n")),
        ),
    ),
    Command(
        "init", BETTER,
        "changes nothing that is there and writes nothing outside of .beads but the settings that "
        "it names; what is in a log already needs no import",
        (
            row("", "init", same),
            row("-p --prefix", "init -p t", same),
            row("-q", "init -q", same),
            better("what git has already cannot be hidden, and it says so",
                   "--stealth --setup-exclude", "init --stealth", fails(1, "cannot hide it"), same),
            row("--force", "init --force", same),
            row("--skip-hooks --skip-merge-driver", "init --skip-hooks --skip-merge-driver", same),
            row("--from-jsonl", "init --from-jsonl", same),
            row("-b --branch", "init -b main", same),
            idle("--team --no-db", "init --team --no-db", same),
            absent("`BEADS_DIR=FOLDER bd init` makes a workspace elsewhere", "--contributor",
                   "init --contributor"),
            row("--backend --server", "init --backend jsonl --server", same),
            row("--non-interactive --skip-agents", "init --non-interactive --skip-agents", same),
        ),
    ),
    Command(
        "merge", BETTER, "as a merge driver, without conflicts and without loss (docs/merging.md)",
        (row("", "merge out.jsonl new.jsonl new.jsonl new.jsonl", file("out.jsonl", '"t-new"')),),
    ),
)  # fmt: skip
LATER = (
    Command(
        "remember", BETTER, "memories are merged, ranked, and known to be good or bad",
        (
            row("", "remember 'Detrend before the fit'",
                says("Remembered [detrend-before-the-fit]: Detrend before the fit"),
                gives(action="remembered", key="detrend-before-the-fit")),
            row("--key", "remember text --key a/b", gives(key="a/b")),
        ),
    ),
    Command("memories", BETTER, "ranked by what fits the question", (
        row("", "memories", prints("Memories (1):\n\n  k\n    Detrend first.\n\n"),
            gives(k="Detrend first."), same),
        row("SEARCH", "memories 'what to detrend'", says("Detrend first."),
            gives(k="Detrend first.")),
    )),
    Command("recall", SAME, "", (
        row("", "recall k", prints("Detrend first.\n"),
            gives(found=True, key="k", value="Detrend first.")),
        row("(errors)", "recall z", fails(1), says('No memory with key "z"'), gives(found=False)),
    )),
    Command("forget", BETTER, "`bd memory restore` brings it back", (
        row("", "forget k", prints("Forgot [k]: Detrend first.\n"), gives(deleted="true", key="k")),
        row("(errors)", "forget z", fails(1)),
    )),
    Command("assign", SAME, "", (row("", "assign t-8 ann", holds("t-8", assignee="ann")),)),
    Command("priority", SAME, "", (row("", "priority t-8 0", holds("t-8", priority=0)),)),
    Command("tag", SAME, "", (row("", "tag t-8 x", holds("t-8", labels=["x"])),)),
    Command("note", SAME, "", (
        row("", "note t-1 more", prints("✓ Note added to t-1\n"),
            holds("t-1", notes="seen twice\nmore")),
        row("--file", "note t-8 --file text.md", holds("t-8", notes="from a file")),
        row("--stdin", "note t-8 --stdin", holds("t-8", notes="typed"), stdin="typed\n"),
    )),
    Command("link", SAME, "", (row("", "link t-8 t-9", gives(status="added")),)),
    Command("batch", BETTER, "also a JSON object a line; one undo takes all of it back", (
        row("", "batch", holds("t-8", status="closed"), stdin="close t-8 done\n"),)),
    Command("statuses", SAME, "", (row("", "statuses", says("in_progress")),)),
    Command("context", SAME, "", (row("", "context", gives(prefix="t", actor="Ann Example")),)),
    Command("ping", SAME, "", (row("", "ping", says("ok: "), gives(ok=True)),)),
    Command("sql", BETTER, "only SELECT: the cache follows the log", (
        row("", "sql 'SELECT id FROM issues WHERE priority = 1'", prints("id\nt-1\n"),
            gives(id="t-1")),)),
    Command("dolt", IDLE, "there is no server", (
        row("dolt show", "dolt show", gives(embedded=True)),
        row("dolt start stop status", "dolt status", same),
    )),
    Command("(global flags)", SAME, "anywhere on the line", (
        row("--json", "list -p 1", ids("t-1")),
        row("--actor", "--actor Zoe create X", makes(created_by="Zoe")),
        row("--db", "--db .beads/beads.db list -p 1", ids("t-1")),
        row("-C", "-C . list -p 1", ids("t-1")),
        row("-q --quiet", "list -q -p 1", ids("t-1")),
        row("-v", "list -v -p 1", ids("t-1")),
        row("--readonly", "--readonly close t-8",
            fails(1, "operation 'close' is not allowed in read-only mode"), same),
        row("--lock-timeout", "close t-8 --lock-timeout 5s", holds("t-8", status="closed")),
        idle("--sandbox --no-daemon --no-auto-flush --no-auto-import --allow-stale --no-db "
             "--profile", "--sandbox --no-daemon --no-daemon list --no-auto-flush --no-auto-import "
             "--allow-stale --no-db --profile -p 1", ids("t-1")),
        idle("--dolt-auto-commit", "list --dolt-auto-commit off -p 1", ids("t-1")),
        row("--flag=false", "list --all=false --tree=false -p 1", ids("t-1")),
        row("--", "show -- t-1", ids("t-1")),
    )),
)  # fmt: skip
TABLE = (*CORE, *USEFUL, *LATER)
"""Every command of Beads that is here, in the order of the page."""
