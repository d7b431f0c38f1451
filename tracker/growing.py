"""Files of lines that are only ever added: verdicts on memories, and what Beads notes of its own.

A line is a whole: it has an id that was drawn at random, and is never edited. So three versions are
merged as sets of lines. Git's own union looks at places instead: where two branches hold the same
lines in another order, and each has merged the other before, it took lines away that both had.
"""

from __future__ import annotations

from tracker.lines import cut

GROWING = ("outcomes.jsonl", "interactions.jsonl")


def grows(path: str) -> bool:
    """Whether a file of that name is one of them."""
    return path.replace("\\", "/").rpartition("/")[2] in GROWING


def union(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """What either side has and neither took away, each line once; the same from either side.

    What the base held keeps its order; what is new comes behind it, sorted.
    """
    known, *held = (dict.fromkeys(cut(side)) for side in (base, ours, theirs))
    kept = [line for line in known if all(line in side for side in held)]
    new = {line for side in held for line in side if line not in known}
    return b"".join(line + b"\n" for line in [*kept, *sorted(new)])
