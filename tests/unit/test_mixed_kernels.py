"""Fast kernels within an arena: which layers make way, and how far."""

from __future__ import annotations

import pytest

from mcugen.memory.plan import plan
from mcugen.memory.rows.mixed import plan_kernels
from mcugen.memory.rows.plan import plan_within
from mcugen.schedule import Schedule
from mcugen.tflite import read_model
from tests.conftest import EXAMPLE_MODEL, program_of


@pytest.fixture(scope="module")
def fast() -> Schedule:
    return program_of(read_model(EXAMPLE_MODEL), kernels="fast").schedule


@pytest.fixture(scope="module")
def stock() -> Schedule:
    return program_of(read_model(EXAMPLE_MODEL)).schedule


def functions(schedule: Schedule) -> list[str]:
    return [step.call.function for step in schedule.steps]


def test_nothing_changes_where_there_is_room(fast: Schedule) -> None:
    room = plan(fast).arena_bytes
    made, placed = plan_kernels(fast, room)
    assert made == fast
    assert (placed.arena_bytes, placed.extra_cost) == (room, 0)


def test_less_arena_costs_more(fast: Schedule, stock: Schedule) -> None:
    least = plan_within(stock, "least").arena_bytes
    costs = []
    for budget in (60_000, 53_000, least):
        made, placed = plan_kernels(fast, budget)
        assert placed.arena_bytes <= budget
        costs.append(made.cost + placed.extra_cost)
        kept = [name for name in functions(made) if name.startswith("rows_")]
        assert len(kept) >= 15
    assert fast.cost < costs[0] <= costs[1] <= costs[2] < 0.8 * stock.cost


def test_the_least_is_as_little_as_with_either_family(fast: Schedule, stock: Schedule) -> None:
    made, placed = plan_kernels(fast, "least")
    families = [plan_within(one, "least").arena_bytes for one in (fast, stock)]
    assert placed.arena_bytes <= min(families)
    assert made.cost < stock.cost


def test_what_does_not_fit_at_all_is_the_least(fast: Schedule, stock: Schedule) -> None:
    made, placed = plan_kernels(fast, 20_000)
    assert placed.arena_bytes == plan_within(stock, "least").arena_bytes
    assert not any("picture" in name for name in functions(made))


def test_a_dearer_call_with_less_scratch_comes_before_one_that_runs_by_rows(fast: Schedule) -> None:
    made, _ = plan_kernels(fast, 53_000)
    changed = [
        (before, after)
        for before, after in zip(functions(fast), functions(made), strict=True)
        if before != after
    ]
    assert ("rows_depthwise_picture", "rows_depthwise_row") in changed


def test_kernels_that_run_by_rows_stay_as_they_are(stock: Schedule) -> None:
    made, placed = plan_kernels(stock, 54_000)
    assert made == stock
    assert placed.arena_bytes <= 54_000
