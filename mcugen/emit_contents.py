"""The head of ``model.c``: where every layer's tensors stand, and what comes to lie on what."""

from __future__ import annotations

from collections.abc import Iterator

from mcugen.memory.plan import Plan
from mcugen.memory.rows.plan import RowPlan, runs
from mcugen.memory.rows.sections import Section
from mcugen.schedule import Schedule


def contents(schedule: Schedule, plan: Plan | RowPlan) -> list[str]:
    """The table at the top of ``model.c``: a line a layer, columns aligned."""
    rows = [("", "layer", "kernel", "reads", "writes", "scratch")]
    for step in schedule.steps:
        scratch = ""
        if step.call.scratch_bytes:
            scratch = _span(plan.scratch_offset(step), step.call.scratch_bytes)
        reads = [_place(plan, tensor_id) for tensor_id in step.inputs]
        writes = _place(plan, step.output)
        rows.append(
            (str(step.index), step.name, step.call.function, ", ".join(reads), writes, scratch)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column == 0 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def remarks(schedule: Schedule, plan: Plan | RowPlan) -> tuple[str, ...]:
    """What runs together, and which rows come to lie on which that were read."""
    if isinstance(plan, Plan):
        return ()
    together = [
        f"{numbers(section)} {_verb(section)} {height_text(section)} at a time."
        for section in runs(plan)
    ]
    overtaking = [
        line for section in plan.sections for line in _overtakings(schedule, plan, section)
    ]
    heading = ["Written where what was read before makes room:"] if overtaking else []
    return (*together, *heading, *overtaking)


def _overtakings(schedule: Schedule, plan: RowPlan, section: Section) -> Iterator[str]:
    """Outputs, in line buffers or whole, that lie on what they or the whole section read."""
    steps = [schedule.steps[index] for index in section.layers]
    made_here = {step.output for step in steps}
    sources = dict.fromkeys(
        tensor for step in steps for tensor in step.inputs if tensor not in made_here
    )
    for step in steps:
        for tensor in dict.fromkeys((*sources, *step.inputs)):
            low = max(plan.tensor_offset(step.output), plan.tensor_offset(tensor))
            high = min(_top(plan, step.output), _top(plan, tensor))
            if low < high:
                yield f"  {step.index} overtakes {_maker(schedule, tensor)} in {low}..{high}"


def _top(plan: RowPlan, tensor_id: int) -> int:
    return plan.tensor_offset(tensor_id) + plan.tensor(tensor_id).size


def _maker(schedule: Schedule, tensor_id: int) -> str:
    for step in schedule.steps:
        if step.output == tensor_id:
            return str(step.index)
    return "the input"


def numbers(section: Section) -> str:
    """The layers of a section: 3, or 3 to 5."""
    one = section.first == section.last
    return str(section.first) if one else f"{section.first} to {section.last}"


def _verb(section: Section) -> str:
    return "runs" if section.first == section.last else "run together,"


def height_text(section: Section) -> str:
    """How many rows a section makes at a time."""
    return "a row" if section.strip == 1 else f"{section.strip} rows"


def _place(plan: Plan | RowPlan, tensor_id: int) -> str:
    """Where a tensor stands, or so many rows of it."""
    span = _span(plan.tensor_offset(tensor_id), plan.tensor(tensor_id).size)
    rows = _kept_rows(plan, tensor_id)
    return span if rows is None else f"{span} ({rows} {'row' if rows == 1 else 'rows'})"


def _kept_rows(plan: Plan | RowPlan, tensor_id: int) -> int | None:
    """Rows of a line buffer; None for a tensor that stands whole."""
    if isinstance(plan, Plan):
        return None
    rows = plan.rows_kept(tensor_id)
    return rows if rows < plan.network.pictures[tensor_id].rows else None


def _span(offset: int, size: int) -> str:
    return f"{offset}..{offset + size}"
