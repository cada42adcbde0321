"""What pictures of the arena show is what the plan does: nothing on what is needed, all of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.kernels import Target, backends
from mcugen.kernels.contract import RowContract
from mcugen.memory.plan import Plan, plan
from mcugen.memory.rows.lives import Lives, Span, lives
from mcugen.memory.rows.network import Layer, Network, Picture
from mcugen.memory.rows.plan import RowPlan, plan_within, sections
from mcugen.memory.rows.problem import ALIGNMENT, Key
from mcugen.memory.rows.sections import WHOLE, Event, Move, Section, expand
from mcugen.passes import run_passes
from mcugen.schedule import Schedule, schedule
from tests.row_networks import expanding_network, random_network

CPU = load_board("stm32f7").chip.cpu
TARGETS = (Target(CPU, backends(), "fast"), Target(CPU, backends()))
SEEDS = range(10)


@lru_cache
def plans(seed: int) -> tuple[tuple[Plan | RowPlan, Lives], ...]:
    """Of a random network: whole layers, and the least with the picture in RAM and in rows."""
    found: list[tuple[Schedule, Plan | RowPlan]] = []
    graph = run_passes(random_network(np.random.default_rng(seed), layers=6, side=16))
    for target in TARGETS:
        steps = schedule(graph, target)
        found += [(steps, plan(steps)), (steps, plan_within(steps, "least"))]
    found.append((steps, plan_within(steps, "least", takes_rows=True)))
    return tuple((made, lives(steps, made)) for steps, made in found)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_rows_that_are_needed_share_a_byte(seed: int) -> None:
    for _, found in plans(seed):
        every = [span for spans in found.spans.values() for span in spans]
        assert [pair for pair in combinations(every, 2) if pair[0].meets(pair[1])] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_peak_is_the_plans(seed: int) -> None:
    for made, found in plans(seed):
        top = max(span.high for spans in found.spans.values() for span in spans)
        assert made.arena_bytes - ALIGNMENT < top <= made.arena_bytes


@pytest.mark.parametrize("seed", SEEDS)
def test_all_that_is_read_and_written_is_there(seed: int) -> None:
    for made, found in plans(seed):
        if isinstance(made, RowPlan):
            check_events(made, found)


def check_events(made: RowPlan, found: Lives) -> None:
    """What a call reads stands before it, what it writes stands in it, and what nobody reads any
    more is gone."""
    touched = {0: set(found.spans)}
    moment = 0
    for section, moments in zip(made.sections, found.moments, strict=True):
        for event in as_drawn(made, section, moments):
            touched[moment] = check_event(made, found, event, moment)
            moment += 1
    for key, spans in found.spans.items():
        for span in spans:
            ends = span.end == moment or key[0] == "scratch" or key[1] in touched[span.end - 1]
            overwritten = any(
                other.start == span.end and other.low < span.high and span.low < other.high
                for others in found.spans.values()
                for other in others
            )
            assert ends or overwritten


def as_drawn(made: RowPlan, section: Section, moments: int) -> Sequence[Event]:
    events = expand(made.network, section)
    if len(events) == moments:
        return events
    return expand(made.network, Section(section.first, section.last, 1))


def check_event(made: RowPlan, found: Lives, event: Event, moment: int) -> set[int]:
    """The tensors that it touches."""
    inputs = [event] if isinstance(event, Move) else event.inputs
    output = event if isinstance(event, Move) else event.output
    for rows in inputs:
        size = made.network.pictures[rows.tensor].row_bytes
        low = made.tensor_offset(rows.tensor) + rows.slot * size
        spans = found.spans["tensor", rows.tensor]
        # Before the first moment there is none in which it could stand.
        assert moment == 0 or stands(spans, low, low + rows.count * size, moment - 1)
    size = made.network.pictures[output.tensor].row_bytes
    slot = 0 if isinstance(event, Move) else output.slot
    low = made.tensor_offset(output.tensor) + slot * size
    assert stands(found.spans["tensor", output.tensor], low, low + output.count * size, moment)
    return {rows.tensor for rows in (*inputs, output)}


def stands(spans: Sequence[Span], low: int, high: int, moment: int) -> bool:
    """Whether bytes [low, high) are needed in a moment, all of them."""
    there = sorted((s.low, s.high) for s in spans if s.start <= moment < s.end)
    for begin, end in there:
        if begin <= low:
            low = max(low, end)
    return low >= high


def test_a_call_that_overtakes_its_input_goes_by_rows() -> None:
    """Rows of the input end one by one while those of the output begin; a call that overtakes
    nothing is one moment."""
    counts = set()
    for made, found in (one for seed in SEEDS for one in plans(seed)):
        for section, count in zip(sections(made), found.moments, strict=True):
            if isinstance(made, RowPlan) and section.strip == WHOLE and count > 1:
                output = made.network.layers[section.first].output
                assert count == made.network.pictures[output].rows
                counts.add(count)
    assert len(counts) >= 2


def test_a_call_that_may_lie_on_its_input_but_not_by_rows_is_one_moment() -> None:
    """Such as one whose kernel copies its input first."""
    made = by_hand(overlap=0, output_at=0)
    found = lives(schedule(run_passes(expanding_network()), TARGETS[1]), made)
    assert found.moments == (1,)
    assert found.spans == {("tensor", 1): (Span(0, 16, 0, 1),)}
    by_rows = lives(schedule(run_passes(expanding_network()), TARGETS[1]), by_hand(8, 0))
    assert by_rows.moments == (4,)


def by_hand(overlap: int, output_at: int) -> RowPlan:
    """A layer of 3x3 windows on 4 rows of 4 bytes, whose output stands ``overlap`` before them."""
    layer = Layer((0,), 1, RowContract(3, 1, 1, call_cost=0), 0, overlaps=((0, overlap),))
    picture = Picture(rows=4, row_bytes=4)
    net = Network((layer,), {0: picture, 1: picture}, inputs=(0,), outputs=(1,))
    offsets: dict[Key, int] = {("tensor", 0): output_at + overlap, ("tensor", 1): output_at}
    return RowPlan(net, (Section(0, 0),), offsets, 16 + overlap, 16, (16,), 0)
