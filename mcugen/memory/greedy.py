"""Placing the buffers one after the other, each as low as it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mcugen.memory.terrain import Placing, Terrain


def place_greedily(terrain: Terrain) -> Placing:
    """The best of some orders, or the first that meets the bound."""
    best: Placing | None = None
    for name, order in _orders(terrain):
        offsets = _place(terrain, order)
        peak = terrain.peak(offsets)
        if best is None or peak < best.peak:
            best = Placing(offsets, peak, f"greedy, {name}")
        if best.peak == terrain.bound:
            break
    assert best is not None
    return best


def _orders(terrain: Terrain) -> Iterator[tuple[str, Sequence[int]]]:
    """Buffer indices in orders that do well; ties mostly go to the later one, so outputs lead."""
    size = terrain.footprints
    end = [buffer.end for buffer in terrain.buffers]
    life = [buffer.end - buffer.start for buffer in terrain.buffers]
    crowd = [max(terrain.live[buffer.start : buffer.end]) for buffer in terrain.buffers]
    area = [size[i] * life[i] for i in range(len(size))]
    all_ = range(len(size))
    yield "largest first", sorted(all_, key=lambda i: (-size[i], -end[i]))
    yield "last first", sorted(all_, key=lambda i: (-end[i], -size[i]))
    yield "first first", sorted(all_, key=lambda i: (end[i] - life[i], -size[i]))
    yield "largest size times life first", sorted(all_, key=lambda i: (-area[i], -end[i]))
    yield "longest life first", sorted(all_, key=lambda i: (-life[i], -size[i], -end[i]))
    yield "busiest step first", sorted(all_, key=lambda i: (-crowd[i], -size[i], -end[i]))


def _place(terrain: Terrain, order: Sequence[int]) -> tuple[int, ...]:
    offsets: dict[int, int] = {}
    for index in order:
        offsets[index] = _lowest_free(terrain, index, offsets)
    return tuple(offsets[index] for index in range(len(order)))


def _lowest_free(terrain: Terrain, index: int, offsets: Mapping[int, int]) -> int:
    """The lowest aligned offset outside all the open intervals that placed neighbours forbid."""
    forbidden = sorted(
        (offsets[other] - gaps.up_to, offsets[other] + gaps.up_from)
        for other, gaps in terrain.neighbours[index].items()
        if other in offsets
    )
    at = terrain.align(index, 0)
    for low, high in forbidden:
        if low < at < high:
            at = terrain.align(index, high)
    return at
