"""Train and export the committed test model: a Keras MobileNetV1 0.25, 128x128x3, int8.

TensorFlow is not a dependency of mcugen. Only someone who wants to remake the files next to this
script needs it. It takes about ten minutes on one core of a desktop machine:

    apt-get install dataset-fashion-mnist            # Debian; the four Fashion-MNIST files, MIT
    python3.11 -m venv /tmp/tfvenv
    /tmp/tfvenv/bin/pip install tensorflow-cpu==2.15.1
    /tmp/tfvenv/bin/python tests/models/make_keras_mobilenet.py

`--limit 20000 --out /tmp/try` trains on a third of the pictures: a quicker check of the script.

The seed is fixed and TensorFlow's deterministic kernels are on, so a run can be repeated on one
machine; another CPU may round differently in training and give a different, equally good model.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

SEED = 20
SIDE = 128
BATCH = 64
CALIBRATION_PICTURES = 200
INT8_TEST_PICTURES = 1000
MODEL_NAME = "keras_mobilenet_v1_025_128.tflite"
PICTURE_NAME = "sneaker_128.png"
LABELS_NAME = "fashion_labels.txt"
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
STAGES = (Stage(side=64, epochs=3, rate=3e-3), Stage(side=SIDE, epochs=1, rate=1e-3))


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


def normalise(pixels: tf.Tensor) -> tf.Tensor:
    """Pixel values 0..255 to the network's input range -1..1."""
    return pixels / 127.5 - 1.0


def batches(split: Split, side: int, *, shuffle: bool) -> tf.data.Dataset:
    dataset = tf.data.Dataset.from_tensor_slices((split.pictures, split.classes))
    if shuffle:
        dataset = dataset.shuffle(len(split.classes), seed=SEED)
    dataset = dataset.batch(BATCH, drop_remainder=shuffle)
    dataset = dataset.map(lambda pictures, classes: (normalise(enlarge(pictures, side)), classes))
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    return dataset.with_options(options)


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
    model.fit(batches(train, stage.side, shuffle=True), epochs=stage.epochs, verbose=2)


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
        yield [normalise(enlarge(picture[np.newaxis], SIDE))]


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


def predict(interpreter: tf.lite.Interpreter, pixels: Bytes) -> int:
    """Class number the int8 model gives one RGB picture (side, side, 3)."""
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], to_int8(pixels)[np.newaxis])
    interpreter.invoke()
    return int(np.argmax(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])))


def predict_all(interpreter: tf.lite.Interpreter, split: Split) -> npt.NDArray[np.int64]:
    pictures = (enlarge(picture[np.newaxis], SIDE)[0] for picture in split.pictures)
    return np.array([predict(interpreter, p.numpy().astype(np.uint8)) for p in pictures])


def float_accuracy(model: tf.keras.Model, split: Split) -> float:
    _, accuracy = model.evaluate(batches(split, SIDE, shuffle=False), verbose=0)
    return float(accuracy)


def first_correct(label: str, predicted: npt.NDArray[np.int64], split: Split) -> int:
    """Index of the first picture of this label that is predicted right, or ValueError."""
    wanted = LABELS.index(label)
    found = np.flatnonzero((split.classes == wanted) & (predicted == wanted))
    if not len(found):
        raise ValueError(f"no {label} is predicted right: train on more pictures")
    return int(found[0])


def encode_png(picture: Bytes) -> bytes:
    pixels = tf.cast(enlarge(picture[np.newaxis], SIDE)[0], tf.uint8)
    return bytes(tf.io.encode_png(pixels).numpy())


def set_up_tensorflow() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(SEED)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train and export the Keras MobileNet test model.")
    data = Path("/usr/share/datasets/fashion-mnist")
    parser.add_argument("--data", type=Path, default=data, help="folder of the Fashion-MNIST files")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write")
    parser.add_argument("--limit", type=int, help="use only the first LIMIT pictures of each split")
    return parser.parse_args()


def export(model: tf.keras.Model, train: Split, sample: Split, out: Path) -> None:
    """Write the model, labels and picture to `out`; print what they are and how good they are."""
    flatbuffer = convert(model, train)
    interpreter = open_interpreter(flatbuffer)
    operators = describe_operators(interpreter)
    check_operators([name for name, _, _ in operators])
    check_input_quantisation(interpreter)
    predicted = predict_all(interpreter, sample)
    chosen = first_correct("Sneaker", predicted, sample)

    out.mkdir(parents=True, exist_ok=True)
    (out / MODEL_NAME).write_bytes(flatbuffer)
    (out / LABELS_NAME).write_text("\n".join(LABELS) + "\n")
    (out / PICTURE_NAME).write_bytes(encode_png(sample.pictures[chosen]))

    for number, (name, source, result) in enumerate(operators):
        print(f"{number:3} {name:18} {source:>12} -> {result}")
    print(f"{MODEL_NAME}: {len(flatbuffer)} bytes, {hashlib.sha256(flatbuffer).hexdigest()}")
    print(f"{PICTURE_NAME}: test picture {chosen}")
    print(f"int8 accuracy, first {len(predicted)}: {np.mean(predicted == sample.classes):.4f}")


def main() -> None:
    arguments = parse_arguments()
    set_up_tensorflow()
    train = read_split(arguments.data, "train", arguments.limit)
    test = read_split(arguments.data, "t10k", arguments.limit)
    sample = Split(test.pictures[:INT8_TEST_PICTURES], test.classes[:INT8_TEST_PICTURES])

    model = train_model(train)
    export(model, train, sample, arguments.out)
    for split in (sample, test):
        print(f"float accuracy, first {len(split.classes)}: {float_accuracy(model, split):.4f}")


if __name__ == "__main__":
    main()
