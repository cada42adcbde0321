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

    @property
    def has_lines(self) -> bool:
        """Whether tensors between its layers live in line buffers."""
        return len(self.strips) > 1


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


def kept_rows(plan: Plan | RowPlan, tensor_id: int) -> int | None:
    """Rows of a line buffer; None for a tensor that stands whole."""
    if isinstance(plan, Plan):
        return None
    rows = plan.rows_kept(tensor_id)
    return rows if rows < plan.network.pictures[tensor_id].rows else None


def remarks(schedule: Schedule, plan: Plan | RowPlan) -> tuple[str, ...]:
    """What runs together, and which rows come to lie on which that were read."""
    if isinstance(plan, Plan):
        return ()
    together = [
        f"{_numbers(section)} {_verb(section)} {_rows(section)} at a time."
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


def _numbers(section: Section) -> str:
    one = section.first == section.last
    return str(section.first) if one else f"{section.first} to {section.last}"


def _verb(section: Section) -> str:
    return "runs" if section.first == section.last else "run together,"


def _rows(section: Section) -> str:
    return "a row" if section.strip == 1 else f"{section.strip} rows"


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
    return RunView(
        name=_run_name(schedule, section),
        title=f"{_numbers(section)}, {_rows(section)} at a time",
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
