"""Text and JSON as they may be printed."""

from __future__ import annotations

from typing import Any


def printable(text: str) -> str:
    """Text that cannot steer a terminal or reverse what is read; newlines and tabs stay."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    import re

    # Whole sequences first, or their visible rest would stay behind as litter.
    text = re.sub(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]", "", text)
    text = re.sub(
        r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90-\x9f\n]*(?:\x07|\x1b\\|\x9c)", "", text
    )
    text = re.sub(r"\x1b[ -/]*[0-~]", "", text)
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "", text)


def one_line(text: str) -> str:
    """Printable text without line breaks."""
    return printable(text.replace("\r\n", " ").replace("\n", " "))


def pretty(value: Any) -> str:
    """A JSON document as Beads prints it; what UTF-8 cannot hold is escaped."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"
