"""The filter options that list, ready, blocked, search and count share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cache.issues.sql import SqlCondition
from tracker.cli.command import PRIORITY, Listed, OneOf
from tracker.errors import Invalid
from tracker.issues.filters import Filter, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tracker.cache.issues.queries import IssueListPage
    from tracker.cli.session import Session
    from tracker.workspace.workspace import Workspace


_COMMON_TYPES = frozenset({"task", "bug", "feature", "epic", "chore"})
_LAST = 1 << 62  # an instant beyond it is as good as this one, and SQLite holds no larger number
# The orders of `tracker.issues.filters`, whose module need not be loaded for a word.
SORTS = ("priority", "created", "updated", "closed", "status", "id", "title", "type", "assignee")
_TIMES = ("created", "updated", "closed", "due", "defer")


def _times(name: str) -> dict[str, Any]:
    word = {"due": "Due", "defer": "Deferred to a time"}.get(name, name.capitalize())
    words = " (-7d, yesterday, 2025-01-15)" if name == "created" else ""
    helps = {"after": f"{word} after WHEN{words}", "before": f"{word} before WHEN"}
    return {
        f"{name}_{side}": click.option(f"--{name}-{side}", metavar="WHEN", help=help)
        for side, help in helps.items()
    }


_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "status": click.option("-s", "--status", cls=Listed, help="These statuses only; or: all"),
    "priority": click.option(
        "-p", "--priority", cls=Listed, type=PRIORITY, help="These priorities only, 0 to 4"
    ),
    "priority_min": click.option(
        "--priority-min", type=PRIORITY, metavar="P", help="Priority P or lower (less urgent)"
    ),
    "priority_max": click.option(
        "--priority-max", type=PRIORITY, metavar="P", help="Priority P or higher (more urgent)"
    ),
    "type": click.option("-t", "--type", "types", cls=Listed, help="These types only"),
    "exclude_type": click.option("--exclude-type", cls=Listed, help="Exclude these types"),
    "assignee": click.option("-a", "--assignee", metavar="NAME", help="Assigned to NAME"),
    "no_assignee": click.option("--no-assignee", is_flag=True, help="Unassigned issues only"),
    "unassigned": click.option(
        "-u",
        "--unassigned",
        "--no-assignee",
        "no_assignee",
        is_flag=True,
        help="Unassigned issues only",
    ),
    "label": click.option("-l", "--label", "--labels", cls=Listed, help="With all these labels"),
    "label_any": click.option("--label-any", cls=Listed, help="With any of these labels"),
    "exclude_label": click.option(
        "--exclude-label", cls=Listed, help="Exclude issues with these labels"
    ),
    "label_pattern": click.option(
        "--label-pattern", default="", metavar="GLOB", help="With a label matching GLOB"
    ),
    "label_regex": click.option(
        "--label-regex", default="", metavar="REGEX", help="With a label matching REGEX"
    ),
    "no_labels": click.option("--no-labels", is_flag=True, help="Without labels"),
    "id": click.option("--id", "ids", cls=Listed, help="These issues only, open or closed"),
    "title": click.option(
        "--title",
        "--title-contains",
        "title",
        multiple=True,
        metavar="TEXT",
        help="Title contains TEXT",
    ),
    "desc_contains": click.option(
        "--desc-contains", default="", metavar="TEXT", help="Description contains TEXT"
    ),
    "notes_contains": click.option(
        "--notes-contains", default="", metavar="TEXT", help="Notes contain TEXT"
    ),
    "spec": click.option("--spec", default="", metavar="START", help="Spec id starts with START"),
    "overdue": click.option("--overdue", is_flag=True, help="Overdue issues only"),
    "deferred": click.option("--deferred", is_flag=True, help="Deferred issues only"),
    "empty_description": click.option(
        "--empty-description", is_flag=True, help="Without a description"
    ),
    "pinned": click.option(
        "--pinned/--no-pinned", default=None, help="Pinned issues only, or unpinned only"
    ),
    "parent": click.option(
        "--parent", "--filter-parent", "parent", metavar="ID", help="Children of ID only"
    ),
    "no_parent": click.option("--no-parent", is_flag=True, help="Issues without a parent only"),
    "under": click.option("--parent", "under", metavar="ID", help="Descendants of ID only"),
    "mol_type": click.option("--mol-type", default="", hidden=True),
    "wisp_type": click.option("--wisp-type", default="", hidden=True),
    "external_ref": click.option(
        "--external-ref", default="", metavar="REF", help="With this external reference"
    ),
    "metadata_field": click.option(
        "--metadata-field", multiple=True, metavar="KEY=VALUE", help="With this metadata"
    ),
}
for _name in _TIMES:
    _OPTIONS.update(_times(_name))


def filtered(*names: str) -> Callable[[Any], Any]:
    """The options of these names; `times` stands for all that compare times."""
    wanted = [part for name in names for part in (_all_times() if name == "times" else (name,))]

    def add(function: Any) -> Any:
        for name in reversed(wanted):
            function = _OPTIONS[name](function)
        return function

    return add


def _all_times() -> list[str]:
    return [f"{name}_{side}" for name in _TIMES for side in ("after", "before")]


def limited(usual: str) -> Callable[[Any], Any]:
    """The option `-n`; its value is None where it was not given."""
    return click.option(
        "-n",
        "--limit",
        type=click.IntRange(min=0),
        metavar="N",
        help=f"At most N; 0 for no limit  [{usual}; with --json none]",
    )


def limit_of(session: Session, given: int | None, usual: int) -> int:
    """How many rows at most; 0 is no limit, which programs get that name none."""
    if given is not None:
        return given
    return 0 if session.json else usual


def say_limit(session: Session, page: IssueListPage) -> None:
    """Tell how many of an answer are not shown."""
    if len(page.rows) < page.total:
        session.note(f"Showing {len(page.rows)} of {page.total} issues (--limit 0 shows all)")


def ordered(function: Any) -> Any:
    """The options for the order of a list."""
    help = f"{', '.join(SORTS)}; times newest first  [priority]"
    order = click.option("--sort", type=OneOf(SORTS), metavar="BY", help=help)
    return order(click.option("-r", "--reverse", is_flag=True, help="Reverse the order")(function))


def chosen(session: Session, given: Mapping[str, Any], **more: Any) -> Filter:
    """What the options ask for; `more` are fields of the filter that the command itself sets."""
    workspace = session.tracker
    for field, name in _PLAIN.items():
        value = given.get(name)
        if value or type(value) is int:  # P0 is a bound
            more[field] = value
    for field, (name, find) in _FOUND.items():
        if given.get(name):
            more[field] = find(workspace, given[name])
    for name in _TIMES:
        span = _span(session, name, given.get(f"{name}_after"), given.get(f"{name}_before"))
        if span is not None:
            more[name] = span
    if given.get("ids"):
        more["ids"] = tuple(session.each(given["ids"], workspace.resolve))
    if given.get("label_regex"):
        _check_regex(given["label_regex"])
    return Filter(assignee=given.get("assignee"), pinned=given.get("pinned"), **more)


_PLAIN = {
    "priorities": "priority", "priority_min": "priority_min", "priority_max": "priority_max",
    "no_assignee": "no_assignee", "labels": "label", "any_labels": "label_any",
    "exclude_labels": "exclude_label", "label_pattern": "label_pattern",
    "label_regex": "label_regex", "no_labels": "no_labels", "title": "title",
    "description": "desc_contains", "notes": "notes_contains", "spec": "spec",
    "overdue": "overdue", "deferred": "deferred", "empty_description": "empty_description",
    "no_parent": "no_parent", "mol_type": "mol_type", "wisp_type": "wisp_type",
    "external_ref": "external_ref",
}  # fmt: skip
"""Fields of the filter by the options that simply set them."""


def _statuses(workspace: Workspace, statuses: tuple[str, ...]) -> tuple[str, ...]:
    if "all" in statuses:
        return ()
    return tuple(known_status(workspace, status) for status in statuses)


def known_status(workspace: Workspace, status: str) -> str:
    """Return the status if an issue can have it. Raises Invalid, not an empty answer."""
    if workspace.answers.count(SqlCondition("i.status = ?", (status,))):
        return status
    from tracker.log.config_file import names
    from tracker.model.issue import STATUSES

    own = names(workspace.config, "status.custom")
    valid = dict.fromkeys((*STATUSES, *own, *sorted(workspace.answers.at.closing)))
    if status in valid:
        return status
    from tracker.model.choices import not_a_choice

    raise not_a_choice("status", status, (*valid, "all"))


def _types(workspace: Workspace, types: tuple[str, ...]) -> tuple[str, ...]:
    """The types, other spellings of known ones translated."""
    if _COMMON_TYPES.issuperset(types):
        return types
    from tracker.log.config_file import names
    from tracker.model.issue import TYPE_ALIASES

    own = names(workspace.config, "types.custom")
    return tuple(name if name in own else TYPE_ALIASES.get(name, name) for name in types)


def _parent(workspace: Workspace, text: str) -> str:
    """A parent, which need not exist any more as long as something names it."""
    if workspace.answers.count(SqlCondition("i.parent = ?", (text,))):
        return text
    return workspace.resolve(text)


def _span(session: Session, name: str, after: str | None, before: str | None) -> Span | None:
    if not (after or before):
        return None
    from tracker.cli.dates import when

    now = session.clock()
    instants = [
        min(max(when(text, now, f"--{name}-{side}"), 1), _LAST) if text else 0
        for side, text in (("after", after), ("before", before))
    ]
    return Span(*instants)


def _under(workspace: Workspace, text: str) -> frozenset[str]:
    return workspace.answers.descendants(_parent(workspace, text))


def _pairs(_: Workspace, texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(_pair(text) for text in texts)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise Invalid(f'invalid --metadata-field "{text}": use KEY=VALUE')
    return key, value


def _check_regex(text: str | None) -> None:
    if not text:
        return
    import re

    try:
        re.compile(text)
    except (re.error, RecursionError) as error:
        raise Invalid(f'invalid --label-regex "{text}": {error}') from None


_FOUND: dict[str, tuple[str, Callable[[Workspace, Any], Any]]] = {
    "statuses": ("status", _statuses),
    "types": ("types", _types),
    "exclude_types": ("exclude_type", _types),
    "parent": ("parent", _parent),
    "under": ("under", _under),
    "metadata": ("metadata_field", _pairs),
}
"""Fields of the filter by the option that asks for them and what makes of it a value."""
