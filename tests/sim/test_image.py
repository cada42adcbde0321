"""Images as the linker made them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen.errors import UsageError
from mcugen.image import Image, read_image

Tiny = Callable[..., Image]


def test_the_bytes_are_what_objcopy_makes(tiny: Tiny, tmp_path: Path) -> None:
    image, binary = tiny(), tmp_path / "firmware.bin"
    subprocess.run(
        ["arm-none-eabi-objcopy", "-O", "binary", image.elf, binary],
        check=True,
    )
    assert image.bin == binary.read_bytes()
    assert read_image(image.elf, binary) == image
    assert image.load_address == 0x0800_8000
    assert image.load_address + len(image.bin) == image.address_of("_flash_used_end")


def test_a_binary_that_was_changed(tiny: Tiny, tmp_path: Path) -> None:
    image, binary = tiny(), tmp_path / "firmware.bin"
    binary.write_bytes(image.bin[:-1] + b"\x55")
    with pytest.raises(UsageError) as caught:
        read_image(image.elf, binary)
    assert caught.value.code == "U004"


def test_symbols(tiny: Tiny) -> None:
    image = tiny()
    run = image.symbols["model_run"]
    assert run.is_function
    assert run.address % 2 == 0
    assert image.symbol_at(run.address + run.size - 1) == run
    assert image.symbol_at(run.address + run.size) != run
    assert image.symbol_at(0) is None
    assert image.symbol_at(0xFFFF_FFFF) is None
    assert image.describe(run.address) == "model_run"
    assert image.describe(run.address + 4) == "model_run+0x4"
    assert image.describe(0x1234) == "0x00001234"


def test_a_symbol_that_is_missing(tiny: Tiny) -> None:
    with pytest.raises(UsageError, match="no symbol `nothing`"):
        tiny().address_of("nothing")


def test_files_that_are_no_firmware(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_image(tmp_path / "missing.elf")
    assert caught.value.code == "U001"
    text = tmp_path / "text.elf"
    text.write_text("hello")
    with pytest.raises(UsageError) as caught:
        read_image(text)
    assert caught.value.code == "U003"


@pytest.mark.parametrize("length", [0, 20, 52, 100, 4000])
def test_a_truncated_file(tiny: Tiny, tmp_path: Path, length: int) -> None:
    path = tmp_path / "short.elf"
    path.write_bytes(tiny().elf.read_bytes()[:length])
    with pytest.raises(UsageError) as caught:
        read_image(path)
    assert caught.value.code == "U003"
