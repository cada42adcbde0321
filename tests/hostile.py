"""Every reader of files against files that never end, never begin or never stop growing.

Runs as a process of its own, since what it guards is memory and time: `hostile.py FOLDER` prints
one JSON object, "reader, file" -> what came of it, and `peak` in bytes.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import signal
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

SECONDS = 5
PEAK_BYTES = 500 * 10**6


def _huge_png(path: Path) -> None:
    """80 megapixels in 80 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    width, height = 10_000, 8_000
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height), 9)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def _gzip_bomb(path: Path) -> None:
    """IDX pictures, 8 GB by the header, packed a thousandfold."""
    with gzip.open(path, "wb", 1) as file:
        file.write(bytes([0, 0, 8, 3]) + struct.pack(">III", 8_000_000, 32, 32))
        for _ in range(256):
            file.write(bytes(2**20))


def _npz_bomb(path: Path) -> None:
    """1 GB of pictures in one MB."""
    import io
    import zipfile

    import numpy as np

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("x_test.npy", "w") as member:
            np.lib.format.write_array_header_1_0(  # type: ignore[no-untyped-call]
                member, {"descr": "|u1", "fortran_order": False, "shape": (2**20, 32, 32)}
            )
            for _ in range(256):
                member.write(bytes(2**20))
        labels = io.BytesIO()
        np.save(labels, np.zeros(2**20, np.uint8))
        archive.writestr("y_test.npy", labels.getvalue())


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 * 2**30)


def _json(path: Path) -> None:
    path.write_bytes(b"[" * 2**22)


FILES: dict[str, Callable[[Path], object]] = {
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "fifo": lambda path: os.mkfifo(path),
    "folder": lambda path: path.mkdir(),
    "sparse": _sparse,
    "lines": lambda path: path.write_bytes(b"\n" * (70 * 2**20)),
    "fewer lines": lambda path: path.write_bytes(b"\n" * (4 * 2**20)),
    "brackets": _json,
    "gzip": _gzip_bomb,
    "npz": _npz_bomb,
    "png": _huge_png,
}


def _in(folder: Path, name: str, path: Path) -> Path:
    """A folder in which ``path`` has this name."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(path)
    return folder


def readers(work: Path) -> dict[str, Callable[[Path], object]]:
    """Each is given the path of a file; it raises a McugenError, or returns nothing of it."""
    from mcugen import manifest
    from mcugen.anatomy import inspect
    from mcugen.boards import load_board, read_board
    from mcugen.compiler import build
    from mcugen.datasets import load_dataset
    from mcugen.evaluate.journal import Journal
    from mcugen.flash.backends.probe import _said
    from mcugen.flash.job import Job
    from mcugen.image import read_image
    from mcugen.inputs import load_input
    from mcugen.ir import DType, Quant, Tensor
    from mcugen.kernels.cmsis_nn.sources import find
    from mcugen.labels import read_labels
    from mcugen.reference.load import load_references
    from mcugen.report.verification import load_verification
    from mcugen.sim.flash_memory import FlashMemory
    from mcugen.tflite import read_model

    sys.path.insert(0, str(Path(__file__).parent))
    from manifests import layer, manifest_of

    picture = Tensor(0, "in", (1, 28, 28, 1), DType.INT8, Quant((1 / 255,), (-128,)))
    built = manifest_of((layer("one", "int8", (1,), 1),))
    header = Path("Include") / "arm_nnfunctions.h"
    fake: Any = SimpleNamespace

    def reference(path: Path) -> object:
        with patch("mcugen.reference.load.make_references", lambda model, graph: ()):
            return load_references(path, fake())

    def folders(path: Path) -> object:
        _in(work / "classes", "cat/0.png", path)
        return load_dataset(work / "classes", 1)

    def built_file(path: Path) -> object:
        folder = _in(work / "build", "firmware.bin", path)
        manifest.write_manifest(
            folder, type(built)(**{**vars(built), "files": {"firmware.bin": "0" * 64}})
        )
        return manifest.read_manifest(folder)

    def verification(path: Path) -> object:
        build_of = type(built)(**{**vars(built), "files": {"firmware.bin": ""}})
        return load_verification(_in(work / "kept", "verification.json", path), build_of).answer

    def sources(path: Path) -> object:
        return find(_in(work / "nn", str(header), path))

    def journal(path: Path) -> object:
        return bool(Journal(_in(work / "journal", "eval/key.jsonl", path), "key").read())

    def file_of_build(path: Path) -> object:
        folder = _in(work / "job", "firmware.bin", path)
        job: Any = fake(folder=folder, manifest=fake(files={"firmware.bin": ""}))
        return len(Job.read(job, "firmware.bin")) > 2**26

    def idx(path: Path) -> object:
        folder = _in(work / "idx", "t10k-images-idx3-ubyte.gz", path)
        _in(folder, "t10k-labels-idx1-ubyte.gz", path)
        return load_dataset(folder, 10)

    return {
        "model": read_model,
        "build": lambda path: build(path, target="stm32f7", output=work / "out"),
        "inspect": inspect,
        "reference": reference,
        "labels": lambda path: read_labels(path, 10),
        "input": lambda path: load_input(path, picture),
        "data set": lambda path: load_dataset(path, 10),
        "idx": idx,
        "class folder": folders,
        "manifest": lambda path: manifest.read_manifest(_in(work / "m", "manifest.json", path)),
        "file of a build": built_file,
        "elf": read_image,
        "journal": journal,
        "verification": verification,
        "board": read_board,
        "CMSIS-NN": sources,
        "job": file_of_build,
        "failure of a probe": lambda path: len(_said(path)) > 4 * 2**20,
        "flash file": lambda path: FlashMemory(load_board("stm32f7").flash, path),
    }


def outcome(read: Callable[[Path], object], path: Path) -> dict[str, Any]:
    from mcugen.errors import McugenError

    signal.alarm(2 * SECONDS)
    start, result = time.monotonic(), "accepted"
    try:
        result = "accepted" if read(path) else "ignored"
    except McugenError as error:
        result = error.code
    except BaseException as error:
        result = f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return {"result": result, "seconds": time.monotonic() - start}


def _too_slow(*_: object) -> None:
    raise TimeoutError


def main(folder: Path) -> None:
    signal.signal(signal.SIGALRM, _too_slow)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    known = readers(folder / "work")
    for name, make in FILES.items():
        make(folder / name)
    resource.setrlimit(resource.RLIMIT_DATA, (PEAK_BYTES, PEAK_BYTES))
    found = {
        f"{reader}, {name}": outcome(read, folder / name)
        for reader, read in known.items()
        for name in FILES
    }
    # Not ru_maxrss: that begins with what the process had in memory that started this one.
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    peak = 1024 * int(line)
    print(json.dumps({"outcomes": found, "peak": peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
