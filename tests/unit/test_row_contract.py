"""What kernels promise of strips, held against an account of what they read and write when."""

from __future__ import annotations

import pytest

from mcugen.kernels.contract import BY_ROW, Lag, RowContract, window_rows
from mcugen.memory.rows.order import Walk, is_safe


def test_the_rows_of_a_window() -> None:
    contract = RowContract(window=3, stride=2, top=1, call_cost=0)
    assert [contract.first_needed(row) for row in range(4)] == [0, 1, 3, 5]
    assert [contract.end_needed(end, 7) for end in range(1, 5)] == [2, 4, 6, 7]


def test_no_contract_for_windows_that_miss_the_picture() -> None:
    missing = {"window": 2, "stride": 3, "call_cost": 0}
    assert window_rows((1, 4, 4, 1), (1, 2, 2, 1), top=0, **missing) is not None
    assert window_rows((1, 4, 4, 1), (1, 3, 2, 1), top=2, **missing) is None
    assert window_rows((1, 4, 4, 1), (1, 3, 2, 1), top=0, **missing) is None
    assert window_rows((2, 4, 4, 1), (2, 2, 2, 1), top=0, **missing) is None


def test_what_works_by_element_runs_in_place() -> None:
    assert BY_ROW.distance(3, 2) == 0
    assert RowContract(1, 1, 0, 0).distance(3, 2) is None


GEOMETRIES = [
    # window, stride, top, left, input width, output width, input bytes, output bytes, by channel
    (3, 1, 1, 1, 8, 8, 12, 12, True),
    (3, 2, 0, 0, 8, 4, 12, 12, True),
    (3, 2, 1, 1, 9, 5, 6, 6, True),
    (3, 2, 0, 0, 16, 8, 3, 8, False),
    (3, 1, 1, 1, 7, 7, 4, 9, False),
    (1, 1, 0, 0, 5, 5, 16, 3, False),
    (5, 2, 2, 2, 11, 6, 2, 5, False),
]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(("row", "rows"), [(0, 1), (0, 3), (1, 1), (2, 2)])
def test_the_distance_is_safe_and_no_larger_than_it_must_be(
    geometry: tuple[int, int, int, int, int, int, int, int, bool], row: int, rows: int
) -> None:
    window, stride, top, left, width, out_width, depth, units, by_channel = geometry
    lag = Lag(width, out_width, depth, units, stride, left, 1 if by_channel else 2, by_channel)
    contract = RowContract(window, stride, top, 0, lag)
    first = contract.first_needed(row)
    walk = Walk(
        rows=contract.end_needed(row + rows, 100) - first,
        width=width,
        depth=depth,
        window=(window, window),
        stride=(stride, stride),
        above=first - (row * stride - top),
        left=left,
        output=(rows, out_width, units),
        columns=0 if by_channel else 2,
    )
    distance = contract.distance(row, rows)
    assert distance is not None
    for further in range(0, 3 * width * depth):
        assert is_safe(walk, -distance - further)
    # Channel by channel at stride 2, what is written is behind what is read in more ways than one.
    assert (by_channel and stride == 2) or not is_safe(walk, -distance + max(depth, units))
