"""Train, quantise and measure the example: MobileNetV1 0.25, 128x128x3, int8, on Fashion-MNIST.

TensorFlow is not a dependency of mcugen: only someone who wants to remake the files next to this
script needs it. It takes under an hour on two cores of a desktop machine:

    apt-get install dataset-fashion-mnist            # Debian; the four Fashion-MNIST files, MIT
    python3.11 -m venv /tmp/tfvenv
    /tmp/tfvenv/bin/pip install tensorflow-cpu==2.15.1 pillow
    /tmp/tfvenv/bin/python examples/fashion/train.py

`--limit 2000 --out /tmp/try` uses only a few pictures: a quick check of the script.

The seed is fixed and TensorFlow's deterministic kernels are on, so a run can be repeated on one
machine; another CPU may round differently in training and give a different, equally good model.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

SEED = 20
SIDE = 128
BATCH = 64
CORES = 2
LARGEST_SHIFT = 2  # pixels of 28
CALIBRATION_PICTURES = 500
MODEL_NAME = "fashion_mobilenet_v1_025_128.tflite"
PICTURE_NAME = "sneaker.png"
LABELS_NAME = "labels.txt"
FIGURES_NAME = "figures.json"
LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
# The classifier head mcugen has to read: a flatten hidden behind a shape computed at run time.
REQUIRED_TAIL = (
    "MEAN",
    "SHAPE",
    "STRIDED_SLICE",
    "PACK",
    "RESHAPE",
    "CONV_2D",
    "RESHAPE",
    "SOFTMAX",
)
REQUIRED_BODY = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "PAD"})

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Split:
    """Pictures (N, 28, 28) grey and their class numbers (N,)."""

    pictures: Bytes
    classes: Bytes


@dataclass(frozen=True)
class Stage:
    """One training pass: picture side in pixels, epochs, rate the cosine decay starts from."""

    side: int
    epochs: int
    rate: float


# Small pictures first: a 64-pixel epoch costs a quarter of a 128-pixel one, and the weights carry
# over because the network is fully convolutional up to the global pooling.
STAGES = (Stage(side=64, epochs=12, rate=3e-3), Stage(side=SIDE, epochs=4, rate=1e-3))


def read_idx(path: Path) -> Bytes:
    """Read a gzipped IDX file of unsigned bytes (format: yann.lecun.com/exdb/mnist)."""
    raw = gzip.decompress(path.read_bytes())
    rank = raw[3]
    shape = np.frombuffer(raw, ">u4", count=rank, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_split(folder: Path, prefix: str, limit: int | None) -> Split:
    return Split(
        pictures=read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")[:limit],
        classes=read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")[:limit],
    )


def enlarge(pictures: tf.Tensor, side: int) -> tf.Tensor:
    """Grey (N, 28, 28) to RGB (N, side, side, 3) float32 that holds whole pixel values 0..255."""
    enlarged = tf.image.resize(pictures[..., tf.newaxis], (side, side), method="bilinear")
    return tf.image.grayscale_to_rgb(tf.round(enlarged))


def prepare(picture: Bytes) -> Bytes:
    """One grey picture (28, 28) to RGB (SIDE, SIDE, 3), pixel for pixel as `mcugen` does it.

    Pillow rounds between its two passes, so some pixels differ by one from `enlarge`. What is
    measured is measured on these.
    """
    enlarged = Image.fromarray(picture).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
    return np.asarray(enlarged, np.uint8)


def vary(pictures: tf.Tensor) -> tf.Tensor:
    """Grey (N, 28, 28), each shifted by up to LARGEST_SHIFT pixels and flipped half of the time."""
    pictures = tf.image.random_flip_left_right(pictures[..., tf.newaxis], seed=SEED)
    side = pictures.shape[1]
    padded = tf.image.pad_to_bounding_box(
        pictures, LARGEST_SHIFT, LARGEST_SHIFT, side + 2 * LARGEST_SHIFT, side + 2 * LARGEST_SHIFT
    )
    shifted = tf.map_fn(
        lambda picture: tf.image.random_crop(picture, (side, side, 1), seed=SEED), padded
    )
    return shifted[..., 0]


def normalise(pixels: tf.Tensor) -> tf.Tensor:
    """Pixel values 0..255 to the network's input range -1..1."""
    return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def training_batches(split: Split, side: int) -> tf.data.Dataset:
    dataset = tf.data.Dataset.from_tensor_slices((split.pictures, split.classes))
    dataset = dataset.shuffle(len(split.classes), seed=SEED).batch(BATCH, drop_remainder=True)
    dataset = dataset.map(
        lambda pictures, classes: (normalise(enlarge(vary(pictures), side)), classes)
    )
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    return dataset.with_options(options).prefetch(1)


def build_model(side: int) -> tf.keras.Model:
    """Stock Keras MobileNet with a plain head: pool, Reshape((1, 1, 256)), 1x1 convolution."""
    layers = tf.keras.layers
    base = tf.keras.applications.MobileNet(
        input_shape=(side, side, 3), alpha=0.25, include_top=False, weights=None
    )
    x = layers.GlobalAveragePooling2D(name="pool")(base.output)
    x = layers.Reshape((1, 1, x.shape[-1]), name="as_picture")(x)
    x = layers.Conv2D(len(LABELS), kernel_size=1, name="logits")(x)
    x = layers.Flatten(name="flatten")(x)
    return tf.keras.Model(base.input, layers.Softmax(name="probabilities")(x))


def train_stage(model: tf.keras.Model, stage: Stage, train: Split) -> None:
    steps = stage.epochs * (len(train.classes) // BATCH)
    rate = tf.keras.optimizers.schedules.CosineDecay(stage.rate, decay_steps=steps)
    compile_model(model, tf.keras.optimizers.Adam(rate))
    model.fit(training_batches(train, stage.side), epochs=stage.epochs, verbose=2)


def compile_model(model: tf.keras.Model, optimizer: tf.keras.optimizers.Optimizer) -> None:
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])


def train_model(train: Split) -> tf.keras.Model:
    model = build_model(STAGES[0].side)
    for stage in STAGES:
        weights = model.get_weights()
        model = build_model(stage.side)
        model.set_weights(weights)
        train_stage(model, stage, train)
    return model


def calibration_inputs(train: Split) -> Iterator[list[tf.Tensor]]:
    for picture in train.pictures[:CALIBRATION_PICTURES]:
        yield [normalise(prepare(picture)[np.newaxis])]


def convert(model: tf.keras.Model, train: Split) -> bytes:
    """Full int8 conversion. The batch stays unspecified: that is what brings SHAPE and PACK in."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: calibration_inputs(train)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def open_interpreter(flatbuffer: bytes) -> tf.lite.Interpreter:
    interpreter = tf.lite.Interpreter(
        model_content=flatbuffer,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    return interpreter


def describe_operators(interpreter: tf.lite.Interpreter) -> list[tuple[str, str, str]]:
    """Every operator in file order: name, shape of its first input, shape of its first output."""
    tensors = interpreter.get_tensor_details()
    shapes = {t["index"]: "x".join(map(str, t["shape"])) or "scalar" for t in tensors}
    return [
        (op["op_name"], shapes[op["inputs"][0]], shapes[op["outputs"][0]])
        for op in interpreter._get_ops_details()  # the public API has no list of operators
        if op["op_name"] != "DELEGATE"
    ]


def check_operators(names: list[str]) -> None:
    """Raise ValueError unless the converter kept the operators this model exists for."""
    missing = REQUIRED_BODY - set(names)
    tail = tuple(names[-len(REQUIRED_TAIL) :])
    if missing or tail != REQUIRED_TAIL:
        raise ValueError(f"operators missing: {sorted(missing)}; the file ends in {tail}")


def to_int8(pixels: Bytes) -> npt.NDArray[np.int8]:
    """Pixel values to the model's input: pixel - 128.

    The input's scale is 1/127.5 and its zero point -1, so pixel/127.5 - 1 falls at pixel - 128.5,
    halfway between two integers; taking the upper one uses all of -128..127 and needs no float.
    """
    return (pixels.astype(np.int16) - 128).astype(np.int8)


def check_input_quantisation(interpreter: tf.lite.Interpreter) -> None:
    """Raise ValueError unless `to_int8` is the right way to fill this model's input."""
    scale, zero_point = interpreter.get_input_details()[0]["quantization"]
    if not np.isclose(scale, 1 / 127.5, rtol=1e-5) or zero_point != -1:
        raise ValueError(f"input scale {scale}, zero point {zero_point}: not 1/127.5 and -1")


def predict(flatbuffer: bytes, pictures: Iterable[Bytes]) -> list[int]:
    """Classes that the int8 model gives grey pictures (28, 28), by the reference kernels."""
    interpreter = open_interpreter(flatbuffer)
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    predicted = []
    for picture in pictures:
        interpreter.set_tensor(source, to_int8(prepare(picture))[np.newaxis])
        interpreter.invoke()
        predicted.append(int(np.argmax(interpreter.get_tensor(result))))
    return predicted


def predict_all(flatbuffer: bytes, pictures: Bytes) -> npt.NDArray[np.int64]:
    """`predict` on all cores; a fresh process each, because TensorFlow does not survive a fork."""
    parts = np.array_split(pictures, CORES)
    with ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn")) as pool:
        predicted = list(pool.map(predict, [flatbuffer] * CORES, parts))
    return np.concatenate([np.array(part) for part in predicted])


def float_accuracy(model: tf.keras.Model, split: Split) -> float:
    right = 0
    for start in range(0, len(split.classes), BATCH):
        chosen = slice(start, start + BATCH)
        pixels = np.stack([prepare(picture) for picture in split.pictures[chosen]])
        probabilities = model(normalise(pixels), training=False)
        right += int(np.sum(np.argmax(probabilities, axis=1) == split.classes[chosen]))
    return right / len(split.classes)


def first_of(label: str, split: Split) -> int:
    """Index of the first picture of this label."""
    return int(np.flatnonzero(split.classes == LABELS.index(label))[0])


def set_up_tensorflow() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(CORES)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(SEED)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train, quantise and measure the example.")
    data = Path("/usr/share/datasets/fashion-mnist")
    parser.add_argument("--data", type=Path, default=data, help="folder of the Fashion-MNIST files")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write")
    parser.add_argument("--limit", type=int, help="use only the first LIMIT pictures of each split")
    return parser.parse_args()


def export(flatbuffer: bytes, picture: Bytes, figures: dict[str, object], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / MODEL_NAME).write_bytes(flatbuffer)
    (out / LABELS_NAME).write_text("\n".join(LABELS) + "\n")
    Image.fromarray(prepare(picture)).save(out / PICTURE_NAME)
    (out / FIGURES_NAME).write_text(json.dumps(figures, indent=2) + "\n")


def main() -> None:
    arguments = parse_arguments()
    set_up_tensorflow()
    train = read_split(arguments.data, "train", arguments.limit)
    test = read_split(arguments.data, "t10k", arguments.limit)

    model = train_model(train)
    flatbuffer = convert(model, train)
    interpreter = open_interpreter(flatbuffer)
    operators = describe_operators(interpreter)
    check_operators([name for name, _, _ in operators])
    check_input_quantisation(interpreter)
    for number, (name, source, result) in enumerate(operators):
        print(f"{number:3} {name:18} {source:>12} -> {result}")

    predicted = predict_all(flatbuffer, test.pictures)
    figures = {
        "model": MODEL_NAME,
        "sha256": hashlib.sha256(flatbuffer).hexdigest(),
        "bytes": len(flatbuffer),
        "tensorflow": tf.__version__,
        "seed": SEED,
        "test_pictures": len(test.classes),
        "float_accuracy": float_accuracy(model, test),
        "int8_accuracy": int(np.sum(predicted == test.classes)) / len(test.classes),
    }
    chosen = first_of("Sneaker", test)
    export(flatbuffer, test.pictures[chosen], figures, arguments.out)
    print(f"{PICTURE_NAME}: test picture {chosen}")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
