"""Plans by rows on random networks: valid, never worse than whole layers, minimal when small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.kernels import Target, backends
from mcugen.memory.plan import plan
from mcugen.memory.rows.network import Network, network
from mcugen.memory.rows.plan import RowPlan, plan_within
from mcugen.memory.rows.problem import RowProblem, row_problem
from mcugen.memory.rows.sections import Event, Move, Part, Section, expand
from mcugen.memory.rows.validate import faults
from mcugen.memory.spaces import Walls, space_at
from mcugen.passes import run_passes
from mcugen.schedule import Schedule, schedule
from tests.row_networks import random_network

TARGET = Target(load_board("stm32f7").chip.cpu, backends())


def scheduled(seed: int, **sizes: int) -> Schedule:
    return schedule(run_passes(random_network(np.random.default_rng(seed), **sizes)), TARGET)


@pytest.mark.parametrize("seed", range(30))
def test_never_worse_than_whole_layers(seed: int) -> None:
    """``plan_within`` validates what it gives, byte by byte."""
    steps = scheduled(seed)
    whole, least = plan(steps).arena_bytes, plan_within(steps, "least")
    assert least.lower_bound <= least.arena_bytes <= whole
    budget = (whole + least.arena_bytes) // 2
    assert plan_within(steps, budget).arena_bytes <= budget
    assert plan_within(steps, whole) == plan(steps)


def row_plan(seed: int, **sizes: int) -> tuple[Schedule, RowPlan] | None:
    steps = scheduled(seed, **sizes)
    found = plan_within(steps, "least")
    return (steps, found) if isinstance(found, RowPlan) else None


def all_faults(steps: Schedule, made: RowPlan, events: tuple[Event, ...]) -> list[str]:
    return list(faults(steps, events, made.offsets, made.arena_bytes))


@pytest.mark.parametrize("seed", range(8))
def test_no_buffer_lies_across_a_wall(seed: int) -> None:
    """Walls where plans without them have buffers: by rows and of whole layers."""
    steps = scheduled(seed)
    free = plan_within(steps, "least").arena_bytes
    chance = np.random.default_rng(seed)
    walls = tuple(sorted({int(at) * 32 for at in chance.integers(1, free // 32, size=2)}))
    whole, least = plan(steps, walls), plan_within(steps, "least", walls=walls)
    assert free <= least.arena_bytes <= whole.arena_bytes
    for placed in (whole, least):
        buffers = [placed.tensor(tensor) for tensor in steps.inputs]
        buffers += [placed.tensor(step.output) for step in steps.steps]
        buffers += [one for step in steps.steps if (one := placed.scratch(step)) is not None]
        for buffer in buffers:
            first, last = placed.offset(buffer), placed.offset(buffer) + buffer.size - 1
            assert space_at(walls, first) == space_at(walls, last)


@pytest.mark.parametrize("seed", range(8))
def test_a_wall_within_a_buffer_is_a_fault(seed: int) -> None:
    steps, made = row_plan(seed) or pytest.skip("by rows nothing is won")
    problem = row_problem(made.network, made.events, range(len(made.network.layers)))
    for buffer in problem.buffers:
        start = made.offsets[buffer.key]
        for wall in (start, start + 1, start + buffer.bytes - 1, start + buffer.bytes):
            found = faults(steps, made.events, made.offsets, made.arena_bytes, (wall,))
            own = [fault for fault in found if fault.startswith("{} {} ".format(*buffer.key))]
            assert bool(own) == (start < wall < start + buffer.bytes)


@pytest.mark.parametrize("seed", range(8))
def test_a_row_late_and_a_row_short_are_faults(seed: int) -> None:
    """Every call that is given rows one further down than the right ones, or one too few."""
    steps, made = row_plan(seed) or pytest.skip("by rows nothing is won")
    assert not all_faults(steps, made, made.events)
    for number, event in enumerate(made.events):
        if isinstance(event, Move):
            continue
        for place, rows in enumerate(event.inputs):
            late = replace(rows, first=rows.first + 1)
            short = replace(rows, count=rows.count - 1)
            for other in (late, short):
                inputs = (*event.inputs[:place], other, *event.inputs[place + 1 :])
                wrong = replace(event, inputs=inputs)
                assert all_faults(steps, made, with_event(made, number, wrong))


@pytest.mark.parametrize("seed", range(8))
def test_a_window_that_slides_a_row_too_far_is_a_fault(seed: int) -> None:
    steps, made = row_plan(seed) or pytest.skip("by rows nothing is won")
    moves = [
        (number, event)
        for number, event in enumerate(made.events)
        if isinstance(event, Move) and event.count
    ]
    for number, move in moves:
        short = replace(move, first=move.first + 1, slot=move.slot + 1, count=move.count - 1)
        assert all_faults(steps, made, with_event(made, number, short))


def with_event(made: RowPlan, number: int, event: Event) -> tuple[Event, ...]:
    return (*made.events[:number], event, *made.events[number + 1 :])


@pytest.mark.parametrize("seed", range(8))
def test_a_buffer_four_bytes_aside_is_found_as_the_rules_say(seed: int) -> None:
    """The walk over bytes and the planner's gaps agree on every buffer that is moved a little."""
    steps, made = row_plan(seed) or pytest.skip("by rows nothing is won")
    problem = row_problem(made.network, made.events, range(len(made.network.layers)))
    for key, offset in made.offsets.items():
        for moved in (offset - 4, offset + 4):
            offsets = {**made.offsets, key: moved}
            expected = not holds(problem, offsets, made.arena_bytes)
            found = any(faults(steps, made.events, offsets, made.arena_bytes))
            assert found <= expected  # what the walk finds, the rules forbid


def holds(problem: RowProblem, offsets: dict[tuple[str, int], int], arena: int) -> bool:
    """The rules of the problem, spelt out: no byte of two buffers at once but by a contract."""
    for one in problem.buffers:
        if offsets[one.key] < 0 or offsets[one.key] + one.bytes > arena:
            return False
        for two in problem.buffers:
            if one is not two and not may_lie(problem, one.key, two.key, offsets):
                return False
    return True


def may_lie(
    problem: RowProblem,
    one: tuple[str, int],
    two: tuple[str, int],
    offsets: dict[tuple[str, int], int],
) -> bool:
    by_key = {buffer.key: buffer for buffer in problem.buffers}
    promised = {c.event: c.highest for c in problem.contracts if (c.output, c.input) == (one, two)}
    mirrored = {c.event: c.highest for c in problem.contracts if (c.output, c.input) == (two, one)}
    apart = offsets[one] - offsets[two]
    for mine in by_key[one].stretches:
        for yours in by_key[two].stretches:
            low, high = mine.low + apart, mine.high + apart
            if not (low < yours.high and yours.low < high):
                continue
            for a in mine.lives:
                for b in yours.lives:
                    start, end = max(a[0], b[0]), min(a[1], b[1])
                    if start >= end:
                        continue
                    born, dies = (a[0], b[1]) if promised else (b[0], a[1])
                    allowed = promised.get(start) if promised else mirrored.get(start)
                    difference = apart if promised else -apart
                    if (start, end) != (born, dies) or end != start + 1 or allowed is None:
                        return False
                    if difference > allowed:
                        return False
    return True


SMALL = {"layers": 2, "side": 5, "channels": 3}


@pytest.mark.parametrize("seed", range(12))
def test_as_small_as_any_plan_of_the_family(seed: int) -> None:
    steps = scheduled(seed, **SMALL)
    whole = plan(steps).arena_bytes
    least = plan_within(steps, "least").arena_bytes
    assert least == min(whole, exhaustive(network(steps), least))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_as_small_as_any_plan_with_a_wall(seed: int, share: float) -> None:
    steps = scheduled(seed, **SMALL)
    walls = (max(4, int(plan_within(steps, "least").arena_bytes * share) // 4 * 4),)
    whole = plan(steps, walls).arena_bytes
    least = plan_within(steps, "least", walls=walls).arena_bytes
    assert least == min(whole, exhaustive(network(steps), least, walls))


def exhaustive(net: Network, most: int, walls: Walls = ()) -> int:
    """The smallest arena of any cut and any offsets that are multiples of 4; ``most`` if none is
    smaller."""
    for cut in cuts(net, 0):
        events = [event for section in cut for event in expand(net, section)]
        problem = row_problem(net, events, range(len(net.layers)))
        while problem.bound < most and (found := fits(problem, most - 4, walls)) is not None:
            most = found
    return most


def cuts(net: Network, first: int) -> Iterator[tuple[Section, ...]]:
    if first == len(net.layers):
        yield ()
        return
    for last in range(first, len(net.layers)):
        if last > first and not net.fuses(last):
            break
        by_rows = all(net.by_rows(layer) for layer in range(first, last + 1))
        height = net.pictures[net.layers[last].output].rows
        strips = [strip for strip in (1, 2, 4, 8) if strip < height] if by_rows else []
        for strip in [0, *strips] if last == first else strips:
            for rest in cuts(net, last + 1):
                yield (Section(first, last, strip), *rest)


def fits(problem: RowProblem, arena: int, walls: Walls) -> int | None:
    """The peak of some placing in so many bytes; None if there is none."""

    def place(index: int, offsets: dict[tuple[str, int], int]) -> int | None:
        if index == len(problem.buffers):
            return max(offsets[one.key] + one.footprint for one in problem.buffers)
        buffer = problem.buffers[index]
        for at in range(0, arena - buffer.footprint + 1, 4):
            if any(at < wall < at + buffer.footprint for wall in walls):
                continue
            offsets[buffer.key] = at
            if all(
                may_lie(problem, buffer.key, other.key, offsets)
                and may_lie(problem, other.key, buffer.key, offsets)
                for other in problem.buffers[:index]
            ):
                found = place(index + 1, offsets)
                if found is not None:
                    return found
        offsets.pop(buffer.key, None)
        return None

    return place(0, {})


def test_parts_are_rows_in_order() -> None:
    """What the hook will be told: every row of every layer once, from the first to the last."""
    steps, made = row_plan(1) or pytest.skip("by rows nothing is won")
    rows: dict[int, int] = {}
    for event in made.events:
        if isinstance(event, Part):
            assert event.output.first == rows.get(event.layer, 0)
            rows[event.layer] = event.output.first + event.output.count
    assert rows == {step.index: made.network.pictures[step.output].rows for step in steps.steps}
