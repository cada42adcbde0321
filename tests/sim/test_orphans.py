"""What runs a model ends with the process that started it, however that ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from mcugen.errors import DeviceError
from mcugen.image import Image
from mcugen.sim.host import HostBuild, build_host
from mcugen.sim.qemu import PROGRAM

ENDLESS = """
#include <stdio.h>
#include <unistd.h>
#include "model.h"
static unsigned char bytes[1];
void *model_input(void) { return bytes; }
const void *model_output(void) { return bytes; }
int model_run(model_hook hook, void *context)
{
    FILE *file = fopen(getenv("STARTED"), "w");
    fprintf(file, "%d ", (int)getpid());
    fclose(file);
    SIGNAL
    for (;;) {
    }
}
"""
HEADER = """
#include <stdint.h>
#include <stdlib.h>
#define MODEL_NAME "endless"
#define MODEL_HASH ""
#define MODEL_INPUT_BYTES 1
#define MODEL_OUTPUT_BYTES 1
#define MODEL_LAYERS 1
#define MODEL_LAYER_BYTES {1}
typedef void (*model_hook)(void *, uint32_t, uint32_t, const void *, uint32_t);
void *model_input(void);
const void *model_output(void);
int model_run(model_hook hook, void *context);
"""


def endless(folder: Path, statement: str = "") -> HostBuild:
    """A build whose first layer never ends; it says in a file who it is."""
    model = folder / "model"
    model.mkdir()
    (model / "model.h").write_text(HEADER)
    (model / "model.c").write_text(ENDLESS.replace("SIGNAL", statement))
    return build_host(model, folder / "work", (1,))


def wait_until(what: str, path: Path, process: int = 0) -> None:
    for _ in range(200):
        if what == "started" and path.is_file() and path.read_text().endswith(" "):
            return
        if what == "gone" and not Path(f"/proc/{process}").exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"not {what}")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_host_process_ends_with_verify(tmp_path: Path, number: signal.Signals) -> None:
    built = endless(tmp_path)
    started = tmp_path / "started"
    script = (
        "import signal, sys; from pathlib import Path; from mcugen.sim.host import HostBuild; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "HostBuild(Path(sys.argv[1]), (1,)).trace([b'1'])"
    )
    verify = subprocess.Popen(
        [sys.executable, "-c", script, str(built.program)],
        env={**os.environ, "STARTED": str(started)},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until("started", started)
        verify.send_signal(number)
        verify.wait(10)
        wait_until("gone", started, int(started.read_text()))
    finally:
        verify.kill()
        verify.wait()
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(started.read_text()), signal.SIGKILL)


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="qemu-system-arm is not installed")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_qemu_ends_with_verify(tmp_path: Path, tiny: Callable[..., Image]) -> None:
    script = (
        "import sys, time; from pathlib import Path; from mcugen.boards import load_board; "
        "from mcugen.image import read_image; from mcugen.sim.qemu import QemuBoard\n"
        "with QemuBoard(load_board('mps2-an500'), read_image(Path(sys.argv[1]))) as board:\n"
        "    Path(sys.argv[2]).write_text(f'{board._process.pid} ')\n"
        "    time.sleep(60)\n"
    )
    started = tmp_path / "started"
    image = tiny("mps2-an500")
    verify = subprocess.Popen([sys.executable, "-c", script, str(image.elf), str(started)])
    try:
        wait_until("started", started)
        time.sleep(0.2)  # setpriv becomes QEMU
        verify.kill()
        verify.wait(10)
        wait_until("gone", started, int(started.read_text()))
    finally:
        verify.kill()
        verify.wait()
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(started.read_text()), signal.SIGKILL)


def test_a_layer_that_never_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a minute."""
    monkeypatch.setenv("STARTED", str(tmp_path / "started"))
    with pytest.raises(DeviceError, match="does not come to an end") as caught:
        endless(tmp_path, "alarm(1);").trace([b"1"])
    assert caught.value.code == "D001"
