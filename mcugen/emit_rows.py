"""What the templates print of layers that run by rows: every number and name already decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcugen.ir import DType, Tensor
from mcugen.memory.plan import Plan
from mcugen.memory.rows.plan import RowPlan, runs
from mcugen.memory.rows.sections import WHOLE, Section
from mcugen.program import Program
from mcugen.schedule import Schedule, Step


@dataclass(frozen=True)
class StripTexts:
    """C expressions of what differs between the strips of a layer; "" in a call of all of it."""

    input_rows: str = ""
    output_rows: str = ""
    padding: str = ""
    count: str = ""


WHOLE_CALL = StripTexts()


@dataclass(frozen=True)
class TensorView:
    """A tensor of a run: ``rows`` of it have room at ``pointer``, ``made`` stand there at first.
    ``above`` is the room of the padding above them."""

    symbol: str
    pointer: str
    row_bytes: int
    rows: int
    made: int
    above: int


@dataclass(frozen=True)
class StripView:
    """A layer of a run, which makes ``strip`` rows a call; ``arguments`` are its pointers.

    ``waits_for`` are the tensors of the run whose rows it needs. ``reader`` is the next layer, None
    for the last.
    """

    index: int
    name: str
    output: str
    strip: int
    arguments: tuple[str, ...]
    waits_for: str
    reader: tuple[str, str] | None


@dataclass(frozen=True)
class WalkView:
    """How a layer's window goes over the rows of its input."""

    window: int
    stride: int
    top: int
    height: int


@dataclass(frozen=True)
class RunView:
    """A fused run as one function; ``strips`` has the last layer first."""

    name: str
    title: str
    height: int
    tensors: tuple[TensorView, ...]
    strips: tuple[StripView, ...]


@dataclass(frozen=True)
class StepView:
    """A step of a plan by rows: a run of layers, or one whole layer with its output."""

    function: str
    layer: int | None
    output_offset: int
    output_bytes: int


def run_views(program: Program) -> tuple[RunView, ...]:
    plan = program.plan
    if isinstance(plan, Plan):
        return ()
    return tuple(_run(program.schedule, plan, section) for section in runs(plan))


def step_views(program: Program) -> tuple[StepView, ...]:
    """The steps of a plan by rows; none of a plan in which every layer is a step."""
    plan, schedule = program.plan, program.schedule
    if isinstance(plan, Plan):
        return ()
    views = []
    for section in plan.sections:
        step = schedule.steps[section.first]
        if section.strip == WHOLE:
            size = schedule.tensor(step.output).nbytes
            at = plan.tensor_offset(step.output)
            views.append(StepView(f"run_{step.name}", step.index, at, size))
        else:
            views.append(StepView(_run_name(schedule, section), None, 0, 0))
    return tuple(views)


def by_rows(plan: Plan | RowPlan, step: Step) -> bool:
    """Whether a step's layer is made in strips."""
    return any(step.index in section.layers for section in runs(plan))


def strip_texts(schedule: Schedule, step: Step) -> StripTexts:
    output = schedule.tensor(step.output)
    elements = output.elements // output.shape[1]
    return StripTexts(
        input_rows="strip->height",
        output_rows="strip->rows",
        padding="strip->padding",
        count=f"(uint32_t)strip->rows * {elements}",
    )


def walk_view(schedule: Schedule, step: Step) -> WalkView:
    contract = step.call.rows
    assert contract is not None
    height = schedule.tensor(step.inputs[0]).shape[1]
    return WalkView(contract.window, contract.stride, contract.top, height)


def strip_parameters(schedule: Schedule, step: Step) -> tuple[tuple[str, str], ...]:
    """Type and name of each input of a layer's function, then of its output."""
    names = ["from", "from_other"][: len(step.inputs)]
    inputs = [
        (f"const {schedule.tensor(tensor).dtype.c_type} *", name)
        for tensor, name in zip(step.inputs, names, strict=True)
    ]
    return (*inputs, (f"{schedule.tensor(step.output).dtype.c_type} *", "to"))


def _run_name(schedule: Schedule, section: Section) -> str:
    first, last = schedule.steps[section.first].name, schedule.steps[section.last].name
    return f"run_rows_{first}" if first == last else f"run_{first}_to_{last}"


def _run(schedule: Schedule, plan: RowPlan, section: Section) -> RunView:
    steps = [schedule.steps[index] for index in section.layers]
    rows = "a row" if section.strip == 1 else f"{section.strip} rows"
    numbers = str(section.first) if len(steps) == 1 else f"{section.first} to {section.last}"
    return RunView(
        name=_run_name(schedule, section),
        title=f"{numbers}, {rows} at a time: {', '.join(step.name for step in steps)}",
        height=_height(schedule, steps[-1].output),
        tensors=tuple(_tensors(schedule, plan, steps)),
        strips=tuple(
            _strip(schedule, section, step, steps[place + 1 : place + 2])
            for place, step in reversed(tuple(enumerate(steps)))
        ),
    )


def _tensors(schedule: Schedule, plan: RowPlan, steps: Sequence[Step]) -> Iterator[TensorView]:
    """What stands before the run, then the outputs of its layers."""
    made_here = {step.output for step in steps}
    before = dict.fromkeys(
        tensor for step in steps for tensor in step.inputs if tensor not in made_here
    )
    for tensor_id in (*before, *(step.output for step in steps)):
        tensor = schedule.tensor(tensor_id)
        height = tensor.shape[1]
        yield TensorView(
            symbol=_symbol(schedule, tensor_id),
            pointer=f"&model_arena[{plan.tensor_offset(tensor_id)}]",
            row_bytes=tensor.nbytes // height,
            rows=plan.rows_kept(tensor_id),
            made=height if tensor_id in before else 0,
            above=0 if tensor_id in before else plan.rows_above(tensor_id),
        )


def _strip(schedule: Schedule, section: Section, step: Step, reader: Sequence[Step]) -> StripView:
    pointers = [
        _row_pointer(schedule, tensor, "strip.first", constant=True) for tensor in step.inputs
    ]
    output = _row_pointer(schedule, step.output, "strip.row", constant=False)
    before = schedule.steps[step.index - 1].output if step.index > section.first else None
    return StripView(
        index=step.index,
        name=step.name,
        output=_symbol(schedule, step.output),
        strip=section.strip,
        arguments=(*pointers, output),
        waits_for="" if before is None else _symbol(schedule, before),
        reader=(reader[0].name, _symbol(schedule, reader[0].output)) if reader else None,
    )


def _row_pointer(schedule: Schedule, tensor_id: int, row: str, *, constant: bool) -> str:
    tensor: Tensor = schedule.tensor(tensor_id)
    call = f"row_at(&{_symbol(schedule, tensor_id)}, {row})"
    if tensor.dtype is DType.INT8:
        return call
    return f"({'const ' if constant else ''}{tensor.dtype.c_type} *)(void *){call}"


def _symbol(schedule: Schedule, tensor_id: int) -> str:
    """The C name of a tensor's rows: that of the layer that makes them."""
    for step in schedule.steps:
        if step.output == tensor_id:
            return f"{step.name}_rows"
    return "picture_rows"


def _height(schedule: Schedule, tensor_id: int) -> int:
    return schedule.tensor(tensor_id).shape[1]
