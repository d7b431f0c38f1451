"""Simple files of settings are read without YAML, and mean what YAML says."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.log.config_file import plain

LINE = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.text("ab.-_: #'\"", max_size=4),
        st.sampled_from([":", ": ", ":  ", " : ", ":\t", ""]),
        st.text("abz09 ,./@+-_:#'\"[]{}&*!|>%`?~=\t\r\x85\u2028é", max_size=8),
    ),
    st.sampled_from(["# a comment", "#", "", "  ", "---", "...", "- a", "a:", "é: a"]),
)


@given(st.lists(LINE, max_size=4).map("\n".join))
@example("issue-prefix: my-app\n# note\nstatus.custom: a, b\nhierarchy.max-depth: 5")
@example("key: value # and a comment")
@example("# \u2028key: value")
@example("a: 1\na: 2")
def test_what_is_read_without_yaml_is_what_yaml_reads(text):
    found = plain(text.encode())
    if found is not None:
        assert found == (yaml.load(text, Loader=yaml.BaseLoader) or {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", {}),
        (b"# nothing\n\n#\tset: here\n", {}),
        (b"issue-prefix: bd\n", {"issue-prefix": "bd"}),
        (b"issue-prefix:   my-app  \nno-push: true", {"issue-prefix": "my-app", "no-push": "true"}),
        (b"status.custom: a, b\n", {"status.custom": "a, b"}),
        (b"a: 'quoted'\n", None),
        (b"a: b # comment\n", None),
        (b"a:\n  b: c\n", None),
        (b"a: b\r\n", None),
        (b"\xff: a\n", None),
    ],
)
def test_which_files_are_simple(text, found):
    assert plain(text) == found
