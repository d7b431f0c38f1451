"""`python -m tracker` is `bd`."""

from __future__ import annotations

import sys

from tracker.cli import run

if __name__ == "__main__":
    sys.exit(run())
