"""English that nobody wrote, from one source of chance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import random

T = TypeVar("T")

NOUNS = (
    "parser", "cache", "queue", "worker", "request", "session", "token", "index", "record", "line",
    "branch", "merge", "commit", "label", "comment", "dependency", "graph", "query", "filter",
    "response", "handler", "timeout", "retry", "lock", "file", "folder", "snapshot", "migration",
    "schema", "column", "table", "report", "dashboard", "button", "dialog", "form", "endpoint",
    "client", "server", "socket", "stream", "buffer", "encoder", "timestamp", "timezone", "locale",
    "config", "flag", "environment", "build", "pipeline", "release", "package", "import", "export",
    "test", "fixture", "benchmark", "log", "warning", "error", "stack trace", "user", "permission",
)  # fmt: skip
VERBS = (
    "reads", "writes", "drops", "keeps", "replaces", "rebuilds", "ignores", "validates", "sorts",
    "copies", "renames", "locks", "closes", "reopens", "follows", "skips", "reports", "hides",
    "splits", "joins", "loads", "delays", "repeats", "truncates", "escapes", "overwrites",
)  # fmt: skip
ADJECTIVES = (
    "stale", "empty", "large", "missing", "duplicate", "slow", "partial", "nested", "unsorted",
    "temporary", "shared", "read-only", "remote", "local", "old", "new", "second", "broken",
    "expired", "unknown", "“quoted”", "café-style",
)  # fmt: skip
ACTIONS = (
    "Fix", "Add", "Remove", "Rename", "Document", "Test", "Speed up", "Split", "Move", "Handle",
    "Validate", "Investigate", "Replace", "Simplify", "Cover",
)  # fmt: skip
SENTENCES = (
    "The N V the N when the A N is A .",
    "After some A N the N still V the N , so the N is lost .",
    "We should make sure that the N V every A N before the N .",
    "This happens only if C is called with some A N .",
    "See P for the place where the N V the N .",
    "The A N costs more than the rest of the N together — about # ms of a second .",
    "Nothing V the N , although the N & the A N are there .",
    "Expected: the N V the A N ; got < # bytes .",
    "It is enough that C V the N once , because the N never V some A N .",
    "Do not touch the N here : the A N depends on it .",
)
HEADINGS = ("Context", "Problem", "Steps", "Proposal", "Plan", "Open questions", "Testing")
SPREAD = ((0.08, 0), (0.44, 1), (0.76, 3), (0.94, 7), (0.985, 14), (1.0, 36))
"""How long a description is: up to this share of the issues, about so many sentences."""


def weighted(rng: random.Random, weights: dict[T, int]) -> T:
    """One of the keys, as often as its weight says."""
    return rng.choices(list(weights), list(weights.values()))[0]


class Prose:
    """Sentences, titles and Markdown."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._words = {"N": NOUNS, "V": VERBS, "A": ADJECTIVES}

    def _token(self, token: str) -> str:
        words = self._words.get(token)
        if words is not None:
            return self.rng.choice(words)
        if token == "C":
            one, two = self.rng.choices(NOUNS, k=2)
            return f"`{one}_{two}()`".replace(" ", "_")
        if token == "P":
            one, two = self.rng.choices(NOUNS, k=2)
            return f"`src/{one}/{two}.py:{self.rng.randrange(1, 900)}`".replace(" ", "_")
        return str(self.rng.randrange(2, 5000)) if token == "#" else token

    def sentence(self) -> str:
        """One sentence with its full stop."""
        text = " ".join(map(self._token, self.rng.choice(SENTENCES).split()))
        return re.sub(r" (?=[.,;:])", "", text)

    def sentences(self, count: int) -> str:
        """A paragraph."""
        return " ".join(self.sentence() for _ in range(count))

    def title(self) -> str:
        """A line of 25 to 90 characters."""
        rng = self.rng
        text = f"{rng.choice(ACTIONS)} {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
        if rng.random() < 0.7:
            text += f" when the {rng.choice(NOUNS)} {rng.choice(VERBS)} the {rng.choice(NOUNS)}"
        return text

    def bullets(self, count: int, mark: str = "- ") -> str:
        """A Markdown list."""
        return "\n".join(mark + self.sentence() for _ in range(count))

    def markdown(self, count: int) -> str:
        """About `count` sentences: a paragraph, or from seven on sections with lists and code."""
        if count < 7:
            return self.sentences(count)
        parts = []
        for heading in self.rng.sample(HEADINGS, min(len(HEADINGS), count // 5 + 1)):
            size = max(1, count * 5 // (count // 5 + 1) // 10)
            parts += [f"## {heading}", self.sentences(size), self.bullets(size)]
        if self.rng.random() < 0.4:
            parts.append(f"```\n{self.sentence()}\n\t{self.sentence()}\n```")
        return "\n\n".join(parts)

    def description(self) -> str:
        """A Markdown text, "" for some issues."""
        dice = self.rng.random()
        about = next(size for share, size in SPREAD if dice <= share)
        return self.markdown(self.rng.randint(about - about // 3, about + about // 3))
