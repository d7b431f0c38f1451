"""How much of a long table a test takes: a part each time, all of it in `make deep`."""

from __future__ import annotations

import pytest


def one_in(number: int) -> pytest.MarkDecorator:
    """Give a test `every`: one row in so many of its table is taken, and each in `make deep`."""
    everything = pytest.param(1, marks=pytest.mark.deep, id="all")
    return pytest.mark.parametrize("every", [pytest.param(number, id="some"), everything])


def first_of(number: int) -> list[object]:
    """So many seeds of chance, of which only the first is taken outside of `make deep`."""
    return [0, *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(1, number))]
