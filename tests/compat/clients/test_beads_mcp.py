"""Every tool of `beads-mcp`, called over stdio as an agent's host does."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.compat.clients.stdio import Failed, Server

TOOLS = {
    "discover_tools", "get_tool_info", "context", "ready", "list", "show", "create", "update",
    "close", "reopen", "dep", "stats", "blocked", "admin",
}  # fmt: skip
NEW_TOOLS = {"claim", "comment", "comments", "note"}  # of 1.x


@pytest.fixture(params=["0.49.6", "1.3.2"])
def version(request) -> str:
    return str(request.param)


@pytest.fixture
def server(installed, scratch, version):
    """A server for a repository that has no workspace yet."""
    folder = installed / f"beads-mcp-{version}"
    if not (folder / ".ready").exists():
        pytest.skip(f"beads-mcp {version} is not installed: make test-clients")
    # Its comments have texts for ids, which those of 1.x have: a client of that generation says so.
    env = {"BD_COMPAT_VERSION": "1.1.0"} if version.startswith("1.") else {}
    server = Server([folder / "bin" / "beads-mcp"], scratch, **env)
    yield server
    server.close()


@pytest.fixture
def mcp(server, scratch):
    """The same with its context set and a workspace made by its own tool."""
    assert "Not found" in str(server("context", workspace_root=str(scratch.path)))
    said = str(server("context", action="init", prefix="shop"))
    assert "bd initialized successfully!" in said
    assert "shop" in said
    assert str(scratch.beads) in str(server("context", workspace_root=str(scratch.path)))
    return server


class Ids(NamedTuple):
    """The issues that the tools make: `tax` waits for `cart` and is part of `epic`."""

    cart: str
    tax: str
    docs: str
    named: str
    epic: str


def test_every_tool_does_what_it_says(mcp, scratch, version):
    new = version.startswith("1.")
    listed = {tool["name"] for tool in mcp.ask("tools/list")["tools"]}
    assert listed == TOOLS | (NEW_TOOLS if new else set())
    assert mcp("discover_tools")["count"] >= len(TOOLS)
    assert mcp("get_tool_info", tool_name="ready")["name"] == "ready"
    assert str(scratch.path) in str(mcp("context", action="show"))
    ids = made(mcp, scratch)
    found(mcp, ids)
    shown(mcp, ids)
    changed(mcp, scratch, ids)
    if new:
        said(mcp, scratch, ids)
    ended(mcp, scratch, ids)
    looked_after(mcp)
    assert mcp.used == listed


def made(mcp: Server, scratch: Any) -> Ids:
    cart = mcp(
        "create", title="Cart total is wrong", description="With coupons", issue_type="bug",
        priority=1, labels=["ui", "shop"], design="Apply once", acceptance="A test",
        external_ref="gh-7", assignee="bob", brief=False,
    )  # fmt: skip
    id = cart["id"]
    assert cart["title"] == "Cart total is wrong"
    assert scratch.issue(id)["labels"] == ["shop", "ui"]
    tax = mcp("create", title="Show tax", deps=[id])["id"]
    docs = mcp("create", title="--Write the docs", deps=[f"discovered-from:{id}"])["id"]
    assert scratch.issue(docs)["dependencies"][0]["type"] == "discovered-from"
    named = mcp("create", title="Named", id="shop-42")["id"]
    assert named == "shop-42"
    epic = mcp("create", title="Checkout", issue_type="epic")["id"]
    assert mcp("dep", issue_id=tax, depends_on_id=epic, dep_type="parent-child")
    assert mcp("dep", issue_id=named, depends_on_id=tax)
    assert "cycle" in str(mcp("dep", issue_id=id, depends_on_id=tax))
    return Ids(id, tax, docs, named, epic)


def found(mcp: Server, ids: Ids) -> None:
    issues = {one["id"]: one for one in mcp("list")}
    assert set(issues) == set(ids)
    assert issues[ids.cart]["labels"] == ["shop", "ui"]
    assert issues[ids.tax]["dependency_count"] == 2
    bobs = mcp("list", labels=["ui"], priority=1, assignee="bob")
    assert [one["id"] for one in bobs] == [ids.cart]
    assert [one["id"] for one in mcp("list", query="tax", brief=True)] == [ids.tax]
    assert len(mcp("list", labels_any=["ui", "none"], status="open", issue_type="bug")) == 1
    assert ids.cart not in {one["id"] for one in mcp("list", unassigned=True, limit=3)}
    assert mcp("list", fields=["id", "title"])[0].keys() == {"id", "title"}
    ready = [one["id"] for one in mcp("ready")]
    assert ids.cart in ready
    assert ids.tax not in ready
    first = mcp("ready", priority=1, limit=1, sort_policy="oldest")
    assert [one["id"] for one in first] == [ids.cart]
    assert ids.cart not in {one["id"] for one in mcp("ready", unassigned=True)}
    waiting = {one["id"]: one["blocked_by"] for one in mcp("blocked")}
    assert waiting[ids.tax] == [ids.cart]
    assert {one["id"] for one in mcp("blocked", brief=True)} == set(waiting)
    assert mcp("blocked", brief_deps=True)


def shown(mcp: Server, ids: Ids) -> None:
    tax = mcp("show", issue_id=ids.tax)
    types = {one["id"]: one["dependency_type"] for one in tax["dependencies"]}
    assert types == {ids.cart: "blocks", ids.epic: "parent-child"}
    assert [one["id"] for one in tax["dependents"]] == [ids.named]
    assert mcp("show", issue_id=ids.cart, brief=True)["title"] == "Cart total is wrong"
    brief = mcp("show", issue_id=ids.tax, brief_deps=True)
    assert brief["dependencies"][0].keys() >= {"id", "title"}
    for unknown in ("show", "update"):  # neither an empty answer nor success
        with pytest.raises(Failed, match="no issue found matching"):
            mcp(unknown, issue_id="shop-nope")


def changed(mcp: Server, scratch: Any, ids: Ids) -> None:
    cart = mcp(
        "update", issue_id=ids.cart, status="in_progress", priority=0, title="Total", notes="n",
        description="d", design="e", acceptance_criteria="a", external_ref="gh-8", assignee="cy",
        brief=False,
    )  # fmt: skip
    assert (cart["status"], cart["priority"], cart["assignee"]) == ("in_progress", 0, "cy")
    assert scratch.issue(ids.cart)["external_ref"] == "gh-8"


def ended(mcp: Server, scratch: Any, ids: Ids) -> None:
    assert mcp("close", issue_id=ids.cart, reason="Applied once")
    assert scratch.issue(ids.cart)["close_reason"] == "Applied once"
    assert ids.tax in {one["id"] for one in mcp("ready")}
    reopened = mcp("reopen", issue_ids=[ids.cart], reason="Not yet", brief=False)
    assert reopened[0]["status"] == "open"
    assert "closed_at" not in scratch.issue(ids.cart)
    assert mcp("stats")["summary"]["total_issues"] == len(ids)


def looked_after(mcp: Server) -> None:
    for action in ("validate", "repair", "schema", "debug", "migration", "pollution"):
        assert mcp("admin", action=action), action
    assert "issues" in mcp("admin", action="schema")["schema"]["tables"]
    guide = mcp.ask("resources/read", uri="beads://quickstart")["contents"][0]["text"]
    assert len(guide) > 100
    assert "bd" in guide


def said(mcp: Server, scratch: Any, ids: Ids) -> None:
    """The tools of 1.x."""
    id, free = ids.cart, ids.docs
    assert mcp("claim", issue_id=free, brief=False)["status"] == "in_progress"
    assert scratch.issue(free)["assignee"] == "ann"
    with pytest.raises(Failed, match="already claimed by cy"):
        mcp("claim", issue_id=id)
    mcp("comment", issue_id=id, text="-- the cause is found")
    mcp("note", issue_id=id, text="twice in Cart.restore")
    comments = mcp("comments", issue_id=id)
    assert [(one["author"], one["text"]) for one in comments] == [("ann", "-- the cause is found")]
    assert scratch.issue(id)["notes"].splitlines() == ["n", "twice in Cart.restore"]
    assert isinstance(scratch.issue(id)["comments"][0]["id"], int)


def test_a_log_with_findings_is_still_reported(mcp, scratch):
    """A check that finds something has done its work; the host would show an error instead."""
    id = mcp("create", title="Test something")["id"]
    other = mcp("create", title="Goes away", deps=[id])["id"]
    scratch.bd("delete", id, "--force", "--hard")
    assert mcp("admin", action="validate", checks="orphans")
    found = mcp("admin", action="repair", fix=True)
    assert (found["orphans"][0]["issue_id"], found["fixed"]) == (other, 1)
    assert mcp("admin", action="pollution")
