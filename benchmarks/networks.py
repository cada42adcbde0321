"""Writes networks with random weights as .tflite files, for what needs shapes and not answers.

python -m benchmarks.networks mobilenet_v1 0.25 224 mobilenet_v1_0.25_224.tflite
python -m benchmarks.networks mobilenet_v2 0.35 96 mobilenet_v2_0.35_96.tflite
python -m benchmarks.networks resnet_8 1 32 resnet_8.tflite
python -m benchmarks.networks ds_cnn 1 49 ds_cnn.tflite
python -m benchmarks.networks autoencoder 1 640 autoencoder.tflite
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from mcugen.ir import Graph
from mcugen.tflite import write_model
from tests.paper_networks import mobilenet_v1
from tests.residual_networks import mobilenet_v2, resnet_8
from tests.tiny_networks import autoencoder, ds_cnn

NETWORKS: Mapping[str, Callable[[str, int, int], Graph]] = {
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": lambda width, side, _classes: mobilenet_v2(float(width), side),
    "resnet_8": lambda _width, side, _classes: resnet_8(side),
    "ds_cnn": lambda *_: ds_cnn(),
    "autoencoder": lambda *_: autoencoder(),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("width", help="channels, as a share of the paper's")
    parser.add_argument("side", type=int, help="rows and columns of the picture")
    parser.add_argument("--classes", type=int, default=1000, help="of mobilenet_v1")
    parser.add_argument("output", type=Path)
    asked = parser.parse_args()
    graph = NETWORKS[asked.network](asked.width, asked.side, asked.classes)
    asked.output.write_bytes(write_model(graph))


if __name__ == "__main__":
    main()
