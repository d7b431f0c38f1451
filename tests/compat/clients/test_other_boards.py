"""`@herbcaudill/beads-ui`, by its HTTP interface and by its MCP server."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.compat.clients.stdio import Server


@pytest.fixture
def new_node(packages, node) -> str:
    """A node of version 22 or later, without which this program does not start."""
    for name in (node, *packages.glob("node-*/bin/node")):
        told = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
        if int(told.stdout.lstrip("v").partition(".")[0]) >= 22:
            return str(name)
    pytest.skip("node 22 is not installed")


@pytest.fixture
def cli(packages) -> Path:
    return packages / "@herbcaudill/beads-ui/dist/cli.js"


class Site:
    """What listens at an address and speaks JSON."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self, method: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.address}{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            data = answer.read()
        return json.loads(data) if data else None


@pytest.fixture
def site(new_node, cli, work):
    """Its comments have texts for ids, which those of Beads 1.x have."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    server = subprocess.Popen(
        [new_node, str(cli), "--port", str(port), "--no-open"],
        cwd=work.path,
        env={**work.env, "BD_COMPAT_VERSION": "1.1.0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = Site(f"http://127.0.0.1:{port}")
    for _ in range(300):
        try:
            found("GET", "/api/workspace")
            break
        except OSError:
            assert server.poll() is None, "it ended"
            time.sleep(0.1)
    yield found
    server.terminate()
    server.wait(20)


def test_every_request_is_answered(site, work):
    assert site("GET", "/api/workspace")["name"] == "shop"
    epic = site("POST", "/api/issues", title="Checkout", type="epic")["id"]
    cart = site(
        "POST", "/api/issues", title="-- Cart", description="- a list", type="bug", priority=0,
        assignee="bob", parent=epic, labels=["ui", "money"],
    )["id"]  # fmt: skip
    assert work.issue(cart)["title"] == "-- Cart"
    tax = site("POST", "/api/issues", title="Tax")["id"]
    site("POST", f"/api/issues/{tax}/dependencies", dependsOnId=cart, type="blocks")
    site("POST", f"/api/issues/{tax}/dependencies", dependsOnId=epic, type="discovered-from")
    site("POST", f"/api/issues/{tax}/labels", label="new")
    made = site("POST", f"/api/issues/{tax}/comments", text="- found it", author="eve")
    assert isinstance(made["id"], str)
    assert site("GET", f"/api/issues/{tax}/comments")[0]["text"] == "- found it"
    shown = site("GET", f"/api/issues/{tax}")
    types = {one["id"]: one["dependencyType"] for one in shown["dependencies"]}
    assert types == {cart: "blocks", epic: "discovered-from"}
    assert [one["id"] for one in site("GET", f"/api/issues/{cart}")["dependents"]] == [tax]
    changed = site("PATCH", f"/api/issues/{cart}", title="Cart", description="", status="deferred")
    assert changed["status"] == "deferred"
    assert "description" not in work.issue(cart)
    assert site("PATCH", f"/api/issues/{cart}", status="open", priority=2)["priority"] == 2
    site("DELETE", f"/api/issues/{tax}/labels/new")
    site("DELETE", f"/api/issues/{tax}/dependencies/{epic}")
    junk = site("POST", "/api/issues", title="junk")["id"]
    site("DELETE", f"/api/issues/{junk}")
    issues = {one["id"]: one for one in site("GET", "/api/issues")}
    assert set(issues) == {epic, cart, tax}  # no deleted one, whose status it does not know
    assert [id for id, one in issues.items() if one["isReady"]].count(tax) == 0
    assert issues[cart]["parent"] == epic
    assert site("GET", "/api/status")["total"] == 3
    assert len(site("GET", "/api/tasks")) >= 1


def test_its_own_server_of_tools(new_node, cli, work):
    id = work.bd("create", "Show tax", "-d", "by line", "--silent").strip()
    env = {"BD_COMPAT_VERSION": "1.1.0", "PWD": str(work.path)}
    server = Server([new_node, cli, "mcp"], work, **env)
    tools = {tool["name"]: tool for tool in server.ask("tools/list")["tools"]}
    said = [str(server(name, **({"id": id} if "id" in json.dumps(tools[name].get("inputSchema"))
                              else {}))) for name in tools]  # fmt: skip
    assert any("Show tax" in one for one in said)
    server.close()


# What agents' hosts run at the start of a session.


def test_the_hooks_of_an_orchestration(work, packages):
    """beads-orchestration 2.2.0: shell hooks that read `bd` by jq."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    hooks = packages / "beads-orchestration/templates/hooks"
    work.bd("config", "set", "status.custom", "inreview")  # as its installer does
    epic = work.bd("create", "Checkout", "-t", "epic", "-d", "all of it", "--silent").strip()
    cart = work.bd("create", "Cart", "--parent", epic, "-d", "x", "--silent").strip()
    tax = work.bd("create", "Tax", "--parent", epic, "--deps", cart, "--silent").strip()
    work.bd("update", cart, "--status", "in_progress")
    env = {"CLAUDE_PROJECT_DIR": str(work.path)}
    told = work.run("bash", hooks / "session-start.sh", **env)
    assert cart in told
    assert tax in told  # among what is blocked

    def asks(name: str, **tool: Any) -> str:
        env["CLAUDE_TOOL_INPUT"] = json.dumps(tool["tool_input"])
        done = subprocess.run(
            ["bash", str(hooks / name)], input=json.dumps(tool), cwd=work.path,
            env={**work.env, **env}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    closing = {"tool_name": "Bash", "tool_input": {"command": f"bd close {epic}"}}
    assert '"deny"' in asks("validate-epic-close.sh", **closing)
    prompt = f"BEAD_ID: {tax}\nEPIC_ID: {epic}\nwork"
    dispatch = {"tool_input": {"subagent_type": "ui-supervisor", "prompt": prompt}}
    assert '"deny"' in asks("enforce-sequential-dispatch.sh", tool_name="Task", **dispatch)
    work.bd("update", cart, "--status", "inreview")
    assert cart in work.bd("list", "--status", "inreview")
    work.bd("close", cart)
    work.bd("close", tax)
    assert '"deny"' not in asks("validate-epic-close.sh", **closing)


def test_the_plugin_of_a_host_is_given_what_prime_says(work, packages, new_node):
    """opencode-beads 0.3.2, with a host of ours around it."""
    work.bd("create", "Show tax", "--silent")
    told = work.run(new_node, Path(__file__).parent / "opencode.mjs", packages, work.path)
    saw = json.loads(told.splitlines()[-1])
    assert "bd ready" in saw["injected"]
    assert "Show tax" in saw["injected"]
    assert saw["commands"] > 10
