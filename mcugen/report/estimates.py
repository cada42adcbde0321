"""Estimates of time in words, so that nobody takes them for a measurement."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.report.words import Answer


def estimated(estimates: Sequence[Answer]) -> str:
    """One estimate, or the range of two, with the names of their models."""
    low, high = estimates[0], estimates[-1]
    hz = f"at {low['clock_hz'] / 1e6:g} MHz"
    if low == high:
        return (
            f"{low['milliseconds']:,.1f} ms {hz}, {low['cycles']:,} cycles:"
            f" model {low['model']}, which no board has confirmed"
        )
    return (
        f"{low['milliseconds']:,.1f} to {high['milliseconds']:,.1f} ms {hz}:"
        f" models {low['model']} and {high['model']}, not calibrated"
    )
