"""The arena planner: what overlaps and bounds mean exactly, known networks, every violation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations

import pytest

from mcugen.memory.problem import Buffer, Overlap, Problem, Solution, live_bytes, lower_bound
from mcugen.memory.solve import solve
from mcugen.memory.validate import check, validate


def solved(problem: Problem) -> Solution:
    solution = solve(problem)
    check(problem, solution)
    return solution


def one_step(output: int, source: int, distance: int, alignment: int = 4) -> Problem:
    """A kernel in step 1 whose input was written in step 0 and whose output is read in step 2."""
    return Problem(
        (Buffer("in", source, 0, 2, alignment), Buffer("out", output, 1, 3, alignment)),
        (Overlap("out", "in", distance),),
    )


def every_order(problem: Problem) -> list[Problem]:
    return [replace(problem, buffers=order) for order in permutations(problem.buffers)]


# Buffers and problems


@pytest.mark.parametrize(
    ("size", "start", "end", "alignment", "message"),
    [
        (-1, 0, 1, 4, "has -1 bytes"),
        (4, 2, 2, 4, r"life span \[2, 2\)"),
        (4, 3, 2, 4, r"life span \[3, 2\)"),
        (4, -1, 2, 4, r"life span \[-1, 2\)"),
        (4, 0, 1, 0, "alignment 0"),
        (4, 0, 1, 6, "alignment 6"),
        (4, 0, 1, -4, "alignment -4"),
    ],
)
def test_impossible_buffer(size: int, start: int, end: int, alignment: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"`x` .*{message}"):
        Buffer("x", size, start, end, alignment)


@pytest.mark.parametrize(
    ("size", "alignment", "footprint"), [(0, 4, 0), (1, 4, 4), (4, 4, 4), (5, 1, 5), (17, 16, 32)]
)
def test_footprint_is_the_size_rounded_up(size: int, alignment: int, footprint: int) -> None:
    assert Buffer("x", size, 0, 1, alignment).footprint == footprint


A, B, C = Buffer("a", 8, 0, 2), Buffer("b", 8, 1, 3), Buffer("c", 8, 1, 2)


@pytest.mark.parametrize(
    ("buffers", "overlaps", "message"),
    [
        ((A, B, A), (), "2 buffers are called `a`"),
        ((A, B), (Overlap("b", "x", 0),), "there is no buffer `x`"),
        ((A, B), (Overlap("x", "a", 0),), "there is no buffer `x`"),
        ((A, B), (Overlap("a", "b", 0),), "the output's first step is 0, the input's last step 2"),
        ((A, B), (Overlap("b", "a", 0), Overlap("b", "a", 4)), "given twice"),
        ((A, B, C), (Overlap("c", "a", 0), Overlap("b", "c", 0)), "in step 1 `c` is output and"),
        ((C,), (Overlap("c", "c", 0),), "`c` is output and input"),
    ],
)
def test_inconsistent_problem(
    buffers: tuple[Buffer, ...], overlaps: tuple[Overlap, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Problem(buffers, overlaps)


def test_negative_distance() -> None:
    with pytest.raises(ValueError, match="output `o` with input `i` has the distance -1"):
        Overlap("o", "i", -1)


def test_a_buffer_may_be_output_in_one_step_and_input_in_another() -> None:
    later = Buffer("later", 8, 2, 4)
    chain = Problem((A, B, later), (Overlap("b", "a", 0), Overlap("later", "b", 0)))
    assert solved(chain).peak == 8


def test_nothing_to_place() -> None:
    solution = solved(Problem(()))
    assert (solution.offsets, solution.peak, solution.optimal) == ((), 0, True)


def test_empty_buffers_take_no_room() -> None:
    problem = Problem((Buffer("none", 0, 0, 9), Buffer("a", 12, 0, 4), Buffer("b", 4, 3, 9)))
    assert solved(problem).peak == 16


def test_unknown_offset() -> None:
    with pytest.raises(KeyError):
        solved(Problem((A,))).offset("b")


# The bound


def test_live_bytes_name_each_step() -> None:
    problem = Problem((Buffer("a", 10, 0, 2), Buffer("b", 4, 1, 2), Buffer("c", 7, 4, 5)))
    assert live_bytes(problem) == (12, 16, 0, 0, 8)
    assert lower_bound(problem) == 16


@pytest.mark.parametrize(
    ("output", "source", "distance", "bytes_"),
    [
        (64, 64, 0, 64),  # in place
        (64, 32, 0, 64),  # the smaller one within the larger
        (32, 64, 0, 64),
        (64, 64, 16, 80),  # the input ends `distance` after the output
        (64, 32, 16, 64),  # the input ends before the output does
        (64, 32, 32, 64),  # ... just as it does
        (64, 32, 36, 68),
        (64, 32, 64, 96),  # the distance is as far as disjoint is
        (64, 32, 999, 96),  # further than disjoint: nothing is saved, nothing is lost
        (64, 64, 13, 80),  # aligned offsets cannot be 13 apart
        (0, 64, 0, 64),
    ],
)
def test_bytes_of_one_overlap(output: int, source: int, distance: int, bytes_: int) -> None:
    for problem in every_order(one_step(output, source, distance)):
        assert live_bytes(problem)[1] == bytes_
        solution = solved(problem)
        assert solution.peak == solution.lower_bound == bytes_


def test_in_place_is_the_same_offset() -> None:
    solution = solved(one_step(64, 64, 0))
    assert solution.offset("out") == solution.offset("in") == 0
    assert solution.method.startswith("greedy")


def test_distance_is_kept_exactly() -> None:
    solution = solved(one_step(64, 64, 13, alignment=1))
    assert solution.offset("in") - solution.offset("out") == 13


def adding(first: int, second: int, output: int, distances: tuple[int, int]) -> Problem:
    return Problem(
        (Buffer("x", first, 0, 2), Buffer("y", second, 0, 2), Buffer("sum", output, 1, 3)),
        (Overlap("sum", "x", distances[0]), Overlap("sum", "y", distances[1])),
    )


@pytest.mark.parametrize(
    ("problem", "peak"),
    [
        (adding(64, 64, 64, (0, 0)), 128),  # on top of one of two equal inputs
        (adding(64, 16, 64, (16, 0)), 80),  # on the second, and on most of the first
        (adding(64, 16, 64, (64, 0)), 128),  # on the second only: its own size counts
        (adding(32, 32, 64, (0, 32)), 64),  # a concatenation under both
        (adding(32, 32, 64, (0, 0)), 64),
        (adding(32, 32, 48, (0, 32)), 64),  # the second one sticks out
        (adding(32, 32, 64, (48, 48)), 112),
    ],
)
def test_two_inputs(problem: Problem, peak: int) -> None:
    for ordered in every_order(problem):
        solution = solved(ordered)
        assert solution.peak == solution.lower_bound == peak


def test_an_input_is_shared_by_one_of_two_outputs() -> None:
    """Both would have to start at or below the input, and they are disjoint."""
    problem = Problem(
        (Buffer("in", 64, 0, 2), Buffer("left", 64, 1, 2), Buffer("right", 32, 1, 2)),
        (Overlap("left", "in", 0), Overlap("right", "in", 0)),
    )
    for ordered in every_order(problem):
        solution = solved(ordered)
        assert solution.peak == solution.lower_bound == 96


def test_an_input_that_is_read_again_is_not_shared() -> None:
    problem = Problem((Buffer("in", 64, 0, 3), Buffer("out", 64, 1, 3)))
    assert solved(problem).peak == 128


# Where the bound is out of reach


def stairs() -> Problem:
    """Any two of them fit into 12 bytes, but a, b and c would have to climb 4 bytes twice."""
    return Problem(
        (Buffer("c", 8, 0, 2), Buffer("b", 8, 1, 3), Buffer("a", 8, 2, 3)),
        (Overlap("b", "c", 4), Overlap("a", "b", 4)),
    )


def test_peak_above_the_bound_is_proven() -> None:
    solution = solved(stairs())
    assert (solution.peak, solution.lower_bound, solution.optimal) == (16, 12, False)
    assert solution.method.endswith("proven minimal")


def test_search_that_is_cut_short_still_answers() -> None:
    solution = solve(stairs(), looks=0)
    check(stairs(), solution)
    assert solution.method.endswith("search stopped early")


def test_search_beats_the_greedy_orders() -> None:
    """Each greedy order wastes bytes here; the search is the one that meets the bound."""
    lives = {(4, 6): 32, (4, 5): 28, (0, 5): 16, (5, 6): 32, (2, 4): 20, (0, 6): 16}
    problem = Problem(tuple(Buffer(f"{life}", size, *life) for life, size in lives.items()))
    solution = solved(problem)
    assert solution.method == "search by offset"
    assert solution.peak == solution.lower_bound == 92


# Networks


@dataclass(frozen=True)
class Layer:
    """One layer of MobileNetV1 0.25 at 128 x 128: square tensors, 3x3 or 1x1 taps, SAME."""

    kind: str
    side: int
    channels: int
    out_side: int
    out_channels: int

    @property
    def out_bytes(self) -> int:
        return self.out_side**2 * self.out_channels

    def first_row_read(self, row: int) -> int:
        """The topmost input row that output row ``row`` reads; SAME pads above only at stride 1."""
        stride = self.side // self.out_side
        above = 1 if self.kind == "depthwise" and stride == 1 else 0
        return max(0, row * stride - above)

    def first_pixel_read(self, pixel: int) -> int:
        """The first input pixel that output pixel ``pixel`` or a later one reads."""
        row, column = divmod(pixel, self.out_side)
        stride = self.side // self.out_side
        left = 1 if self.kind == "depthwise" and stride == 1 else 0
        here = self.first_row_read(row) * self.side + max(0, column * stride - left)
        return min(here, self.first_row_read(row + 1) * self.side)

    @property
    def row_distance(self) -> int:
        """Row by row: after row r is written, what row r and later ones read is still there."""
        return max(
            (row + 1) * self.out_side * self.out_channels
            - self.first_row_read(row) * self.side * self.channels
            for row in range(self.out_side)
        )

    @property
    def pixel_distance(self) -> int:
        """The same, pixel by pixel: a pixel is written after all its inputs were read."""
        return max(
            pixel * self.out_channels - self.first_pixel_read(pixel) * self.channels
            for pixel in range(self.out_side**2)
        )


def mobilenet() -> tuple[Layer, ...]:
    layers = [Layer("convolution", 128, 3, 64, 8)]
    blocks = [(1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128), *[(1, 128)] * 5]
    for stride, out_channels in (*blocks, (2, 256), (1, 256)):
        side, channels = layers[-1].out_side, layers[-1].out_channels
        layers.append(Layer("depthwise", side, channels, side // stride, channels))
        layers.append(Layer("pointwise", side // stride, channels, side // stride, out_channels))
    layers.append(Layer("pool", 4, 256, 1, 256))
    layers.append(Layer("connected", 1, 256, 1, 1001))
    layers.append(Layer("softmax", 1, 1001, 1, 1001))
    return tuple(layers)


def network(distance: Callable[[Layer], int | None]) -> Problem:
    """Layer by layer; ``distance`` is a layer's contract, None if it has none."""
    layers = mobilenet()
    buffers = [Buffer("input", 128 * 128 * 3, 0, 1)]
    overlaps = []
    for step, layer in enumerate(layers):
        name = f"{step} {layer.kind}"
        end = min(step + 2, len(layers))
        apart = distance(layer)
        if apart is not None:
            overlaps.append(Overlap(name, buffers[-1].id, apart))
        buffers.append(Buffer(name, layer.out_bytes, step, end))
    return Problem(tuple(buffers), tuple(overlaps))


def depthwise_in_place(layer: Layer) -> int | None:
    return 0 if layer.kind == "depthwise" and layer.side == layer.out_side else None


def by_row(layer: Layer) -> int | None:
    return layer.row_distance if layer.kind in ("convolution", "depthwise", "pointwise") else None


def by_pixel(layer: Layer) -> int | None:
    return layer.pixel_distance if layer.kind in ("convolution", "depthwise", "pointwise") else None


@pytest.mark.parametrize(
    ("distance", "peak"),
    [
        (lambda layer: None, 98_304),
        (depthwise_in_place, 98_304),
        (by_pixel, 65_536),
    ],
    ids=["layer by layer", "depthwise in place", "overlap by pixels"],
)
def test_mobilenet_v1_025_128(distance: Callable[[Layer], int | None], peak: int) -> None:
    """The peaks are those of the floors computed independently for this network."""
    solution = solved(network(distance))
    assert solution.peak == solution.lower_bound == peak


def test_mobilenet_overlapped_by_rows() -> None:
    """Pointwise 1 alone needs 66,048 bytes, with its output at 0: there is no room to move it up.

    But depthwise 2 must start 512 bytes, a row, below that output. So these come on top.
    """
    solution = solved(network(by_row))
    assert (solution.peak, solution.lower_bound) == (66_560, 66_048)
    assert solution.method == "search by pairs, proven minimal"


def test_mobilenet_binds_where_it_should() -> None:
    live = live_bytes(network(lambda layer: None))
    binding = mobilenet()[live.index(max(live))]
    assert (binding.kind, binding.side, binding.out_channels) == ("pointwise", 64, 16)
    assert live[0] == 49_152 + 32_768


def test_scratch_counts_in_its_step() -> None:
    plain = network(lambda layer: None)
    scratch = tuple(
        Buffer(f"scratch {step}", 432 if step else 2_000, step, step + 1)
        for step, layer in enumerate(mobilenet())
        if layer.kind in ("convolution", "pointwise")
    )
    solution = solved(replace(plain, buffers=(*plain.buffers, *scratch)))
    assert solution.peak == solution.lower_bound == 98_304 + 432


def test_residual_network() -> None:
    """Blocks of two convolutions and an addition onto the skipped tensor, in place."""
    buffers = [Buffer("t0", 4_096, 0, 3)]
    overlaps = []
    for block in range(8):
        step, skip = 3 * block, f"t{block}"
        buffers.append(Buffer(f"x{block}", 4_096, step, step + 2))
        buffers.append(Buffer(f"y{block}", 4_096, step + 1, step + 3))
        buffers.append(Buffer(f"t{block + 1}", 4_096, step + 2, step + 6))
        overlaps.append(Overlap(f"t{block + 1}", skip, 0))
        overlaps.append(Overlap(f"t{block + 1}", f"y{block}", 0))
    problem = Problem(tuple(buffers), tuple(overlaps))
    solution = solved(problem)
    assert solution.peak == solution.lower_bound == 3 * 4_096


def test_several_hundred_buffers() -> None:
    """The tight spot of MobileNet, which only the searches solve, in a chain of 400 steps."""
    tight = network(by_pixel)
    last = max(buffer.end for buffer in tight.buffers)
    tail = tuple(
        Buffer(f"tail {i}", 100 + 37 * i % 900, last + i, last + i + 2) for i in range(370)
    )
    solution = solved(replace(tight, buffers=(*tight.buffers, *tail)))
    assert solution.method.startswith("search by")
    assert solution.peak == solution.lower_bound == 65_536


# The validator


def faulty(solution: Solution, **offsets: int) -> Solution:
    moved = tuple((name, offsets.get(name, offset)) for name, offset in solution.offsets)
    return replace(solution, offsets=moved)


STACK = Problem((Buffer("a", 16, 0, 3), Buffer("b", 16, 1, 4), Buffer("c", 16, 2, 5)))
STACKED = Solution((("a", 0), ("b", 16), ("c", 32)), 48, 48, "by hand")


@pytest.mark.parametrize(
    ("solution", "violations"),
    [
        (STACKED, ()),
        (
            faulty(STACKED, b=12),
            ("`a` [0, 16) and `b` [12, 28) in steps 1 to 2 share 4 bytes",),
        ),
        (
            faulty(STACKED, b=32),
            ("`b` [32, 48) and `c` [32, 48) in steps 2 to 3 share 16 bytes",),
        ),
        (
            faulty(STACKED, a=-16),
            ("`a` has the negative offset -16",),
        ),
        (
            faulty(STACKED, b=18),
            (
                "`b` at 18 is not aligned to 4",
                "`b` [18, 34) and `c` [32, 48) in steps 2 to 3 share 2 bytes",
            ),
        ),
        (faulty(STACKED, c=36), ("the peak is 52, not 48",)),
        (replace(STACKED, peak=44), ("the peak is 48, not 44",)),
        (replace(STACKED, lower_bound=44), ("the lower bound is 48, not 44",)),
        (
            faulty(replace(STACKED, peak=16), b=0, c=0),
            (
                "`a` [0, 16) and `b` [0, 16) in steps 1 to 2 share 16 bytes",
                "`a` [0, 16) and `c` [0, 16) in step 2 share 16 bytes",
                "`b` [0, 16) and `c` [0, 16) in steps 2 to 3 share 16 bytes",
                "the peak 16 is below the lower bound 48",
            ),
        ),
        (
            replace(STACKED, offsets=(("a", 0), ("b", 16), ("b", 32), ("x", 0))),
            (
                "`c` has no offset",
                "`x` has an offset but is no buffer of the problem",
                "`b` has 2 offsets",
            ),
        ),
    ],
)
def test_violations_are_named(solution: Solution, violations: tuple[str, ...]) -> None:
    assert validate(STACK, solution) == violations


@pytest.mark.parametrize(
    ("source", "output", "fault"),
    [
        (16, 0, ""),  # exactly the distance
        (20, 0, ""),
        (12, 0, "output `out` must start at least 16 bytes before input `in`, not 12"),
        (0, 0, "output `out` must start at least 16 bytes before input `in`, not 0"),
        (0, 16, "output `out` must start at least 16 bytes before input `in`, not -16"),
        (0, 64, ""),  # disjoint, the output above
    ],
)
def test_contract_is_one_way(source: int, output: int, fault: str) -> None:
    problem = one_step(64, 64, 16)
    peak = max(source, output) + 64
    offsets = (("in", source), ("out", output))
    found = validate(problem, Solution(offsets, peak, 80, "by hand"))
    about_contract = [line for line in found if "must start" in line]
    if fault:
        assert len(about_contract) == 1
        assert about_contract[0].endswith(fault)
    else:
        assert found == ()


@pytest.mark.parametrize(("at", "shared"), [(3, 0), (2, 1), (0, 2)])
def test_a_single_shared_byte_is_a_violation(at: int, shared: int) -> None:
    problem = Problem((Buffer("low", 3, 0, 1, 1), Buffer("high", 2, 0, 1, 1)))
    solution = Solution((("low", 0), ("high", at)), max(3, at + 2), 5, "by hand")
    about_sharing = [line for line in validate(problem, solution) if "share" in line]
    assert [f"share {shared} bytes" in line for line in about_sharing] == [True] * (shared > 0)


def test_a_contract_is_broken_by_a_single_byte() -> None:
    buffers = (Buffer("in", 8, 0, 1, 1), Buffer("out", 8, 0, 1, 1))
    problem = Problem(buffers, (Overlap("out", "in", 3),))
    faults = {
        apart: validate(problem, Solution((("in", apart), ("out", 0)), 8 + apart, 11, "by hand"))
        for apart in (2, 3, 4)
    }
    assert any("must start at least 3 bytes before input `in`, not 2" in line for line in faults[2])
    assert faults[3] == faults[4] == ()


def test_check_raises_all_violations() -> None:
    with pytest.raises(ValueError, match=r"(?s)invalid:.*`a` .* share 4 bytes\n.*the peak is 52"):
        check(STACK, faulty(STACKED, b=12, c=36))
    check(STACK, STACKED)
