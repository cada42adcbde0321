"""Looks over the model's shoulder while it runs on the virtual board.

The firmware marks where the model's own code begins and ends (``console_model_runs``,
``console_on_layer``, ``console_model_ended``): only between them a store is a fault of the model's,
if it is to anything but the stack and what the running layer may write of the arena.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcugen.boards import Region
from mcugen.image import Image
from mcugen.sim.cpu import Cpu
from mcugen.sim.trace import StrayWrite

LayerCallback = Callable[[int, bytes], None]
"""Told the layer's index and the bytes of its output."""

Span = tuple[int, int]
"""A half-open range."""

_MOST_STRAYS = 64


class ModelWatch:
    """Collects each layer's output and the stores that are not its own, from a run to the next.

    ``layer_writes`` are the spans of the arena that each layer may write, in bytes from its start;
    without them every layer may write all of it.
    """

    def __init__(
        self,
        cpu: Cpu,
        image: Image,
        writable: Sequence[Region],
        layer_writes: Sequence[Sequence[Span]] = (),
        on_layer: LayerCallback | None = None,
    ) -> None:
        self.outputs: list[bytes] = []
        self.strays: list[StrayWrite] = []
        self._cpu = cpu
        self._image = image
        self._on_layer = on_layer
        self._model_runs = False
        self._arena = _arena(image)
        self._layer_writes = layer_writes
        self._layer_hooks: list[Callable[[], None]] = []
        cpu.on_execution(image.address_of("console_model_runs"), self._runs)
        cpu.on_execution(image.address_of("console_on_layer"), self._layer_ends)
        cpu.on_execution(image.address_of("console_model_ended"), self._ended)
        everything = [(region.base, region.end) for region in writable]
        for begin, end in _outside(everything, (self._arena, _stack(image))):
            cpu.on_store(begin, end, self._stored)

    def begin(self) -> None:
        """Forgets the run before."""
        self.outputs.clear()
        self.strays.clear()
        self._stops()

    def _runs(self) -> None:
        self._stops()
        self._model_runs = True
        layer = len(self.outputs)
        if layer < len(self._layer_writes):
            start = self._arena[0]
            own = [(start + begin, start + end) for begin, end in self._layer_writes[layer]]
            self._layer_hooks = [
                self._cpu.on_store(begin, end, self._stored)
                for begin, end in _outside([self._arena], own)
            ]

    def _ended(self) -> None:
        self._stops()

    def _stops(self) -> None:
        self._model_runs = False
        for forget in self._layer_hooks:
            forget()
        self._layer_hooks.clear()

    def _layer_ends(self) -> None:
        self._stops()
        layer, output, size = (self._cpu.argument(index) for index in (1, 2, 3))
        data = self._cpu.read(output, size)
        self.outputs.append(data)
        if self._on_layer is not None:
            self._on_layer(layer, data)

    def _stored(self, address: int, size: int) -> None:
        if not self._model_runs or len(self.strays) >= _MOST_STRAYS:
            return
        describe, pc = self._image.describe, self._cpu.pc
        layer = len(self.outputs)
        self.strays.append(StrayWrite(address, size, pc, describe(address), describe(pc), layer))


def _arena(image: Image) -> Span:
    arena = image.symbol("model_arena")
    return arena.address, arena.address + arena.size


def _stack(image: Image) -> Span:
    return image.address_of("_stack_bottom"), image.address_of("_stack_top")


def _outside(spans: Sequence[Span], allowed: Sequence[Span]) -> list[Span]:
    """The parts of ``spans`` that belong to none of the allowed ranges."""
    parts = list(spans)
    for low, high in allowed:
        parts = [
            part
            for begin, end in parts
            for part in ((begin, min(end, low)), (max(begin, high), end))
            if part[0] < part[1]
        ]
    return parts
