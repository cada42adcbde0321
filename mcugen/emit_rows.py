"""What the templates print of layers that run by rows: every number and name already decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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

_PICTURE = "rows_of_picture"
"""The C name of the rows of the model's input."""


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
    return tuple(_Run(program, plan, section).view() for section in runs(plan))


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
    offset, stream = plan.tensor_offset(schedule.inputs[0]), _stream(program.name)
    if isinstance(plan, Plan) or not plan.network.streamed:
        return StreamView("", offset, f"{stream}made")
    run = _Run(program, plan, plan.sections[0]).view()
    fields = tuple(tensor.symbol.removeprefix(stream) for tensor in run.tensors)
    return StreamView(run.name, offset, f"{stream}{_PICTURE}.made", fields)


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


@dataclass(frozen=True)
class _Run:
    """A fused run, and what its texts are made of."""

    program: Program
    plan: RowPlan
    section: Section

    def view(self) -> RunView:
        return RunView(
            name=_run_name(self.section),
            title=_title(self.steps, self.section),
            height=self.schedule.tensor(self.steps[-1].output).shape[1],
            tensors=tuple(self._tensors()),
            strips=tuple(self._strip(step) for step in reversed(self.steps)),
            streamed=self._streamed,
        )

    @property
    def schedule(self) -> Schedule:
        return self.program.schedule

    @property
    def steps(self) -> list[Step]:
        return [self.schedule.steps[index] for index in self.section.layers]

    @property
    def _streamed(self) -> bool:
        """Whether it takes the rows of the picture as they come."""
        return self.plan.network.streamed and self.section.first == 0

    def _tensors(self) -> Iterator[TensorView]:
        """The outputs of its layers, the last one first, then what they read besides."""
        made_here = [step.output for step in reversed(self.steps)]
        before = dict.fromkeys(
            tensor for step in self.steps for tensor in step.inputs if tensor not in made_here
        )
        for tensor_id in (*made_here, *before):
            tensor = self.schedule.tensor(tensor_id)
            height = tensor.shape[1]
            reader = self._line_reader(tensor_id)
            yield TensorView(
                symbol=self._symbol(tensor_id),
                pointer=self.program.arena.pointer(self.plan.tensor_offset(tensor_id)),
                row_bytes=tensor.nbytes // height,
                rows=self.plan.rows_kept(tensor_id),
                made=height if tensor_id in before and reader is None else 0,
                above=0 if reader is None else self.plan.rows_above(tensor_id),
                reader=None if reader is None else (reader.name, self._symbol(reader.output)),
            )

    def _line_reader(self, tensor_id: int) -> Step | None:
        """The layer that reads a tensor from a line buffer; None for one that stands whole."""
        for index in self.section.layers:
            between = index > self.section.first or self._streamed
            if between and self.plan.network.output(index - 1) == tensor_id:
                return self.schedule.steps[index]
        return None

    def _strip(self, step: Step) -> StripView:
        pointers = [
            _row_pointer(
                self.schedule.tensor(tensor), self._symbol(tensor), "strip.first", constant=True
            )
            for tensor in step.inputs
        ]
        output = _row_pointer(
            self.schedule.tensor(step.output),
            self._symbol(step.output),
            "strip.row",
            constant=False,
        )
        waits = [tensor for tensor in step.inputs if self._line_reader(tensor) is not None]
        return StripView(
            index=step.index,
            name=step.name,
            output=self._symbol(step.output),
            strip=self.section.strip,
            arguments=(*pointers, output),
            waits_for=self._symbol(waits[0]) if waits else "",
        )

    def _symbol(self, tensor_id: int) -> str:
        """The C name of a tensor's rows: that of the layer that makes them."""
        made = [step.name for step in self.schedule.steps if step.output == tensor_id]
        name = f"{made[0]}_rows" if made else _PICTURE
        return f"{_stream(self.program.name)}{name}" if self._streamed else name


def _stream(library: str) -> str:
    """What lasts while the rows of a picture come, as C says it before a field."""
    return f"{library}_stream."


def _title(steps: Sequence[Step], section: Section) -> str:
    first, last = steps[0].name, steps[-1].name
    names = first if first == last else f"{first} to {last}"
    return f"{numbers(section)}, {height_text(section)} at a time: {names}"


def _row_pointer(tensor: Tensor, symbol: str, row: str, *, constant: bool) -> str:
    call = f"row_at(&{symbol}, {row})"
    if tensor.dtype is DType.INT8:
        return call
    return f"({'const ' if constant else ''}{tensor.dtype.c_type} *)(void *){call}"
