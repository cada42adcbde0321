"""Sections of a network, and what happens in one: calls on strips of rows, and windows that slide.

The generated C does the same (``templates/rows.c.j2``): of the layers of a section, the last one
whose next strip has all its rows of input is the one that runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.memory.rows.network import ARRIVAL, Network

WHOLE = 0
"""The strip height of a layer that runs in one call."""


@dataclass(frozen=True)
class Section:
    """Layers ``first`` to ``last`` run as one step, in strips of ``strip`` rows.

    A section of one layer may be ``WHOLE``.
    """

    first: int
    last: int
    strip: int = WHOLE

    @property
    def layers(self) -> range:
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class Rows:
    """Rows [``first``, ``first`` + ``count``) of a tensor, the first in slot ``slot`` of where the
    tensor stands: its own number for a tensor that stands whole, less in a line buffer."""

    tensor: int
    first: int
    count: int
    slot: int


@dataclass(frozen=True)
class Part:
    """A call: rows of a layer's output from rows of its inputs. The layer ``ARRIVAL`` has none: its
    rows of the model's input come from outside."""

    layer: int
    output: Rows
    inputs: tuple[Rows, ...]


@dataclass(frozen=True)
class Move:
    """The rows of a line buffer that are still needed go to its start; none may be left."""

    tensor: int
    first: int
    count: int
    slot: int


Event = Part | Move


def line_rows(network: Network, section: Section, layer: int) -> int:
    """Rows of the line buffer between ``layer`` and the next one of the section: what a strip of
    that one reads."""
    contract = network.layers[layer + 1].contract
    assert contract is not None
    height = network.pictures[network.output(layer)].rows
    return min(height, contract.window + (section.strip - 1) * contract.stride)


def line_top(network: Network, section: Section, layer: int) -> int:
    """The slot of a line buffer in which row 0 stands at first: the padding above it takes room
    like rows do, so that the first strip's rows lie where those of any other do."""
    if layer == section.last:
        return 0
    contract = network.layers[layer + 1].contract
    assert contract is not None
    return min(contract.top, line_rows(network, section, layer) - 1)


def expand(network: Network, section: Section) -> tuple[Event, ...]:
    """All that happens in a section, in order."""
    if section.strip == WHOLE:
        return (_whole(network, section.first),)
    return tuple(_Walk(network, section).events())


def _whole(network: Network, layer: int) -> Part:
    def all_of(tensor: int) -> Rows:
        return Rows(tensor, 0, network.pictures[tensor].rows, 0)

    one = network.layers[layer]
    return Part(layer, all_of(one.output), tuple(map(all_of, one.inputs)))


class _Walk:
    """How many rows of each layer are made, and how many have left their line buffers."""

    def __init__(self, network: Network, section: Section) -> None:
        self._network = network
        self._section = section
        self._first = ARRIVAL if network.streamed and section.first == 0 else section.first
        layers = range(self._first, section.last + 1)
        self._made = dict.fromkeys(layers, 0)
        self._gone = {layer: -line_top(network, section, layer) for layer in layers}
        self._heights = {layer: network.pictures[network.output(layer)].rows for layer in layers}

    def events(self) -> Iterator[Event]:
        """Layer by layer from the last one down, until one has all the rows that it needs. A window
        slides as soon as it has to, so that its rows lie close together while others are made."""
        while True:
            wanted = self._heights[self._section.last]
            for layer in reversed(range(self._first, self._section.last + 1)):
                made = self._made[layer]
                strip = 1 if layer == ARRIVAL else self._section.strip
                end = min(made + strip, wanted)
                if end > made and layer != self._section.last:
                    yield from self._make_room(layer, end)
                if layer > self._first:
                    # Rows that nobody reads are made at last.
                    needed = self._end_needed(layer, end) if end > made else None
                    wanted = self._heights[layer - 1] if needed is None else needed
                if end > made and (layer == self._first or self._made[layer - 1] >= wanted):
                    yield self._part(layer, end)
                    self._made[layer] = end
                    break
            else:
                return

    def _end_needed(self, layer: int, end: int) -> int:
        contract = self._network.layers[layer].contract
        assert contract is not None
        return contract.end_needed(end, self._heights[layer - 1])

    def _first_needed(self, layer: int) -> int:
        """The first row of the line buffer behind ``layer`` that is still to be read."""
        contract = self._network.layers[layer + 1].contract
        assert contract is not None
        return min(self._made[layer], contract.first_needed(self._made[layer + 1]))

    def _make_room(self, layer: int, end: int) -> Iterator[Move]:
        """Slides the window back if rows up to ``end`` would not fit behind what stands in it."""
        gone, made = self._gone[layer], self._made[layer]
        if end - gone <= line_rows(self._network, self._section, layer):
            return
        first = self._first_needed(layer)
        yield Move(self._network.output(layer), first, made - first, first - gone)
        self._gone[layer] = first

    def _part(self, layer: int, end: int) -> Part:
        made = self._made[layer]
        output = Rows(self._network.output(layer), made, end - made, made - self._gone[layer])
        if layer == ARRIVAL:
            return Part(layer, output, ())
        one, contract = self._network.layers[layer], self._network.layers[layer].contract
        assert contract is not None
        first = contract.first_needed(made)
        inputs = []
        for tensor in one.inputs:
            height = self._network.pictures[tensor].rows
            is_line = layer > self._first and tensor == self._network.output(layer - 1)
            gone = self._gone[layer - 1] if is_line else 0
            count = contract.end_needed(end, height) - first
            inputs.append(Rows(tensor, first, count, first - gone))
        return Part(layer, output, tuple(inputs))
