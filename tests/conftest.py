"""What the test ladders share: models, builds, and compiled objects kept between tests."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.compiler import compile_graph
from mcugen.emit import emit_model
from mcugen.ir import Graph
from mcugen.kernels import Choice, Target, backends
from mcugen.memory.rows.plan import Arena
from mcugen.names import DEFAULT_NAME
from mcugen.program import Program, Source
from mcugen.sim.host import HostBuild, build_host
from mcugen.staging import write_tree

TESTS = Path(__file__).parent
SHARED_MODELS = TESTS.parent.parent / "shared" / "models"

EXAMPLE_MODEL = TESTS.parent / "examples" / "fashion" / "fashion_mobilenet_v1_025_128.tflite"


def pytest_configure() -> None:
    """What a test starts can be interrupted though this process cannot, as after `make test &`.

    A signal that is ignored stays ignored in what is started; one that is handled does not.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files from what comes out"
    )
    parser.addoption(
        "--update-pictures", action="store_true", help="take the pictures of docs/ anew"
    )
    parser.addoption(
        "--update-docs", action="store_true", help="rewrite the output that documents show"
    )


@pytest.fixture(scope="session")
def object_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Objects that all workers of a run share; they are found by content."""
    base = tmp_path_factory.getbasetemp()
    # A worker of pytest-xdist has a folder of its own below the run's.
    root = base.parent if base.name.startswith("popen-") else base
    return root / "objects"


def program_of(
    graph: Graph,
    cmsis_nn: Path | None = None,
    kernels: Choice = "cmsis-nn",
    arena: Arena | None = None,
    stream_input: bool = False,
    name: str = DEFAULT_NAME,
) -> Program:
    """The program for the default STM32F7 board."""
    target = Target(load_board("stm32f7").chip.cpu, backends(cmsis_nn), kernels)
    source = Source(graph.name, "0" * 64)
    return compile_graph(graph, source, target, arena=arena, stream_input=stream_input, name=name)


HostBuilder = Callable[..., tuple[Program, HostBuild]]


@pytest.fixture
def host_build(tmp_path: Path, object_cache: Path) -> HostBuilder:
    """Compiles a graph and builds it for this machine."""

    def build(
        graph: Graph, *, sanitize: bool = False, arena: Arena | None = None
    ) -> tuple[Program, HostBuild]:
        program = program_of(graph, arena=arena)
        library = emit_model(program)
        write_tree(tmp_path / "model", library)
        sizes = [program.schedule.tensor(step.output).nbytes for step in program.schedule.steps]
        built = build_host(
            tmp_path / "model", tmp_path / "work", sizes, sanitize=sanitize, cache=object_cache
        )
        return program, built

    return build
