"""The same work written down twice: `duplicate`, `duplicates`, `find-duplicates`, `supersede`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import command, pass_session
from tracker.cli.filters import limit_of, limited
from tracker.cli.plain import one_line
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tracker.change import Who
    from tracker.cli.session import Session
    from tracker.fields import Settings
    from tracker.log import Draft
    from tracker.model import Issue
    from tracker.twins import Group, Pair

    Action = Callable[[Draft, str, str, Settings, Who], Issue]


@command("duplicate", examples=["bd duplicate bd-a1b2c --of bd-d3e4f"], writes=True)
@click.argument("id")
@click.option("--of", required=True, metavar="ID", help="The issue that stays")
@pass_session
def duplicate(session: Session, /, id: str, of: str) -> None:
    """Close an issue because another one says the same."""
    from tracker.twins import duplicate as action

    one, other = _replace(session, id, of, action)
    if session.json:
        session.emit({"duplicate": one, "canonical": other, "status": "closed"})
    else:
        session.say(f"✓ Marked {one} as duplicate of {other} (closed)")


@command("supersede", examples=["bd supersede bd-a1b2c --with bd-d3e4f"], writes=True)
@click.argument("id")
@click.option("--with", "by", required=True, metavar="ID", help="The issue that takes its place")
@pass_session
def supersede(session: Session, /, id: str, by: str) -> None:
    """Close an issue because another one takes its place."""
    from tracker.twins import supersede as action

    one, other = _replace(session, id, by, action)
    if session.json:
        session.emit({"superseded": one, "replacement": other, "status": "closed"})
    else:
        session.say(f"✓ Marked {one} as superseded by {other} (closed)")


def _replace(session: Session, id: str, other: str, action: Action) -> tuple[str, str]:
    """Close one issue in favour of another; their full ids. What waited for it is named."""
    from tracker.ids import resolve
    from tracker.model import BLOCKING, PARENT

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    waiting: list[str] = []

    def replace(draft: Draft) -> tuple[str, str]:
        one, two = (resolve(text, draft, settings.prefix) for text in (id, other))
        if one == two:
            raise Invalid(f"{one} cannot take its own place", hint="name two issues")
        action(draft, one, two, settings, who)
        for edge in draft.incoming(one):
            source = draft.get_issue(edge.issue_id)
            if (
                edge.type in BLOCKING - {PARENT}
                and source
                and source.status not in settings.closing
            ):
                waiting.append(source.id)
        return one, two

    one, two = workspace.write(replace)
    for source in dict.fromkeys(waiting):
        if source != two:
            session.note(f"{source} waited for {one}: bd dep add {source} {two}")
    return one, two


@command(
    "duplicates",
    examples=["bd duplicates", "bd duplicates --auto-merge --dry-run", "bd duplicates --json"],
)
@click.option("--auto-merge", is_flag=True, help="Close all but one of each group")
@click.option("--dry-run", is_flag=True, help="Show what --auto-merge would close")
@pass_session
def duplicates(session: Session, /, auto_merge: bool, dry_run: bool) -> None:
    """Find open issues that say the same, word for word."""
    from tracker import twins

    workspace = session.tracker
    settings = workspace.settings()
    merging = auto_merge and not dry_run
    if merging:
        who = workspace.who()
        found = workspace.write(lambda draft: twins.merge(draft, settings, who))
    else:
        found = workspace.rehearse(lambda d: twins.groups(twins.every(d), settings.closing))
    if session.json:
        _emit_groups(session, found, merged=merging)
    elif not found:
        session.say("✓ No duplicates found")
    else:
        session.say(f"{len(found)} group(s) of issues that say the same:\n")
        session.say("\n".join(_lines(group, merged=merging) for group in found))
        _say_outcome(session, found, asked=auto_merge, merged=merging)


def _lines(group: Group, *, merged: bool) -> str:
    target, *sources = group.issues
    ties = {id: f"{sum(found)} tie(s)" for id, found in group.ties.items()}
    rows = [one_line(target.title), f"  → {one_line(target.id)} ({ties[target.id]}) stays"]
    fate = "closed" if merged else "is the same"
    rows += [f"    {one_line(source.id)} ({ties[source.id]}) {fate}" for source in sources]
    return "\n".join([*rows, ""])


def _say_outcome(session: Session, found: Sequence[Group], *, asked: bool, merged: bool) -> None:
    count = sum(len(group.issues) - 1 for group in found)
    if merged:
        session.say(f"✓ Merged {len(found)} group(s): {count} issue(s) closed")
    elif asked:
        session.say(f"Would close {count} issue(s); nothing was changed")
    else:
        session.say(f"bd duplicates --auto-merge closes {count} of them as duplicates")


def _emit_groups(session: Session, found: Sequence[Group], *, merged: bool) -> None:
    answer: dict[str, Any] = {
        "duplicate_groups": len(found),
        "groups": [_document(group) for group in found],
    }
    if merged:
        answer["merged"] = [issue.id for group in found for issue in group.issues[1:]]
    session.emit(answer)


def _document(group: Group) -> dict[str, Any]:
    target, *sources = group.issues
    ids = [source.id for source in sources]
    return {
        "title": target.title,
        "issues": [
            {
                "id": issue.id,
                "title": issue.title,
                "status": issue.status,
                "priority": issue.priority,
                "references": group.ties[issue.id].mentions,
                "dependents": group.ties[issue.id].dependents,
                "dependencies": group.ties[issue.id].dependencies,
                "weight": sum(group.ties[issue.id]),
                "is_merge_target": issue is target,
            }
            for issue in group.issues
        ],
        "suggested_target": target.id,
        "suggested_sources": ids,
        "suggested_action": "; ".join(f"bd duplicate {id} --of {target.id}" for id in ids),
        "note": "bd duplicates --auto-merge does this for every group",
    }


@command(
    "find-duplicates",
    examples=["bd find-duplicates", "bd find-duplicates --threshold 0.7 --all --json"],
)
@click.option(
    "--threshold", default=0.5, type=click.FloatRange(0, 1), metavar="S", help="0 to 1  [0.5]"
)
@click.option(
    "--method", default="mechanical", metavar="HOW", help="mechanical, which is all there is"
)
@click.option("-s", "--status", default="", metavar="STATUS", help="Only issues of this status")
@click.option("--all", "everything", is_flag=True, help="Closed ones too")
@limited("50")
@pass_session
def find_duplicates(session: Session, /, threshold: float, method: str, **given: Any) -> None:
    """Find pairs of issues that resemble each other; closed ones are left out."""
    from tracker.twins import similar

    if method != "mechanical":
        raise Invalid(
            f'invalid --method "{method}": this tool asks no language model',
            hint="bd find-duplicates --method mechanical",
        )
    pairs = similar(list(_compared(session, given)), threshold)
    limit = limit_of(session, given["limit"], 50)
    shown = pairs[:limit] if limit else pairs
    if session.json:
        _emit_pairs(session, shown, threshold)
    elif not pairs:
        session.say(f"✓ No pairs with a similarity of {threshold:g} or more")
    else:
        count = f"{len(shown)} of {len(pairs)}" if len(shown) < len(pairs) else len(pairs)
        session.say(f"{count} pair(s) of similar issues:\n")
        for pair in shown:
            session.say(f"{pair.similarity:4.0%}  {one_line(f'{pair.one.id}: {pair.one.title}')}")
            session.say(f"      {one_line(f'{pair.other.id}: {pair.other.title}')}\n")
        session.say("bd duplicate ID --of OTHER closes one of two")


def _compared(session: Session, given: dict[str, Any]) -> Iterable[Issue]:
    from tracker.cli.filters import known_status
    from tracker.twins import every
    from tracker.words import TOMBSTONE

    status = given["status"]
    if status:
        known_status(session.tracker, status)
    hidden = {TOMBSTONE} if given["everything"] else session.tracker.settings().closing
    for issue in sorted(session.tracker.rehearse(every), key=lambda issue: issue.id):
        if issue.status == status if status else issue.status not in hidden:
            yield issue


def _emit_pairs(session: Session, pairs: Sequence[Pair], threshold: float) -> None:
    listed = [
        {
            "issue_a_id": pair.one.id,
            "issue_b_id": pair.other.id,
            "issue_a_title": pair.one.title,
            "issue_b_title": pair.other.title,
            "similarity": pair.similarity,
            "method": "mechanical",
        }
        for pair in pairs
    ]
    session.emit(
        {"count": len(listed), "method": "mechanical", "pairs": listed, "threshold": threshold}
    )
