"""`bd list`: list issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, ignored, pass_session
from tracker.cli.filter_options import filtered, limit_of, limited, ordered, say_limit
from tracker.cli.queries.listing import listed_filter, print_list
from tracker.render.issue_json import parent

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session


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
@click.option(
    "--all", "everything", is_flag=True, help="Include closed and archived issues, without limit"
)
@click.option("--ready", is_flag=True, help="Ready issues only")
@click.option("--include-templates", is_flag=True, help="Include templates")
@click.option("--include-gates", is_flag=True, help="Include gates")
@limited("50; 20 for agents")
@ordered
@click.option("--long", is_flag=True, help="Show several lines for each issue")
@click.option("--tree", "--pretty", "tree", is_flag=True, help="Show parents and children as trees")
@click.option("--flat", is_flag=True, help="Show plain lines  [the default]")
@click.option("--ref", metavar="REV", help="As of a branch, commit or date")
@click.option("--format", "form", metavar="FORM", help="Show the dependencies: digraph or dot")
@ignored("-w", "--watch", "--skip-labels")
@pass_session
def list_(session: Session, /, **given: Any) -> None:
    """List issues.

    Closed issues are hidden unless --all, --status or --id asks for them.
    """
    form = given["form"]
    if form is not None and form not in {"digraph", "dot"}:
        from tracker.model.choices import not_a_choice

        hint = "bd list --json prints every field; templates are not supported"
        raise not_a_choice("--format", form, ("digraph", "dot"), hint=hint)
    if given["ref"]:
        from tracker.cli.revision import look_back

        look_back(session, given["ref"])
    elif given["everything"]:
        session.tracker.open_archive()
    answers = session.tracker.answers
    filter = listed_filter(session, given)
    tree = given["tree"] and not given["flat"]
    root = filter.parent if tree and not session.json else ""
    if root:
        filter = filter._replace(parent="", ids=(root, *answers.descendants(root)))
    usual = 0 if given["everything"] or form or root else 20 if session.is_agent else 50
    limit = limit_of(session, given["limit"], usual)
    sort, order = given["sort"] or "", {"back": given["reverse"], "ready": given["ready"]}
    if session.json and not limit:
        from tracker.cache.issues.queries import FEW

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
    print_list(session, answers, page, {**given, "tree": tree})
    say_limit(session, page)
