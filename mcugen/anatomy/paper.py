"""MobileNetV1 as Howard et al. describe it (arXiv 1704.04861), and the figures that they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from mcugen.anatomy.layers import Kind, Layer
from mcugen.anatomy.separable import Pair

CLASSES = 1000
"""What the paper's ImageNet networks tell apart."""

TABLE_2: Mapping[Kind, tuple[float, float]] = {
    Kind.POINTWISE: (94.86, 74.59),
    Kind.DEPTHWISE: (3.06, 1.06),
    Kind.STANDARD: (1.19, 0.02),
    Kind.DENSE: (0.18, 24.33),
}
"""Percent of multiply-adds and of parameters in 1.0 MobileNet-224.

Parameters are weights only: with biases the shares would come out otherwise. The multiply-adds add
up to 99.29: the network's own 10,838,016 of 568,740,352 for the standard convolution are 1.91 %, so
1.19 has its digits exchanged.
"""


@dataclass(frozen=True)
class Figures:
    """Millions of multiply-adds and of parameters, and the table of the paper that has them."""

    macs: int
    parameters: float
    table: str


_OTHER_CLASSIFIER = "Table 12: face attributes, another classifier"

FIGURES: Mapping[tuple[Fraction, int], Figures] = {
    (Fraction(width), resolution): Figures(macs, parameters, table)
    for width, resolution, macs, parameters, table in (
        ("1", 224, 569, 4.2, "Table 6"),
        ("0.75", 224, 325, 2.6, "Table 6"),
        ("0.5", 224, 149, 1.3, "Table 6"),
        ("0.25", 224, 41, 0.5, "Table 6"),
        ("1", 192, 418, 4.2, "Table 7"),
        ("1", 160, 290, 4.2, "Table 7"),
        ("1", 128, 186, 4.2, "Table 7"),
        ("0.5", 160, 76, 1.32, "Table 9"),
        ("0.75", 192, 239, 1.9, "Table 10: Stanford Dogs, another classifier"),
        ("0.5", 128, 48, 0.8, _OTHER_CLASSIFIER),
        ("0.25", 128, 15, 0.2, _OTHER_CLASSIFIER),
    )
}
"""By width multiplier and resolution, those for ImageNet first."""

_FIRST_UNITS = 32
_LADDER = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
"""Units of the pointwise convolutions at width 1 (Table 1)."""

_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
"""Of the depthwise convolutions. Table 1 says 2 for the last one too, but its sizes need 1."""


@dataclass(frozen=True)
class MobileNet:
    """Which MobileNetV1 a model is. ``macs`` and ``weights`` are what it would have with the
    paper's 1000 classes in place of its own."""

    width: Fraction
    resolution: int
    classes: int
    macs: int
    weights: int

    @property
    def paper(self) -> Figures | None:
        """What the paper gives for this width and resolution."""
        return FIGURES.get((self.width, self.resolution))


def recognise(layers: tuple[Layer, ...], pairs: tuple[Pair, ...]) -> MobileNet | None:
    """The MobileNetV1 that the layers make up, known by its structure; None for anything else.

    A 3x3 convolution, the 13 separable pairs of Table 1 and a classifier; square pictures of any
    size and number of channels, any number of classes, and every width at which the numbers of
    units come out even.
    """
    weighted = [layer for layer in layers if layer.kind in TABLE_2]
    if len(weighted) != 2 * len(_LADDER) + 2 or len(pairs) != len(_LADDER):
        return None
    first, last = weighted[0], weighted[-1]
    if not (_is_first(first) and last.kind is Kind.DENSE):
        return None
    width = Fraction(first.output[3], _FIRST_UNITS)
    if not all(map(_is_pair, pairs, _LADDER, _STRIDES, [width] * len(pairs))):
        return None
    depth = pairs[-1].units
    classes, rest = divmod(last.weights, depth)
    if rest or last.macs != last.weights:
        return None
    more = depth * (CLASSES - classes)
    return MobileNet(
        width,
        first.inputs[0][1],
        classes,
        sum(layer.macs for layer in weighted) + more,
        sum(layer.weights for layer in weighted) + more,
    )


def _is_first(layer: Layer) -> bool:
    if layer.kind is not Kind.STANDARD or len(layer.inputs) != 1:
        return False
    _, height, width, _ = layer.inputs[0]
    return height == width and (layer.kernel, layer.stride) == ((3, 3), (2, 2))


def _is_pair(pair: Pair, units: int, stride: int, width: Fraction) -> bool:
    return (
        pair.units == units * width
        and pair.multiplier == 1
        and (pair.kernel, pair.depthwise.stride) == ((3, 3), (stride, stride))
        and pair.pointwise.stride == (1, 1)
    )
