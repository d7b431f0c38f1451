"""The board of `beads-ui`, served from a workspace of ours and used in a browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def chromium() -> str:
    named = os.environ.get("CHROMIUM", "")
    for name in (named, "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    pytest.skip("chromium is not installed")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def url(packages, node, chromium, work):
    """The server of beads-ui in the workspace, in the foreground."""
    work.env["CHROMIUM"] = chromium  # for who looks at it
    port = free_port()
    server = subprocess.Popen(
        [node, str(packages / "beads-ui/server/index.js"), "--port", str(port)],
        cwd=work.path,
        env=work.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            break
        except OSError:
            assert server.poll() is None, "beads-ui ended"
            time.sleep(0.1)
    yield address
    server.terminate()
    server.wait(20)


def test_the_board_shows_edits_and_follows(work, url, packages, node, tmp_path):
    epic = work.bd("create", "Checkout", "-t", "epic", "--silent").strip()
    cart = work.bd("create", "Cart total is wrong", "-t", "bug", "-p", "1", "--parent", epic,
                   "--silent").strip()  # fmt: skip
    work.bd("create", "Show the sum", "--deps", cart, "--silent")
    tax = work.bd("create", "Show tax", "--silent").strip()
    docs = work.bd("create", "Write the docs", "--silent").strip()
    work.bd("create", "Old", "--silent")
    work.bd("close")

    shots = Path(os.environ.get("SHOTS") or tmp_path / "shots")
    shots.mkdir(exist_ok=True)
    told = work.run(node, HERE / "board.mjs", packages, url, shots, work.path)
    saw = json.loads(told.splitlines()[-1])
    assert "failed" not in saw, saw
    assert saw["errors"] == []
    assert saw["board"] == {
        "blocked": ["Show the sum"],
        "ready": ["Cart total is wrong", "Checkout", "Show tax", "Write the docs"],
        "in-progress": [],
        "closed": ["Old"],
    }
    assert (shots / "board.png").stat().st_size > 10_000

    issue = work.issue(cart)
    assert issue["title"] == "Cart total with coupons"
    assert issue["description"] == "Coupons count twice"
    assert issue["notes"] == "Look at Cart.restore"
    assert (issue["priority"], issue["status"]) == (0, "in_progress")
    assert issue["labels"] == ["money"]
    assert [one["text"] for one in issue["comments"]] == ["- found it\n- mended it"]
    assert work.issue(tax)["status"] == "closed"
    assert work.issue(docs)["status"] == "tombstone"
    titles = {one["title"]: one for one in work.json("list")}
    assert titles["Made in the browser"]["description"] == "- with a list"
    assert saw["arrived"] < 20_000
    assert "Checkout" in saw["epics"]
    assert "Made on the command line" in saw["list"]
    assert json.loads(work.bd("doctor", "--json"))["overall_ok"]
