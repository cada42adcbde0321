"""Lines and tables on terminals of any width."""

from __future__ import annotations

import pytest

from mcugen.report.fitting import fitted, wrapped
from mcugen.report.layout import Column, Table

SENTENCE = (
    "the ROM starts when BOOT0 is high at a reset; wire an adapter to PA9 and PA10, `--via rom`"
)
PATH = "/home/somebody/a/very/long/path/that/no/terminal/has/room/for/build/report.html"


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("line", [SENTENCE, f"  where: {SENTENCE}", f"pair          {SENTENCE}"])
def test_no_word_is_broken(line: str, width: int) -> None:
    lines = wrapped(line, width).split("\n")
    assert [word for one in lines for word in one.split()] == line.split()
    assert all(len(one) <= width for one in lines)


def test_what_goes_on_stands_below_the_text() -> None:
    assert wrapped("pair          reference and host: 0 of 3 differ", 34) == (
        "pair          reference and host:\n              0 of 3 differ"
    )
    assert wrapped("  where: a b c d e f", 12) == "  where: a b\n  c d e f"


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert wrapped(f"wrote {PATH}", 40).split() == ["wrote", PATH]


def test_lines_that_fit_are_as_they_were() -> None:
    picture = "65,536 │▒▒▒▒▒▒▒▒  ▓▓▓▓"
    assert wrapped(picture, len(picture)) == picture


LAYERS = Table(
    (
        Column("#", number=True),
        Column("layer"),
        Column("operator", spare=True),
        Column("kernel"),
        Column("MACs", number=True),
    ),
    (
        ("0", "MobilenetV1_Conv2d_0_Relu6", "CONV_2D", "arm_convolve_s8", "884,736"),
        (
            *("1", "MobilenetV1_Conv2d_1_depthwise_Relu6", "DEPTHWISE_CONV_2D"),
            *("arm_depthwise_conv_s8_opt", "294,912"),
        ),
    ),
)


def widths(table: Table) -> list[int]:
    headings = [column.heading for column in table.columns]
    return [max(map(len, cells)) for cells in zip(headings, *table.rows, strict=True)]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_a_row_of_names_and_numbers_fits(width: int) -> None:
    table = fitted(LAYERS, width)
    assert sum(widths(table)) + 2 * (len(table.columns) - 1) <= width
    assert [(row[0], row[-1]) for row in table.rows] == [("0", "884,736"), ("1", "294,912")]


def test_names_are_cut_only_where_no_column_can_go() -> None:
    assert fitted(LAYERS, 200) == LAYERS
    assert len(fitted(LAYERS, 90).columns) == 4
    assert fitted(LAYERS, 90).rows[1][1] == "MobilenetV1_Conv2d_1_depthwise_Relu6"
    assert fitted(LAYERS, 70).rows[1][1] == "MobilenetV1_Conv2d_1..ise_Relu6"


def test_sentences_go_on_in_the_next_line() -> None:
    table = Table((Column("input"), Column("what it is")), (("a.png", SENTENCE),))
    assert fitted(table, 40) == table


def test_numbers_are_never_cut() -> None:
    table = Table((Column("a", number=True),), (("123,456,789",),))
    assert fitted(table, 5) == table
