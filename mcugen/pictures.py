"""Pictures as a model's input: decoded, resized, and mapped from pixels to the input's integers.

A model says what its pixels are through its input's quantisation: the real values that the input
can hold are about [-1, 1], [0, 1] or [0, 255]. Any other range is not guessed at.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mcugen.errors import UsageError
from mcugen.ir import Quant, Shape

_FORMATS = ("PNG", "JPEG", "BMP")
_EIGHT_BIT_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
_MODES = {1: "L", 3: "RGB"}
_WORDS = {"L": "grey", "RGB": "RGB"}

_MOST_PIXELS = 25_000_000
"""They take up to four bytes each, and turning a picture upright takes as many again."""

_RANGE_TOLERANCE = 0.05
"""How far either end may lie from a rule's range, as a part of that range."""

_TIE_TOLERANCE = 1e-4
"""Steps. Covers the float32 rounding of a scale such as 1/127.5."""


@dataclass(frozen=True)
class PixelRule:
    """Pixels 0..255 stand for the real values ``low`` to ``high``, linearly: the same in every
    channel, or a pair of its own for each."""

    words: str
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]

    def real(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """``pixels`` have the channels last."""
        low, high = np.asarray(self.low), np.asarray(self.high)
        values: NDArray[np.float64] = low + pixels.astype(np.float64) * ((high - low) / 255)
        return values

    def quantise(
        self, pixels: NDArray[np.uint8], quant: Quant, smallest: int, largest: int
    ) -> NDArray[np.int64]:
        """The nearest integers; ties go up.

        With scale 1/127.5 every pixel is a tie. Rounding it up is what maps the 256 pixel values to
        the 256 integers one to one, as training pipelines and other runners do (pixel - 128).
        """
        steps = np.floor(self.real(pixels) / quant.scale + 0.5 + _TIE_TOLERANCE)
        integers: NDArray[np.float64] = np.clip(steps + quant.zero_point, smallest, largest)
        return integers.astype(np.int64)


_RULES = (
    PixelRule("pixel/127.5 - 1", -1.0, 1.0),
    PixelRule("pixel/255", 0.0, 1.0),
    PixelRule("pixel", 0.0, 255.0),
)


def _suits(rule: PixelRule, low: float, high: float) -> bool:
    """Whether an input that holds the real values ``low`` to ``high`` asks for one of the rules."""
    first, last = np.asarray(rule.low), np.asarray(rule.high)
    slack = _RANGE_TOLERANCE * (last - first)
    return bool(abs(low - first) <= slack and abs(high - last) <= slack)


def normalised(
    mean: tuple[float, ...], deviation: tuple[float, ...], *, shape: Shape, where: str
) -> PixelRule:
    """(pixel/255 - mean) / deviation, one number for all channels of ``shape`` or one for each.

    Raises UsageError U006 for another number of them, or a deviation that is not positive.
    """
    channels = shape[-1] if shape else 1
    if not {len(mean), len(deviation)} <= {1, channels} or min(deviation) <= 0:
        raise UsageError(
            "U006",
            f"mean and standard deviation must be 1 or {channels} numbers, deviations above 0",
            where=where,
            hint="such as `--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225`",
        )
    means, deviations = np.broadcast_arrays(np.array(mean), np.array(deviation))
    shown = [",".join(f"{value:g}" for value in values) for values in (mean, deviation)]
    return PixelRule(
        f"(pixel/255 - {shown[0]}) / {shown[1]}",
        tuple(((0 - means) / deviations).tolist()),
        tuple(((1 - means) / deviations).tolist()),
    )


def pixel_rule(
    quant: Quant | None, smallest: int, largest: int, *, shape: Shape, where: str
) -> PixelRule:
    """The rule that the input's quantisation implies. Raises UsageError U002 where none does.

    ``where`` names the picture in an error.
    """
    hint = f"give the input as a .npy file of shape {list(shape)}"
    if quant is None:
        raise UsageError(
            "U002",
            "the model does not say what real values its pixels stand for",
            where=where,
            hint=hint,
        )
    low = quant.scale * (smallest - quant.zero_point)
    high = quant.scale * (largest - quant.zero_point)
    for rule in _RULES:
        if _suits(rule, low, high):
            return rule
    raise UsageError(
        "U002",
        f"the model's input holds {low:.4g} to {high:.4g}: how pixels map to that is not known",
        where=where,
        details=("known are about -1 to 1, 0 to 1 and 0 to 255",),
        hint=f"{hint}, or to `eval` what it was trained with: `--mean`, `--std`",
    )


def load_picture(path: Path, shape: Shape, *, crop: bool) -> tuple[NDArray[np.uint8], str]:
    """Pixels in ``shape`` (1, height, width, 1 or 3), and in words what was done to get them.

    A picture of other proportions loses its edges with ``crop``, or else is squashed. Raises
    UsageError U001 for a damaged or oversized file, U002 when the model takes no picture.
    """
    return _fitted(_decode(path, _mode(shape, str(path))), shape, crop=crop)


def fit_pixels(
    pixels: NDArray[np.uint8], shape: Shape, where: str, *, crop: bool
) -> tuple[NDArray[np.uint8], str]:
    """What ``load_picture`` gives for these pixels in a file; ``where`` names them in an error.

    ``pixels`` are (height, width) or (height, width, 1, 3 or 4): grey, RGB, RGBA. Raises UsageError
    U002 when the model takes no picture.
    """
    flat = pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels
    return _fitted(Image.fromarray(flat).convert(_mode(shape, where)), shape, crop=crop)


def _mode(shape: Shape, where: str) -> str:
    """Pillow's mode of a picture in ``shape``. Raises UsageError U002 where there is none."""
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in _MODES:
        raise UsageError(
            "U002",
            f"the model's input has shape {list(shape)}, which is not a grey or RGB picture",
            where=where,
            hint="give the input as a .npy file"
            + (", or export the model with channels last" if shape[1:2] in ((1,), (3,)) else ""),
        )
    return _MODES[shape[3]]


def _fitted(picture: Image.Image, shape: Shape, *, crop: bool) -> tuple[NDArray[np.uint8], str]:
    height, width = shape[1:3]
    note = f"{picture.width}x{picture.height} {_WORDS[picture.mode]}"
    if crop and picture.width * height != picture.height * width:
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR)
        note += f" cropped to {width}x{height}"
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        note += f" resized to {width}x{height}"
    return np.asarray(picture, np.uint8).reshape(shape), note


def _decode(path: Path, mode: str) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata that does not matter here
        try:
            with Image.open(path, formats=_FORMATS) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    raise Image.DecompressionBombError
                if picture.mode in _EIGHT_BIT_MODES:
                    return ImageOps.exif_transpose(picture).convert(mode)
                found = picture.mode
        except Image.DecompressionBombError:
            raise UsageError(
                "U001",
                f"`{path}` has too many pixels to be a picture for this model",
                details=(f"{_MOST_PIXELS:,} are the most",),
                hint="shrink it first",
            ) from None
        except UnidentifiedImageError:
            raise UsageError(
                "U001", f"`{path}` is neither a .npy file nor a PNG, JPEG or BMP picture"
            ) from None
        except Exception as error:  # Pillow's decoders raise almost anything on damaged data
            raise UsageError(
                "U001", f"the picture `{path}` is damaged", details=(str(error).split("\n")[0],)
            ) from None
    raise UsageError(
        "U002",
        f"the picture has samples of more than 8 bits (mode {found})",
        where=str(path),
        hint="save it with 8 bits a channel",
    )
