"""What the arena holds from moment to moment: the plan as its pictures show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mcugen.memory.plan import Plan
from mcugen.memory.rows.network import Network, network
from mcugen.memory.rows.plan import RowPlan, sections
from mcugen.memory.rows.problem import Key, Life, row_problem
from mcugen.memory.rows.sections import WHOLE, Event, Move, Section, expand
from mcugen.schedule import Schedule


@dataclass(frozen=True)
class Span:
    """Bytes [``low``, ``high``) of the arena that are needed in moments [``start``, ``end``)."""

    low: int
    high: int
    start: int
    end: int

    def meets(self, other: Span) -> bool:
        """Whether both need some byte at once."""
        return (
            self.low < other.high
            and other.low < self.high
            and self.start < other.end
            and other.start < self.end
        )


Spans = Mapping[Key, tuple[Span, ...]]


@dataclass(frozen=True)
class Lives:
    """``moments`` has how many each step of the plan takes; no two ``spans`` meet.

    A moment is a call, or rows that slide in their line buffer, or, in a call of a whole layer that
    overtakes what it reads, a row of its output. Bytes that a moment is the last to read and that
    it writes over are those of what it writes.
    """

    moments: tuple[int, ...]
    spans: Spans


def lives(schedule: Schedule, plan: Plan | RowPlan) -> Lives:
    """The lives of all that ``plan`` places."""
    net = plan.network if isinstance(plan, RowPlan) else network(schedule)
    offsets = _offsets(schedule, plan)
    events = [_events(net, section, offsets) for section in sections(plan)]
    together = [event for some in events for event in some]
    found = _spans(net, together, range(len(net.layers)), offsets)
    moments = len(together)  # what is read after the last one is not read in another one
    return Lives(
        moments=tuple(map(len, events)),
        spans={
            key: tuple(replace(span, end=min(span.end, moments)) for span in spans)
            for key, spans in found.items()
        },
    )


def _offsets(schedule: Schedule, plan: Plan | RowPlan) -> Mapping[Key, int]:
    if isinstance(plan, RowPlan):
        return plan.offsets
    tensors = (*schedule.inputs, *(step.output for step in schedule.steps))
    scratch = [step for step in schedule.steps if step.call.scratch_bytes]
    return {
        **{("tensor", tensor): plan.tensor_offset(tensor) for tensor in tensors},
        **{("scratch", step.index): plan.scratch_offset(step) for step in scratch},
    }


def _events(net: Network, section: Section, offsets: Mapping[Key, int]) -> Sequence[Event]:
    """Those of the plan; of a whole layer that overtakes what it reads, row by row, as far as its
    kernel goes by rows."""
    if section.strip == WHOLE and _overtakes(net, section.first, offsets):
        by_rows = expand(net, replace(section, strip=1))
        if _disjoint(_spans(net, by_rows, section.layers, offsets)):
            return by_rows
    return expand(net, section)


def _overtakes(net: Network, layer: int, offsets: Mapping[Key, int]) -> bool:
    """Whether a layer that can go by rows writes where something stands that it reads."""
    one = net.layers[layer]
    low = offsets["tensor", one.output]
    high = low + net.bytes_of(one.output)
    return net.by_rows(layer) and any(
        low < offsets["tensor", tensor] + net.bytes_of(tensor) and offsets["tensor", tensor] < high
        for tensor in one.inputs
    )


def _disjoint(spans: Spans) -> bool:
    every = [(key, span) for key, some in spans.items() for span in some]
    return not any(
        one.meets(two)
        for place, (key, one) in enumerate(every)
        for other, two in every[place + 1 :]
        if key != other
    )


def _spans(
    net: Network, events: Sequence[Event], layers: range, offsets: Mapping[Key, int]
) -> Spans:
    dying: dict[int, list[tuple[Key, Span]]] = defaultdict(list)
    for buffer in row_problem(net, events, layers).buffers:
        at = offsets[buffer.key]
        for stretch in buffer.stretches:
            for start, end in _merged(stretch.lives):
                span = Span(at + stretch.low, at + stretch.high, start, end)
                dying[end].append((buffer.key, span))
    for moment, event in enumerate(events):
        key, written = _written(net, event, moment, offsets)
        dying[moment + 1] = [
            (other, part)
            for other, span in dying[moment + 1]
            for part in ((span,) if other == key else _left(span, written))
        ]
    found: dict[Key, list[Span]] = defaultdict(list)
    for some in dying.values():
        for key, span in some:
            found[key].append(span)
    return {key: _joined(found[key]) for key in sorted(found)}


def _merged(lives: Sequence[Life]) -> Iterator[Life]:
    """Lives of a slot; one in which rows slide ends where they are written, and another begins."""
    start, end = lives[0]
    for begin, until in lives[1:]:
        if begin > end:
            yield start, end
            start = begin
        end = until
    yield start, end


def _written(
    net: Network, event: Event, moment: int, offsets: Mapping[Key, int]
) -> tuple[Key, Span]:
    """What a moment writes, and where."""
    rows = event if isinstance(event, Move) else event.output
    key: Key = ("tensor", rows.tensor)
    size = net.pictures[rows.tensor].row_bytes
    low = offsets[key] + (0 if isinstance(event, Move) else rows.slot * size)
    return key, Span(low, low + rows.count * size, moment, moment + 1)


def _left(span: Span, written: Span) -> Iterator[Span]:
    """Of a span that ends with the moment in which ``written`` is: all but what that lies on."""
    low, high = max(span.low, written.low), min(span.high, written.high)
    if low >= high:
        yield span
        return
    if span.low < low:
        yield replace(span, high=low)
    if span.start < written.start:
        yield Span(low, high, span.start, written.start)
    if high < span.high:
        yield replace(span, low=high)


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Neighbours with the same moments made one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end, one.low)):
        before = joined[-1] if joined else None
        if before and (before.start, before.end, before.high) == (span.start, span.end, span.low):
            joined[-1] = replace(before, high=span.high)
        else:
            joined.append(span)
    return tuple(joined)
