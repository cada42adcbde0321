"""The answer of ``eval`` as text, from the object that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.report.layout import Block, Column, Table
from mcugen.report.words import Answer, plural

_LARGEST_MATRIX = 16
"""Classes whose confusion matrix is still read on a screen."""

_WORST_SHOWN = 5
_SKIPPED_SHOWN = 3


def render_evaluation(report: Answer) -> tuple[Block, ...]:
    """What was run, how often it was right, which classes are taken for which, and the verdict."""
    return (
        *_summary(report),
        "",
        *_matrix(report),
        _worst(report),
        "",
        *_mistakes(report),
        _verdict(report),
    )


def _summary(report: Answer) -> tuple[Block, ...]:
    lines = [
        f"{report['model']} for {report['board']}",
        f"data set   {report['dataset']}: {_pictures(report)}",
        f"input      {report['input']}",
        f"reference  {' confirmed by '.join(report['reference'])}",
        f"accuracy   {_share(report['right'], report['pictures'])}, the generated C",
        f"           {_share(report['reference_right'], report['pictures'])}, the reference",
    ]
    if report["reference_disagreements"]:
        lines.insert(4, f"           they differ in {report['reference_disagreements']:,} bytes")
    if report.get("reference_undefined"):
        what = plural(report["reference_undefined"], "picture")
        lines.insert(4, f"           TFLite's softmax has no answer for {what}: mcugen's stands in")
    if report.get("skipped"):
        lines.insert(2, f"skipped    {_skipped(report['skipped'])}")
    return tuple(lines)


def _skipped(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SKIPPED_SHOWN} more" if len(names) > _SKIPPED_SHOWN else ""
    return f"what is no picture: {', '.join(names[:_SKIPPED_SHOWN])}{more}"


def _pictures(report: Answer) -> str:
    used, all_of_them = report["pictures"], report["dataset_pictures"]
    if used == all_of_them:
        return plural(used, "picture")
    return f"{used:,} of {plural(all_of_them, 'picture')}"


def _share(right: int, total: int) -> str:
    return f"{100 * right / total:.2f} % ({right:,} of {total:,})"


def _matrix(report: Answer) -> tuple[Block, ...]:
    """True classes down, answers across; nothing where no screen would hold it."""
    confusion = report["confusion"]
    if len(confusion) > _LARGEST_MATRIX:
        return ()
    heading = Column("class \\ answer")
    columns = tuple(Column(str(number), number=True) for number in range(len(confusion)))
    rows = tuple(
        (_named(report, number), *(str(count) if count else "." for count in row))
        for number, row in enumerate(confusion)
    )
    return Table((heading, *columns), rows), ""


def _named(report: Answer, number: int) -> str:
    labels = report["labels"]
    return f"{number} {labels[number]}" if labels else str(number)


def _worst(report: Answer) -> Table:
    """The classes that are recognised least."""
    seen = [one for one in report["classes"] if one["recall"] is not None]
    worst = sorted(seen, key=lambda one: (one["recall"], one["class"]))[:_WORST_SHOWN]
    return Table(
        (
            Column("worst classes"),
            Column("pictures", number=True),
            Column("recall", number=True),
            Column("precision", number=True),
        ),
        tuple(
            (
                _named(report, one["class"]),
                f"{one['pictures']:,}",
                _percent(one["recall"]),
                _percent(one["precision"]),
            )
            for one in worst
        ),
    )


def _percent(part: float | None) -> str:
    return "" if part is None else f"{100 * part:.1f} %"


def _mistakes(report: Answer) -> tuple[Block, ...]:
    if not report["confusions"]:
        return ()
    rows = tuple(
        (_named(report, one["class"]), _named(report, one["taken_for"]), f"{one['pictures']:,}")
        for one in report["confusions"]
    )
    columns = Column("most often taken"), Column("for"), Column("pictures", number=True)
    wrong = ", ".join(str(one["picture"]) for one in report["wrong"])
    return Table(columns, rows), "", f"first wrong pictures: {wrong}", ""


def _verdict(report: Answer) -> str:
    sample = report["board_sample"]
    counts = f"{plural(report['layers'], 'layer')}, {plural(report['pictures'], 'picture')}"
    compared = f"{plural(report['values'], 'value')} ({counts})"
    if report["first_difference"] is not None:
        return f"NOT equal: {report['mismatches']:,} of {compared} differ{_differing(sample)}"
    return f"equal: reference = host in all {compared}{_equal(sample)}"


def _equal(sample: Answer | None) -> str:
    if sample is None:
        return ""
    numbers: Sequence[int] = sample["pictures"]
    kind = "in every value" if sample["by"] == "values" else "by the CRC-32 of every layer"
    return f"; = virtual board {kind} of {len(numbers)} of them"


def _differing(sample: Answer | None) -> str:
    if sample is None:
        return ""
    compared = "values" if sample["by"] == "values" else "layers"
    return f", and {sample['mismatches']:,} of {sample['values']:,} {compared} on the virtual board"
