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
            f"{_figures(low)} ms {hz}, {low['cycles']:,} cycles:"
            f" model {low['model']}, which no board has confirmed"
        )
    return (
        f"{_figures(low)} to {_figures(high)} ms {hz}:"
        f" models {low['model']} and {high['model']}, not calibrated"
    )


def _figures(estimate: Answer) -> str:
    """Milliseconds; three figures of few of them."""
    value: float = estimate["milliseconds"]
    return f"{value:,.1f}" if value >= 10 else f"{value:.3g}"
