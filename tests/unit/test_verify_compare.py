"""Counting what differs, exactly: every byte counts, and nothing else does."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import replace

import pytest

from mcugen.verify.compare import Pair, compare, first_difference
from mcugen.verify.executions import Execution, LayerTrace, trace_of
from tests.manifests import layer, manifest_of

MANIFEST = manifest_of(
    (
        layer("layer0", "int8", (1, 2, 3), 6),
        layer("layer1", "int8", (1, 2, 3), 6),
        layer("layer2", "float32", (1, 4), 16),
    )
)

FLOATS = struct.pack("<4f", 0.5, 0.0, math.nan, -1.0)
OUTPUTS = (b"abcdef", b"ghijkl", FLOATS)


def shown(name: str, *traces: tuple[bytes, ...]) -> Execution:
    return Execution(name, tuple(trace_of(trace, MANIFEST.layers) for trace in traces))


def summed(name: str, *traces: tuple[bytes, ...]) -> Execution:
    """An execution that tells CRC-32 sums and its final output only."""
    return Execution(
        name,
        tuple(
            LayerTrace((), tuple(zlib.crc32(output) for output in trace), trace[-1])
            for trace in traces
        ),
    )


def with_layer(index: int, data: bytes) -> tuple[bytes, ...]:
    return (*OUTPUTS[:index], data, *OUTPUTS[index + 1 :])


def counts(pair: Pair) -> tuple[int, int, int, int]:
    return pair.values, pair.mismatches, pair.output_values, pair.output_mismatches


def test_the_same() -> None:
    a, b = shown("a", OUTPUTS, OUTPUTS), shown("b", OUTPUTS, OUTPUTS)
    pair = compare(a, b, MANIFEST)
    assert counts(pair) == (2 * (6 + 6 + 4), 0, 8, 0)
    assert (pair.by, pair.same, pair.equal) == ("values", True, (True, True, True))
    assert first_difference(a, b, MANIFEST) is None


def test_every_value_that_differs_counts_once() -> None:
    """A float of which all four bytes differ is one value, three int8 are three."""
    floats = struct.pack("<4f", -0.3, 0.0, math.nan, -1.0)
    a, b = shown("a", OUTPUTS, OUTPUTS), shown("b", OUTPUTS, (b"Xbcdef", b"gXXjXl", floats))
    pair = compare(a, b, MANIFEST)
    assert counts(pair) == (32, 1 + 3 + 1, 8, 1)
    assert (pair.same, pair.equal) == (False, (False, False, False))


def test_nan_equals_itself_and_minus_zero_is_not_zero() -> None:
    negative_zero = struct.pack("<4f", 0.5, -0.0, math.nan, -1.0)
    a, b = shown("a", OUTPUTS), shown("b", with_layer(2, negative_zero))
    assert compare(a, b, MANIFEST).mismatches == 1
    difference = first_difference(a, b, MANIFEST)
    assert difference is not None
    assert (difference.index, difference.a_value, difference.b_value) == ((0, 1), "0.0", "-0.0")


def test_nans_with_other_bytes_differ_and_can_be_told_apart() -> None:
    other = bytearray(FLOATS)
    other[8] ^= 1
    a, b = shown("a", OUTPUTS), shown("b", with_layer(2, bytes(other)))
    assert compare(a, b, MANIFEST).mismatches == 1
    difference = first_difference(a, b, MANIFEST)
    assert difference is not None
    assert difference.a_value == "nan (0x7fc00000)"
    assert difference.b_value == "nan (0x7fc00001)"


@pytest.mark.parametrize("mixed", [shown, summed])
def test_by_crc_where_one_shows_no_values(mixed: object) -> None:
    b = summed("b", OUTPUTS, with_layer(1, b"ghijkL"))
    a = shown("a", OUTPUTS, OUTPUTS) if mixed is shown else summed("a", OUTPUTS, OUTPUTS)
    pair = compare(a, b, MANIFEST)
    assert pair.by == "crc"
    assert counts(pair) == (2 * 3, 1, 2 * 4, 0)
    assert pair.equal == (True, False, True)
    difference = first_difference(a, b, MANIFEST)
    assert difference is not None
    assert (difference.layer, difference.input, difference.index) == (1, 1, ())
    assert difference.a_value == f"CRC {zlib.crc32(b'ghijkl'):08x}"


def test_by_crc_outputs_are_still_compared_value_by_value() -> None:
    floats = struct.pack("<4f", 0.5, 0.0, math.nan, 1.0)
    a, b = shown("a", OUTPUTS), summed("b", with_layer(2, floats))
    pair = compare(a, b, MANIFEST)
    assert counts(pair) == (3, 1, 4, 1)
    difference = first_difference(a, b, MANIFEST)
    assert difference is not None
    assert (difference.index, difference.a_value, difference.b_value) == ((0, 3), "-1.0", "1.0")


def test_an_answer_that_is_not_what_the_last_layer_computed() -> None:
    """All layers agree; what the execution hands out at the end does not."""
    good = trace_of(OUTPUTS, MANIFEST.layers)
    wrong = replace(good, output=struct.pack("<4f", 0.5, 2.0, math.nan, -1.0))
    a, b = Execution("a", (good,)), Execution("b", (wrong,))
    pair = compare(a, b, MANIFEST)
    assert counts(pair) == (16, 0, 4, 1)
    assert not pair.same
    difference = first_difference(a, b, MANIFEST)
    assert difference is not None
    assert (difference.layer, difference.index, difference.b_value) == (2, (0, 1), "2.0")


def test_a_wrong_crc_of_right_bytes_is_a_difference() -> None:
    good = trace_of(OUTPUTS, MANIFEST.layers)
    wrong = replace(good, crcs=(*good.crcs[:2], good.crcs[2] ^ 1))
    difference = first_difference(Execution("a", (good,)), Execution("b", (wrong,)), MANIFEST)
    assert difference is not None
    assert difference.index == ()
    assert difference.b_value == f"CRC {good.crcs[2] ^ 1:08x}"


def test_the_earliest_layer_comes_first_then_the_earliest_input() -> None:
    a = shown("a", OUTPUTS, OUTPUTS, OUTPUTS)
    b = shown("b", with_layer(1, b"Xhijkl"), with_layer(0, b"abcdeX"), with_layer(0, b"Xbcdef"))
    difference = first_difference(a, b, MANIFEST)
    assert difference is not None
    assert (difference.layer, difference.input, difference.index) == (0, 1, (0, 1, 2))
    assert (difference.a_value, difference.b_value) == (str(ord("f")), str(ord("X")))
    assert (difference.a, difference.b, difference.name) == ("a", "b", "layer0")


def test_inputs_must_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare(shown("a", OUTPUTS), shown("b", OUTPUTS, OUTPUTS), MANIFEST)
