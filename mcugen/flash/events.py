"""What happens while a board is flashed, as it happens: drawn by ``console``, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """Something that a user may want to read."""

    text: str


@dataclass(frozen=True)
class UserNeeded:
    """Nothing goes on until the user does something."""

    text: str


@dataclass(frozen=True)
class Warned:
    """Something is not as the user may think: nobody answers yet, an old loader gives all out."""

    text: str


@dataclass(frozen=True)
class Connected:
    """A bootloader answered; ``via`` is the backend's name."""

    via: str


@dataclass(frozen=True)
class Compared:
    """A sector was held against the image."""

    sector: int
    differs: bool


@dataclass(frozen=True)
class EraseStarted:
    """A sector is being erased; ``done`` of ``total`` bytes have been before."""

    sector: int
    done: int
    total: int


@dataclass(frozen=True)
class Erased:
    """``done`` of ``total`` bytes are erased."""

    sector: int
    done: int
    total: int


@dataclass(frozen=True)
class Written:
    """``done`` of ``total`` bytes are programmed."""

    done: int
    total: int


@dataclass(frozen=True)
class Verified:
    """``done`` of ``total`` bytes were found in flash as they should be."""

    done: int
    total: int


@dataclass(frozen=True)
class Started:
    """The application runs."""


Event = (
    Note
    | UserNeeded
    | Warned
    | Connected
    | Compared
    | EraseStarted
    | Erased
    | Written
    | Verified
    | Started
)
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Takes events and says nothing."""
