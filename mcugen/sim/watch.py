"""Looks over the model's shoulder while it runs on the virtual board.

The firmware marks where the model's own code begins and ends (``console_model_runs``,
``console_on_layer``, ``console_model_ended``): only between them a store outside the arena and
the stack is a fault of the model's.
"""

from __future__ import annotations

from collections.abc import Callable

from mcugen.boards import Region
from mcugen.image import Image
from mcugen.sim.cpu import Cpu
from mcugen.sim.trace import StrayWrite

LayerCallback = Callable[[int, bytes], None]
"""Told the layer's index and the bytes of its output."""

_MOST_STRAYS = 64


class ModelWatch:
    """Collects each layer's output and the stores that miss the arena, from a run to the next."""

    def __init__(
        self, cpu: Cpu, image: Image, writable: tuple[Region, ...], on_layer: LayerCallback | None
    ) -> None:
        self.outputs: list[bytes] = []
        self.strays: list[StrayWrite] = []
        self._cpu = cpu
        self._image = image
        self._on_layer = on_layer
        self._model_runs = False
        cpu.on_execution(image.address_of("console_model_runs"), self._runs)
        cpu.on_execution(image.address_of("console_on_layer"), self._layer_ends)
        cpu.on_execution(image.address_of("console_model_ended"), self._ended)
        for begin, end in _outside(writable, (_arena(image), _stack(image))):
            cpu.on_store(begin, end, self._stored)

    def begin(self) -> None:
        """Forgets the run before."""
        self.outputs.clear()
        self.strays.clear()
        self._model_runs = False

    def _runs(self) -> None:
        self._model_runs = True

    def _ended(self) -> None:
        self._model_runs = False

    def _layer_ends(self) -> None:
        self._model_runs = False
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


def _arena(image: Image) -> tuple[int, int]:
    arena = image.symbol("model_arena")
    return arena.address, arena.address + arena.size


def _stack(image: Image) -> tuple[int, int]:
    return image.address_of("_stack_bottom"), image.address_of("_stack_top")


def _outside(
    writable: tuple[Region, ...], allowed: tuple[tuple[int, int], ...]
) -> list[tuple[int, int]]:
    """The parts of what can be written that belong to none of the allowed ranges."""
    parts = [(region.base, region.end) for region in writable]
    for low, high in allowed:
        parts = [
            part
            for begin, end in parts
            for part in ((begin, min(end, low)), (max(begin, high), end))
            if part[0] < part[1]
        ]
    return parts
