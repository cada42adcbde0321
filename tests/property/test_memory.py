"""The arena planner on random problems, held against definitions that are written out here."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcugen.memory.offset_search import OffsetSearch
from mcugen.memory.pair_search import Answer, PairSearch
from mcugen.memory.problem import Buffer, Overlap, Problem, Solution, live_bytes, lower_bound
from mcugen.memory.solve import solve
from mcugen.memory.terrain import Placing, survey
from mcugen.memory.validate import validate

STEPS = 6
UNTIMED = settings(deadline=None)


@st.composite
def buffers(draw: st.DrawFn, name: str, largest: int) -> Buffer:
    start, end = sorted(draw(st.sets(st.integers(0, STEPS), min_size=2, max_size=2)))
    size = draw(st.integers(0, largest))
    return Buffer(name, size, start, end, draw(st.sampled_from((1, 2, 4, 4, 4))))


@st.composite
def problems(draw: st.DrawFn, most: int = 12, largest: int = 400) -> Problem:
    """Buffers, overlaps wherever the life spans allow one, so that no roles clash, and up to two
    walls."""
    count = draw(st.integers(0, most))
    chosen = tuple(draw(buffers(f"b{i}", largest)) for i in range(count))
    overlaps: list[Overlap] = []
    for output in chosen:
        for source in chosen:
            if output is source or source.end - 1 != output.start or not draw(st.booleans()):
                continue
            distance = draw(st.one_of(st.just(0), st.integers(0, largest)))
            if not clashes(overlaps, chosen, output, source):
                overlaps.append(Overlap(output.id, source.id, distance))
    walls = draw(st.sets(st.integers(1, 2 * largest), max_size=2))
    return Problem(chosen, tuple(overlaps), tuple(sorted(walls)))


def clashes(
    overlaps: list[Overlap], chosen: tuple[Buffer, ...], output: Buffer, source: Buffer
) -> bool:
    """Whether one of the two already has the other role in this step."""
    start = {buffer.id: buffer.start for buffer in chosen}
    here = [overlap for overlap in overlaps if start[overlap.output] == output.start]
    return any(overlap.input == output.id or overlap.output == source.id for overlap in here)


def bits(start: int, end: int) -> int:
    """The integers from ``start`` to ``end``, exclusive, as a set; a few negative ones too."""
    return (1 << (end + 8)) - (1 << (start + 8))


def may_lie(problem: Problem, one: Buffer, two: Buffer, offsets: dict[str, int]) -> bool:
    """The rule for two buffers, on sets of steps and of bytes (a bit each)."""
    if not bits(one.start, one.end) & bits(two.start, two.end):
        return True
    ends = {b.id: offsets[b.id] + b.footprint for b in (one, two)}
    if not bits(offsets[one.id], ends[one.id]) & bits(offsets[two.id], ends[two.id]):
        return True
    return any(
        {overlap.output, overlap.input} == {one.id, two.id}
        and offsets[overlap.output] + overlap.distance <= offsets[overlap.input]
        for overlap in problem.overlaps
    )


def lies_in_a_space(problem: Problem, buffer: Buffer, offsets: dict[str, int]) -> bool:
    """Whether one of the ranges between walls has all its bytes."""
    own = bits(offsets[buffer.id], offsets[buffer.id] + buffer.footprint)
    spaces = pairwise((-8, *problem.walls, 1 << 14))
    return any(own & ~bits(begin, end) == 0 for begin, end in spaces)


def legal(problem: Problem, offsets: dict[str, int]) -> bool:
    aligned = all(offsets[b.id] >= 0 and offsets[b.id] % b.alignment == 0 for b in problem.buffers)
    pairs = combinations(problem.buffers, 2)
    in_a_space = all(lies_in_a_space(problem, buffer, offsets) for buffer in problem.buffers)
    return aligned and in_a_space and all(may_lie(problem, one, two, offsets) for one, two in pairs)


def top(problem: Problem, offsets: dict[str, int]) -> int:
    return max((offsets[b.id] + b.footprint for b in problem.buffers), default=0)


def lowest(problem: Problem, buffer: Buffer, placed: dict[str, int]) -> int:
    """The lowest offset that is legal beside what is placed already, by trying them all."""
    others = [other for other in problem.buffers if other.id in placed]
    at = 0

    def is_legal(at: int) -> bool:
        offsets = {**placed, buffer.id: at}
        return lies_in_a_space(problem, buffer, offsets) and all(
            may_lie(problem, buffer, other, offsets) for other in others
        )

    while not is_legal(at):
        at += buffer.alignment
    return at


def least_peak(problem: Problem, placed: dict[str, int] | None = None, best: int = 10**9) -> int:
    """Over all orders of placing each buffer as low as possible in its turn, if below ``best``.

    One of them reaches the optimum: take an optimal placing's buffers from the bottom up, an output
    before an input at the same offset. Then none of them comes to lie higher than it did.
    """
    placed = placed or {}
    if len(placed) == len(problem.buffers):
        return top(problem, placed)
    for buffer in problem.buffers:
        if buffer.id in placed:
            continue
        at = lowest(problem, buffer, placed)
        if at + buffer.footprint < best:
            best = min(best, least_peak(problem, {**placed, buffer.id: at}, best))
    return best


@UNTIMED
@given(problems())
def test_solutions_are_legal_and_the_validator_agrees(problem: Problem) -> None:
    solution = solve(problem)
    offsets = dict(solution.offsets)
    assert validate(problem, solution) == ()
    assert legal(problem, offsets)
    assert solution.peak == top(problem, offsets)
    assert solution.peak >= solution.lower_bound == lower_bound(problem)


@UNTIMED
@given(problems(most=6, largest=12))
def test_small_problems_are_solved_to_the_optimum(problem: Problem) -> None:
    solution = solve(problem)
    assert solution.peak == least_peak(problem)
    assert solution.optimal or solution.method.endswith("proven minimal")


@UNTIMED
@given(problems(most=6, largest=12))
def test_search_by_pairs_alone_finds_the_optimum(problem: Problem) -> None:
    """:func:`solve` reaches it only where the search by offset gave up."""
    terrain = survey(problem)
    least = least_peak(problem)
    found = PairSearch(terrain).fit(least, looks=10**6)
    assert found.offsets is not None
    assert terrain.peak(found.offsets) == least
    assert legal(problem, {b.id: at for b, at in zip(problem.buffers, found.offsets, strict=True)})
    if least > terrain.bound:
        assert PairSearch(terrain).fit(least - terrain.grain, looks=10**6) == Answer(None, True)


@UNTIMED
@given(problems(most=6, largest=12))
def test_search_by_offset_alone_finds_the_optimum(problem: Problem) -> None:
    """:func:`solve` starts it from a greedy solution, which often is the optimum already."""
    assume(any(buffer.size for buffer in problem.buffers))
    terrain = survey(problem)
    heap = Placing((), 8 + 8 * sum(terrain.footprints), "a heap of everything")
    found, proven = OffsetSearch(terrain, heap, looks=10**6).run()
    assert proven
    assert found.peak == terrain.peak(found.offsets) == least_peak(problem)
    assert legal(problem, {b.id: at for b, at in zip(problem.buffers, found.offsets, strict=True)})


@UNTIMED
@given(problems(), st.integers(0, 300))
def test_a_search_that_is_cut_short_is_legal(problem: Problem, looks: int) -> None:
    assert validate(problem, solve(problem, looks)) == ()


@UNTIMED
@given(problems(largest=60))
def test_no_legal_placing_is_below_the_bound(problem: Problem) -> None:
    offsets: dict[str, int] = {}
    for buffer in problem.buffers:
        offsets[buffer.id] = lowest(problem, buffer, offsets)
    assert top(problem, offsets) >= lower_bound(problem)


@UNTIMED
@given(problems())
def test_the_bound_is_the_busiest_step(problem: Problem) -> None:
    live = live_bytes(problem)
    everything = [
        sum(b.footprint for b in problem.buffers if b.start <= step < b.end)
        for step in range(len(live))
    ]
    assert all(0 <= low <= high for low, high in zip(live, everything, strict=True))
    assert lower_bound(replace(problem, walls=())) == max(live, default=0)
    assert live_bytes(replace(problem, overlaps=())) == tuple(everything)


@UNTIMED
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=40))
def test_a_chain_meets_its_bound(sizes: list[int]) -> None:
    """Two are alive at a time: one lies at the bottom, the other against the top."""
    chain = tuple(Buffer(f"t{i}", size, i, i + 2) for i, size in enumerate(sizes))
    assert solve(Problem(chain)).optimal


@UNTIMED
@given(problems())
def test_the_same_problem_has_the_same_solution(problem: Problem) -> None:
    again = replace(problem, buffers=tuple(replace(buffer) for buffer in problem.buffers))
    assert solve(problem) == solve(again)


@UNTIMED
@given(problems(most=7))
def test_the_order_of_the_buffers_does_not_change_the_peak(problem: Problem) -> None:
    backwards = Problem(problem.buffers[::-1], problem.overlaps[::-1], problem.walls)
    assert solve(problem).peak == solve(backwards).peak


@UNTIMED
@given(problems(), st.data())
def test_the_validator_is_right_about_moved_buffers(problem: Problem, data: st.DataObject) -> None:
    assume(problem.buffers)
    solution = solve(problem)
    offsets = dict(solution.offsets)
    for buffer in data.draw(st.lists(st.sampled_from(problem.buffers), min_size=1, max_size=3)):
        offsets[buffer.id] = data.draw(st.integers(-4, solution.peak + 4))
    moved = Solution(tuple(offsets.items()), top(problem, offsets), solution.lower_bound, "moved")
    assert (validate(problem, moved) == ()) == legal(problem, offsets)


@UNTIMED
@given(problems(), st.data())
def test_a_buffer_on_top_of_another_is_reported(problem: Problem, data: st.DataObject) -> None:
    permitted = {frozenset((overlap.output, overlap.input)) for overlap in problem.overlaps}
    apart = [
        (one, two)
        for one, two in combinations(problem.buffers, 2)
        if max(one.start, two.start) < min(one.end, two.end) and one.size and two.size
        if frozenset((one.id, two.id)) not in permitted
    ]
    assume(apart)
    one, two = data.draw(st.sampled_from(apart))
    offsets = dict(solve(problem).offsets)
    offsets[one.id] = offsets[two.id]
    moved = Solution(tuple(offsets.items()), top(problem, offsets), lower_bound(problem), "moved")
    named = [line for line in validate(problem, moved) if f"`{one.id}`" in line]
    assert any(f"`{two.id}`" in line and "share" in line for line in named)


@UNTIMED
@given(problems(), st.data())
def test_a_buffer_moved_over_a_wall_is_reported(problem: Problem, data: st.DataObject) -> None:
    wide = [buffer for buffer in problem.buffers if buffer.footprint > 1]
    assume(wide)
    solution = solve(problem)
    buffer = data.draw(st.sampled_from(wide))
    wall = dict(solution.offsets)[buffer.id] + data.draw(st.integers(1, buffer.footprint - 1))
    problem = replace(problem, walls=(wall,))
    named = [line for line in validate(problem, solution) if f"`{buffer.id}` [" in line]
    assert any(line.endswith(f"straddles the wall at {wall}") for line in named)


@UNTIMED
@given(problems(), st.integers(-8, 8).filter(bool))
def test_wrong_figures_are_reported(problem: Problem, off: int) -> None:
    solution = solve(problem)
    assert validate(problem, replace(solution, peak=solution.peak + off))
    assert validate(problem, replace(solution, lower_bound=solution.lower_bound + off))
