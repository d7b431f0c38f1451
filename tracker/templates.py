"""What the text of an issue should tell, by its type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.model import Issue

ACCEPTANCE = "Acceptance Criteria"
SUCCESS = "Success Criteria"
HEADINGS: dict[str, tuple[str, ...]] = {
    "bug": ("Steps to Reproduce", ACCEPTANCE),
    "task": (ACCEPTANCE,),
    "feature": (ACCEPTANCE,),
    "epic": (SUCCESS,),
}
"""The headings that a description needs, for each type that has any, as Beads asks for them."""


def missing(issue: Issue) -> list[str]:
    """The headings that are not there, as Markdown; criteria may stand in their own field too."""
    wanted = HEADINGS.get(issue.issue_type, ())
    return [f"## {heading}" for heading in wanted if not _has(issue, heading)]


def _has(issue: Issue, heading: str) -> bool:
    if heading in {ACCEPTANCE, SUCCESS} and issue.acceptance_criteria.strip():
        return True
    pattern = rf"^\s*[#*_]+\s*{re.escape(heading)}|^\s*{re.escape(heading)}\s*:?\s*$"
    return re.search(pattern, issue.description, re.IGNORECASE | re.MULTILINE) is not None
