"""Commands that list issues: which there are, which can be worked on, which wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli import render
from tracker.cli.command import command, ignored, pass_session
from tracker.cli.filters import chosen, filtered, limit_of, limited, ordered, say_limit
from tracker.cli.fragments import member, parent
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.answers import Answers, Page, Row
    from tracker.cli.session import Session
    from tracker.query import Filter

# The orders of `tracker.query`, whose module need not be loaded for a word.
READY_SORTS = ("priority", "hybrid", "oldest")


@command(
    "list",
    examples=[
        "bd list",
        "bd list --status open,in_progress --type bug --sort updated",
        "bd list --label backend --created-after -7d --json",
        "bd list --parent bd-a1b2c --tree",
        "bd list --ref origin/main --label backend",
    ],
)
@filtered(
    "status", "type", "priority", "assignee", "no_assignee", "label", "label_any", "exclude_label",
    "label_pattern", "label_regex", "no_labels", "exclude_type", "priority_min", "priority_max",
    "id", "title", "desc_contains", "notes_contains", "empty_description", "spec", "external_ref",
    "metadata_field", "times", "overdue", "deferred", "pinned", "parent", "no_parent", "mol_type",
    "wisp_type",
)  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Closed and archived ones too, no limit")
@click.option("--ready", is_flag=True, help="Only what bd ready would list")
@click.option("--include-templates", is_flag=True, help="Templates too")
@click.option("--include-gates", is_flag=True, help="Gates too")
@limited("50; 20 for agents")
@ordered
@click.option("--long", is_flag=True, help="Several lines for each issue")
@click.option("--tree", "--pretty", "tree", is_flag=True, help="As trees of parents and children")
@click.option("--flat", is_flag=True, help="As plain lines  [the default]")
@click.option("--ref", metavar="REV", help="As on another branch, in a commit, on a day")
@click.option("--format", "form", metavar="FORM", help="The dependencies instead: digraph or dot")
@ignored("-w", "--watch", "--skip-labels")
@pass_session
def list_(session: Session, /, **given: Any) -> None:
    """List issues: all that are not closed, unless other ones are asked for."""
    form = given["form"]
    if form is not None and form not in {"digraph", "dot"}:
        raise Invalid(
            f'invalid --format "{form}": digraph or dot (templates are not supported)',
            hint="bd list --json holds every field",
        )
    if given["ref"]:
        from tracker.cli.revision import look_back

        look_back(session, given["ref"])
    elif given["everything"]:
        session.tracker.open_archive()
    answers = session.tracker.answers
    filter = _listed_filter(session, given)
    tree = given["tree"] and not given["flat"]
    root = filter.parent if tree and not session.json else ""
    if root:
        filter = filter._replace(parent="", ids=(root, *answers.descendants(root)))
    usual = 0 if given["everything"] or form or root else 20 if session.is_agent else 50
    limit = limit_of(session, given["limit"], usual)
    sort, order = given["sort"] or "", {"back": given["reverse"], "ready": given["ready"]}
    if session.json and not limit:
        from tracker.answers import FEW

        keys = answers.keys(filter, sort, **order)
        if len(keys) > FEW and not session.flags.envelope:
            session.emit_inside(answers.inside(keys))
        else:
            session.emit_raw(answers.whole(keys))
        return
    page = answers.listed(filter, sort, limit, **order)
    if session.json:
        session.emit_raw(answers.objects(page.rows, extra=parent), total=page.total)
        return
    _say_list(session, answers, page, {**given, "tree": tree})
    say_limit(session, page)


def _listed_filter(session: Session, given: dict[str, Any]) -> Filter:
    """What `list` shows where nothing else is asked for: no closed ones, templates and gates."""
    everything = given["everything"] or "all" in (given["status"] or ())
    return chosen(
        session,
        given,
        hide_closed=not (everything or given["ids"] is not None),
        hide_templates=not given["include_templates"],
        hide_gates=not given["include_gates"] and "gate" not in (given["types"] or ()),
    )


@command(
    "children",
    examples=["bd children bd-a1b2c", "bd children bd-a1b2c --all --tree", "bd children 7f --json"],
)
@click.argument("id")
@filtered("status", "type")
@click.option("--all", "everything", is_flag=True, help="Closed ones too")
@click.option("--long", is_flag=True, help="Several lines for each issue")
@click.option("--tree", "--pretty", "tree", is_flag=True, help="All that is below it, as a tree")
@pass_session
def children(session: Session, /, id: str, **given: Any) -> None:
    """List the children of an issue that are not closed: `list --parent ID`."""
    unasked = {"ids": None, "include_templates": False, "include_gates": False}
    filter = _listed_filter(session, {**unasked, **given, "parent": id})
    answers = session.tracker.answers
    if given["tree"] and not session.json:
        filter = filter._replace(
            parent="", ids=(filter.parent, *answers.descendants(filter.parent))
        )
    page = answers.listed(filter)
    if session.json:
        session.emit_raw(answers.objects(page.rows, extra=parent))
        return
    _say_list(session, answers, page, {"form": None, **given})
    closed = answers.listed(filter._replace(hide_closed=False), limit=1).total - page.total
    if closed:
        session.note(f"{closed} closed ones are not shown (--all shows them)")


def _say_list(session: Session, answers: Answers, page: Page, given: dict[str, Any]) -> None:
    rows = page.rows
    if given["form"]:
        session.say("\n".join(_edges(answers, rows, given["form"])))
    elif not rows:
        if session.terminal is not None:
            session.note("nothing to list (bd list --all has closed ones; bd create TITLE)")
    elif given["tree"]:
        session.say("\n".join([*render.tree(rows), render.summary(rows)]))
    elif given["long"]:
        session.say(f"\nFound {render.counted(page)}:\n")
        session.say("\n".join(map(render.long, rows)))
    elif session.terminal is not None and not given.get("flat"):
        from tracker.cli import tables

        relations = {row.id: _relations(answers, row) for row in rows}
        session.say(tables.issues(session.terminal, rows, relations), styled=True)
    else:
        line = render.compact if session.is_agent else render.line
        session.say("\n".join(line(row, *_relations(answers, row)) for row in rows))


def _relations(answers: Answers, row: Row) -> tuple[list[str], list[str]]:
    """What really blocks an issue, and what it really blocks."""
    if row.status in answers.at.closing:
        return [], []
    from tracker.obstacles import Obstacles

    obstacles = Obstacles(answers)
    return render.blockers(row.id, obstacles.blockage(row.n)), obstacles.holds(row)


def _edges(answers: Answers, rows: Sequence[Row], form: str) -> list[str]:
    """The dependencies among the rows."""
    known = {row.id for row in rows}
    found = [
        (row.id, edge.id, edge.type)
        for row in rows
        for edge in answers.edges_of(row)
        if edge.id in known
    ]
    if form == "dot":
        return list(render.graphviz(rows, found))
    return list(render.edges((source, target) for source, target, _ in found))


@command(
    "ready",
    examples=[
        "bd ready",
        "bd ready --json --limit 5",
        "bd ready --assignee ann --type bug",
        "bd ready --explain bd-a1b2c",
    ],
)
@click.argument("id", required=False, metavar="[ID]")
@filtered(
    "priority", "assignee", "unassigned", "label", "label_any", "exclude_label", "type",
    "exclude_type", "under", "metadata_field",
)  # fmt: skip
@limited("10")
@click.option(
    "-s", "--sort", type=click.Choice(READY_SORTS), metavar="BY",
    help="priority, oldest, or hybrid (what is new first)  [priority]",
)  # fmt: skip
@click.option("--include-deferred", is_flag=True, help="Also what is put off until later")
@click.option(
    "--explain", is_flag=True, help="Say why: of what is listed, of ID, of what is hidden"
)
@click.option("--claim", is_flag=True, help="Take the first that nobody has, and show that alone")
@click.option("--reclaim", is_flag=True, help="Instead: claimed work whose lease is over")
@click.option("--pretty", is_flag=True, help="As trees of parents and children")
@click.option("--plain", is_flag=True, help="As numbered lines  [the default]")
@ignored("--gated", "--include-ephemeral")
@ignored("--mol", "--mol-type", value=True)
@pass_session
def ready(session: Session, /, id: str | None, **given: Any) -> None:
    """List what can be worked on now, the most urgent first.

    That is every open issue that neither waits for another one nor is put off, by itself or by a
    parent.
    """
    if id is not None:
        if not given["explain"]:
            raise click.UsageError("an ID goes with --explain (bd show ID shows an issue)")
        _say_why(session, id)
        return
    answers = session.tracker.answers
    filter = chosen(session, given)
    limit = limit_of(session, given["limit"], 10)
    if given["claim"]:
        _claim(session, filter, given["sort"] or "")
        return
    if given["reclaim"]:
        from tracker.cli.reclaim import say_reclaimable

        say_reclaimable(session, filter, limit)
        return
    page = answers.ready(filter, given["sort"] or "", limit, deferred=given["include_deferred"])
    if given["explain"]:
        from tracker.cli.why import say_ready

        say_ready(session, page, filter, deferred=given["include_deferred"])
    elif session.json:
        session.emit_raw(answers.objects(page.rows, edges=False, extra=parent), total=page.total)
    else:
        _say_ready(session, page, filter, given)


def _claim(session: Session, filter: Filter, sort: str) -> None:
    from tracker.cli.claiming import claim_next, claimed
    from tracker.cli.issues import as_json

    issue = claim_next(session, filter, sort)
    if session.json:
        session.emit_raw([as_json(issue)] if issue else [])
    else:
        session.say(claimed(issue))


def _say_ready(session: Session, page: Page, filter: Filter, given: dict[str, Any]) -> None:
    answers = session.tracker.answers
    if not page.rows:
        session.say(f"\n✨ {_nothing(answers, filter)}\n")
    elif given["pretty"] and not given["plain"]:
        session.say("\n".join([*render.tree(page.rows), render.summary(page.rows)]))
    elif session.terminal is not None and not given["plain"]:
        from tracker.cli import tables

        session.say(f"\n📋 Ready work ({render.counted(page)} with no blockers):\n")
        session.say(tables.issues(session.terminal, page.rows) + "\n", styled=True)
    else:
        count = render.counted(page)
        session.say(f"\n📋 Ready work ({count} with no blockers):\n")
        lines = (render.ranked(number, row) for number, row in enumerate(page.rows, 1))
        session.say("\n".join([*lines, ""]))
    circles = answers.cycles()
    if circles:
        session.say(render.circles(circles))
    say_limit(session, page)


def _nothing(answers: Answers, filter: Filter) -> str:
    """Why nothing is ready, as far as that is known without looking at each issue."""
    from tracker.query import Filter as Everything

    live = answers.listed(filter._replace(hide_closed=True), limit=1).total
    if not live:
        asked = filter != Everything()
        return "No open issues that match" if asked else "No open issues"
    if answers.blocked(filter).total == live:
        return "No ready work found (all issues have blocking dependencies)"
    return "No ready work found (bd ready --explain says why)"


@command(
    "blocked",
    examples=["bd blocked", "bd blocked --parent bd-a1b2c --json", "bd blocked --why bd-d3e4f"],
)
@filtered("under", "priority", "assignee", "no_assignee", "label", "label_any", "type")
@click.option("--why", metavar="ID", help="What ID waits for, down to what can be worked on")
@pass_session
def blocked(session: Session, /, why: str | None, **given: Any) -> None:
    """List what waits for something else, and for what. There is no limit."""
    if why is not None:
        _say_why(session, why)
        return
    from tracker.obstacles import Obstacles

    answers = session.tracker.answers
    page = answers.blocked(chosen(session, given))
    obstacles = Obstacles(answers)
    reasons = obstacles.blockages(page.rows)
    circles = {id: way for way in reversed(answers.cycles()) for id in way}
    if session.json:

        def more(row: Row) -> str:
            by = render.blockers(row.id, reasons[row.id])
            circle = member("cycle", circles[row.id]) if row.id in circles else ""
            count = member("blocked_by_count", len(by))
            return parent(row) + count + member("blocked_by", by) + circle

        session.emit_raw(answers.objects(page.rows, edges=False, extra=more), total=page.total)
    elif not page.rows:
        session.say("\n✨ No blocked issues\n")
    elif session.terminal is not None:
        from tracker.cli import tables

        session.say(f"\n🚫 Blocked issues ({page.total}):\n")
        by = {row.id: (render.blockers(row.id, reasons[row.id]), ()) for row in page.rows}
        session.say(tables.issues(session.terminal, page.rows, by) + "\n", styled=True)
        if circles:
            session.say(render.circles(answers.cycles()))
    else:
        session.say(f"\n🚫 Blocked issues ({page.total}):\n")
        session.say(
            "\n".join(
                render.held(row, reasons[row.id], circles.get(row.id, [])) for row in page.rows
            )
        )


def _say_why(session: Session, text: str) -> None:
    from tracker.cli.why import say

    say(session, session.tracker.resolve(text))
