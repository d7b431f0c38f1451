"""How well recall finds, by the code that `bd memory search` runs.

    python -m benchmarks.retrieval FOLDER...

Each folder holds `docs.jsonl` (`id`, `title`, `content`) and `queries.jsonl` (`id`, `text`,
`relevant`: document id to grade); a folder of such folders is all of them. Documents become
memories under neutral keys, so that an id is never a word that is found.

    hit@10     the share of questions with something relevant among the first ten
    recall@10  the share of what is relevant that is among the first ten
    MRR        the mean of 1 / the place of the first relevant one, among the first 200
    nDCG@10    with the gain 2^grade - 1
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from math import log2
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.cache.memories.queries import MemoryQueries
from tracker.cache.memories.search import search
from tracker.cache.memories.source import MemorySource
from tracker.cache.refresh import open_cache
from tracker.log.memory_codec import encode_memory, encode_outcome
from tracker.memory.ranking import POOL, lexical
from tracker.model.memory import Memory, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tracker.memory.ranking import Rel

SETS = Path(__file__).resolve().parents[2] / "shared" / "data" / "retrieval"
NOW = 1_800_000_000 * 10**9
BORN = "2026-06-01T00:00:00Z"
TEN = 10
MEASURES = ("hit@1", "hit@10", "recall@10", "MRR", "nDCG@10")


class Query(NamedTuple):
    """A question, and the grades of the documents that answer it."""

    text: str
    relevant: Mapping[str, float]


class Corpus(NamedTuple):
    """Documents by id, each a title and a content, and the questions about them."""

    name: str
    documents: Mapping[str, tuple[str, str]]
    queries: Sequence[Query]


class Figures(NamedTuple):
    """What was found; each between 0 and 1, `seconds` for all questions together."""

    name: str
    documents: int
    queries: int
    measures: Mapping[str, float]
    seconds: float


def corpus(folder: Path, most: int = 0) -> Corpus:
    """The corpus of a folder; with `most` so many questions, evenly spread."""
    documents = {
        str(row["id"]): (str(row.get("title") or ""), str(row.get("content") or ""))
        for row in _rows(folder / "docs.jsonl")
    }
    queries = [
        Query(str(row["text"]), {str(id): float(grade) for id, grade in row["relevant"].items()})
        for row in _rows(folder / "queries.jsonl")
    ]
    if 0 < most < len(queries):
        queries = [queries[at * len(queries) // most] for at in range(most)]
    return Corpus(folder.name, documents, queries)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]


def folders(given: Path) -> list[Path]:
    """The corpora of a folder: itself, or those within it."""
    if (given / "docs.jsonl").is_file():
        return [given]
    return sorted(path.parent for path in given.glob("*/docs.jsonl"))


class Library:
    """A corpus as the memories of a workspace of its own, which lasts as long as `folder`."""

    def __init__(
        self,
        corpus: Corpus,
        folder: Path,
        fields: Callable[[int], Mapping[str, Any]] = lambda _: {},
        outcomes: Iterable[Outcome] = (),
    ) -> None:
        self._ids = {f"k{at}": id for at, id in enumerate(corpus.documents)}
        (folder / ".local").mkdir(parents=True)
        memories = (
            encode_memory(
                Memory(
                    **{
                        "key": f"k{at}", "title": title, "content": content,
                        "created_at": BORN, "updated_at": BORN, **fields(at),
                    }
                )
            )
            for at, (title, content) in enumerate(corpus.documents.values())
        )  # fmt: skip
        (folder / "memory.jsonl").write_bytes(_file(memories))
        (folder / "outcomes.jsonl").write_bytes(_file(map(encode_outcome, outcomes)))
        source = MemorySource(
            str(folder / "issues.jsonl"), str(folder), str(folder / ".local"), b"", NOW
        )
        self._cache = open_cache(source)
        self._recollection = MemoryQueries(self._cache, NOW, lambda _: [])

    def ask(self, question: str, limit: int = POOL, rel: Rel = lexical) -> list[str]:
        """The ids of the documents that are found, best first."""
        found = search(self._recollection, question, limit=limit, rel=rel)
        return [self._ids[row.key] for row in found.rows]

    def close(self) -> None:
        """Let the cache go."""
        self._cache.close()


def _file(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in sorted(lines))


def judged(found: Sequence[str], relevant: Mapping[str, float]) -> dict[str, float]:
    """The measures of one answer."""
    places = [at for at, id in enumerate(found, 1) if relevant.get(id, 0) > 0]
    first = places[0] if places else 0
    wanted = [grade for grade in relevant.values() if grade > 0]
    gain = sum(_gain(relevant[found[at - 1]], at) for at in places if at <= TEN)
    ideal = sum(_gain(grade, at) for at, grade in enumerate(sorted(wanted)[::-1][:TEN], 1))
    return {
        "hit@1": float(first == 1),
        "hit@10": float(0 < first <= TEN),
        "recall@10": sum(at <= TEN for at in places) / len(wanted) if wanted else 0.0,
        "MRR": 1 / first if first else 0.0,
        "nDCG@10": gain / ideal if ideal else 0.0,
    }


def _gain(grade: float, place: int) -> float:
    return float((2**grade - 1) / log2(place + 1))


def measured(library: Library, corpus: Corpus) -> Figures:
    """The figures of a corpus: means over its questions."""
    begin = time.perf_counter()
    found = [judged(library.ask(query.text), query.relevant) for query in corpus.queries]
    seconds = time.perf_counter() - begin
    means = {name: mean(one[name] for one in found) if found else 0.0 for name in MEASURES}
    return Figures(corpus.name, len(corpus.documents), len(corpus.queries), means, seconds)


def figures(folder: Path, most: int = 0) -> Figures:
    """The figures of a folder."""
    found = corpus(folder, most)
    with tempfile.TemporaryDirectory(prefix="retrieval-") as place:
        library = Library(found, Path(place) / ".beads")
        try:
            return measured(library, found)
        finally:
            library.close()


def table(found: Sequence[Figures]) -> str:
    """The figures in Markdown."""
    head = ("corpus", "documents", "questions", *MEASURES, "ms a question")
    rule = ("---", *("---:" for _ in head[1:]))
    body = (
        (
            one.name, f"{one.documents:,}", f"{one.queries:,}",
            *(f"{one.measures[name]:.3f}" for name in MEASURES),
            f"{one.seconds * 1000 / max(1, one.queries):.1f}",
        )
        for one in found
    )  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *body))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure how well recall finds in the corpora of some folders."""
    parser = argparse.ArgumentParser(prog="benchmarks.retrieval", description=main.__doc__)
    parser.add_argument("folders", type=Path, nargs="*", default=[SETS], metavar="FOLDER")
    parser.add_argument("--most", type=int, default=0, metavar="N", help="questions of each")
    parser.add_argument("--json", action="store_true", help="the figures for programs")
    options = parser.parse_args(argv)
    wanted = [each for given in options.folders for each in folders(given)]
    if not wanted:
        named = os.pathsep.join(map(str, options.folders))
        parser.error(f"no docs.jsonl in {named}, nor in a folder within")
    found = [figures(folder, options.most) for folder in wanted]
    if options.json:
        rows = [{**one._asdict(), "measures": dict(one.measures)} for one in found]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
