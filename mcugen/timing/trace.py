"""What is known of one inference: which code ran how often, and what missed the caches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """Instructions that run one after the other, ``bytes`` of them from ``address`` on.

    It ran ``runs`` times, and after ``jumps`` of them something else than what stands behind it.
    """

    address: int
    bytes: int
    runs: int
    jumps: int


@dataclass(frozen=True)
class BlockTrace:
    """One inference; misses are of the caches before the flash, 0 where there are none."""

    blocks: tuple[Block, ...]
    code_misses: int
    data_misses: int
