"""What ``import mcugen`` promises: names, parameters, and that it costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import mcugen
from mcugen import api
from mcugen.tflite import write_model
from tests.networks import small_mobilenet

ROOT = Path(__file__).parents[2]


def test_the_names() -> None:
    assert mcugen.__all__ == ["McugenError", "__version__", "build", "export", "verify"]
    assert set(mcugen.__all__) <= set(dir(mcugen))
    with pytest.raises(AttributeError, match="has no attribute 'flush'"):
        _ = mcugen.flush


def test_the_parameters() -> None:
    assert str(inspect.signature(api.build)) == (
        "(model: 'StrPath | Sequence[StrPath]', *, target: 'str', output: 'StrPath' = 'build', "
        "name: 'str | Sequence[str]' = 'model', arena_apart: 'bool' = False, "
        "cmsis_nn: 'StrPath | None' = None, kernels: 'Choice' = 'cmsis-nn', "
        "keep_constant_channels: 'bool' = False, arena: \"int | Literal['least'] | None\" = None, "
        "stream_input: 'bool' = False, labels: 'StrPath | Sequence[StrPath]' = (), "
        "places: 'Mapping[str, Sequence[str]] | None' = None, ram: 'int | str | None' = None, "
        "flash: 'int | str | None' = None, fpu: \"Literal['none', 'sp', 'dp'] | None\" = None, "
        "dsp: 'bool | None' = None, "
        f"on_event: 'Callable[[str], None]' = {api._silent!r}) -> 'BuildResult'"
    )
    assert str(inspect.signature(api.verify)) == (
        "(build: 'StrPath' = 'build', *, model: 'str | None' = None, "
        "simulators: 'Sequence[Simulator]' = ('host', 'board'), "
        "port: 'str | None' = None, baud: 'int' = 115200, elf: 'StrPath | None' = None, "
        "inputs: 'Sequence[StrPath]' = (), labels: 'StrPath | None' = None, "
        "seed: 'int' = 0, count: 'int' = 8, "
        f"on_event: 'Callable[[str], None]' = {api._silent!r}) -> 'VerifyReport'"
    )
    assert (ROOT / "mcugen" / "py.typed").exists()


@pytest.mark.parametrize("before", ["", "import mcugen.verify", "from mcugen.verify import verify"])
def test_the_import_is_cheap_and_its_order_does_not_matter(before: str) -> None:
    """The function ``verify`` has the name of a package."""
    code = (
        "import sys; import mcugen;"
        "heavy = {'numpy', 'click', 'jinja2', 'serial', 'unicorn'} & set(sys.modules);"
        f"{before}\n"
        "try: mcugen.verify('no such folder', count=1)\n"
        "except mcugen.McugenError as error: print(sorted(heavy), error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] U003\n"


def test_a_build_and_its_verification(tmp_path: Path) -> None:
    model, folder = tmp_path / "small.tflite", tmp_path / "build"
    model.write_bytes(write_model(small_mobilenet()))
    events: list[str] = []
    built = mcugen.build(model, target="STM32F746ZG", output=str(folder), on_event=events.append)
    assert (built.folder, built.manifest.board) == (folder, "nucleo-f746zg")
    assert events == ["reading the model", "compiling the firmware"]
    assert "not verified" in (folder / "report.html").read_text("utf-8")
    report = mcugen.verify(folder, simulators=["host"], count=1)
    assert report.error is None
    assert [(pair.a, pair.b, pair.same) for pair in report.pairs] == [("reference", "host", True)]
    assert "not verified" not in (folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("simulators", "what"),
    [(["moon"], "no simulator is called `moon`"), ([], "nothing runs the model")],
)
def test_what_is_no_simulator_is_refused(simulators: list[str], what: str) -> None:
    with pytest.raises(mcugen.McugenError) as caught:
        mcugen.verify("build", simulators=simulators)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.what) == ("U006", what)
