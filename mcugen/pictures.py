"""Pictures as a model's input: decoded, and resized to it."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mcugen.errors import UsageError
from mcugen.ir import Shape

_FORMATS = ("PNG", "JPEG", "BMP")
_EIGHT_BIT_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
_MODES = {1: "L", 3: "RGB"}
_WORDS = {"L": "grey", "RGB": "RGB"}

_THUMBNAIL = 64
"""Pixels of a thumbnail's longer side, at most."""

_MOST_PIXELS = 25_000_000
"""They take up to four bytes each, and turning a picture upright takes as many again."""


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


def thumbnail(picture: Path | NDArray[np.uint8]) -> bytes:
    """A picture, a file or pixels as ``fit_pixels`` takes them, as a small PNG file.

    Raises UsageError U001 or U002 for a file that is no picture, as ``load_picture``.
    """
    if isinstance(picture, Path):
        small = _decode(picture, "RGB")
    else:
        flat = picture[:, :, 0] if picture.shape[2:] == (1,) else picture
        small = Image.fromarray(flat).convert("RGB")
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    content = io.BytesIO()
    small.save(content, "PNG", optimize=True)
    return content.getvalue()


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
