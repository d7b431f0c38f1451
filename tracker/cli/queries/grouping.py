"""The fields that `count` groups by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from typing import Any


GROUPS = ("status", "priority", "type", "assignee", "label")


def groupings(function: Any) -> Any:
    """Add an option `--by-...` for each field that issues can be counted by."""
    for by in reversed(GROUPS):
        help = f"Count the issues of each {by}"
        function = click.option(f"--by-{by}", f"by_{by}", is_flag=True, help=help)(function)
    return function
