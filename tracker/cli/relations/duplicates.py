"""`bd duplicates`: find and merge identical issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import command, pass_session
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracker.cli.session import Session
    from tracker.issues.duplicates import DuplicateGroup


@command(
    "duplicates",
    examples=["bd duplicates", "bd duplicates --auto-merge --dry-run", "bd duplicates --json"],
)
@click.option("--auto-merge", is_flag=True, help="Close all but one issue of each group")
@click.option("--dry-run", is_flag=True, help="Show what --auto-merge would close")
@pass_session
def duplicates(session: Session, /, auto_merge: bool, dry_run: bool) -> None:
    """Find open issues with identical text."""
    from tracker.issues import duplicates as issues_duplicates

    workspace = session.tracker
    settings = workspace.settings()
    merging = auto_merge and not dry_run
    if merging:
        who = workspace.who()
        found = workspace.write(lambda draft: issues_duplicates.merge(draft, settings, who))
    else:
        found = workspace.rehearse(
            lambda d: issues_duplicates.groups(issues_duplicates.every(d), settings.closing)
        )
    if session.json:
        _emit_groups(session, found, merged=merging)
    elif not found:
        session.say("✓ No duplicates found")
    else:
        session.say(f"{len(found)} group(s) of issues that say the same:\n")
        session.say("\n".join(_lines(group, merged=merging) for group in found))
        _say_outcome(session, found, asked=auto_merge, merged=merging)


def _lines(group: DuplicateGroup, *, merged: bool) -> str:
    target, *sources = group.issues
    ties = {id: f"{sum(found)} tie(s)" for id, found in group.ties.items()}
    rows = [one_line(target.title), f"  → {one_line(target.id)} ({ties[target.id]}) stays"]
    fate = "closed" if merged else "is the same"
    rows += [f"    {one_line(source.id)} ({ties[source.id]}) {fate}" for source in sources]
    return "\n".join([*rows, ""])


def _say_outcome(
    session: Session, found: Sequence[DuplicateGroup], *, asked: bool, merged: bool
) -> None:
    count = sum(len(group.issues) - 1 for group in found)
    if merged:
        session.say(f"✓ Merged {len(found)} group(s): {count} issue(s) closed")
    elif asked:
        session.say(f"Would close {count} issue(s); nothing was changed")
    else:
        session.say(f"bd duplicates --auto-merge closes {count} of them as duplicates")


def _emit_groups(session: Session, found: Sequence[DuplicateGroup], *, merged: bool) -> None:
    answer: dict[str, Any] = {
        "duplicate_groups": len(found),
        "groups": [_document(group) for group in found],
    }
    if merged:
        answer["merged"] = [issue.id for group in found for issue in group.issues[1:]]
    session.emit(answer)


def _document(group: DuplicateGroup) -> dict[str, Any]:
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
