"""Pictures that come in rows: exact on host, board and console; wrong use is an error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.compiler import BuildResult, build
from mcugen.emit import emit_model
from mcugen.errors import ModelError
from mcugen.image import read_image
from mcugen.ir import DType
from mcugen.memory.plan import Plan
from mcugen.memory.rows.plan import Arena
from mcugen.ops.registry import OPERATORS
from mcugen.protocol import messages
from mcugen.protocol.frames import Decoder, Frame, encode
from mcugen.protocol.messages import Ack, Answer, Error, ErrorCode
from mcugen.sim.board import VirtualBoard
from mcugen.sim.host import build_host, host_flags
from mcugen.sim.watch import library_of
from mcugen.staging import write_tree
from mcugen.tflite import write_model
from mcugen.toolchain import GENERATED_WARNINGS, Compiler, Unit
from mcugen.verify import verify
from tests.conftest import SHARED_MODELS, program_of
from tests.row_networks import expanding_network, random_network, typed_network
from tests.sim.test_models import check_equal, needs

ROOT = Path(__file__).parents[2]
LARGE = SHARED_MODELS / "mobilenet_v1_0.25_128_int8.tflite"
BUDGETS: list[tuple[Path, Arena | None, int, int]] = [
    # model, what was asked for, arena, instructions: 42,982,812, 23,949,012, 22,704,502 in whole
    (LARGE, "least", 16_384, 44_050_000),
    (LARGE, None, 98_304, 43_060_000),
    (SHARED_MODELS / "vww_96_int8.tflite", "least", 10_772, 24_750_000),
    (SHARED_MODELS / "person_detect.tflite", "least", 10_472, 23_500_000),
]


@pytest.mark.parametrize(
    ("model", "asked", "arena", "instructions"),
    BUDGETS,
    ids=[f"{model.stem}-{asked}" for model, asked, *_ in BUDGETS],
)
def test_exact_within_its_arena(
    model: Path,
    asked: Arena | None,
    arena: int,
    instructions: int,
    tmp_path: Path,
    object_cache: Path,
) -> None:
    result = build(
        needs(model),
        target="stm32f7",
        output=tmp_path,
        arena=asked,
        stream_input=True,
        object_cache=object_cache,
    )
    report = verify(tmp_path, executions=("host", "board"), count=2).as_json()
    check_equal(report)
    assert report["instructions"] <= instructions
    assert result.manifest.arena_bytes <= arena


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("arena", [None, "least"])
def test_random_networks_compute_what_they_do_from_a_whole_picture(
    seed: int, arena: Arena | None, tmp_path: Path, object_cache: Path
) -> None:
    """Some read their input twice, and wait for all of it."""
    graph = random_network(np.random.default_rng(2000 + seed))
    shape = graph.tensor(graph.inputs[0]).shape
    inputs = [
        np.random.default_rng(number).integers(-128, 128, shape, np.int8).tobytes()
        for number in range(2)
    ]
    traces = []
    for stream_input in (False, True):
        program = program_of(graph, arena=arena, stream_input=stream_input)
        folder = tmp_path / str(stream_input)
        write_tree(folder / "model", emit_model(program))
        sizes = [program.schedule.tensor(step.output).nbytes for step in program.schedule.steps]
        built = build_host(
            folder / "model", folder / "work", sizes, sanitize=seed == 0, cache=object_cache
        )
        traces.append(built.trace(inputs))
    assert traces[0] == traces[1]


@pytest.mark.parametrize("dtype", [DType.UINT8, DType.FLOAT32])
def test_pictures_of_other_types(dtype: DType, tmp_path: Path, object_cache: Path) -> None:
    graph = typed_network(dtype)
    picture = graph.tensor(graph.inputs[0])
    rng = np.random.default_rng(1)
    values = rng.integers(0, 256, picture.shape)
    real = rng.normal(0, 1, picture.shape)
    data = (real if dtype is DType.FLOAT32 else values).astype(dtype.numpy).tobytes()
    traces = []
    for arena, stream_input in ((None, False), ("least", False), ("least", True), (None, True)):
        program = program_of(graph, arena=arena, stream_input=stream_input)
        folder = tmp_path / f"{arena}-{stream_input}"
        write_tree(folder / "model", emit_model(program))
        sizes = [program.schedule.tensor(step.output).nbytes for step in program.schedule.steps]
        work = folder / "work"
        built = build_host(folder / "model", work, sizes, sanitize=True, cache=object_cache)
        traces.append(built.trace([data]))
    assert traces == [traces[0]] * 4


def test_an_input_without_rows_is_refused() -> None:
    examples = (OPERATORS["MAX_POOL_2D"].example(np.random.default_rng(n)) for n in range(100))
    one_row = next(graph for graph in examples if graph.tensor(graph.inputs[0]).shape[1] == 1)
    with pytest.raises(ModelError) as caught:
        program_of(one_row, stream_input=True)
    assert caught.value.code == "M005"


@pytest.fixture
def streamed(tmp_path: Path, object_cache: Path) -> BuildResult:
    """The expanding network, its picture in rows."""
    model = tmp_path / "expanding.tflite"
    model.write_bytes(write_model(expanding_network()))
    return build(
        model,
        target="stm32f7",
        output=tmp_path / "build",
        arena="least",
        stream_input=True,
        object_cache=object_cache,
    )


def test_the_arena_holds_no_picture(streamed: BuildResult) -> None:
    plan = program_of(expanding_network(), arena="least", stream_input=True).plan
    assert not isinstance(plan, Plan)
    picture, *_ = streamed.manifest.buffers
    assert (picture.name, picture.kind, picture.bytes) == ("input", "line", 48)
    assert streamed.manifest.input_row_bytes == 48


def host_program(source: Path, library: Path, work: Path, cache: Path) -> Path:
    """A program with the library, compiled for this machine."""
    write_tree(work, {"program.c": source.read_text()})
    tree = {
        f"model/{path.relative_to(library).as_posix()}": path.read_text()
        for path in library.rglob("*")
        if path.suffix in (".c", ".h")
    }
    write_tree(work, tree)
    includes = sorted({str(Path(path).parent) for path in tree if path.endswith(".h")})
    flags = ("-std=c11", "-O1", *host_flags(), *(f"-I{folder}" for folder in includes))
    own = ("program.c", "model/model.c", "model/model_weights.c")
    units = [
        Unit(path, (*GENERATED_WARNINGS, "-Werror") if path in own else ("-w",))
        for path in sorted({"program.c", *tree})
        if path.endswith(".c")
    ]
    compiler = Compiler("cc", flags, cache)
    compiler.link(work, compiler.compile(work, units, work / "objects"), (), work / "program")
    return work / "program"


@pytest.mark.parametrize("source", ["tests/sim/stream_use.c", "examples/own_project/camera.c"])
def test_programs_that_push_rows(
    source: str, streamed: BuildResult, tmp_path: Path, object_cache: Path
) -> None:
    """Right use gives the right output, whatever was done wrong before."""
    library = streamed.folder / "model"
    picture = np.random.default_rng(5).integers(-128, 128, 12 * 48, np.int8).tobytes()
    program = host_program(ROOT / source, library, tmp_path / "program", object_cache)
    done = subprocess.run([str(program)], input=picture, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    sizes = [layer.bytes for layer in streamed.manifest.layers]
    ((*_, output),) = build_host(library, tmp_path / "trace", sizes).trace([picture])
    assert done.stdout == output


def boot(built: BuildResult) -> VirtualBoard:
    image = read_image(built.folder / "firmware.elf")
    return VirtualBoard(load_board("stm32f7"), image, library=library_of(built.manifest))


def ask(board: VirtualBoard, *frames: Frame) -> list[Answer | None]:
    for frame in frames:
        board.write(encode(frame))
    return [
        messages.parse_answer(found)
        for found in Decoder().feed(board.read(0))
        if isinstance(found, Frame)
    ]


PICTURE = np.random.default_rng(6).integers(-128, 128, 12 * 48, np.int8).tobytes()


def test_rows_lost_doubled_and_late_are_errors(streamed: BuildResult) -> None:
    board = boot(streamed)
    right = board.run(PICTURE)
    first, second, third = (PICTURE[at : at + 192] for at in (0, 192, 384))
    out_of_order = [Error(ErrorCode.OUT_OF_ORDER)]
    assert ask(board, messages.input_request(1, 0, first)) == [Ack()]
    assert ask(board, messages.input_request(2, 384, third)) == out_of_order  # lost
    assert ask(board, messages.input_request(3, 192, second)) == [Ack()]
    assert ask(board, messages.input_request(4, 192, second)) == out_of_order  # doubled
    assert ask(board, messages.run_request(5)) == [Error(ErrorCode.INPUT_INCOMPLETE)]
    assert ask(board, messages.output_request(6, 0, 144)) == [Error(ErrorCode.NO_OUTPUT)]
    assert ask(board, messages.input_request(7, 384, third)) == [Ack()]
    answers = ask(board, messages.run_request(8))
    crcs = [answer.crc32 for answer in answers if isinstance(answer, messages.LayerResult)]
    assert tuple(crcs) == right.crcs
    assert ask(board, messages.input_request(9, 384, third)) == out_of_order  # late
    assert ask(board, messages.run_request(10)) == [Error(ErrorCode.INPUT_INCOMPLETE)]


def test_a_picture_given_up_half_way_leaves_nothing_behind(streamed: BuildResult) -> None:
    board = boot(streamed)
    right = board.run(PICTURE)
    for rows in (1, 5, 11):
        assert ask(board, messages.input_request(rows, 0, PICTURE[::-1][: 48 * rows][:507])) == [
            Ack()
        ]
        again = board.run(PICTURE)
        assert (again.outputs, again.crcs, again.stray_writes) == (right.outputs, right.crcs, ())


def test_a_repeated_run_brings_the_same_layers(streamed: BuildResult) -> None:
    board = boot(streamed)
    for at in range(0, len(PICTURE), 288):
        request = messages.input_request(20 + at // 288, at, PICTURE[at : at + 288])
        assert ask(board, request) == [Ack()]
    answers = ask(board, messages.run_request(30))
    assert ask(board, messages.run_request(30)) == answers
    assert len(answers) == 2 + len(streamed.manifest.layers)
