"""list, ready, blocked, search, count and stats, on workspaces made for the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.issue_workspace import DAY, HOUR, Desk, ago, child, desk, issue
from tracker.log.issue_codec import encode

SHAPES = Path(__file__).resolve().parents[4] / "shared" / "reference" / "shapes.json"

ISSUES = (
    issue("t-epic", "The epic", issue_type="epic", priority=1, created_at=ago(9 * DAY)),
    child("t-epic.1", "t-epic", ("blocks", "t-done"), assignee="ann", labels=("api", "web")),
    child("t-epic.2", "t-epic", ("blocks", "t-epic.1"), labels=("web",), priority=3),
    child("t-epic.3", "t-epic", status="closed", closed_at=ago(DAY)),
    issue(
        "t-bug", "Crash on login", issue_type="bug", priority=0, estimated_minutes=30,
        description="The page goes blank", notes="Seen twice", external_ref="gh-9",
        spec_id="docs/login.md", metadata='{"team":"core","size":2}', labels=("api-v2",),
        due_at=ago(HOUR), owner="ann@example.com", design="D", acceptance_criteria="A",
    ),
    issue("t-wait", "Wait", ("blocks", "t-bug"), ("blocks", "t-gone"), ("related", "t-epic")),
    issue("t-busy", "Busy", status="in_progress", assignee="bob", updated_at=ago(HOUR)),
    issue("t-done", "Done", status="closed", closed_at=ago(DAY), close_reason="Fixed"),
    issue("t-late", "Later", defer_until=ago(-DAY), due_at=ago(-DAY)),
    issue("t-off", "Off", status="deferred"),
    issue("t-pin", "Pinned", pinned=True),
    issue("t-tmpl", "Template", is_template=True),
    issue("t-gate", "Gate", issue_type="gate"),
    issue("t-dead", "Dead", status="tombstone", deleted_at=ago(DAY)),
    issue("t-rev", "In review", status="review", priority=4, created_at=ago(1 * HOUR)),
)  # fmt: skip
OPEN = {
    "t-epic", "t-epic.1", "t-epic.2", "t-bug", "t-wait", "t-busy", "t-late", "t-off", "t-pin",
    "t-rev",
}  # fmt: skip
CLOSED = {"t-epic.3", "t-done"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return desk(tmp_path_factory.mktemp("place"), ISSUES)


def test_a_line_of_the_list_tells_what_beads_tells(place):
    assert place.bd("list").lines == [
        "○ t-bug [● P0] [bug] [api-v2] - Crash on login (blocks: t-wait)",
        "○ t-epic [● P1] [epic] - The epic",
        "◐ t-busy [● P2] [task] @bob - Busy",
        "○ t-epic.1 [● P2] [task] @ann [api web] - Title of t-epic.1 (blocks: t-epic.2)",
        "○ t-late [● P2] [task] - Later",
        "❄ t-off [● P2] [task] - Off",
        "○ 📌 t-pin [● P2] [task] - Pinned",
        "○ t-wait [● P2] [task] - Wait (blocked by: t-bug)",
        "○ t-epic.2 [● P3] [task] [web] - Title of t-epic.2 (blocked by: t-epic.1)",
        "? t-rev [● P4] [task] - In review",
    ]


def test_a_closed_line_has_no_bullet(place):
    assert "✓ t-done [P2] [task] - Done" in place.bd("list", "--status", "closed").lines


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", OPEN),
        ("--all", OPEN | CLOSED),
        ("--status all", OPEN | CLOSED),
        ("--status all,open", OPEN | CLOSED),
        ("--all --include-templates --include-gates", OPEN | CLOSED | {"t-tmpl", "t-gate"}),
        ("--include-templates", OPEN | {"t-tmpl"}),
        ("--include-gates", OPEN | {"t-gate"}),
        ("--type gate", {"t-gate"}),
        ("-s closed", CLOSED),
        ("-s closed,in_progress", {*CLOSED, "t-busy"}),
        ("-s closed -s review", {*CLOSED, "t-rev"}),
        ("-s tombstone", {"t-dead"}),
        ("-p 0", {"t-bug"}),
        ("--priority P0,1", {"t-bug", "t-epic"}),
        ("--priority-min 3", {"t-epic.2", "t-rev"}),
        ("--priority-max 0", {"t-bug"}),
        ("--priority-min 0 --priority-max P1", {"t-bug", "t-epic"}),
        ("-t bug,epic", {"t-bug", "t-epic"}),
        ("--exclude-type task", {"t-bug", "t-epic"}),
        ("-a ann", {"t-epic.1"}),
        ("--no-assignee", OPEN - {"t-epic.1", "t-busy"}),
        ("-l web", {"t-epic.1", "t-epic.2"}),
        ("-l web -l api", {"t-epic.1"}),
        ("--label-any api,api-v2", {"t-epic.1", "t-bug"}),
        ("--label-pattern api*", {"t-epic.1", "t-bug"}),
        ("--label-regex v[0-9]$", {"t-bug"}),
        ("-l web --exclude-label api", {"t-epic.2"}),
        ("--no-labels", OPEN - {"t-epic.1", "t-epic.2", "t-bug"}),
        ("--id t-bug,t-done", {"t-bug", "t-done"}),
        ("--id bug", {"t-bug"}),
        ("--title LOGIN", {"t-bug"}),
        ("--title-contains login", {"t-bug"}),
        ("--title login --title crash", {"t-bug"}),
        ("--title login --title wait", set()),
        ("--desc-contains BLANK", {"t-bug"}),
        ("--notes-contains twice", {"t-bug"}),
        ("--spec docs/", {"t-bug"}),
        ("--external-ref gh-9", {"t-bug"}),
        ("--metadata-field team=core --metadata-field size=2", {"t-bug"}),
        ("--metadata-field team=other", set()),
        ("--empty-description", OPEN - {"t-bug"}),
        ("--created-after -2h", {"t-rev"}),
        ("--created-before -1w", {"t-epic"}),
        ("--updated-after -2h", {"t-busy"}),
        ("--updated-after 2027-01-15T06:30:00Z", {"t-busy"}),
        ("--updated-before today", OPEN - {"t-busy"}),
        ("--closed-after -2d --status closed", CLOSED),
        ("--closed-before 1990-01-01 --status closed", set()),
        ("--created-before 1970-01-01", set()),
        ("--due-before 9999-12-31", {"t-bug", "t-late"}),
        ("--due-after today", {"t-bug", "t-late"}),
        ("--defer-after today", {"t-late"}),
        ("--defer-before tomorrow", set()),
        ("--overdue", {"t-bug"}),
        ("--deferred", {"t-late", "t-off"}),
        ("--pinned", {"t-pin"}),
        ("--no-pinned", OPEN - {"t-pin"}),
        ("--parent t-epic", {"t-epic.1", "t-epic.2"}),
        ("--filter-parent epic", {"t-epic.1", "t-epic.2"}),
        ("--no-parent", OPEN - {"t-epic.1", "t-epic.2"}),
        ("--ready", {"t-bug", "t-epic", "t-epic.1"}),
        ("--ready --type bug", {"t-bug"}),
        ("--mol-type swarm", set()),
        ("--tree=false", OPEN),
        ("--tree --flat", OPEN),
    ],
)
def test_a_filter_lets_through_what_it_says(place, words, expected):
    asked = ("list", *words.split(), "--json")
    assert set(place.bd(*asked).ids) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["t-bug", "t-epic", "t-epic.1", "t-epic.2"]),
        ("--sort id", ["t-bug", "t-epic", "t-epic.1", "t-epic.2"]),
        ("--sort id -r", ["t-epic.2", "t-epic.1", "t-epic", "t-bug"]),
        ("--sort priority --reverse", ["t-epic.2", "t-epic.1", "t-epic", "t-bug"]),
        ("--sort created", ["t-bug", "t-epic.1", "t-epic.2", "t-epic"]),
        ("--sort title", ["t-bug", "t-epic", "t-epic.1", "t-epic.2"]),
        ("--sort type", ["t-bug", "t-epic", "t-epic.1", "t-epic.2"]),
        ("--sort assignee", ["t-bug", "t-epic", "t-epic.2", "t-epic.1"]),
        ("--sort id -r -n 2", ["t-epic.2", "t-epic.1"]),  # the order comes before the limit
    ],
)
def test_the_order_is_the_one_that_was_asked_for(place, words, expected):
    ids = "t-epic,t-epic.1,t-epic.2,t-bug"
    assert place.bd("list", "--id", ids, *words.split(), "--json").ids == expected


def test_limits_never_lie(place):
    told = place.bd("list", "-n", "3")
    assert len(told.lines) == 3
    assert told.err == "Note: Showing 3 of 10 issues (--limit 0 shows all)\n"
    assert place.bd("list", "-n", "3", "-q").err == ""
    assert place.bd("list", "-n", "10").err == ""
    for words in (("list",), ("search", "t-")):
        enveloped = place.bd(*words, "--all" if words == ("list",) else "-r", "-n", "2", "--json",
                             "--envelope").json  # fmt: skip
        assert (len(enveloped["data"]), enveloped["shown"]) == (2, 2)
        assert enveloped["total"] == 12 if words == ("list",) else enveloped["total"] > 10


def many(count):
    return [issue(f"t-{number:03}") for number in range(count)]


def test_people_get_50_and_programs_all(tmp_path):
    place = desk(tmp_path, many(60))
    assert len(place.bd("list").lines) == 50
    assert "Showing 50 of 60" in place.bd("list").err
    for words in (("-n", "0"), ("--all",), ("--limit=0",)):
        assert len(place.bd("list", *words).lines) == 60
    assert len(place.ask("list")) == 60
    assert len(place.ask("list", "--limit", "7")) == 7
    assert len(place.ask("ready")) == len(place.ask("search", "t-")) == 60
    assert "(10 of 60 issues with no blockers)" in place.bd("ready").out
    assert len(place.bd("search", "t-").lines) == 51


@pytest.mark.parametrize("env", [{"BD_AGENT_MODE": "1"}, {"CLAUDE_CODE": "yes"}])
def test_agents_get_short_lines_and_fewer(tmp_path, env):
    place = desk(tmp_path, [*many(24), issue("t-x", "X", ("blocks", "t-000"), priority=0)])
    told = place.bd("list", env=env)
    assert told.lines[0] == "t-x: X (blocked by: t-000)"
    assert len(told.lines) == 20
    assert "Showing 20 of 25" in told.err
    assert len(place.bd("list", env={"BD_AGENT_MODE": "0"}).lines) == 25
    assert len(place.bd("list", "--json", env=env).json) == 25


def test_nothing_found_is_no_line_and_an_empty_array(place):
    assert place.bd("list", "--title", "nowhere").out == ""
    assert place.ask("list", "--title", "nowhere") == []


def test_a_status_that_nothing_can_have_is_refused(tmp_path):
    place = desk(tmp_path, ISSUES, "status.custom: waiting\nstatus.closed: shipped\n")
    for status, count in (("review", 1), ("waiting", 0), ("shipped", 0), ("hooked", 0)):
        assert len(place.ask("list", "--status", status)) == count
    for words in (("list",), ("search", "x"), ("count",)):
        refused = place.bd(*words, "--status", "open,bogus", code=1)
        assert refused.err.startswith('Error: invalid status "bogus": use open, in_progress')
        assert "waiting" in refused.err
    told = json.loads(place.bd("list", "--status", "bogus", "--json", code=1).err)
    assert told["error"].startswith('invalid status "bogus": use open')


def test_wrong_words_are_wrong_usage(place):
    assert place.bd("list", "--sort", "id").code == 0
    told = place.bd("list", "--sort", "size", code=2).err
    assert "use priority, created, updated, closed" in told
    assert (
        'invalid --sort "age": use priority, hybrid or oldest'
        in place.bd("ready", "-s", "age", code=2).err
    )
    place.bd("list", "-n", "-1", code=2)
    place.bd("search", code=2)
    place.bd("search", "  ", code=2)
    assert (
        "only one of --by-status, --by-type"
        in place.bd("count", "--by-type", "--by-status", code=2).err
    )
    place.bd("ready", "t-bug", code=2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("list --priority high", 'invalid priority "high"'),
        ("list --due-after someday", 'invalid --due-after format "someday"'),
        ("list --label-regex [", 'invalid --label-regex "["'),
        ("list --metadata-field team", 'invalid --metadata-field "team"'),
        ("list --format {{.ID}}", "digraph or dot\nHint: bd list --json"),
        ("list --parent nope", 'no issue found matching "nope"'),
        ("list --id nope", 'no issue found matching "nope"'),
        ("ready --parent nope", 'no issue found matching "nope"'),
        ("blocked --parent nope", 'no issue found matching "nope"'),
        ("blocked --why nope", 'no issue found matching "nope"'),
        ("ready --explain nope", 'no issue found matching "nope"'),
    ],
)
def test_what_cannot_be_answered_is_an_error(place, words, said):
    assert place.bd("list", "--priority", "1", "--label-regex", "a").code == 0
    refused = place.bd(*words.split(), code=1)
    assert said in refused.err
    assert refused.out == ""


def test_of_several_ids_the_known_ones_are_listed(place):
    told = place.bd("list", "--id", "t-bug,nope,t-epic", "--json", code=1)
    assert told.ids == ["t-bug", "t-epic"]
    assert 'no issue found matching \\"nope\\"' in told.err


def test_the_long_form(place):
    told = place.bd("list", "--long", "--id", "t-epic.1,t-done").lines
    assert told == [
        "", "Found 2 issues:", "",
        "t-done [P2] [task] closed", "  Done", "",
        "t-epic.1 [● P2] [task] open", "  Title of t-epic.1", "  Assignee: ann",
        "  Labels: [api web]", "",
    ]  # fmt: skip
    assert "Found 1 of 2 issues:" in place.bd("list", "--long", "--id", "t-bug,t-epic", "-n1").out


def test_a_tree_hangs_children_below_their_parents(place):
    told = place.bd("list", "--tree", "--id", "t-epic,t-epic.1,t-epic.2,t-epic.3,t-bug").lines
    assert told == [
        "○ t-bug ● P0 [bug] Crash on login",
        "○ t-epic ● P1 [epic] The epic",
        "├── ○ t-epic.1 ● P2 [task] Title of t-epic.1",
        "├── ✓ t-epic.3 ● P2 [task] Title of t-epic.3",
        "└── ○ t-epic.2 ● P3 [task] Title of t-epic.2",
        "",
        "-" * 80,
        "Total: 5 issues (4 open, 0 in progress)",
        "",
        "Status: ○ open  ◐ in_progress  ● blocked  ✓ closed  ❄ deferred",
    ]


def test_a_tree_of_a_parent_is_everything_below_it(tmp_path):
    place = desk(tmp_path, [issue("t-a"), child("t-b", "t-a"), child("t-c", "t-b"), issue("t-d")])
    assert place.bd("list", "--pretty", "--parent", "t-a").lines[:3] == [
        "○ t-a ● P2 [task] Title of t-a",
        "└── ○ t-b ● P2 [task] Title of t-b",
        "    └── ○ t-c ● P2 [task] Title of t-c",
    ]
    assert place.bd("list", "--parent", "t-a", "--json").ids == ["t-b"]


def test_a_parent_that_is_gone_still_has_its_children(tmp_path):
    place = desk(tmp_path, [child("t-a.1", "t-a"), issue("t-b")])
    assert place.bd("list", "--parent", "t-a", "--json").ids == ["t-a.1"]
    assert place.bd("ready", "--parent", "t-a", "--json").ids == ["t-a.1"]
    assert place.bd("list", "--parent", "t-c", code=1).out == ""


def test_parents_in_a_circle_are_still_listed(tmp_path):
    place = desk(tmp_path, [child("t-a", "t-b"), child("t-b", "t-a"), child("t-c", "t-c")])
    told = place.bd("list", "--tree").lines
    assert [line.split("t-")[1][:1] for line in told[:3]] == ["a", "b", "c"]


def test_the_dependencies_as_a_graph(tmp_path):
    place = desk(
        tmp_path,
        [
            issue("t-a", 'Say "hi" \\ bye', ("blocks", "t-b"), ("related", "t-b")),
            issue("t-b", "B", ("blocks", "t-gone")),
        ],
    )
    assert place.bd("list", "--format", "digraph").lines == ["t-a t-b", "t-a t-b"]
    assert place.bd("list", "--format", "dot").lines == [
        "digraph dependencies {",
        "  rankdir=LR;",
        r'  "t-a" [label="t-a\nSay \"hi\" \\ bye"];',
        r'  "t-b" [label="t-b\nB"];',
        '  "t-a" -> "t-b";',
        '  "t-a" -> "t-b" [label="related"];',
        "}",
    ]


def test_watching_is_no_part_of_this_and_says_so(place):
    told = place.bd("list", "--watch", "--no-pager", "--id", "t-bug")
    assert told.err == "Note: --watch does nothing here\n"
    assert len(told.lines) == 1


def test_ready_work_is_numbered(place):
    assert place.bd("ready").lines == [
        "",
        "📋 Ready work (3 issues with no blockers):",
        "",
        "1. [● P0] [bug] t-bug: Crash on login",
        "   Estimate: 30 min",
        "2. [● P1] [epic] t-epic: The epic",
        "3. [● P2] [task] t-epic.1: Title of t-epic.1",
        "   Assignee: ann",
        "",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["t-bug", "t-epic", "t-epic.1"]),
        ("-n 2", ["t-bug", "t-epic"]),
        ("-p 1,2", ["t-epic", "t-epic.1"]),
        ("-a ann", ["t-epic.1"]),
        ("-u", ["t-bug", "t-epic"]),
        ("--unassigned", ["t-bug", "t-epic"]),
        ("--no-assignee", ["t-bug", "t-epic"]),
        ("-l web", ["t-epic.1"]),
        ("--label-any api,api-v2", ["t-bug", "t-epic.1"]),
        ("--exclude-label api", ["t-bug", "t-epic"]),
        ("-t bug", ["t-bug"]),
        ("--exclude-type bug,task", ["t-epic"]),
        ("--parent t-epic", ["t-epic.1"]),
        ("--type gate", ["t-gate"]),
        ("--include-deferred", ["t-bug", "t-epic", "t-epic.1", "t-late"]),
        ("--sort oldest", ["t-epic", "t-bug", "t-epic.1"]),
        ("--sort hybrid", ["t-epic", "t-bug", "t-epic.1"]),
        ("--metadata-field team=core", ["t-bug"]),
        ("--gated --mol x --mol-type y", ["t-bug", "t-epic", "t-epic.1"]),
        ("--plain --pretty", ["t-bug", "t-epic", "t-epic.1"]),
    ],
)
def test_ready_takes_its_filters(place, words, expected):
    assert [item["id"] for item in place.ask("ready", *words.split())] == expected


def test_the_hybrid_order_puts_what_is_new_first(tmp_path):
    place = desk(
        tmp_path,
        [
            issue("t-old", priority=0, created_at=ago(3 * DAY)),
            issue("t-new", priority=3, created_at=ago(DAY)),
            issue("t-new0", priority=1, created_at=ago(HOUR)),
        ],
    )
    assert place.bd("ready", "--sort", "hybrid", "--json").ids == ["t-new0", "t-new", "t-old"]
    assert place.bd("ready", "--json").ids == ["t-old", "t-new0", "t-new"]


def test_ready_looks_below_a_parent_at_any_depth(tmp_path):
    place = desk(tmp_path, [issue("t-a"), child("t-b", "t-a"), child("t-c", "t-b"), issue("t-d")])
    assert place.bd("ready", "--parent", "t-a", "--json").ids == ["t-b", "t-c"]
    assert place.bd("ready", "--parent", "t-c", "--json").ids == []


def test_ready_as_a_tree(place):
    told = place.bd("ready", "--pretty").lines
    assert told[1:3] == [
        "○ t-epic ● P1 [epic] The epic",
        "└── ○ t-epic.1 ● P2 [task] Title of t-epic.1",
    ]
    assert "Total: 3 issues (3 open, 0 in progress)" in told


CIRCLE = (
    issue("t-a", "A", ("blocks", "t-b")),
    issue("t-b", "B", ("blocks", "t-c")),
    issue("t-c", "C", ("blocks", "t-a")),
)


@pytest.mark.parametrize(
    ("issues", "words", "said"),
    [
        ((), "", "✨ No open issues"),
        ((issue("t-a", status="closed"),), "", "✨ No open issues"),
        ((issue("t-a", status="open"),), "--type bug", "✨ No open issues that match"),
        ((issue("t-a", status="blocked"),), "",
         "✨ No ready work found (all issues have blocking dependencies)"),
        ((issue("t-a", status="deferred"),), "",
         "✨ No ready work found (bd ready --explain says why)"),
    ],
)  # fmt: skip
def test_nothing_ready_is_told_truthfully(tmp_path, issues, words, said):
    place = desk(tmp_path, issues)
    assert place.bd("ready", *words.split()).out == f"\n{said}\n\n"
    assert place.ask("ready", *words.split()) == []


def test_work_that_waits_for_itself_is_not_hidden_silently(tmp_path):
    place = desk(tmp_path, [*CIRCLE, issue("t-x", "X", ("blocks", "t-a")), issue("t-z")])
    circle = "t-a → t-b → t-c → t-a"
    told = place.bd("ready").lines
    assert told[3] == "1. [● P2] [task] t-z: Title of t-z"
    assert told[-1] == f"⚠ 3 issues wait for each other: {circle} (bd dep cycles)"
    assert place.bd("ready", "--json").ids == ["t-z"]
    blocked = {item["id"]: item for item in place.ask("blocked")}
    assert blocked["t-b"]["cycle"] == ["t-a", "t-b", "t-c"]
    assert "cycle" not in blocked["t-x"]
    assert f"  ⚠ They wait for each other: {circle}" in place.bd("blocked").lines
    assert place.bd("blocked", "--why", "t-x").lines == [
        "○ t-x ● P2 [task] X",
        "Not ready:",
        "└── blocked by t-a (open): A",
        "    └── blocked by t-b (open): B",
        "        └── blocked by t-c (open): C",
        "            └── blocked by t-a (open): A ← waits for the above: a circle",
        f"⚠ They wait for each other: {circle}",
    ]
    assert place.ask("blocked", "--why", "t-x")["cycle"] == ["t-a", "t-b", "t-c"]


def test_several_circles_are_counted(tmp_path):
    more = [issue("t-m", "M", ("blocks", "t-n")), issue("t-n", "N", ("blocks", "t-m"))]
    told = desk(tmp_path, [*CIRCLE, *more]).bd("ready").lines
    assert told[-1].startswith("⚠ 5 issues wait for each other: t-a → t-b → t-c → t-a and 1 more")


def test_blocked_issues_name_what_holds_them(place):
    assert place.bd("blocked").lines == [
        "",
        "🚫 Blocked issues (2):",
        "",
        "[● P2] t-wait: Wait",
        "  Blocked by 1 open dependencies: [t-bug]",
        "",
        "[● P3] t-epic.2: Title of t-epic.2",
        "  Blocked by 1 open dependencies: [t-epic.1]",
        "",
    ]
    found = place.ask("blocked")
    assert [(item["id"], item["blocked_by_count"], item["blocked_by"]) for item in found] == [
        ("t-wait", 1, ["t-bug"]),
        ("t-epic.2", 1, ["t-epic.1"]),
    ]
    assert [item["id"] for item in place.ask("blocked", "--parent", "t-epic")] == ["t-epic.2"]
    assert place.bd("blocked", "--parent", "t-bug").out == "\n✨ No blocked issues\n\n"


def test_blocked_by_a_status_or_through_a_parent(tmp_path):
    place = desk(
        tmp_path,
        [
            issue("t-own", status="blocked"),
            issue("t-p", "", ("blocks", "t-x")),
            child("t-p.1", "t-p"),
            issue("t-q", status="blocked", priority=3),
            child("t-q.1", "t-q", priority=3),
            issue("t-x", priority=4),
        ],
    )
    told = place.bd("blocked").out
    assert "[● P2] t-own: Title of t-own\n  Its status is blocked; no dependency holds it\n" in told
    assert (
        "[● P2] t-p.1: Title of t-p.1\n  Blocked by 1 open dependencies: [t-x]\n"
        "  It waits through its parent t-p\n"
    ) in told
    found = {item["id"]: item["blocked_by"] for item in place.ask("blocked")}
    assert found == {"t-own": [], "t-p": ["t-x"], "t-p.1": ["t-x"], "t-q": [], "t-q.1": ["t-q"]}


WHY = (
    issue("t-goal", "Goal", ("blocks", "t-mid"), ("blocks", "t-busy"), ("blocks", "t-leaf")),
    issue("t-mid", "Mid", ("blocks", "t-leaf"), ("conditional-blocks", "t-done")),
    issue("t-leaf", "Leaf"),
    issue("t-busy", "Busy", status="in_progress", assignee="bob"),
    issue("t-done", "Done", status="closed", close_reason="Fixed"),
    issue("t-box", "Box"),
    child("t-box.1", "t-box"),
    child("t-box.2", "t-box", status="closed"),
    issue("t-fan", "Fan", ("waits-for", "t-box")),
    issue("t-late", "Late", ("blocks", "t-fan"), defer_until=ago(-DAY)),
    child("t-late.1", "t-late"),
)


def test_why_goes_down_to_what_can_be_worked_on(tmp_path):
    place = desk(tmp_path, WHY)
    assert place.bd("blocked", "--why", "goal").lines == [
        "○ t-goal ● P2 [task] Goal",
        "Not ready:",
        "├── blocked by t-mid (open): Mid",
        "│   ├── blocked by t-leaf (open): Leaf ← can be worked on",
        "│   └── waits for t-done to fail (closed): Done",
        "├── blocked by t-busy (in_progress): Busy ← in progress, bob",
        "└── blocked by t-leaf (open): Leaf ← see above",
    ]
    assert place.ask("blocked", "--why", "t-goal") == {
        "id": "t-goal",
        "ready": False,
        "reasons": [
            {"kind": "blocks", "id": "t-mid", "through": "t-goal", "title": "Mid",
             "status": "open"},
            {"kind": "blocks", "id": "t-busy", "through": "t-goal", "title": "Busy",
             "status": "in_progress"},
            {"kind": "blocks", "id": "t-leaf", "through": "t-goal", "title": "Leaf",
             "status": "open"},
        ],
        "workable": ["t-leaf"],
        "cycle": [],
    }  # fmt: skip


def test_why_follows_parents_deferrals_and_children(tmp_path):
    place = desk(tmp_path, WHY)
    assert place.bd("ready", "--explain", "t-late.1").lines == [
        "○ t-late.1 ● P2 [task] Title of t-late.1",
        "Not ready:",
        "├── parent t-late deferred until 2027-01-16 08:00 UTC",
        "└── parent t-late blocked by t-fan (open): Fan",
        "    └── waits for the children of t-box",
        "        └── its child t-box.1 (open): Title of t-box.1 ← can be worked on",
    ]
    assert place.ask("ready", "--explain", "t-late.1")["workable"] == ["t-box.1"]


def test_why_of_what_is_ready_or_done(tmp_path):
    place = desk(tmp_path, WHY)
    assert place.bd("blocked", "--why", "t-leaf").lines == [
        "○ t-leaf ● P2 [task] Leaf",
        "Ready: yes",
    ]
    assert place.bd("blocked", "--why", "t-done").lines == [
        "✓ t-done ● P2 [task] Done",
        "Not ready: it is done",
    ]
    told = place.ask("blocked", "--why", "t-leaf")
    assert told == {"id": "t-leaf", "ready": True, "reasons": [], "workable": [], "cycle": []}


def test_a_long_chain_is_followed_to_its_end(tmp_path):
    links = [issue(f"t-{n:04}", "", ("blocks", f"t-{n + 1:04}")) for n in range(1500)]
    place = desk(tmp_path, [*links, issue("t-1500", "The end")])
    told = place.bd("blocked", "--why", "t-0000").lines
    assert len(told) == 1502
    assert told[-1].endswith("blocked by t-1500 (open): The end ← can be worked on")
    assert max(map(len, told)) < 400
    assert place.ask("blocked", "--why", "t-0000")["workable"] == ["t-1500"]


def test_explain_tells_why_and_what_is_hidden(place):
    assert place.bd("ready", "--explain").lines == [
        "",
        "📋 Ready work (3 issues with no blockers):",
        "",
        "1. [● P0] [bug] t-bug: Crash on login",
        "   Estimate: 30 min",
        "   Why: open, nothing blocks it",
        "2. [● P1] [epic] t-epic: The epic",
        "   Why: open, nothing blocks it",
        "3. [● P2] [task] t-epic.1: Title of t-epic.1",
        "   Assignee: ann",
        "   Why: open, nothing blocks it, and done: t-done",
        (
            "Not ready: 2 blocked (bd blocked), 2 deferred (bd list --deferred), 1 in progress, "
            "1 kept by orchestrators (--type), 2 pinned, ephemeral or templates, 1 review"
        ),
    ]
    told = place.ask("ready", "--explain", "-n", "1")
    assert [item["id"] for item in told["ready"]] == ["t-bug"]
    assert told["total"] == 3
    assert told["hidden"] == {
        "blocked": 2, "deferred": 2, "in_progress": 1, "kept": 1, "no work": 2, "review": 1,
    }  # fmt: skip
    later = place.ask("ready", "--explain", "--include-deferred")
    assert later["total"] == 4
    assert later["hidden"]["deferred"] == 1


def test_search_looks_into_titles_descriptions_and_ids(place):
    assert place.bd("search", "LOGIN").lines == [
        "Found 1 issues matching 'LOGIN':",
        "t-bug [P0] [bug] open [api-v2] - Crash on login",
    ]
    assert place.bd("search", "page", "goes", "--json").ids == ["t-bug"]
    assert place.bd("search", "epic.1", "--json").ids == ["t-epic.1"]
    assert place.bd("search", "--query", "-done", "--json").ids == ["t-done"]
    assert place.bd("search", "t-", "--status", "closed", "--json").ids == ["t-done", "t-epic.3"]
    assert place.bd("search", "t-epic", "--sort", "id", "-r", "-n", "2", "--json").ids == [
        "t-epic.3",
        "t-epic.2",
    ]
    assert "Found 2 of 4 issues matching 't-epic':" in place.bd("search", "t-epic", "-n", "2").out
    assert place.bd("search", "nowhere").out == "No issues found matching 'nowhere'\n"
    assert place.ask("search", "nowhere") == []
    assert "t-dead" not in place.bd("search", "Dead", "--json").ids
    assert "  Crash on login\n" in place.bd("search", "crash", "--long").out


def test_count_includes_what_is_closed(place):
    assert place.bd("count").out == "14\n"
    assert place.ask("count") == {"count": 14}
    assert place.ask("count", "--status", "closed") == {"count": 2}
    assert place.ask("count", "-p", "0", "--assignee", "") == {"count": 1}
    assert place.bd("count", "--by-status").lines == [
        "Total: 14", "", "closed: 2", "deferred: 1", "in_progress: 1", "open: 9", "review: 1",
    ]  # fmt: skip
    assert place.ask("count", "--by-priority", "--status", "open") == {
        "total": 9,
        "groups": [
            {"group": "P0", "count": 1},
            {"group": "P1", "count": 1},
            {"group": "P2", "count": 6},
            {"group": "P3", "count": 1},
        ],
    }
    assert place.bd("count", "--by-type").lines[2:] == ["bug: 1", "epic: 1", "gate: 1", "task: 11"]
    assert place.bd("count", "--by-assignee").lines[2:] == ["(unassigned): 12", "ann: 1", "bob: 1"]
    assert place.bd("count", "--by-label").lines[2:] == [
        "(no labels): 11", "api: 1", "api-v2: 1", "web: 2",
    ]  # fmt: skip


def test_stats_in_columns(place):
    assert place.bd("stats").lines == [
        "",
        "📊 Issue Database Status",
        "",
        "Summary:",
        "  Total Issues:           14",
        "  Open:                   9",
        "  In Progress:            1",
        "  Blocked:                2",
        "  Closed:                 2",
        "  Ready to Work:          3",
        "",
        "Extended:",
        "  Deferred:               1",
        "  Status Review:          1",
        "  Deleted:                1 (tombstones)",
        "  Pinned:                 1",
        "  Avg Lead Time:          24.0 hours",
        "",
    ]
    assert place.ask("status", "--no-activity") == place.ask("stats")
    assert place.ask("stats")["summary"] == {
        "total_issues": 14,
        "open_issues": 9,
        "in_progress_issues": 1,
        "closed_issues": 2,
        "blocked_issues": 2,
        "deferred_issues": 1,
        "ready_issues": 3,
        "tombstone_issues": 1,
        "pinned_issues": 1,
        "epics_eligible_for_closure": 0,
        "average_lead_time_hours": 24,
    }
    assert place.ask("stats", "--assigned")["summary"]["total_issues"] == 1
    assert (
        place.bd("stats", "--assigned", "--json", env={"BD_ACTOR": "nobody"}).json["summary"][
            "total_issues"
        ]
        == 0
    )


def test_stats_of_custom_and_passed_states(tmp_path):
    place = desk(
        tmp_path,
        [
            issue("t-past", status="deferred", defer_until=ago(DAY)),
            issue(
                "t-done", status="done", created_at=ago(3 * HOUR), closed_at=ago(90 * 60 * 10**9)
            ),
            issue("t-open", closed_at=ago(0)),
            issue("t-e", issue_type="epic"),
            child("t-e.1", "t-e", status="done"),
            child("t-e.2", "t-e", status="tombstone"),
            issue("t-f", issue_type="epic"),
            child("t-f.1", "t-f", status="tombstone"),
            issue("t-g", issue_type="epic"),
            child("t-g.1", "t-g", status="closed"),
            child("t-g.2", "t-g"),
        ],
        "status.closed: done\n",
    )
    summary = place.ask("stats")["summary"]
    assert summary["open_issues"] == 6
    assert summary["deferred_issues"] == 0
    assert summary["closed_issues"] == 3
    assert summary["average_lead_time_hours"] == 1.5
    assert summary["epics_eligible_for_closure"] == 1
    assert summary["total_issues"] == 9


HOSTILE = "one\ntwo \x1b[31mred\x1b[0m \u202etfel\x07"


def test_text_of_the_log_cannot_steer_a_terminal_or_fake_a_line(tmp_path):
    bad = issue(
        "t-a", HOSTILE, assignee=HOSTILE, labels=(HOSTILE,), issue_type=HOSTILE, status="open"
    )
    place = desk(tmp_path, [bad, issue("t-b", "B", ("blocks", "t-a"))])
    for words in (
        "list", "list --long", "list --tree", "ready", "ready --explain", "blocked",
        "blocked --why t-b", "search one", "count --by-label", "count --by-assignee", "show t-a",
        "show t-b", "show t-a --short", "show t-a --refs", "list --format dot", "stats",
    ):  # fmt: skip
        told = place.bd(*words.split()).out
        assert not {"\x1b", "\x07", "\u202e"} & set(told), words
        assert "\ntwo" not in told, words
    (found,) = place.ask("list", "--id", "t-a")
    assert found["title"] == HOSTILE


def test_a_problem_of_the_log_is_told_once_and_on_stderr(tmp_path):
    good = encode(issue("t-a"))
    place = Desk(tmp_path, [good, b"no json", b'{"title":"no id"}'])
    for words in ("list", "ready", "blocked", "search t-", "count", "stats", "show t-a"):
        for more in ((), ("--json",)):
            told = place.bd(*words.split(), *more)
            assert told.err.count("Warning: ") == 1, words
            assert "issues.jsonl:2" in told.err
            assert told.out
        assert place.bd(*words.split(), "--quiet").err == ""
    assert place.bd("list", "--json").ids == ["t-a"]


def shape(value):
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool):
        return "bool"
    return "int" if isinstance(value, int) else "float" if isinstance(value, float) else "string"


def lacks(found, wanted, where=""):
    """What `found` lacks of the shape that is wanted, or has of another type."""
    if wanted == "object":
        return [] if isinstance(found, dict) else [where]
    if isinstance(wanted, list):
        pairs = zip(found, wanted, strict=False)
        return (
            [where]
            if wanted and not found
            else [missing for one, two in pairs for missing in lacks(one, two, where)]
        )
    if isinstance(wanted, dict):
        return [
            missing
            for name, kind in wanted.items()
            for missing in (
                lacks(found[name], kind, f"{where}.{name}")
                if name in found
                else [f"{where}.{name}"]
            )
        ]
    return [] if found == wanted else [f"{where}: {found}, not {wanted}"]


def rich():
    """An issue that has everything, and others that give it edges on both sides."""
    full = issue(
        "t-full", "Full", ("blocks", "t-x"), ("parent-child", "t-p"), description="d", design="d",
        acceptance_criteria="a", notes="n", assignee="ann", owner="ann@example.com",
        estimated_minutes=5, due_at=ago(-DAY), defer_until=ago(DAY), external_ref="gh-1",
        labels=("one",), remarks=(("ann", "Hello"),),
    )  # fmt: skip
    free = issue(
        "t-free", "Free", description="d", design="d", acceptance_criteria="a", notes="n",
        assignee="ann", owner="ann@example.com", estimated_minutes=5, external_ref="gh-1",
        labels=("one",), due_at=ago(-DAY), defer_until=ago(DAY),
    )  # fmt: skip
    done = issue(
        "t-over", "Over", ("blocks", "t-x"), ("parent-child", "t-p"), status="closed",
        closed_at=ago(HOUR), close_reason="Fixed", description="d", design="d", notes="n",
        acceptance_criteria="a", assignee="ann", owner="ann@example.com", estimated_minutes=5,
        due_at=ago(-DAY), defer_until=ago(DAY), external_ref="gh-2", labels=("one",),
        remarks=(("ann", "Hello"),),
    )  # fmt: skip
    return [full, free, done, issue("t-x", "X"), issue("t-p"), child("t-k", "t-over")]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("list --id t-over", "list --json"),
        ("ready --sort oldest -l one", "ready --json"),
        ("blocked", "blocked --json"),
        ("search Free", "search --json"),
        ("show t-over", "show --json"),
        ("stats", "stats --json"),
        ("status", "status --json"),
    ],
)
def test_the_answers_have_the_shapes_that_clients_know(tmp_path, words, name):
    if not SHAPES.is_file():
        pytest.skip(f"the shapes of the reference are not there: {SHAPES}")
    wanted = json.loads(SHAPES.read_text())[name]
    found = desk(tmp_path, rich()).bd(*words.split(), "--json").json
    assert not lacks(shape(found), wanted)


def test_the_shape_of_counts(tmp_path):
    if not SHAPES.is_file():
        pytest.skip(f"the shapes of the reference are not there: {SHAPES}")
    wanted = json.loads(SHAPES.read_text())["count --json"]
    place = desk(tmp_path, rich())
    both = {**place.ask("count"), **place.ask("count", "--by-status")}
    assert not lacks(shape(both), wanted)


def test_the_comparison_of_shapes_notices_what_is_missing():
    assert not lacks(shape({"a": [1], "b": "x"}), {"a": ["int"], "b": "string"})
    assert lacks(shape({"a": ["1"]}), {"a": ["int"], "b": "string"}) == [
        ".a: string, not int",
        ".b",
    ]


def test_a_list_holds_the_edges_and_their_targets(place):
    (found,) = place.ask("list", "--id", "t-epic.2")
    edges = {edge["depends_on_id"]: edge for edge in found["dependencies"]}
    assert edges["t-epic"]["type"] == edges["t-epic"]["dependency_type"] == "parent-child"
    assert edges["t-epic.1"]["title"] == "Title of t-epic.1"
    assert edges["t-epic.1"]["status"] == "open"
    (waiting,) = place.ask("list", "--id", "t-wait")
    assert waiting["dependencies"][1] == {
        "issue_id": "t-wait", "depends_on_id": "t-gone", "type": "blocks", "created_at": ago(DAY),
        "created_by": "Ann", "dependency_type": "blocks",
        # A type for readers who take edges for issues; it holds nothing up, as a deleted one.
        "id": "t-gone", "title": "(not in this log)", "status": "tombstone", "priority": 4,
        "issue_type": "task", "updated_at": "1970-01-01T00:00:00Z",
    }  # fmt: skip
    assert (found["dependency_count"], found["dependent_count"]) == (2, 0)
    assert found["parent"] == "t-epic"
    (ready,) = place.ask("ready", "-l", "api")
    assert "dependencies" not in ready
    assert (ready["dependency_count"], ready["dependent_count"]) == (2, 1)


def test_long_lists_hold_the_same_objects_as_short_ones(tmp_path):
    issues = [
        child(f"t-{n}", f"t-{n // 3}", ("blocks", f"t-{n + 1}"), ("related", "t-gone"),
              labels=("a",), remarks=(("ann", "x"),) * (n % 3))
        for n in range(1, 260)
    ]  # fmt: skip
    place = desk(tmp_path, issues)
    every = place.ask("list")
    assert len(every) == 259
    some = ",".join(item["id"] for item in every[::9])
    assert place.ask("list", "--id", some) == every[::9]
    assert place.ask("list", "-n", "150") == every[:150]
    assert place.ask("list", "-n", "250") == every[:250]
    assert {item["comment_count"] for item in every} == {0, 1, 2}
    assert place.ask("list", "--sort", "id", "-r", "-n", "0") == sorted(
        every, key=lambda item: item["id"], reverse=True
    )


def test_json_is_indented_as_beads_does_it(place):
    for words in ("list", "ready", "blocked", "search t-", "show t-epic.1 t-wait", "stats",
                  "count --by-type", "blocked --why t-wait", "ready --explain",
                  "show t-epic --children", "show t-bug --refs"):  # fmt: skip
        told = place.bd(*words.split(), "--json").out
        again = json.dumps(json.loads(told), indent=2, ensure_ascii=False) + "\n"
        assert told == again, words


@pytest.mark.parametrize(
    "command", ["list", "ready", "blocked", "search", "count", "stats", "show"]
)
def test_help_gives_an_example_and_the_defaults(place, command):
    told = place.bd(command, "--help").out
    assert "Examples:" in told
    assert f"bd {command}" in told.partition("Examples:")[2]
    if command in {"list", "ready", "search"}:
        assert "with --json" in told


def test_what_waits_may_be_asked_for_by_the_filters_of_ready(place):
    waiting = place.ask("blocked")
    kinds = {(one["issue_type"], one["priority"]) for one in waiting}
    assert len(kinds) > 1
    for kind, urgency in kinds:
        found = place.ask("blocked", "--type", kind, "-p", str(urgency))
        alike = [one for one in waiting if (one["issue_type"], one["priority"]) == (kind, urgency)]
        assert found == alike
    assert place.ask("blocked", "--label", "nobody-has-it") == []
    assert place.ask("blocked", "--no-assignee") == [
        one for one in waiting if not one.get("assignee")
    ]


@pytest.mark.parametrize("form", [" OR ".join, " AND ".join, lambda parts: ",".join(
    [parts[0], *(part.partition("=")[2] for part in parts[1:])]
)])  # fmt: skip
@pytest.mark.parametrize("part", ["status=open", "label=x*", "title=a", "updated=2026-01-01"])
def test_a_query_has_a_bounded_number_of_values(bd, form, part):
    bd.write({"id": "t-1"})
    bd("query", form([part] * 300))
    said = bd("query", form([part] * 301), code=1)
    assert "it has more than 300 values" in said.err


@pytest.mark.parametrize(
    ("line", "code", "meant"),
    [
        ("list --status close", 1, "closed"),
        ("list --status done", 1, "closed"),
        ("list --priority high", 1, "P1"),
        ("list --sort update", 2, "updated"),
        ("list --format digrap", 1, "digraph"),
        ("ready --sort old", 2, "oldest"),
        ("graph --format mermai", 2, "mermaid"),
        ("dep tree t-bug --direction dwon", 2, "down"),
        ("update t-bug --status in-progress", 1, "in_progress"),
        ("update t-bug --type defect", 1, "bug"),
        ("create X --waits-for t-bug --waits-for-gate any-child", 1, "any-children"),
    ],
)
def test_a_near_value_of_a_closed_set_is_suggested(place, line, code, meant):
    words = line.split()
    refused = place.bd(*words, code=code)
    assert refused.out == ""
    assert refused.err.startswith("Error: invalid ")
    assert f"\nHint: did you mean {meant}?\n" in refused.err
    told = place.bd(*words, "--json", code=code)
    assert json.loads(told.err or told.out)["hint"] == f"did you mean {meant}?"
