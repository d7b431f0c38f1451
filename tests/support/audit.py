"""`make audit`: what bandit says of the program, and what is known against the packages it uses.

The tools are those of the extra `audit`. What could not be looked up is told as skipped, with the
reason, and is never counted as clean.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Advisories(NamedTuple):
    """Of the packages by name: what is known against them, who is clean, and why none can say."""

    known: dict[str, list[str]]
    clean: list[str]
    skipped: dict[str, str]

    @property
    def told(self) -> str:
        counts = f"{len(self.known)} with advisories, {len(self.clean)} without"
        rows = [f"packages: {counts}, {len(self.skipped)} skipped"]
        rows += [f"  {name}: {', '.join(ids)}" for name, ids in sorted(self.known.items())]
        reasons = Counter(self.skipped.values())
        rows += [f"  {count} skipped: {reason}" for reason, count in sorted(reasons.items())]
        return "\n".join(rows)


def advisories(report: dict[str, Any]) -> Advisories:
    """What the JSON of pip-audit says."""
    found = Advisories({}, [], {})
    for one in report["dependencies"]:
        if "skip_reason" in one:
            found.skipped[one["name"]] = one["skip_reason"].partition(":")[0]
        elif one.get("vulns"):
            found.known[one["name"]] = [vuln["id"] for vuln in one["vulns"]]
        else:
            found.clean.append(one["name"])
    return found


def asked(words: list[str]) -> Advisories:
    """What pip-audit finds; all is skipped where it finds no service that knows."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        return advisories(json.loads(done.stdout))
    except ValueError:
        lines = done.stderr.strip().splitlines()
        return Advisories(
            {}, [], {"all packages": lines[-1] if lines else "pip-audit says nothing"}
        )


def run() -> int:
    """0 where nothing is against us, 1 where something is."""
    tools = Path(sys.executable).parent
    words = [str(tools / "bandit"), "-q", "-c", "pyproject.toml", "-r", "tracker"]
    bandit = subprocess.run(words, cwd=ROOT, check=False).returncode
    found = asked([str(tools / "pip-audit"), "--progress-spinner", "off", "-f", "json"])
    clean = "clean, but for what pyproject.toml and `# nosec` give the reason of"
    sys.stdout.write(f"bandit: {'findings, see above' if bandit else clean}\n{found.told}\n")
    return int(bool(bandit or found.known))


if __name__ == "__main__":
    raise SystemExit(run())
