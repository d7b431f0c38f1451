"""The `sh` blocks of pages about bringing things in are run, each page in an empty folder."""

from __future__ import annotations

import pytest

from tests.docs.test_readme import ROOT, blocks, run

PAGES = {
    "plans.md": ["9 created", "2 updated", "5 commands, 3 issues"],
    "import.md": ["shop-1.1", "2 created, 0 updated", "output_file", "Memories: 2 unchanged"],
    "from-br.md": ["app-07b", "✓ Created issue: app-"],
}


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_the_page_works(name, tmp_path):
    shell = blocks(ROOT / "docs" / name, "sh")
    done = run("\n".join(shell), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for told in PAGES[name]:
        assert told in done.stdout
