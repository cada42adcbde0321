"""What the templates print of layers that run by rows: every number and name already decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mcugen.emit_contents import height_text, numbers
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

_PICTURE, _STREAM = "rows_of_picture", "model_stream."
"""The C name of the rows of the model's input, and of what lasts while they come."""


@dataclass(frozen=True)
class TensorView:
    """A tensor of a run: ``rows`` of it have room at ``pointer``, ``made`` stand there at first.
    ``above`` is the room of the padding above them. ``reader`` are the names of the layer that
    reads them from a line buffer, and of its own rows; None for what stands whole."""

    symbol: str
    pointer: str
    row_bytes: int
    rows: int
    made: int
    above: int
    reader: tuple[str, str] | None


@dataclass(frozen=True)
class StripView:
    """A layer of a run, which makes ``strip`` rows a call; ``arguments`` are its pointers.

    ``waits_for`` is the tensor of the run whose rows it needs, "" where all that it reads stands.
    """

    index: int
    name: str
    output: str
    strip: int
    arguments: tuple[str, ...]
    waits_for: str


@dataclass(frozen=True)
class WalkView:
    """How a layer's window goes over the rows of its input."""

    window: int
    stride: int
    top: int
    height: int


@dataclass(frozen=True)
class RunView:
    """A fused run as one function; ``strips`` and ``tensors`` have the last layer first."""

    name: str
    title: str
    height: int
    tensors: tuple[TensorView, ...]
    strips: tuple[StripView, ...]
    streamed: bool

    @property
    def has_lines(self) -> bool:
        """Whether tensors of it live in line buffers."""
        return any(tensor.reader for tensor in self.tensors)


@dataclass(frozen=True)
class StreamView:
    """The model's input as it comes in rows: ``run`` is the function that takes them, "" where
    they wait at ``offset`` until all are there. ``made`` is the C expression of how many came;
    ``fields`` are the rows of that run's tensors, which last from one call to the next."""

    run: str
    offset: int
    made: str
    fields: tuple[str, ...] = ()


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
    for section in plan.sections[1:] if plan.network.streamed else plan.sections:
        step = schedule.steps[section.first]
        if section.strip == WHOLE:
            size = schedule.tensor(step.output).nbytes
            at = plan.tensor_offset(step.output)
            views.append(StepView(f"run_{step.name}", step.index, at, size))
        else:
            views.append(StepView(_run_name(section), None, 0, 0))
    return tuple(views)


def stream_view(program: Program) -> StreamView | None:
    """None where the whole input stands before a run."""
    plan, schedule = program.plan, program.schedule
    if not plan.takes_rows:
        return None
    offset = plan.tensor_offset(schedule.inputs[0])
    if isinstance(plan, Plan) or not plan.network.streamed:
        return StreamView("", offset, f"{_STREAM}made")
    run = _run(schedule, plan, plan.sections[0])
    fields = tuple(tensor.symbol.removeprefix(_STREAM) for tensor in run.tensors)
    return StreamView(run.name, offset, f"{_STREAM}{_PICTURE}.made", fields)


def input_row_bytes(program: Program) -> int | None:
    """Bytes of a row of the input, where it comes in rows."""
    if not program.plan.takes_rows:
        return None
    picture = program.schedule.tensor(program.schedule.inputs[0])
    return picture.nbytes // picture.shape[1]


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


def _run_name(section: Section) -> str:
    """Of numbers, since no name of a layer can be mistaken for it then."""
    return f"by_rows_{section.first}_to_{section.last}"


def _run(schedule: Schedule, plan: RowPlan, section: Section) -> RunView:
    steps = [schedule.steps[index] for index in section.layers]
    return RunView(
        name=_run_name(section),
        title=_title(steps, section),
        height=_height(schedule, steps[-1].output),
        tensors=tuple(_tensors(schedule, plan, section)),
        strips=tuple(_strip(schedule, plan, section, step) for step in reversed(steps)),
        streamed=plan.network.streamed and section.first == 0,
    )


def _title(steps: Sequence[Step], section: Section) -> str:
    first, last = steps[0].name, steps[-1].name
    names = first if first == last else f"{first} to {last}"
    return f"{numbers(section)}, {height_text(section)} at a time: {names}"


def _tensors(schedule: Schedule, plan: RowPlan, section: Section) -> Iterator[TensorView]:
    """The outputs of a run's layers, the last one first, then what they read besides."""
    steps = [schedule.steps[index] for index in section.layers]
    symbol = partial(_symbol, schedule, plan, section)
    made_here = [step.output for step in reversed(steps)]
    before = dict.fromkeys(
        tensor for step in steps for tensor in step.inputs if tensor not in made_here
    )
    for tensor_id in (*made_here, *before):
        tensor = schedule.tensor(tensor_id)
        height = tensor.shape[1]
        reader = _line_reader(schedule, plan, section, tensor_id)
        yield TensorView(
            symbol=symbol(tensor_id),
            pointer=f"&model_arena[{plan.tensor_offset(tensor_id)}]",
            row_bytes=tensor.nbytes // height,
            rows=plan.rows_kept(tensor_id),
            made=height if tensor_id in before and reader is None else 0,
            above=0 if reader is None else plan.rows_above(tensor_id),
            reader=None
            if reader is None
            else (reader.name, _symbol(schedule, plan, section, reader.output)),
        )


def _line_reader(
    schedule: Schedule, plan: RowPlan, section: Section, tensor_id: int
) -> Step | None:
    """The layer that reads a tensor from a line buffer; None for one that stands whole."""
    for index in section.layers:
        between = index > section.first or (plan.network.streamed and index == 0)
        if between and plan.network.output(index - 1) == tensor_id:
            return schedule.steps[index]
    return None


def _strip(schedule: Schedule, plan: RowPlan, section: Section, step: Step) -> StripView:
    symbol = partial(_symbol, schedule, plan, section)
    pointers = [
        _row_pointer(schedule.tensor(tensor), symbol(tensor), "strip.first", constant=True)
        for tensor in step.inputs
    ]
    output = _row_pointer(
        schedule.tensor(step.output), symbol(step.output), "strip.row", constant=False
    )
    waits = [
        tensor
        for tensor in step.inputs
        if _line_reader(schedule, plan, section, tensor) is not None
    ]
    return StripView(
        index=step.index,
        name=step.name,
        output=symbol(step.output),
        strip=section.strip,
        arguments=(*pointers, output),
        waits_for=symbol(waits[0]) if waits else "",
    )


def _row_pointer(tensor: Tensor, symbol: str, row: str, *, constant: bool) -> str:
    call = f"row_at(&{symbol}, {row})"
    if tensor.dtype is DType.INT8:
        return call
    return f"({'const ' if constant else ''}{tensor.dtype.c_type} *)(void *){call}"


def _symbol(schedule: Schedule, plan: RowPlan, section: Section, tensor_id: int) -> str:
    """The C name of a tensor's rows in a run: that of the layer that makes them."""
    made = [step.name for step in schedule.steps if step.output == tensor_id]
    name = f"{made[0]}_rows" if made else _PICTURE
    return f"{_STREAM}{name}" if plan.network.streamed and section.first == 0 else name


def _height(schedule: Schedule, tensor_id: int) -> int:
    return schedule.tensor(tensor_id).shape[1]
