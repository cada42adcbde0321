"""What an execution of the firmware leaves behind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StrayWrite:
    """A store of the model's code to something that is not its own.

    ``target`` names the address, ``function`` the code that stored, ``layer`` the layer it ran for.
    """

    address: int
    size: int
    pc: int
    target: str
    function: str
    layer: int

    def __str__(self) -> str:
        return (
            f"{self.function} (pc 0x{self.pc:08x}) stores {self.size} bytes"
            f" to 0x{self.address:08x} ({self.target})"
        )


@dataclass(frozen=True)
class RunTrace:
    """One inference. ``outputs``, ``crcs`` and ``instructions`` have an entry a layer.

    ``outputs`` is empty where the simulator cannot look into memory, ``stack_reserved`` and
    ``stack_bytes`` are 0 where it cannot tell. ``stack_bytes`` is the deepest since the board was
    switched on. ``instructions`` is empty where nothing counts them.
    """

    outputs: tuple[bytes, ...]
    crcs: tuple[int, ...]
    instructions: tuple[int, ...]
    output: bytes
    stack_bytes: int
    stack_reserved: int
    stray_writes: tuple[StrayWrite, ...]
