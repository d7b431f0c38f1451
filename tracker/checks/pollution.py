"""Find open issues that look like left-over trials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from tracker.cache.issues.queries import IssueQueries


# How titles of issues begin that somebody only tried something with.
_TRIED = re.compile(r"(?i)(test|testing|dummy|sample|foo|bar|asdf|tmp|temp|delete me)\b")


def pollution(answers: IssueQueries) -> dict[str, Any]:
    """Open issues without a description whose titles begin as those of trials do."""
    from tracker.issues.filters import Filter

    wanted = Filter(hide_closed=True, empty_description=True)
    rows = answers.listed(wanted, sort="id").rows
    issues = [{"id": row.id, "title": row.title} for row in rows if _TRIED.match(row.title)]
    return {"polluted_count": len(issues), "issues": issues}
