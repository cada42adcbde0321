"""What a model is run on: the default inputs, ``.npy`` files and pictures, as the input's bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcugen import files
from mcugen.errors import UsageError
from mcugen.ir import DType, Graph, Quant, Shape, Tensor
from mcugen.pixels import PixelRule, normalised, pixel_rule

Integers = NDArray[np.int64]
Pattern = Callable[[Shape, int, int], Integers]

_VIEWS = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")

_NPY_MAGIC = b"\x93NUMPY"
_UNKNOWN_RANGE = Quant((1 / 127.5,), (-1,))
"""What stands in for the quantisation of an input that has none: real values of about -1 to 1."""


@dataclass(frozen=True)
class Input:
    """One input of the model: ``data`` as the input tensor holds it, ``note`` what was done."""

    name: str
    data: bytes
    note: str


@dataclass(frozen=True)
class Preparation:
    """How pictures become inputs: ``crop`` keeps proportions and loses edges, otherwise they are
    squashed; with ``mean`` and ``deviation`` (one number, or one a channel) real values are
    (pixel/255 - mean) / deviation, without them what the input's quantisation implies."""

    crop: bool = False
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()


AS_IT_COMES = Preparation()


def model_input(graph: Graph) -> Tensor:
    """The graph's only input; a float32 one carries the quantisation of the QUANTIZE behind it.

    Of several it is the finest, whose range is the narrowest. Raises UsageError U002 when the graph
    has more than one input.
    """
    if len(graph.inputs) != 1:
        raise UsageError("U002", f"the model has {len(graph.inputs)} inputs, not one")
    tensor = graph.tensor(graph.inputs[0])
    if tensor.dtype is not DType.FLOAT32:
        return tensor
    quantised = [quant for quant in _quantisations(graph, tensor.id) if quant is not None]
    finest = min(quantised, key=lambda quant: quant.scale, default=tensor.quant)
    return replace(tensor, quant=finest)


def _quantisations(graph: Graph, source: int) -> Iterator[Quant | None]:
    """Those that QUANTIZE gives the tensor, also where it has been given another shape first."""
    same = {source}
    for op in graph.ops:
        if op.inputs and op.inputs[0] in same:
            if op.kind in _VIEWS:
                same.update(op.outputs)
            elif op.kind == "QUANTIZE":
                yield graph.output(op).quant


def integer_range(tensor: Tensor) -> tuple[int, int]:
    """Smallest and largest integer of the input; those of int8 where the input is float32."""
    return (0, 255) if tensor.dtype is DType.UINT8 else (-128, 127)


def default_inputs(tensor: Tensor, seed: int, count: int) -> tuple[Input, ...]:
    """``count`` inputs that find most faults: constants, ramps, extremes, then seeded random ones.

    The first ones are the same for every ``count``. A float32 input gets the values that its
    quantisation gives the integers. Raises UsageError U006 when ``count`` is below 1.
    """
    if count < 1:
        raise UsageError("U006", f"{count} inputs are none", hint="`--count` takes 1 or more")
    low, high = integer_range(tensor)
    zero_point = _quantisation(tensor).zero_point
    patterns: list[tuple[str, str, Pattern]] = [
        ("minimum", f"every value {low}", _constant(low)),
        ("maximum", f"every value {high}", _constant(high)),
        ("zero point", f"every value {zero_point}, which is 0.0", _constant(zero_point)),
        ("rising", f"a ramp from {low} to {high}", _rising_ramp),
        ("falling", f"a ramp from {high} to {low}", _falling_ramp),
        ("checkerboard", f"{low} and {high} by turns along every axis", _checkerboard),
    ]
    for number in range(1, math.ceil(max(count - len(patterns), 0) / 2) + 1):
        random, smooth = _seeded(_random, seed, number), _seeded(_smooth, seed, number)
        patterns.append((f"random {number}", f"uniform, seed {seed}", random))
        patterns.append((f"smooth {number}", f"random hills and valleys, seed {seed}", smooth))
    return tuple(
        Input(name, _encode(make(tensor.shape, low, high), tensor), note)
        for name, note, make in patterns[:count]
    )


def _constant(value: int) -> Pattern:
    return lambda shape, low, high: np.full(shape, value, np.int64)


def _rising_ramp(shape: Shape, low: int, high: int) -> Integers:
    elements = math.prod(shape)
    steps = np.arange(elements, dtype=np.int64) * (high - low) // max(elements - 1, 1)
    return (low + steps).reshape(shape)


def _falling_ramp(shape: Shape, low: int, high: int) -> Integers:
    return low + high - _rising_ramp(shape, low, high)


def _checkerboard(shape: Shape, low: int, high: int) -> Integers:
    return np.where(np.indices(shape).sum(axis=0) % 2, high, low)


def _seeded(
    fill: Callable[[np.random.Generator, Shape, int, int], Integers], seed: int, number: int
) -> Pattern:
    return lambda shape, low, high: fill(np.random.default_rng([seed, number]), shape, low, high)


def _random(rng: np.random.Generator, shape: Shape, low: int, high: int) -> Integers:
    return rng.integers(low, high, shape, dtype=np.int64, endpoint=True)


def _smooth(rng: np.random.Generator, shape: Shape, low: int, high: int) -> Integers:
    """A random 5x5 grid a channel, interpolated: like a picture, neighbours are alike."""
    height, width, channels = shape[1:] if len(shape) == 4 else (1, math.prod(shape), 1)
    grid = rng.uniform(low, high, (5, 5, channels))
    down, across = _interpolation(height, 5), _interpolation(width, 5)
    values: NDArray[np.float64] = np.einsum("yi,ijc,xj->yxc", down, grid, across)
    return np.rint(values).astype(np.int64).reshape(shape)


def _interpolation(size: int, knots: int) -> NDArray[np.float64]:
    """Weights of ``knots`` equidistant knots at ``size`` equidistant points."""
    points = np.linspace(0, knots - 1, size)
    weights: NDArray[np.float64] = np.maximum(0, 1 - np.abs(points[:, None] - np.arange(knots)))
    return weights


def load_input(path: Path, tensor: Tensor, prepare: Preparation = AS_IT_COMES) -> Input:
    """The ``.npy`` file or picture at ``path`` as the bytes of the input ``tensor``.

    An array has the input's shape (a leading 1 may be missing) and type; float32 is quantised for
    an integer input. A picture is resized and quantised as ``pictures`` says. Raises UsageError
    U001 when the file cannot be read, U002 when it does not suit the model.
    """
    try:
        with files.open_file(path, files.INPUT_BYTES) as file:
            magic = file.read(len(_NPY_MAGIC))
    except OSError as error:
        raise UsageError("U001", f"`{path}` cannot be read: {error.strerror}") from None
    if magic == _NPY_MAGIC:
        return _from_array(path, tensor)
    return _from_picture(path, tensor, prepare)


def _from_array(path: Path, tensor: Tensor) -> Input:
    try:
        # Mapped, so that a header that lies about the size asks for no memory.
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy raises almost anything on a damaged header
        raise UsageError(
            "U001", f"`{path}` is not a sound .npy file", details=(str(error).split("\n")[0],)
        ) from None
    if array.shape not in (tensor.shape, tensor.shape[1:] if tensor.shape[:1] == (1,) else None):
        raise UsageError(
            "U002",
            f"the array has shape {list(array.shape)}, the model's input {list(tensor.shape)}",
            where=str(path),
        )
    name, shape = str(array.dtype), f"{list(tensor.shape)}"
    if array.dtype.newbyteorder("=") == tensor.dtype.numpy.newbyteorder("="):
        if tensor.dtype is DType.FLOAT32:
            _check_range(array, tensor, path)
        data = np.ascontiguousarray(array, tensor.dtype.numpy).tobytes()
        return Input(path.name, data, f"{name} {shape}, as it stands")
    if array.dtype.kind == "f" and tensor.dtype is not DType.FLOAT32:
        integers = _quantise(np.asarray(array, np.float32), tensor, path).reshape(tensor.shape)
        note = f"{name} {shape}, {describe_quantisation(tensor)}"
        return Input(path.name, _encode(integers, tensor), note)
    raise UsageError(
        "U002",
        f"the array is {name}, the model's input {tensor.dtype.value}",
        where=str(path),
        hint="give "
        + (
            "float32"
            if tensor.dtype is DType.FLOAT32
            else f"{tensor.dtype.value}, or the real values as float32"
        ),
    )


def _check_range(real: NDArray[Any], tensor: Tensor, path: Path) -> None:
    """QUANTIZE is defined for what, divided by the scale, is a 32-bit integer (TFLite
    ``AffineQuantize``). Raises UsageError U002 naming the first value for which it is not."""
    with np.errstate(over="ignore"):
        steps = real.astype(np.float32) / np.float32(_quantisation(tensor).scale)
    bad = np.argwhere(~(np.abs(steps) < 2**31))
    if bad.size:
        at = tuple(int(place) for place in bad[0])
        raise UsageError(
            "U002",
            f"the model cannot quantise the value {real[at]} at {list(at)}",
            where=str(path),
            details=(f"{describe_quantisation(tensor)}: what is left must fit 32 bits",),
            hint="give finite real values, as the model was trained with",
        )


def _quantise(real: NDArray[np.float32], tensor: Tensor, path: Path) -> Integers:
    """TFLite ``AffineQuantize``: divides in float32, rounds half away from zero, clamps."""
    if not np.isfinite(real).all():
        raise UsageError("U002", "the array holds values that are not finite", where=str(path))
    quant = tensor.qparams
    scaled = (real / np.float32(quant.scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)
    clamped: Integers = np.clip(rounded + quant.zero_point, *integer_range(tensor)).astype(np.int64)
    return clamped


def picture_input(
    name: str, pixels: NDArray[np.uint8], tensor: Tensor, prepare: Preparation = AS_IT_COMES
) -> Input:
    """What ``load_input`` gives for a file with this picture, (height, width[, channels]).

    Raises UsageError U002 when it does not suit the model.
    """
    from mcugen.pictures import fit_pixels  # Pillow is slow to import

    rule = _pixel_rule(tensor, name, prepare)
    fitted = fit_pixels(pixels, tensor.shape, name, crop=prepare.crop)
    return _from_pixels(name, *fitted, rule, tensor)


def _from_picture(path: Path, tensor: Tensor, prepare: Preparation) -> Input:
    from mcugen.pictures import load_picture

    rule = _pixel_rule(tensor, str(path), prepare)
    loaded = load_picture(path, tensor.shape, crop=prepare.crop)
    return _from_pixels(path.name, *loaded, rule, tensor)


def _pixel_rule(tensor: Tensor, where: str, prepare: Preparation) -> PixelRule:
    if prepare.mean or prepare.deviation:
        mean, deviation = prepare.mean or (0.0,), prepare.deviation or (1.0,)
        return normalised(mean, deviation, shape=tensor.shape, where=where)
    return pixel_rule(tensor.quant, *integer_range(tensor), shape=tensor.shape, where=where)


def _from_pixels(
    name: str, pixels: NDArray[np.uint8], words: str, rule: PixelRule, tensor: Tensor
) -> Input:
    if tensor.dtype is DType.FLOAT32:
        data = rule.real(pixels).astype(tensor.dtype.numpy).tobytes()
        return Input(name, data, f"{words}, {rule.words}, as float32")
    integers = rule.quantise(pixels, tensor.qparams, *integer_range(tensor))
    note = f"{words}, {rule.words}, {describe_quantisation(tensor)}"
    return Input(name, _encode(integers, tensor), note)


def describe_quantisation(tensor: Tensor) -> str:
    quant = tensor.qparams
    return f"quantised with scale {quant.scale:.6g}, zero point {quant.zero_point}"


def _quantisation(tensor: Tensor) -> Quant:
    return tensor.quant or _UNKNOWN_RANGE


def _encode(integers: Integers, tensor: Tensor) -> bytes:
    """Integers as the input holds them; for a float32 input, the real values they stand for, as
    far as float32 has them."""
    if tensor.dtype is not DType.FLOAT32:
        return integers.astype(tensor.dtype.numpy).tobytes()
    quant = _quantisation(tensor)
    largest = np.finfo(np.float32).max
    with np.errstate(over="ignore"):
        real = (integers - quant.zero_point).astype(np.float32) * np.float32(quant.scale)
    return np.clip(real, -largest, largest).astype(tensor.dtype.numpy).tobytes()
