"""Text and JSON as they may be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BATCH = 64  # a single text of everything is copied often, and one emoji makes all of it wide


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


def spelled(text: str) -> str:
    """JSON, or a text of lines, without a character that could steer a terminal."""
    import re

    steering = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
    return re.sub(steering, lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """Printable text without line breaks."""
    return printable(text.replace("\r\n", " ").replace("\n", " "))


def pretty(value: Any) -> str:
    """A JSON document as Beads prints it; what UTF-8 cannot hold is escaped."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def array(texts: Sequence[str], *, envelope: bool, total: int | None) -> Iterator[str]:
    """A JSON array of ready-made objects in some pieces; an envelope counts them."""
    shown = len(texts)
    margin = "\n  " if envelope else "\n"
    yield '{\n  "data": [' if envelope else "["
    for start in range(0, shown, _BATCH):
        batch = ",\n  ".join(texts[start : start + _BATCH])
        text = f",\n  {batch}" if start else f"\n  {batch}"
        yield text.replace("\n", margin)  # JSON text holds no newline inside a string
    yield f"{margin}]" if texts else "]"
    if envelope:
        count = shown if total is None else total
        yield f',\n  "total": {count},\n  "shown": {shown}\n}}'
    yield "\n"
