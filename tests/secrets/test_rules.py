"""Secrets: what is one, what only looks like it, and that none gets past the gate."""

from __future__ import annotations

import base64
import itertools
import json
import re
import re._constants as sre
import time
from re._parser import parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.depth import one_in
from tests.support.repository import ROOT
from tests.support.secret_samples import Maker, alike, doubtful, encoded, secrets
from tracker.errors import SecretFound
from tracker.secrets import scan
from tracker.secrets.rules import find, fingerprint, hinted, redacted
from tracker.secrets.tokens import FORMS

KINDS = sorted(secrets(0))
AROUND = ("{}", "before {} after", 'said "{}", twice', "KEY={}\nmore", "see: ({}).", "`{}`")


def plain(finding, text):
    return text[finding.start : finding.end]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_secret_is_found_wherever_it_stands(kind):
    for seed, around in enumerate(AROUND):
        secret = secrets(seed)[kind]
        text = around.format(secret)
        found = [one for one in find(text) if one.refuses]
        assert len(found) == 1, (kind, around)
        assert plain(found[0], text) in secret
        assert len(plain(found[0], text)) >= 20
        assert found[0].fingerprint == fingerprint(plain(found[0], text))


def test_what_only_looks_like_a_secret_is_let_pass_without_a_word():
    texts = alike(7)
    assert len(texts) >= 200
    assert len(KINDS) >= 200
    found = {text: find(f"before {text} after") for text in texts}
    assert not {text: rules for text, rules in found.items() if rules}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.rule} {form.hints}")
def test_every_form_has_a_token_in_the_table(form):
    """Nothing is listed that no test has seen."""
    pattern = re.compile(form.pattern, re.ASCII)
    known = [text for text in secrets(0).values() if pattern.search(text)]
    assert known
    assert all(any(hint in text for hint in form.hints.split() or [""]) for text in known)


def test_the_page_about_secrets_names_every_service_and_counts_right():
    page = (ROOT / "docs" / "secrets.md").read_text()
    named = re.sub(r"[^a-z0-9]", "", page.casefold())
    missing = {form.rule for form in FORMS if form.rule.split("-")[0].replace(".", "") not in named}
    assert not missing
    assert f"{len(KINDS)} kinds of secrets" in page


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.rule} {form.hints}")
def test_no_form_goes_back_over_what_it_read(form):
    """A part without an end is the last one of a form, so a text is read once, whatever it is."""
    assert not list(endless(parse(form.pattern)))


def endless(parts):
    """The repeats without an end that something has to follow."""
    items = list(parts)
    for at, (kind, value) in enumerate(items):
        rest = items[at + 1 :]
        if kind is sre.MAX_REPEAT and value[1] is sre.MAXREPEAT and any(map(is_needed, rest)):
            yield value
        for below in inner(kind, value):
            yield from endless(below)


def is_needed(item):
    kind, value = item
    return not (kind is sre.MAX_REPEAT and value[0] == 0) and kind not in {sre.ASSERT_NOT, sre.AT}


def inner(kind, value):
    if kind in {sre.MAX_REPEAT, sre.POSSESSIVE_REPEAT}:
        yield value[2]
    elif kind is sre.SUBPATTERN:
        yield value[3]
    elif kind is sre.BRANCH:
        yield from value[1]


@pytest.mark.parametrize("signature", [20, 22, 43, 64, 86, 342, 700])
@pytest.mark.parametrize("more", [{}, {"kid": "a"}, {"x5c": "A1b2" * 400}])
def test_a_web_token_is_one_of_whatever_length(signature, more):
    token = Maker(signature).jwt(signature, **more)
    for text in (
        token,
        f"Cookie: session={token}; Path=/",
        f"a-{token}",
        f"{token}.",
        f"({token})",
    ):
        (found,) = [one for one in find(text) if one.refuses]
        assert (found.rule, plain(found, text).rstrip(".")) == ("jwt", token)


def test_what_is_no_web_token_passes():
    r = Maker(1)
    head, body, _ = r.jwt().split(".")
    for text in (
        f"{head}.{body}.{r(19)}",  # the signature is cut off
        f"{head}.{body}",
        f"{encoded({'typ': 'JWT'})}.{body}.{r(43)}",  # no algorithm
        f"{encoded(['alg'])}.{body}.{r(43)}",
        f"{head}.{encoded({})}.{r(43)}",
        f"{head}.{encoded({'sub': '1234567890'})}.{r(43)}",  # what every text shows
        f"eyJ{r(40)}.eyJ{r(40)}.{r(43)}",  # no JSON
        f"x{head}.{body}.{r(43)}",
        f"{encoded_text('{' + '[' * 100_000)}.{body}.{r(43)}",
    ):
        assert not [one for one in find(text) if one.refuses], text[:80]


def encoded_text(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


HALF = "0011223344556677"  # 16 digits, 8 of them different: 3.0 bits each


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        (HALF, True),
        (HALF[:15], False),  # as short as many ids are
        ("0011223344556670", False),  # 2.95 bits
        ("Ab1Ab2cD", False),  # 2.5 bits
        ("Ab1cD2eF", True),  # 8 different ones: 3.0 bits
        ("Ab1cD2e", False),  # seven
        ("abc1DEF2", True),
        ("abcd1234", False),  # no mixture
        (f"Ab1cD2eFgH3iJ4kL{7 * 'q'}", True),
        (f"Ab1cD2eFgH3iJ4kL{8 * 'q'}", False),  # somebody held a key down
    ],
)
def test_where_the_line_between_a_password_and_an_id_is(value, is_found):
    assert bool(find(f"password = {value}")) == is_found
    assert not [one for one in find(f"password = {value}") if one.refuses]


def test_a_key_is_found_in_whatever_it_is_quoted():
    key = Maker(4).key("EC")
    rows = key.splitlines()
    for text in (
        "\n".join(f"+{row}" for row in rows),
        "\n".join(f"    > {row}" for row in rows),
        "".join(f'"{row}\\n" +\n' for row in rows),
        key.replace("\n", "\\\\n"),
        key.replace("\n", "\r\n"),
        "\n".join([rows[0], "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0A", "", *rows[1:]]),
        "\n".join(rows[:6]),  # cut off
    ):
        (found,) = [one for one in find(f"before\n{text}\nafter") if one.refuses]
        assert found.rule == "private-key"
        assert rows[5][-20:] not in redacted(f"before\n{text}\nafter", [found])
        assert redacted(f"before\n{text}\nafter", [found]).endswith("after")


def test_what_may_be_a_password_is_found_and_stops_nothing():
    for text in doubtful(3).values():
        found = find(f"before {text} after")
        assert [one.refuses for one in found] == [False], text


@one_in(12)
def test_real_issues_hold_none(shared, every):
    """No false refusal in all text of real trackers, and hardly a doubt."""
    paths = sorted((shared / "data").rglob("*.jsonl"))
    lines = {line: path for path in paths for line in path.read_bytes().splitlines()}
    refused, doubted = {}, set()
    for line, path in itertools.islice(lines.items(), 0, None, every):
        for one in scan.spotted(line):
            if one.finding.refuses:
                refused[one.finding.fingerprint] = one.finding.rule, str(path)
            else:
                doubted.add(one.finding.fingerprint)
    assert len(lines) > 15_000
    assert not refused
    assert len(doubted) <= 5


@given(st.text(max_size=200))
def test_a_text_without_a_hint_holds_nothing(text):
    assert hinted(text) or not find(text)


@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from(sorted(secrets(1).values()))), max_size=6
    )
)
def test_findings_ascend_and_are_gone_once_redacted(parts):
    text = " ".join(parts)
    found = find(text)
    places = [(one.start, one.end) for one in found]
    assert places == sorted(places)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(places))
    clean = redacted(text, found)
    assert not {one.fingerprint for one in find(clean)} & {one.fingerprint for one in found}
    assert not any(plain(one, text) in clean for one in found)


@pytest.mark.parametrize(
    "unit",
    [
        "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----" + " " * 90, "eyJ-", "eyJa.eyJ",
        "PuTTY-User-Key-File-2: ", "A: A\n", "password=", "a://b:c", "bearer ", "sk-", "AKIA",
        "aws_secret_access_key = ", "xoxb-1", "pat.", "secret: 'a", "A" * 99, "-eyJ", "eyJ0.eyJ",
        "sk-ant-", "-_", "password=" + "/" * 300 + "%", "a" * 21 + ".", "machine a login b ", "|",
        "\\n", "sv=1&sig=", '"kty","d":"', "LS0tLS1CRUdJTi", "Private-Lines: 1 ", "\\\\",
    ],
)  # fmt: skip
def test_no_text_keeps_it_busy(unit):
    text = f"-----BEGIN RSA PRIVATE KEY-----\n{unit * (100_000 // len(unit))}"
    begin = time.process_time()
    find(text)
    assert time.process_time() - begin < 3


# A record on its way into a file.


def line(**fields):
    return json.dumps(fields).encode()


def test_a_finding_is_told_by_field_line_and_column_and_never_by_its_value():
    secret = secrets(5)["github classic"]
    rows = {"t-1": line(id="t-1", comments=[{"text": "fine"}, {"text": f"two\nlines {secret}"}])}
    with pytest.raises(SecretFound) as caught:
        scan.screened(rows, [], scan.SecretPolicy)
    said = f"{caught.value.message} {caught.value.hint}"
    assert "comments/1/text, line 2, column 7" in said
    assert fingerprint(secret) in said
    assert "github" in said
    assert secret[4:] not in said


def test_what_a_changed_record_held_before_passes_wherever_it_goes():
    secret = secrets(5)["npm"]
    held = line(id="t-1", title=f"Use {secret}")
    moved = {"t-2": line(id="t-2", notes=f"It was {secret}"), "t-1": None}
    assert scan.screened(moved, [held], scan.SecretPolicy).lines == moved
    with pytest.raises(SecretFound):
        scan.screened(moved, [line(id="t-1", title="Use it")], scan.SecretPolicy)


def test_redacting_changes_the_texts_that_bring_a_secret_and_no_other_byte():
    old, new = secrets(1)["stripe"], secrets(2)["rsa"]
    row = line(id="t-1", title=old, notes=f"a\n{new}\nb", metadata={"deep": [f"x {new}", 10**30]})
    found = scan.screened({"t-1": row}, [line(title=old)], lambda: scan.SecretPolicy(redact=True))
    mark = f"[redacted:private-key:{fingerprint(new)[:8]}]"
    assert json.loads(found.lines["t-1"]) == {
        "id": "t-1",
        "title": old,
        "notes": f"a\n{mark}\nb",
        "metadata": {"deep": [f"x {mark}", 10**30]},
    }
    assert dict(found.marks) == {new: mark}
    assert scan.replaced(("keep", [{"a": f"<{new}>"}]), dict(found.marks)) == (
        "keep",
        [{"a": f"<{mark}>"}],
    )


def test_the_mark_of_a_password_says_nothing_about_it():
    password = doubtful(1)["assigned"]
    found = find(password)
    assert redacted(password, found) == "DB_PASSWORD=[redacted:assigned]"


def test_a_line_that_is_nested_too_deeply_is_looked_at_as_well():
    secret = secrets(4)["gitlab"]
    deep = b'{"id":"t-1","x":' + b"[" * 200_000 + f'"{secret}"'.encode() + b"]" * 200_000 + b"}"
    assert [one.finding.rule for one in scan.spotted(deep)] == ["gitlab"]


# Every way into a file that git keeps.

SECRET = secrets(9)["anthropic"]
PRINT = fingerprint(SECRET)
WAYS = {
    "create": ["create", "{}"],
    "description": ["create", "x", "-d", "so {} it is"],
    "labels": ["create", "x", "-l", "{}"],
    "metadata": ["create", "x", "--metadata", '{{"a": {{"b": "{}"}}}}'],
    "update": ["update", "t-1", "--design", "{}"],
    "notes": ["update", "t-1", "--append-notes", "{}"],
    "assignee": ["update", "t-1", "-a", "{}"],
    "external ref": ["update", "t-1", "--external-ref", "{}"],
    "set metadata": ["update", "t-1", "--set-metadata", "token={}"],
    "comment": ["comment", "t-1", "look: {}"],
    "comments add": ["comments", "add", "t-1", "look: {}"],
    "label add": ["label", "add", "t-1", "{}"],
    "close": ["close", "t-1", "-r", "used {}"],
    "delete": ["delete", "t-1", "--force", "--reason", "{}"],
    "dep": ["dep", "add", "t-1", "external:p:{}"],
    "actor": ["comment", "t-1", "x", "--actor", "{}"],
    "quick": ["q", "title", "{}"],
    "todo": ["todo", "add", "{}"],
    "config": ["config", "set", "custom.thing", "{}"],
    "note": ["note", "t-1", "{}"],
    "set-state": ["set-state", "t-1", "a=b", "-r", "{}"],
    "audit": ["audit", "record", "--kind", "x", "--response", "said {}"],
}


@pytest.fixture
def space(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    return bd


def files(bd):
    return {
        path.name: path.read_bytes()
        for path in bd.beads.iterdir()
        if path.is_file() and not path.name.startswith(("beads.db", ".jsonl.lock"))
    }


@pytest.mark.parametrize("way", WAYS)
def test_no_way_into_the_files_is_open(space, way):
    words = [word.format("harmless") for word in WAYS[way]]
    space(*words)  # it does work
    space.write({"id": "t-1"}, {"id": "t-2"})
    before = files(space)
    bad = [word.format(SECRET) for word in WAYS[way]]
    answer = space(*bad, code=1)
    assert PRINT in answer.err
    assert "--allow-secret" in answer.err
    assert SECRET not in answer.out + answer.err
    assert files(space) == before
    said = space(*bad, "--json", code=1)
    assert '"code": "secret"' in said.out + said.err
    space(*bad, "--allow-secret", PRINT)
    assert any(SECRET in text.decode() for text in files(space).values())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["batch"], 'create "fine"\ncomment t-1 "and {}"\n'),
        (["import", "-"], '{{"id":"t-9","title":"fine"}}\n{{"id":"t-8","title":"{}"}}\n'),
        (
            ["memory", "import", "-"],
            '{{"key":"fine","content":"fine"}}\n{{"key":"bad","content":"it is {}"}}\n',
        ),
        (["memory", "import", "-", "--prefix", "old"], '[{{"key":"bad","content":"{}"}}]'),
        (["import", "--format", "markdown", "--as", "plan", "-"], "# Plan\n\n- [ ] do {}\n"),
        (["create", "title", "--stdin"], "text\n{}\n"),
        (["comments", "add", "t-1", "-f", "-"], "{}"),
    ],
)
def test_what_comes_from_elsewhere_is_looked_at_too(space, words, text):
    before = files(space)
    answer = space(*words, stdin=text.format(SECRET), code=1)
    assert PRINT in answer.err
    assert files(space) == before  # all or nothing
    if (
        "import" in words and "plan" not in words
    ):  # what only tells what would be done tells this, too
        space(*words, "--dry-run", stdin=text.format("harmless"))
        assert PRINT in space(*words, "--dry-run", stdin=text.format(SECRET), code=1).err
    space(*words, "--allow-secret", fingerprint("another"), stdin=text.format(SECRET), code=1)
    assert files(space) == before
    space(*words, stdin=text.format("harmless"))
    assert files(space) != before
    space("undo")
    assert SECRET not in everything(space)
    space(*words, "--allow-secret", PRINT, stdin=text.format(SECRET))
    assert SECRET in everything(space)
    space("undo")
    space(*words, stdin=text.format(SECRET))  # it was allowed once, in this clone
    assert SECRET in everything(space)


def everything(space):
    """All that is in the files of the workspace."""
    return "".join(data.decode() for data in files(space).values())


def test_what_is_redacted_is_answered_as_it_stands_in_the_file(space):
    made = space("create", f"Use {SECRET}", "--redact", "--json").json
    mark = f"[redacted:anthropic:{PRINT[:8]}]"
    assert made["title"] == f"Use {mark}"
    assert space.issue(made["id"])["title"] == f"Use {mark}"
    assert SECRET not in (space.beads / ".local" / "ops.jsonl").read_text()
    assert mark in space("comments", "add", "t-1", SECRET, "--redact", "--json").out


def test_a_record_that_holds_one_can_still_be_worked_on(space):
    space.write({"id": "t-1", "description": f"by Beads: {SECRET}"}, {"id": "t-2"})
    space("update", "t-1", "--priority", "0", "--append-notes", "more")
    space("close", "t-1")
    space("rename", "t-1", "t-other")
    assert SECRET in space.issue("t-other")["description"]
    space("update", "t-2", "--notes", SECRET, code=1)  # another record is another place


def test_undo_does_not_bring_one_back(space):
    space.write({"id": "t-1", "description": SECRET})
    space("update", "t-1", "--description", "gone")
    space("undo", code=1)
    space("undo", "--allow-secret", PRINT)
    assert space.issue("t-1")["description"] == SECRET


def test_what_may_be_a_password_is_written_and_said_to_people_only(space):
    password = Maker(1)(14)
    answer = space("create", "x", "-d", f"DB_PASSWORD={password}")
    assert (
        "Warning: this may be a secret: description, line 1, column 13: rule assigned" in answer.err
    )
    assert password not in answer.err
    assert space("create", "x", "-d", f"DB_PASSWORD={password}", "--json").err == ""
    assert password in space.file.read_text()


def test_what_may_be_a_password_comes_with_a_way_out(space):
    password = Maker(1)(14)
    text = f"DB_PASSWORD={password}"
    (finding,) = find(text)
    hint = "\nHint: it is written. If it is one: {}; if not: --allow-secret {}\n"
    told = space("create", "x", "-d", text).err
    undo = "bd undo, then again with --redact"
    assert hint.format(undo, finding.fingerprint) in told
    space("undo")
    assert "Hint" not in space("create", "x", "-d", text, "--redact").err
    told = space("memory", "set", "db/pw", text).err
    purge = "bd memory purge db/pw --force, then again with --redact or --local"
    assert hint.format(purge, finding.fingerprint) in told
    assert "Hint" not in space("memory", "set", "db/pw", f"{text} again").err  # it was there
    space("memory", "purge", "db/pw", "--force")
    assert "secret" not in space("memory", "set", "db/pw", text, "--local").err
    assert password not in (space.beads / "memory.jsonl").read_text()
    allowed = ["--allow-secret", finding.fingerprint]
    assert "secret" not in space("memory", "set", "db/other", text, *allowed).err
    rows = [{"key": f"db/{n}", "content": f"DB_PASSWORD={Maker(n)(14)}"} for n in (2, 3)]
    told = space("memory", "import", "-", stdin="".join(json.dumps(row) + "\n" for row in rows)).err
    assert "If it is one: bd memory purge db/2 db/3 --force, then" in told
    # Nearly all of what these rules find is harmless, so what is read is not marked.
    assert text in space("prime").out
    assert text in space("hooks", "pre-task", "what is the db password").out


def test_a_fingerprint_that_was_allowed_once_passes_in_this_clone_and_in_a_team(space):
    space("create", SECRET, code=1)
    space("create", SECRET, "--allow-secret", PRINT)
    space("create", f"again {SECRET}")
    (space.beads / ".local" / "secrets-allow").unlink()
    space("create", f"more {SECRET}", code=1)
    space("config", "set", "secrets.allow", PRINT)
    space("create", f"more {SECRET}")
    space("create", f"and {SECRET}", BD_ALLOW_SECRET=PRINT)


# Before a commit.


def test_check_staged_looks_at_what_head_lacks(space):
    old = secrets(1)["groq"]
    space.write({"id": "t-1", "description": old})
    space.repo.commit({}, "as it was")
    space.write({"id": "t-1", "description": old, "notes": "edited"}, {"id": "t-2"})
    space.repo.git("add", ".beads")
    assert space("check", "--staged").out
    space.write({"id": "t-1", "description": old}, {"id": "t-2", "title": f"now {SECRET}"})
    space.repo.git("add", ".beads")
    answer = space("check", "--staged", "--json", code=1)
    told = answer.json["findings"][0]["why"]
    assert "line 2" in told
    assert PRINT in told
    assert SECRET not in answer.out
    assert fingerprint(old) not in answer.out
    space("hooks", "run", "--check", "pre-commit", code=1)
    space("hooks", "run", "--check", "pre-commit", BD_ALLOW_SECRET=PRINT)
    space("check", "--staged", "--allow-secret", PRINT)


def test_a_password_that_is_staged_is_only_said(space):
    space.repo.commit({}, "as it was")
    space.write({"id": "t-1", "notes": f"DB_PASSWORD={Maker(2)(14)}"})
    space.repo.git("add", ".beads")
    found = space("check", "--staged", "--json").json["findings"]
    assert [one["level"] for one in found] == ["warning"]


# What is there already.


def test_scan_tells_what_is_there_and_what_git_still_has(space):
    old = secrets(2)["npm"]
    space.write({"id": "t-1", "notes": old}, {"id": "t-2"})
    space.repo.commit({}, "with a token")
    answer = space("memory", "scan", "--json", code=1).json
    found = [(one["file"], one["name"], one["field"], one["rule"]) for one in answer["findings"]]
    assert found == [("issues.jsonl", "t-1", "notes", "npm")]
    space.write({"id": "t-1"}, {"id": "t-2"})
    assert "nothing looks like a secret" in space("memory", "scan").out
    told = space("memory", "scan", "--history", code=1).out
    assert "history: t-1, notes, line 1, column 1" in told
    assert old not in told
    space("memory", "scan", "--history", "--allow-secret", fingerprint(old))


def test_memories_go_through_the_same_gate(space):
    space("remember", f"use {SECRET}", "--key", "a/b", code=1)
    space("memory", "set", "a/b", "harmless")
    space("memory", "append", "a/b", SECRET, code=1)
    space("memory", "set", f"x/{secrets(3)['replicate']}", "text", code=1)
    assert not (space.beads / "memory.jsonl").read_text().count(SECRET)
    answer = space("memory", "append", "a/b", SECRET, "--redact")
    assert SECRET not in answer.out
    assert space("memory", "get", "a/b").out == f"harmless\n[redacted:anthropic:{PRINT[:8]}]\n"
    space("remember", f"use {SECRET}", "--key", "c/d", "--local")
    assert SECRET in (space.beads / ".local" / "memory.jsonl").read_text()
    assert SECRET not in (space.beads / "memory.jsonl").read_text()
