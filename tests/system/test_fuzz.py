"""Any bytes are answered by each target of tests/support/fuzz_targets.py.

`make fuzz` looks deeper.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import fuzz_targets, fuzzing
from tests.support.fuzz_targets import CUT, TARGETS
from tracker.errors import TrackerError
from tracker.log.lines import BOM

BY_NAME = {target.name: target for target in TARGETS}
FOUND = (
    ("resolve", BOM + b"<<<<<<< a\n{}\n=======\n{}\n>>>>>>> b\n"),
    ("merge", CUT + CUT + b"======= x\r\r\n"),
    ("config", b"a: " + b"[" * 3000),
    ("config", b"a: &a [x]\nb: [*a, *a]\n"),
    ("query", b"priority=\xc2\xb2"),
    ("query", b" AND ".join([b"priority=1"] * 1000)),
    ("import", b'{"id":"a","priority":1e999,"comments":5,"updated_at":[]}\n'),
    ("graph", b'{"nodes":[],"edges":5}'),
    ("graph", b'{"nodes":[],"edges":{"a":1}}'),
    ("graph", b'{"nodes":[],"edges":true}'),
    ("graph", b'{"nodes":[{"key":"a","title":"A","metadata_refs":[1]}]}'),
    ("graph", b'{"nodes":[{"key":"a","title":"A","metadata_refs":"x"}]}'),
    ("hooks", b'{"a":' + b"[" * 5000),
)
"""What was wrong once, each as small as it became: the target and the input."""


def run(name, data):
    with suppress(TrackerError):
        BY_NAME[name].run(data)


@pytest.mark.parametrize("name", BY_NAME)
@given(data=st.data())
def test_any_bytes_are_answered(name, data):
    parts = st.sampled_from(BY_NAME[name].parts) | st.binary(max_size=6)
    run(name, b"".join(data.draw(st.lists(parts, max_size=12))))


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_once_is_answered(name, data):
    run(name, data)


def test_a_broken_promise_is_noticed(monkeypatch):
    monkeypatch.setattr("tests.support.fuzz_targets.encode", lambda _: b'{"id":"other"}')
    with pytest.raises(AssertionError):
        run("codec", b'{"id":"a"}')
    run("codec", b"no record")


def test_command_lines_reach_their_commands(monkeypatch):
    seen, real = [], fuzz_targets.main

    def main(argv, *given, **named):
        seen.append((argv, real(argv, *given, **named), given[2].getvalue()))
        return seen[-1][1]

    monkeypatch.setattr(fuzz_targets, "main", main)
    run("argv", CUT + b"close" + CUT + b"t-1" + CUT + b"--json")
    run("argv", CUT + b"close" + CUT + b"t-9")
    assert [(argv[1], code) for argv, code, _ in seen] == [("close", 0), ("close", 1)]
    assert '"closed"' in seen[0][2]


def test_without_atheris_nothing_is_fuzzed_and_that_is_said(monkeypatch, capsys):
    assert fuzzing.every("1", "nothing") == 2
    assert "no target 'nothing': codec, log" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "atheris", None)
    assert fuzzing.every("1", "codec") == 1
    assert "nothing was fuzzed" in capsys.readouterr().out
