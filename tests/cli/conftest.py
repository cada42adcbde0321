"""What all tests of the command line share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may talk to a board that the hardware tests are told of."""
    monkeypatch.delenv("MCUGEN_PORT", raising=False)
