"""What a build was, for its manifest."""

from __future__ import annotations

import zlib
from pathlib import Path

from mcugen import __version__, toolchain
from mcugen.boards import Board
from mcugen.cmsis_nn import CmsisNN
from mcugen.emit import CMSIS_NN_DIR, shape_text
from mcugen.firmware import CROSS_COMPILER
from mcugen.footer import FOOTER_BYTES
from mcugen.image import Image
from mcugen.ir import Tensor
from mcugen.manifest import CmsisNNRecord, Edge, Layer, Manifest, hash_files
from mcugen.program import Program
from mcugen.schedule import Step


def record(
    program: Program,
    board: Board,
    kernels: CmsisNN,
    image: Image,
    loader: Image | None,
    folder: Path,
) -> Manifest:
    """The manifest of the build in ``folder``; every file there must be final.

    ``loader`` is None on a board that mcugen has no resident loader for.
    """
    schedule, plan = program.schedule, program.plan
    files = hash_files(folder)
    library = f"model/{CMSIS_NN_DIR}/"
    weights = sum(
        len(constant.data) for step in schedule.steps for constant in step.lowered.constants
    )
    return Manifest(
        mcugen=__version__,
        model=program.source.name,
        model_sha256=program.source.sha256,
        board=board.id,
        target=board.target,
        tried=board.tried,
        toolchain=toolchain.version(CROSS_COMPILER),
        input=_edge(schedule.tensor(schedule.inputs[0])),
        output=_edge(schedule.tensor(schedule.outputs[0])),
        layers=tuple(_layer(program, step) for step in schedule.steps),
        macs=schedule.macs,
        arena_bytes=plan.arena_bytes,
        arena_lower_bound=plan.lower_bound,
        weights_bytes=weights,
        code_bytes=len(image.bin) - weights,
        flash_bytes=len(image.bin),
        flash_available=board.application_flash.size,
        ram_bytes=image.address_of("_ram_used_end") - board.ram.base,
        ram_available=board.ram.size,
        stack_reserved=board.application.stack_bytes,
        product_id=board.chip.product_id,
        application_start=image.load_address,
        footer_crc32=zlib.crc32(image.bin[:-FOOTER_BYTES]),
        loader_bytes=None if loader is None else len(loader.bin),
        sectors=board.flash.sectors,
        cmsis_nn=CmsisNNRecord(
            kernels.release.version,
            kernels.origin,
            {path: digest for path, digest in files.items() if path.startswith(library)},
        ),
        files=files,
    )


def _edge(tensor: Tensor) -> Edge:
    return Edge(tensor.name, tensor.dtype.value, tensor.shape, tensor.nbytes)


def _layer(program: Program, step: Step) -> Layer:
    schedule, plan = program.schedule, program.plan
    output = schedule.tensor(step.output)
    return Layer(
        name=step.name,
        op=" + ".join(op.kind for op in step.ops),
        kernel=step.lowered.function,
        macs=step.macs,
        tensor=step.output,
        shape=output.shape,
        dtype=output.dtype.value,
        offset=plan.tensor_offset(step.output),
        bytes=output.nbytes,
        scratch_bytes=step.lowered.scratch_bytes,
        live_bytes=plan.live[step.index],
        input=" + ".join(shape_text(schedule.tensor(tensor_id).shape) for tensor_id in step.inputs),
        output=shape_text(output.shape),
    )
