"""Keys of a Windows console, from functions that stand in for those of Windows."""

from __future__ import annotations

import pytest

from mcugen.keyboard.windows import ConsoleKeys


class Typed:
    """``kbhit`` and ``getwch`` as in ``msvcrt``."""

    def __init__(self, text: str) -> None:
        self._left = list(text)

    def kbhit(self) -> bool:
        return bool(self._left)

    def getwch(self) -> str:
        return self._left.pop(0)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("", b""),
        ("ls\r", b"ls\r"),
        ("\u00e4\x1d", "\u00e4".encode() + b"\x1d"),
        ("\xe0Ha\0Q", b"\x1b[Aa\x1b[6~"),
        ("\0;x", b"x"),  # F1, which the board could make nothing of
    ],
)
def test_keys(typed: str, sent: bytes) -> None:
    assert ConsoleKeys(Typed(typed)).read(0.02) == sent


def test_ctrl_c_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt):
        ConsoleKeys(Typed("a\x03")).read(0)
