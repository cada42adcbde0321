"""The report's verdict and the text of its errors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcugen.inputs import Input
from mcugen.report.verify import render_verify
from mcugen.verify import VerifyReport
from mcugen.verify.compare import Difference, Pair
from mcugen.verify.timing import Timing
from tests.manifests import layer, manifest_of

MANIFEST = manifest_of(
    tuple(layer(f"dw{index}", "int8", (1, 2), 2, macs=100) for index in range(8))
)
ALL_EQUAL = (True,) * 8


def pair(a: str, b: str, by: str = "values", mismatches: int = 0, outputs: int = 0) -> Pair:
    return Pair(a, b, by, 16, mismatches, 2, outputs, ALL_EQUAL)


REPORT = VerifyReport(
    manifest=MANIFEST,
    inputs=(Input("minimum", b"", "every value -128"),),
    references=("r",),
    reference_disagreements=0,
    reference_undefined=0,
    pairs=(pair("reference", "host"),),
    difference=None,
    instructions=(),
    instructions_total=None,
    cycles=(),
    cycles_total=None,
    port_counts=None,
    port_board=None,
    own=None,
    timing=Timing(),
    clock_hz=None,
    stack_bytes=None,
    stray_writes=None,
    answers=(({"index": 1, "label": "", "score": 0.5},),),
    dump=(),
)


def lines_of(report: VerifyReport) -> list[str]:
    return [block for block in render_verify(report.as_json()) if isinstance(block, str)]


def test_text_of_a_difference() -> None:
    """As the design shows it, and the input's name."""
    report = replace(
        REPORT,
        pairs=(pair("reference", "host"), pair("reference", "board", mismatches=1)),
        difference=Difference(7, "dw3", 0, (0, 4, 2, 11), "reference", "board", "-17", "-16"),
    )
    assert str(report.error) == (
        "error[V001]: outputs differ at layer 7 `dw3`\n"
        "  where: output[0,4,2,11] reference -17, board -16, input `minimum`\n"
        "  same:  host build agrees with the reference\n"
        "\n"
        "hint: rerun with `--dump-layer 7`"
    )
    assert report.as_json()["status"] == "different"


def test_text_of_a_difference_of_check_sums() -> None:
    report = replace(
        REPORT,
        pairs=(
            pair("reference", "board"),
            pair("reference", "qemu", "crc", outputs=1),
            pair("reference", "port", "crc", mismatches=1),
            pair("board", "port", "crc", mismatches=1),
        ),
        difference=Difference(7, "dw3", 0, (), "reference", "port", "CRC 01", "CRC 02"),
    )
    assert str(report.error) == (
        "error[V001]: outputs differ at layer 7 `dw3`\n"
        "  where: output reference CRC 01, port CRC 02, input `minimum`\n"
        "  same:  virtual board agrees with the reference\n"
        "\n"
        "hint: rerun with `--sim --dump-layer 7`"
    )


def test_stray_writes_are_an_error() -> None:
    error = replace(REPORT, stray_writes=("layer 1: f stores", "layer 2: g stores")).error
    assert error is not None
    assert (error.code, error.details) == ("V002", ("layer 2: g stores",))
    assert error.where == "layer 1: f stores"


@pytest.mark.parametrize(("deep", "code"), [(4096, None), (4097, "V003")])
def test_a_stack_deeper_than_reserved_is_an_error(deep: int, code: str | None) -> None:
    error = replace(REPORT, stack_bytes=deep).error
    assert (error and error.code) == code


def test_a_difference_matters_more_than_stray_writes() -> None:
    difference = Difference(0, "dw0", 0, (0, 0), "reference", "board", "1", "2")
    error = replace(REPORT, stray_writes=("x",), difference=difference).error
    assert error is not None
    assert error.code == "V001"


SUMS = "by the CRC-32 of every layer and in every output value"


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        (
            (pair("reference", "host"), pair("reference", "board"), pair("host", "board")),
            "equal: reference = host = board in every value (8 layers, 1 input)",
        ),
        (
            (pair("reference", "port", "crc"),),
            f"equal: reference = port {SUMS} (8 layers, 1 input)",
        ),
        (
            (
                pair("reference", "host"),
                pair("reference", "qemu", "crc"),
                pair("reference", "port", "crc"),
                pair("host", "qemu", "crc"),
                pair("host", "port", "crc"),
                pair("qemu", "port", "crc"),
            ),
            f"equal: reference = host in every value, = qemu = port {SUMS} (8 layers, 1 input)",
        ),
    ],
)
def test_the_verdict_claims_what_was_compared(pairs: tuple[Pair, ...], verdict: str) -> None:
    assert lines_of(replace(REPORT, pairs=pairs))[-1] == verdict


def test_pairs() -> None:
    pairs = (pair("reference", "host", mismatches=3), pair("host", "port", "crc", 1, 2))
    lines = lines_of(replace(REPORT, pairs=pairs))
    assert "pair          reference and host: 3 of 16 values differ" in lines
    assert (
        "pair          host and port: 1 of 16 layers differ by their CRC-32, 2 of 2 output values"
        in lines
    )


def test_cycles_and_the_time_they_take() -> None:
    report = replace(REPORT, cycles=(200,) * 8, cycles_total=2_160_000, clock_hz=216_000_000)
    assert "cycles        2,160,000 an inference, at most: 10.0 ms at 216 MHz" in lines_of(report)
    table = render_verify(report.as_json())[0]
    assert not isinstance(table, str)
    headings = [column.heading for column in table.columns]
    assert headings == ["#", "layer", "operator", "kernel", "MACs", "cycles", "a MAC", "equal"]
    assert table.rows[0][5:7] == ("200", "2.00")


def test_instructions_and_cycles_side_by_side() -> None:
    report = replace(REPORT, instructions=(150,) * 8, cycles=(200,) * 8, clock_hz=1)
    table = render_verify(report.as_json())[0]
    assert not isinstance(table, str)
    assert [column.heading for column in table.columns][5:7] == ["instructions", "cycles"]
    assert table.rows[0][5:8] == ("150", "200", "2.00")


@pytest.mark.parametrize(
    ("top", "text"),
    [
        ([(3, "", 0.5), (4, "", 0.25)], "3 0.5000"),
        ([(3, "ant", 0.5), (4, "bee", 0.25), (0, "cat", 0.0)], "3 ant 0.5000, 4 bee 0.2500"),
        ([(3, "ant", 1.0), (4, "bee", 0.00004), (0, "cat", -2.0)], "3 ant 1.0000, 0 cat -2.0000"),
        ([(3, "ant", 0.0), (4, "bee", 0.0)], "3 ant 0.0000"),
    ],
)
def test_runners_up_with_no_score_are_left_out(
    top: list[tuple[int, str, float]], text: str
) -> None:
    answers = tuple({"index": index, "label": label, "score": score} for index, label, score in top)
    table = render_verify(replace(REPORT, answers=(answers,)).as_json())[2]
    assert not isinstance(table, str)
    assert table.rows == (("minimum", "every value -128", text),)


def test_inputs_of_the_same_name_keep_their_answers() -> None:
    one = Input("x.png", b"", "")
    answers = tuple(({"index": index, "label": "", "score": 1.0},) for index in (1, 2))
    table = render_verify(replace(REPORT, inputs=(one, one), answers=answers).as_json())[2]
    assert not isinstance(table, str)
    assert [row[2] for row in table.rows] == ["1 1.0000", "2 1.0000"]
