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

from benchmarks.generate import log

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


@pytest.fixture
def shots(tmp_path) -> Path:
    """Where pictures go: SHOTS, if somebody wants to look at them."""
    folder = Path(os.environ.get("SHOTS") or tmp_path / "shots")
    folder.mkdir(exist_ok=True)
    return folder


def test_the_board_shows_edits_and_follows(work, url, packages, node, shots):
    epic = work.bd("create", "Checkout", "-t", "epic", "--silent").strip()
    cart = work.bd("create", "Cart total is wrong", "-t", "bug", "-p", "1", "--parent", epic,
                   "--silent").strip()  # fmt: skip
    work.bd("create", "Show the sum", "--deps", cart, "--silent")
    tax = work.bd("create", "Show tax", "--silent").strip()
    docs = work.bd("create", "Write the docs", "--silent").strip()
    work.bd("create", "Old", "--silent")
    work.bd("close")

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


@pytest.mark.parametrize("count", [500, 10_000])
def test_a_board_of_many_issues_is_quick(work, url, packages, shots, count):
    """Bounds for a busy machine; what it takes on a free one stands in docs/clients.md."""
    work.log.write_bytes(log(count))
    told = work.run("node", HERE / "crowd.mjs", packages, url, shots, work.path)
    saw = json.loads(told.splitlines()[-1])
    print(f"{count} issues: {saw}")  # noqa: T201  (figures, seen with -s)
    assert "failed" not in saw, saw
    blocked, ready, doing, _ = saw["counts"]
    assert blocked == len(work.json("blocked"))
    assert ready == min(len(work.json("ready")), 1000)  # it asks for no more
    assert doing in {len(work.json("list", "--status", "in_progress")) - n for n in (0, 1)}
    assert max(saw["board"], saw["arrived"], saw["edited"]) < 30_000
