"""The arena as a packing problem: buffers with life spans, what may overlap, and a lower bound.

Nothing here knows of graphs. Steps are points in time; offsets are bytes from the arena's start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from mcugen.memory.spaces import Walls, lowest


@dataclass(frozen=True)
class Buffer:
    """``size`` bytes that are alive in the half-open interval of steps [``start``, ``end``).

    ``alignment`` is a power of two in bytes. Raises ValueError for anything else.
    """

    id: str
    size: int
    start: int
    end: int
    alignment: int = 4

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"buffer `{self.id}` has {self.size} bytes")
        if not 0 <= self.start < self.end:
            raise ValueError(f"buffer `{self.id}` has the life span [{self.start}, {self.end})")
        if self.alignment < 1 or self.alignment & (self.alignment - 1):
            raise ValueError(f"buffer `{self.id}` has the alignment {self.alignment}")

    @property
    def footprint(self) -> int:
        """Bytes of the arena that it takes: its size rounded up to its alignment."""
        return _round_up(self.size, self.alignment)


@dataclass(frozen=True)
class Overlap:
    """A kernel's promise: ``output`` may share bytes with ``input``.

    It holds if offset(output) + ``distance`` <= offset(input), in bytes: the kernel has read what
    it overwrites as long as the output starts ``distance`` before the input; 0 allows in place. One
    output may share bytes with several inputs at once if it keeps its distance to each.
    """

    output: str
    input: str
    distance: int

    def __post_init__(self) -> None:
        if self.distance < 0:
            raise ValueError(f"{self} has the distance {self.distance}")

    def __str__(self) -> str:
        return f"overlap of output `{self.output}` with input `{self.input}`"


@dataclass(frozen=True)
class Problem:
    """Buffers to place, and which of them may overlap; none may straddle one of the ``walls``.

    Raises ValueError for an id that occurs twice or is unknown, for an overlap whose input does not
    die in the step where its output is born, for a buffer that would be an output and an input
    of overlaps in the same step, and for walls that do not rise from above 0.
    """

    buffers: tuple[Buffer, ...]
    overlaps: tuple[Overlap, ...] = ()
    walls: Walls = ()

    def __post_init__(self) -> None:
        for fault in (*_faulty_buffers(self), *_faulty_overlaps(self), *_faulty_walls(self)):
            raise ValueError(fault)

    @property
    def steps(self) -> int:
        return max((buffer.end for buffer in self.buffers), default=0)

    def buffer(self, buffer_id: str) -> Buffer:
        """Raises KeyError for an unknown id."""
        return {buffer.id: buffer for buffer in self.buffers}[buffer_id]


@dataclass(frozen=True)
class Solution:
    """An offset for every buffer, in the problem's order.

    ``peak`` is the arena's size in bytes: the largest offset + footprint. ``method`` says in words
    how it was found.
    """

    offsets: tuple[tuple[str, int], ...]
    peak: int
    lower_bound: int
    method: str

    @property
    def optimal(self) -> bool:
        """The peak meets the lower bound, so no arena can be smaller."""
        return self.peak == self.lower_bound

    def offset(self, buffer_id: str) -> int:
        """Bytes from the arena's start to the buffer. Raises KeyError for an unknown id."""
        return dict(self.offsets)[buffer_id]


def live_bytes(problem: Problem) -> tuple[int, ...]:
    """For each step the bytes that any arena must have: see :func:`lower_bound`."""
    live = [0] * problem.steps
    for buffer in problem.buffers:
        for step in range(buffer.start, buffer.end):
            live[step] += buffer.footprint
    for step, pairs in pairs_by_step(problem).items():
        live[step] -= most_shared(pairs)
    return tuple(live)


def lower_bound(problem: Problem) -> int:
    """Bytes that no arena for ``problem`` can do without: the largest of :func:`live_bytes`, and
    what the largest buffers make of it where they do not fit before a wall.

    Why it is a bound. In a step the arena holds the union of all buffers alive in it. Two of them
    share bytes only if an overlap of this step permits it, and no three do, because buffers of one
    role (output, input) are disjoint. So the union is the sum of the footprints less the bytes
    shared, :func:`most_shared` is at least those, and the peak is at least the union.

    It need not be reached: offsets that are best for one step may be wrong for another.
    """
    return max((*live_bytes(problem), *_least_tops(problem)), default=0)


def _least_tops(problem: Problem) -> Iterable[int]:
    """For each buffer the least offset behind it, as the walls leave it."""
    for one in problem.buffers:
        yield lowest(problem.walls, 0, one.footprint, one.alignment) + one.footprint


@dataclass(frozen=True)
class Pair:
    """An overlap with the buffers that it speaks of."""

    output: Buffer
    input: Buffer
    distance: int

    @property
    def shared(self) -> int:
        """The most bytes that the two can share, at the closest that their alignments allow.

        in + out - max(out, in + distance), and never negative: the input starts ``distance`` into
        the output at the earliest and shares what is left of it.
        """
        return max(0, min(self.input.footprint, self.output.footprint - self.distance))


def pairs_by_step(problem: Problem) -> dict[int, tuple[Pair, ...]]:
    """The overlaps of each step that has any.

    Distances are rounded up to the smaller alignment of the two: aligned offsets are a multiple of
    it apart.
    """
    buffers = {buffer.id: buffer for buffer in problem.buffers}
    found: dict[int, tuple[Pair, ...]] = {}
    for overlap in problem.overlaps:
        output, source = buffers[overlap.output], buffers[overlap.input]
        distance = _round_up(overlap.distance, min(output.alignment, source.alignment))
        step = output.start
        found[step] = (*found.get(step, ()), Pair(output, source, distance))
    return found


def most_shared(pairs: Iterable[Pair]) -> int:
    """An upper bound on the bytes that the overlaps of one step save together.

    Inputs are disjoint, so the bytes saved are the sum over outputs of what inputs cover of each.
    An output of n bytes is covered most when its inputs follow each other in the order of distance,
    each as early as that allows, up to byte n. If two inputs are as large as the output, this
    counts one of them; if the output is their concatenation, both.

    The bytes are also a sum over inputs, and an input shares with one output only: of two disjoint
    outputs that start at or before the input, the lower one ends at or before the input's start. So
    each input counts its best pair. Both sums are bounds; the smaller one is returned.
    """
    by_output: dict[str, list[Pair]] = {}
    by_input: dict[str, int] = {}
    for pair in pairs:
        by_output.setdefault(pair.output.id, []).append(pair)
        by_input[pair.input.id] = max(pair.shared, by_input.get(pair.input.id, 0))
    return min(sum(map(_most_covered, by_output.values())), sum(by_input.values()))


def _most_covered(pairs: list[Pair]) -> int:
    """The most bytes of one output that its inputs can cover."""
    covered, free = 0, 0
    for pair in sorted(pairs, key=lambda pair: pair.distance):
        at = max(free, pair.distance)
        free = at + pair.input.footprint
        covered += max(0, min(free, pair.output.footprint) - at)
    return covered


def _faulty_buffers(problem: Problem) -> Iterable[str]:
    for buffer_id, count in Counter(buffer.id for buffer in problem.buffers).items():
        if count > 1:
            yield f"{count} buffers are called `{buffer_id}`"


def _faulty_overlaps(problem: Problem) -> Iterable[str]:
    buffers = {buffer.id: buffer for buffer in problem.buffers}
    roles: dict[tuple[str, int], str] = {}
    pairs: set[tuple[str, str]] = set()
    for overlap in problem.overlaps:
        for buffer_id in (overlap.output, overlap.input):
            if buffer_id not in buffers:
                yield f"{overlap}: there is no buffer `{buffer_id}`"
                return
        if (overlap.output, overlap.input) in pairs:
            yield f"{overlap} is given twice"
        pairs.add((overlap.output, overlap.input))
        step, last = buffers[overlap.output].start, buffers[overlap.input].end - 1
        if step != last:
            yield f"{overlap}: the output's first step is {step}, the input's last step {last}"
        for buffer_id, role in ((overlap.output, "output"), (overlap.input, "input")):
            if roles.setdefault((buffer_id, step), role) != role:
                yield f"{overlap}: in step {step} `{buffer_id}` is output and input of overlaps"


def _faulty_walls(problem: Problem) -> Iterable[str]:
    if any(low >= high for low, high in pairwise((0, *problem.walls))):
        yield f"the walls at {problem.walls} do not rise"


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
