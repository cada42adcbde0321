"""A comparison of two builds as text, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mcugen.compare import Comparison, Figure, LayerFigures, LayerPair
from mcugen.report.layout import Block, Column, Table

_NONE = "-"


def render_diff(found: Comparison) -> tuple[Block, ...]:
    """Totals and layers side by side, old before new."""
    return (
        titled(found),
        *(f"note: {note}" for note in found.notes),
        "",
        Table(
            (
                Column("total"),
                Column("old", number=True),
                Column("new", number=True),
                Column("change", number=True),
            ),
            tuple(map(total_cells, found.totals)),
        ),
        "",
        Table(
            (
                Column("layer"),
                Column("operator", spare=True),
                Column("kernel", spare=True),
                Column(kind(found), number=True),
                Column("change", number=True),
                Column("weights", number=True),
                Column("change", number=True),
                Column("alive", number=True),
                Column("change", number=True),
            ),
            tuple(map(layer_cells, found.layers)),
        ),
        "",
        summary(found),
    )


def markdown_diff(found: Comparison) -> str:
    """Totals as a table, the layers that differ folded up below it."""
    changed = [pair for pair in found.layers if pair.differs]
    lines = [
        f"### {_cell(titled(found))}",
        "",
        *(f"_{_cell(note)}_\n" for note in found.notes),
        *_table(("", "before", "after", "change"), ":", map(total_cells, found.totals)),
        "",
    ]
    if changed:
        heads = ("layer", "operator", "kernel", kind(found), "", "weights", "", "alive", "")
        lines += [
            f"<details><summary>{summary(found)}</summary>",
            "",
            *_table(heads, ":::", map(layer_cells, changed)),
            "",
            "</details>",
        ]
    else:
        lines.append(summary(found))
    return "\n".join(lines) + "\n"


def titled(found: Comparison) -> str:
    return found.new if found.old == found.new else f"{found.old}, then {found.new}"


def kind(found: Comparison) -> str:
    return "instructions" if found.counted else "instructions, estimated"


def summary(found: Comparison) -> str:
    differ = sum(pair.differs for pair in found.layers)
    return f"{differ} of {len(found.layers)} layers differ" if differ else "all layers are alike"


def total_cells(one: Figure) -> tuple[str, str, str, str]:
    changed = _change(one.change, one.unit)
    if one.change and one.share is not None and one.unit != "%":
        changed += f" ({one.share:+.2%})"
    return one.name, _number(one.old, one.unit), _number(one.new, one.unit), changed


def layer_cells(pair: LayerPair) -> tuple[str, ...]:
    """Numbers are those of the new build where it has the layer."""
    return (
        _named(pair),
        _both(pair, "op"),
        _both(pair, "kernel"),
        *_counts(pair, "instructions"),
        *_counts(pair, "weights_bytes"),
        *_counts(pair, "live_bytes"),
    )


def _named(pair: LayerPair) -> str:
    if pair.old is None and pair.new is not None:
        return f"+ {pair.new.name}"
    if pair.new is None and pair.old is not None:
        return f"- {pair.old.name}"
    return _both(pair, "name")


def _both(pair: LayerPair, name: str) -> str:
    """Of both where they differ."""
    values = dict.fromkeys(str(getattr(one, name)) for one in (pair.old, pair.new) if one)
    return " -> ".join(values)


def _counts(pair: LayerPair, name: str) -> tuple[str, str]:
    old, new = _count(pair.old, name), _count(pair.new, name)
    shown = old if new is None else new
    change = None if old is None or new is None else new - old
    return _number(shown, ""), _change(change, "") if change else ""


def _count(one: LayerFigures | None, name: str) -> int | None:
    return None if one is None else int(getattr(one, name))


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return _NONE
    return f"{value:.2%}" if unit == "%" else f"{value:,}"


def _change(change: float | None, unit: str) -> str:
    if change is None:
        return _NONE
    if not change:
        return "0"
    return f"{100 * change:+.2f} points" if unit == "%" else f"{change:+,}"


def _table(heads: Sequence[str], left: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The first columns, as many as ``left`` is long, are set flush left."""
    yield _line(heads)
    yield _line(["---" if place < len(left) else "--:" for place in range(len(heads))])
    for row in rows:
        yield _line([_cell(cell) for cell in row])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Text that Markdown takes as it stands."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#" else one for one in text)
