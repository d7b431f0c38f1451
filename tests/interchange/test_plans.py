"""Plans in Markdown: what is read of them, and that bringing one in again is never harm."""

from __future__ import annotations

import json
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.interchange import plan_attributes as said
from tracker.interchange.markdown import decoded, mended
from tracker.interchange.plan_parse import HEADING, TASK, read

PLAN = """\
---
title: front matter is no heading
---
# Shop

What it is about.

## Phase 1: Cart
**Priority**: High
**Duration**: 2 weeks

### Goal
Sell things.

### Work
- [ ] **1.1 Totals**
  - [x] Add the prices
  - [ ] Round them (2h) @bob
    - [ ] with banker's rounding
  - a plain remark
  - **Time**: 4 hours | **Owner**: Ann | **Status**: Pending

  A paragraph.
- [/] **1.2 Coupons** **Time**: 1.5 h | **Owner**: Unassigned
- [ ] 1.3 Tax [P0]
  Depends on: 1.1, Coupons

## Phase 2: Payment
**Dependencies**: Phase 1 complete

**Tasks:**
1. Choose a provider (ann)
2. Write the adapter (nobody-known)
   - with retries

**Agents**: Ann, ann

## Notes

Nothing to do here.
- just a list
"""


def by_title(items):
    return {item.title: item for top in items for item in top.walk()}


def test_what_a_plan_says():
    items = read(PLAN)
    found = by_title(items)
    assert [(item.kind, item.title) for top in items for item in top.walk()] == [
        (HEADING, "Shop"),
        (HEADING, "Phase 1: Cart"),
        (HEADING, "Work"),
        (TASK, "1.1 Totals"),
        (TASK, "Add the prices"),
        (TASK, "Round them"),
        (TASK, "with banker's rounding"),
        (TASK, "1.2 Coupons"),
        (TASK, "1.3 Tax"),
        (HEADING, "Phase 2: Payment"),
        (TASK, "Choose a provider"),
        (TASK, "Write the adapter (nobody-known)"),
    ]
    totals = found["1.1 Totals"]
    assert (totals.minutes, totals.owner, totals.state, totals.number) == (
        240,
        "Ann",
        "open",
        "1.1",
    )
    assert totals.text == "- a plain remark\n\nA paragraph."
    assert found["Add the prices"].state == "closed"
    assert (found["Round them"].minutes, found["Round them"].owner) == (120, "bob")
    coupons, tax = found["1.2 Coupons"], found["1.3 Tax"]
    assert (coupons.minutes, coupons.owner, coupons.state) == (90, "", "in_progress")
    assert (tax.priority, tax.needs) == (0, ["1.1", "Coupons"])
    assert tax.text == "Depends on: 1.1, Coupons", "what may name nothing here is kept as text"
    phase = found["Phase 1: Cart"]
    assert (phase.priority, phase.number) == (1, "phase 1")
    assert phase.text == "**Duration**: 2 weeks\n\n### Goal\n\nSell things."
    assert found["Phase 2: Payment"].needs == ["Phase 1 complete"]
    assert found["Choose a provider"].owner == "ann"
    assert found["Write the adapter (nobody-known)"].text == "- with retries"
    assert found["Shop"].text == "What it is about."
    assert totals.line == 16


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("- [ ] A\n- [X] B\n* [-] C\n+ [>] D\n1. [ ] E\n2) [!] F\n", "A B C D E F"),
        ("- [ ]\n- [ ] A\n", "A"),
        ("1. ✅ A\n2. ⬜ B\n", "A B"),
        ("- ✅ A\n- ✅ B\n", ""),
        ("TODO:\n- A\n- B\n\n- C\n", "A B C"),
        ("## Tasks\n- A\n", "Tasks A"),
        ("## A\n**Status**: Done\n**Owner**: Ann\n", "A"),
        ("## A\n**Status**: Done\n", ""),
        ("```\n- [ ] code\n```\n", ""),
        ("> - [ ] quoted\n", ""),
        ("| a | b |\n|---|---|\n| [ ] | x |\n", ""),
        ("- [ ] [link](http://x) and `code` *em* <b>\n", "link and code em <b>"),
        ("- [link](x) [ ] no box\n", ""),
        ("", ""),
    ],
)
def test_what_is_an_item(text, titles):
    found = [item.title for top in read(text) for item in top.walk() if item.title]
    assert " ".join(found) == titles


@pytest.mark.parametrize(
    "block",
    ["```sh\n- [ ] code\n\n**Status**: Done\n```", "~~~\nDepends on: B\n## Heading\n~~~",
     "    - [ ] indented\n    **Owner**: Ann", "````\n```\n- [x] fence within\n````"],
)  # fmt: skip
def test_code_within_an_item_is_its_text_and_says_nothing_of_it(block):
    inner = "".join(f"  {line}\n" if line else "\n" for line in block.split("\n"))
    items = [item for top in read(f"- [ ] A\n\n{inner}\n- [ ] B\n") for item in top.walk()]
    assert [(item.title, item.state) for item in items] == [("A", "open"), ("B", "open")]
    bare = [item for top in read("- [ ] A\n\n- [ ] B\n") for item in top.walk()]
    plain = {**vars(items[0]), "texts": None, "line": None}
    assert plain == {**vars(bare[0]), "texts": None, "line": None}
    assert items[0].text == textwrap.dedent(block)
    assert items[1].text == ""


def test_long_titles_are_kept_whole_in_the_text():
    item = read("- [ ] " + "word " * 200)[0]
    assert len(item.title) <= 500
    assert item.text == ("word " * 200).strip()


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("4 hours", 240), ("2-4 hrs", 240), ("1,5h", 90), ("30 min", 30), ("2 days", 960),
     ("10 working days", 4800), ("1 week", 2400), ("soon", None), ("", None), ("v4", None)],
)  # fmt: skip
def test_how_long(text, minutes):
    assert said.minutes(text) == minutes


@pytest.mark.parametrize(
    ("text", "status"),
    [("Pending", "open"), ("✅ Complete", "closed"), ("IN_PROGRESS", "in_progress"),
     ("On hold (budget)", "deferred"), ("Blocked", "blocked"), ("whatever", ""), ("", "")],
)  # fmt: skip
def test_states(text, status):
    assert said.status(text) == status


def test_lines_that_are_attributes_and_lines_that_are_not():
    found = said.attributes("- **Time**: 4 hours | **Owner:** A | Bee: c")
    assert [(one.kind, one.text) for one in found] == [
        ("estimate", "4 hours"), ("owner", "A"), ("", "c"),
    ]  # fmt: skip
    for text in ("Note: hello", "a | b", "**Time** is short", "http://x: y", ""):
        assert said.attributes(text) == []
    assert said.split("Do it **Time**: 3h | **Owner**: B") == (
        "Do it", [said.Attribute("estimate", "3h"), said.Attribute("owner", "B")],
    )  # fmt: skip


# Encodings.


def test_damaged_text_is_read_as_it_was_meant():
    assert decoded("✅ ok".encode()).text == "✅ ok"
    macintosh = "✅ → done".encode().decode("mac_roman").encode()
    found = decoded(macintosh)
    assert found.text == "✅ → done"
    assert found.remarks[0].startswith("2 places are damaged")
    assert decoded("✅ é".encode().decode("cp1252").encode()).text == "✅ é"
    assert decoded(macintosh, mend=False).text == macintosh.decode()
    assert decoded(b"caf\xe9\n\xe2\x9c\x85\r\n").text == "café\n✅\n"
    assert "line 1 is not UTF-8" in decoded(b"caf\xe9\n").remarks[0]
    assert decoded("é".encode("utf-16")).text == "é"
    assert decoded(b"\xef\xbb\xbfx").text == "x"


@pytest.mark.parametrize(
    "text", ["voil\xe0\xa0\xbb", "Größe", "naïve café", "Дом", "日本語", "\xd7\xb0", "“quoted”"]
)
def test_what_is_not_damaged_stays(text):
    assert mended(text)[0] == text


@given(st.text("aé✅→—ß½", max_size=12), st.sampled_from(["cp1252", "mac_roman", "latin-1"]))
def test_mending_is_once_and_for_all(text, encoding):
    try:
        damaged = text.encode().decode(encoding)
    except UnicodeDecodeError:
        return
    right = mended(damaged)[0]
    assert mended(right)[0] == right


# Bringing them in.


def put(bd, text, name="PLAN.md"):
    path = bd.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return name


def bring(bd, text=None, *words, name="PLAN.md"):
    if text is not None:
        put(bd, text, name)
    return bd("import", name, "--json", *words).json


def ids_of(bd):
    return {issue["title"]: issue["id"] for issue in bd.issues()}


def test_a_plan_becomes_issues(bd):
    put(bd, PLAN)
    said = bd("import", "--format", "markdown", "PLAN.md")
    ids = ids_of(bd)
    assert said.out == (
        "✓ PLAN.md: 12 created, 0 updated, 0 unchanged\n"
        f"  bd list --tree --parent {ids['Shop']} shows it\n"
    )
    totals = bd.issue(ids["1.1 Totals"])
    assert (totals["estimated_minutes"], totals["assignee"], totals["priority"]) == (240, "Ann", 1)
    assert totals["spec_id"] == "PLAN.md"
    assert bd.issue(ids["Phase 1: Cart"])["issue_type"] == "epic"
    assert bd.issue(ids["1.3 Tax"])["priority"] == 0
    closed = bd.issue(ids["Add the prices"])
    assert (closed["status"], closed["close_reason"]) == ("closed", "done in PLAN.md")
    assert bd.issue(ids["1.2 Coupons"])["status"] == "in_progress"
    edges = {(e["type"], e["depends_on_id"]) for e in bd.issue(ids["1.3 Tax"])["dependencies"]}
    assert edges == {
        ("parent-child", ids["Work"]), ("blocks", ids["1.1 Totals"]),
        ("blocks", ids["1.2 Coupons"]),
    }  # fmt: skip
    phase = {e["depends_on_id"] for e in bd.issue(ids["Phase 2: Payment"])["dependencies"]}
    assert phase == {ids["Shop"], ids["Phase 1: Cart"]}
    assert len(bd("op", "log", "--json").json) == 1
    tree = bd("list", "--tree", "--all").out.splitlines()
    assert [row.split("] ")[1] for row in tree if "] " in row][:3] == [
        "Shop", "Phase 1: Cart", "Work",
    ]  # fmt: skip
    first = bd("ready", "--type", "task", "--json").json[0]
    assert first["title"] == "Round them" or first["priority"] <= 1


def test_the_same_plan_again_changes_nothing(bd):
    assert bring(bd, PLAN)["created"] == 12
    before = bd.file.read_bytes()
    for words in ([], ["--dry-run"]):
        again = bring(bd, None, *words)
        assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 12)
    assert bd.file.read_bytes() == before


def test_a_dry_run_shows_the_tree_and_writes_nothing(bd):
    put(bd, PLAN)
    said = bd("import", "PLAN.md", "--dry-run")
    assert said.out.splitlines()[:4] == [
        "+ Shop", "+   Phase 1: Cart", "+     Work", "+       1.1 Totals",
    ]  # fmt: skip
    assert "Dry run, nothing is written: PLAN.md: 12 created" in said.out
    assert bd.file.read_bytes() == b""
    bring(bd)
    text = PLAN.replace("4 hours", "6 hours").replace("1.2 Coupons", "1.2 Vouchers")
    put(bd, text)
    rows = bd("import", "PLAN.md", "--dry-run").out.splitlines()
    assert "~       1.1 Totals  (estimated_minutes)" in rows
    assert "~       1.2 Vouchers  (title)" in rows


def test_what_the_plan_changes_is_changed(bd):
    bring(bd, PLAN)
    ids = ids_of(bd)
    text = (
        PLAN.replace("4 hours | **Owner**: Ann", "6 hours | **Owner**: Eve")
        .replace("1.2 Coupons", "1.2 Vouchers")
        .replace("a plain remark", "another remark")
        .replace("- [ ] 1.3 Tax", "- [x] 1.3 Tax")
        .replace("Phase 1: Cart", "Phase 1: The cart")
        .replace("Choose a provider", "Choose one provider")
        .replace("## Notes", "## Phase 3: More\n- [ ] New thing\n")
    )
    again = bring(bd, text)
    assert (again["created"], again["absent"]) == (2, [])
    totals = bd.issue(ids["1.1 Totals"])
    assert (totals["estimated_minutes"], totals["assignee"]) == (360, "Eve")
    assert totals["description"].startswith("- another remark")
    assert bd.issue(ids["1.2 Coupons"])["title"] == "1.2 Vouchers"
    assert bd.issue(ids["Phase 1: Cart"])["title"] == "Phase 1: The cart"
    assert bd.issue(ids["Choose a provider"])["title"] == "Choose one provider"
    assert bd.issue(ids["1.3 Tax"])["status"] == "closed"
    assert bring(bd)["updated"] == 0
    assert len(bd.issues()) == 14


def test_nothing_is_reopened_and_nothing_is_closed_by_absence(bd):
    bring(bd, PLAN)
    ids = ids_of(bd)
    bd("close", ids["1.1 Totals"], "--force")
    bd("reopen", ids["Add the prices"])
    bd("update", ids["1.2 Coupons"], "--status", "blocked")
    again = bring(bd, PLAN.replace("- [ ] 1.3 Tax [P0]", "- [ ] 1.4 Fees"))
    assert bd.issue(ids["1.1 Totals"])["status"] == "closed"
    assert bd.issue(ids["Add the prices"])["status"] == "open"
    assert bd.issue(ids["1.2 Coupons"])["status"] == "blocked"
    assert bd.issue(ids["1.3 Tax"])["status"] == "open"
    assert (again["created"], again["absent"]) == (1, [ids["1.3 Tax"]])
    assert "no longer in the plan" in bd("import", "PLAN.md").out


def test_what_people_changed_stays_where_the_plan_did_not(bd):
    bring(bd, PLAN)
    ids = ids_of(bd)
    bd("update", ids["1.1 Totals"], "--title", "Mine", "-a", "bot", "-e", "5", "-d", "mine")
    assert bring(bd)["updated"] == 0
    issue = bd.issue(ids["1.1 Totals"])
    assert (issue["title"], issue["assignee"], issue["estimated_minutes"]) == ("Mine", "bot", 5)
    bring(bd, PLAN.replace("| **Owner**: Ann ", ""))
    assert bd.issue(ids["1.1 Totals"])["assignee"] == "bot"


def test_an_issue_that_got_the_title_of_the_plan_is_the_same(bd):
    bring(bd, "# Shop\n\n- [ ] Database\n- [ ] Payment\n")
    new = "# Shop\n\n- [ ] Provision Postgres\n- [ ] Take money\n"
    put(bd, new)
    ids = ids_of(bd)
    said = bd("import", "PLAN.md", "--dry-run").out
    for old, title in (("Database", "Provision Postgres"), ("Payment", "Take money")):
        hint = f"bd update {ids[old]} --title '{title}'"
        assert (
            f" {ids[old]} {old}\n    is it the new {title}? Then before the import: {hint}" in said
        )
    bd("update", ids["Database"], "--title", "Provision Postgres")
    bd("update", ids["Payment"], "--title", "Take money")
    again = bring(bd)
    assert (again["created"], again["absent"], again["successors"]) == (0, [], {})
    assert bring(bd)["unchanged"] == 3


def test_what_may_be_the_same_under_another_title_is_asked(bd):
    bring(bd, "# Shop\n\n- [ ] Database\n- [ ] Payment\n")
    old = ids_of(bd)["Database"]
    said = bd("import", put(bd, "# Shop\n\n- [ ] Provision Postgres\n- [ ] Payment\n")).out
    new = ids_of(bd)["Provision Postgres"]
    assert (
        f"  no longer in the plan: {old} Database\n"
        f"    is it the new {new} Provision Postgres? Then: bd supersede {old} --with {new}\n"
    ) in said
    bd("supersede", old, "--with", new)
    assert "no longer" not in bd("import", "PLAN.md").out


def test_of_more_or_fewer_only_what_is_rather_alike_is_asked(bd):
    bring(bd, "- [ ] Write the adapter\n- [ ] Payment\n")
    ids = ids_of(bd)
    again = bring(bd, "- [ ] Write an adapter for Stripe\n- [ ] A\n- [ ] B\n")
    assert again["absent"] == sorted(ids.values())
    new = ids_of(bd)["Write an adapter for Stripe"]
    assert again["successors"] == {ids["Write the adapter"]: new}


def test_a_plan_of_several_items_at_the_top_is_shown_as_a_whole(bd):
    hint = "  bd list --tree --spec 'my plan.md' shows it\n"
    assert bd("import", put(bd, "- [ ] A\n- [ ] B\n", "my plan.md")).out.endswith(hint)
    assert "A\n" in bd("list", "--tree", "--spec", "my plan.md").out
    assert bd("import", put(bd, "- [ ] A\n", "one.md")).out.endswith("--spec one.md shows it\n")


@pytest.mark.parametrize(
    ("line", "title", "needs"),
    [
        ("B (depends on: A)", "B", ["A"]),
        ("B (depends on A)", "B", ["A"]),
        ("B [blocked by: A, 1.2]", "B", ["A", "1.2"]),
        ("B, depends on: A", "B", ["A"]),
        ("B - Depends On: A; C", "B", ["A", "C"]),
        ("B → needs: A", "B", ["A"]),
        ("B depends on: A", "B", ["A"]),
        ("B (after: A) @ann (2h)", "B", ["A"]),
        ("B @ann (2h), waits for: A", "B", ["A"]),
        ("B **Depends on**: A", "B", ["A"]),
        ("B (needs review)", "B (needs review)", []),
        ("See how much depends on rain", "See how much depends on rain", []),
        ("Update dependencies: A", "Update dependencies: A", []),
        ("Depends on: A", "Depends on: A", []),
        ("B (depends on f(x))", "B (depends on f(x))", []),
    ],
)
def test_dependencies_behind_a_title(line, title, needs):
    (item,) = read(f"- [ ] {line}\n")
    assert (item.title, item.needs) == (title, needs)
    assert bool(needs) == bool(item.text), "what may name nothing here is kept as text"
    if "ann" in line:
        assert (item.owner, item.minutes) == ("ann", 120)


def test_a_name_may_be_followed_by_any_number_of_others(bd):
    bring(bd, f"- [ ] A\n- [ ] B\n  - Depends on: {' and '.join(['A'] * 1500)}\n")
    ids = ids_of(bd)
    assert [e["depends_on_id"] for e in bd.issue(ids["B"])["dependencies"]] == [ids["A"]]


def test_dependencies_behind_a_heading(bd):
    bring(bd, "# One\n- [ ] A\n# Two (depends on One)\n- [ ] B\n## Three (after: One)\ntext\n")
    ids = ids_of(bd)
    assert [e["depends_on_id"] for e in bd.issue(ids["Two"])["dependencies"]] == [ids["One"]]
    (two,) = read("# Two\n## Three (after: One)\ntext\n## Four\n- [ ] B\n")
    assert two.text == "## Three\n\nafter: One\n\ntext"


def test_what_dependencies_name(bd):
    other = bd("create", "Elsewhere", "--silent").out.strip()
    text = f"""- [ ] Test and ship (depends on: {other})
- [ ] A (depends on: Test and ship)
- [ ] B (depends on: A and Test and ship)
- [ ] C (depends on: Nothing like it)
- [ ] D, blocked by C
- [ ] E, blocked by rain
"""
    said = bd("import", put(bd, text))
    ids = ids_of(bd)

    def on(title):
        return {edge["depends_on_id"] for edge in bd.issue(ids[title]).get("dependencies", ())}

    assert on("Test and ship") == {other}
    assert on("A") == {ids["Test and ship"]}
    assert on("C") == on("D, blocked by C") == on("E, blocked by rain") == set()
    assert said.err == (
        'Note: PLAN.md, line 4: "Nothing like it" is no item of the plan and no issue:'
        " not waited for\n"
        'Note: PLAN.md, line 5: "blocked by C" in the title is not read as a dependency;'
        " in brackets it is\n"
    )
    assert bd.issue(ids["C"])["description"] == "depends on: Nothing like it"


def test_only_the_first_of_many_remarks_are_told(bd):
    text = "".join(f"- [ ] Item {n} (depends on: thing {n})\n" for n in range(12))
    put(bd, text)
    said = bd("import", "PLAN.md", "--dry-run").err.splitlines()
    assert (len(said), said[-1]) == (11, "Note: and 2 more remarks (--json lists all)")
    assert len(bd("import", "PLAN.md", "--json").json["remarks"]) == 12


def test_moved_items_are_found(bd):
    bring(bd, PLAN)
    ids = ids_of(bd)
    moved = PLAN.replace("- [ ] 1.3 Tax [P0]\n  Depends on: 1.1, Coupons\n", "").replace(
        "**Agents**", "- [ ] 1.3 Tax\n  - [ ] a part\n\n**Agents**"
    )
    again = bring(bd, moved)
    assert (again["created"], again["absent"]) == (1, [])
    issue = bd.issue(ids["1.3 Tax"])
    parents = [e["depends_on_id"] for e in issue["dependencies"] if e["type"] == "parent-child"]
    assert parents == [ids["Phase 2: Payment"]]
    renamed = moved.replace("## Phase 2: Payment", "## Money")
    assert bring(bd, renamed)["created"] == 0
    assert bd.issue(ids["Phase 2: Payment"])["title"] == "Money"


def test_a_deleted_issue_is_not_wanted(bd):
    bring(bd, PLAN)
    ids = ids_of(bd)
    bd("delete", ids["1.1 Totals"], "--force")
    again = bring(bd)
    assert (again["created"], again["skipped"]) == (0, 4)
    assert "4 deleted here" in bd("import", "PLAN.md").out


def test_a_plan_has_the_name_of_its_path(bd):
    bring(bd, PLAN, name="docs/PLAN.md")
    sub = bd.path / "docs"
    assert bd("import", "PLAN.md", "--json", cwd=sub).json["created"] == 0
    assert bd.issues()[0]["spec_id"] == "docs/PLAN.md"
    assert "needs a name" in bd("import", "--format", "markdown", stdin=PLAN, code=1).err
    again = bd("import", "--format", "markdown", "--as", "docs/PLAN.md", "--json", stdin=PLAN).json
    assert again["unchanged"] == 12
    assert bd("import", "--format", "markdown", "--as", "X", "--json", stdin=PLAN).json[
        "created"
    ] == 12  # fmt: skip


def test_clones_that_bring_in_the_same_plan_make_the_same_issues(bd):
    bring(bd, PLAN)
    ids = ids_of(bd)
    bd.write()
    bring(bd)
    assert ids_of(bd) == ids


def test_circles_of_a_plan_are_left_out_and_told(bd):
    put(bd, "- [ ] 1.1 A\n  Depends on: 1.2\n- [ ] 1.2 B\n  Depends on: 1.1\n")
    said = bd("import", "PLAN.md")
    assert "line 3: cannot add dependency: would create a cycle" in said.err
    assert len(bd.issues()) == 2
    assert bd("dep", "cycles").out.strip().startswith("✓ No dependency cycles")


def test_plans_without_items_and_values_that_cannot_be(bd):
    assert "no item in PLAN.md" in bd("import", put(bd, "# A\ntext\n"), code=1).err
    bad = "- [ ] A\n- [ ] B\n  Labels: a\x07b\n"
    said = bd("import", put(bd, bad), code=1)
    assert said.err.startswith("Error: PLAN.md:2: label holds a control character")
    assert bd.file.read_bytes() == b""
    bring(bd, bad.replace("\x07", ""))
    assert [issue.get("labels") for issue in bd.issues()].count(["ab"]) == 1


def test_a_thing_that_needs_a_description_elsewhere(bd):
    (bd.beads / "config.yaml").write_text("issue-prefix: t\ncreate.require-description: true\n")
    bring(bd, "- [ ] A\n")
    assert len(bd.issues()) == 1


titles = st.sampled_from(["1.1 A", "1.2 B", "Alpha", "Beta", "Gamma", "Alpha"])
trees = st.recursive(
    st.tuples(titles, st.booleans(), st.just([])),
    lambda below: st.tuples(titles, st.booleans(), st.lists(below, max_size=3)),
    max_leaves=6,
)


def written(tree, depth=0):
    title, done, below = tree
    row = f"{'  ' * depth}- [{'x' if done else ' '}] {title}\n"
    return row + "".join(written(one, depth + 1) for one in below)


@given(st.lists(trees, min_size=1, max_size=3), st.lists(trees, min_size=1, max_size=3))
def test_whatever_a_plan_becomes_no_item_is_ever_two_issues(one, other):
    from tracker.interchange.plan_apply import bring as into
    from tracker.interchange.plan_match import known
    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft, Log
    from tracker.model.validation import Settings

    draft = Draft(Log(b""))
    settings, who = Settings(prefix="t"), Who("ann", 10**18)
    for number, plan in enumerate((one, one, other, other)):
        items = read("".join(map(written, plan)))
        count = sum(1 for top in items for _ in top.walk())
        result = into(draft, (items, known(draft, "P.md")), "P.md", settings, who)
        told = result.counts()
        assert sum(told.values()) == count
        assert len({row.id for row in result.rows}) == count, "each item has an issue of its own"
        if number in {1, 3}:
            assert (told["created"], told["updated"]) == (0, 0)
    assert all(issue.status in {"open", "closed"} for issue in draft.changes.values() if issue)


# Real plans.


def test_the_check_list_of_a_real_project(bd, shared):
    plan = (shared / "data/plans/checklist.md").read_bytes()
    (bd.path / "checklist.md").write_bytes(plan)
    assert bring(bd, name="checklist.md")["created"] == 468
    issues = {issue["id"]: issue for issue in bd.issues()}
    numbered = [i for i in issues.values() if i.get("estimated_minutes") and i.get("assignee")]
    assert len(numbered) == 65

    def above(issue):
        parent = issue["dependencies"][0]["depends_on_id"] if "dependencies" in issue else ""
        return [issues[parent]["title"], *above(issues[parent])] if parent else []

    phases = [next(t for t in above(i) if t.startswith("PHASE")) for i in numbered]
    assert {p: phases.count(p) for p in phases} == {
        "PHASE 1: Foundation (Weeks 1-2)": 21, "PHASE 2: Intelligence (Weeks 3-4)": 13,
        "PHASE 3: Coordination (Weeks 5-6)": 13, "PHASE 4: Polish (Weeks 7-8)": 18,
    }  # fmt: skip
    first = min(numbered, key=lambda i: i["created_at"])
    assert (first["title"], first["estimated_minutes"], first["assignee"]) == (
        "1.1 Project Setup", 240, "DevOps",
    )  # fmt: skip
    text = plan.decode().replace(
        "**Time**: 4 hours | **Owner**: DevOps", "**Time**: 5 hours | **Owner**: Ann", 1
    )
    (bd.path / "checklist.md").write_text(text)
    again = bring(bd, name="checklist.md")
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 1, 467)


def test_a_road_map_with_damaged_characters(bd, shared):
    (bd.path / "roadmap.md").write_bytes((shared / "data/plans/roadmap.md").read_bytes())
    said = bd("import", "roadmap.md")
    assert "89 places are damaged" in said.err
    ids = ids_of(bd)
    owner = bd.issue(ids["Execute phased rollout (10% → 50% → 100%)"])["assignee"]
    assert owner == "release-manager"
    assert bd("import", "roadmap.md", "--json").json["updated"] == 0
    kept = bd("import", "roadmap.md", "--as-is", "--as", "other", "--dry-run", "--json").json
    damaged = "✅ →".encode().decode("mac_roman").split()[1]
    assert any(damaged in row["title"] for row in kept["issues"])


def test_a_summary_with_signs_for_boxes(bd, shared):
    (bd.path / "m.md").write_bytes((shared / "data/plans/milestones.md").read_bytes())
    assert bring(bd, name="m.md")["created"] == 21
    done = [issue["title"] for issue in bd.issues() if issue["status"] == "closed"]
    assert done == ["Review planning documents with team"]
    assert json.loads(bd("count", "--json").out)["count"] == 21
