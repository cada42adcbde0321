"""What tells that a model remembers: mcugen compiles networks whose runs are independent."""

from __future__ import annotations

VARIABLE = "is a variable, which keeps its value between runs"
"""The refusal of such a tensor."""

STATEFUL = frozenset(
    {
        "ASSIGN_VARIABLE",
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "CALL_ONCE",
        "LSTM",
        "READ_VARIABLE",
        "RNN",
        "SVDF",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "VAR_HANDLE",
    }
)
"""Operators that keep values from one run to the next, or exist for that."""
