"""Default inputs, arrays and pictures as bytes of the input tensor."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mcugen.errors import UsageError
from mcugen.inputs import default_inputs, load_input, model_input
from mcugen.ir import DType, Graph, Op, Quant, Tensor

ON_127_5 = 0.007843137718737125
"""1/127.5 as float32, as real models have it."""

MODELS = Path(__file__).parents[3] / "shared" / "models"


def tensor(
    shape: tuple[int, ...] = (1, 4, 5, 3),
    dtype: DType = DType.INT8,
    scale: float = ON_127_5,
    zero_point: int = -1,
) -> Tensor:
    return Tensor(0, "input", shape, dtype, Quant((scale,), (zero_point,)))


def values(data: bytes, of: Tensor) -> NDArray[Any]:
    return np.frombuffer(data, of.dtype.numpy).reshape(of.shape)


def save(path: Path, array: NDArray[Any]) -> Path:
    np.save(path, array)
    return path


def save_picture(path: Path, pixels: NDArray[np.uint8]) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def all_pixels(channels: int) -> NDArray[np.uint8]:
    """A 16x16 picture in which every channel takes every value."""
    plane = np.arange(256, dtype=np.uint8).reshape(16, 16)
    return plane if channels == 1 else np.stack([plane, plane[::-1], plane.T], axis=-1)


class TestDefaults:
    def test_the_eight_kinds(self) -> None:
        inputs = default_inputs(tensor((1, 8, 8, 2)), seed=0, count=8)
        assert [one.name for one in inputs] == [
            "minimum",
            "maximum",
            "zero point",
            "rising",
            "falling",
            "checkerboard",
            "random 1",
            "smooth 1",
        ]
        arrays = [values(one.data, tensor((1, 8, 8, 2))) for one in inputs]
        assert [set(array.flat) for array in arrays[:3]] == [{-128}, {127}, {-1}]
        assert (np.diff(arrays[3].ravel().astype(int)) >= 0).all()
        assert (arrays[3].min(), arrays[3].max()) == (-128, 127)
        assert (arrays[4].astype(int) + arrays[3] == -1).all()
        assert set(arrays[5].flat) == {-128, 127}
        assert (np.abs(np.diff(arrays[5].astype(int), axis=1)) == 255).all()
        assert (np.abs(np.diff(arrays[5].astype(int), axis=2)) == 255).all()

    def test_random_inputs_reach_both_extremes(self) -> None:
        of = tensor((1, 64, 64, 3))
        random = values(default_inputs(of, 0, 8)[6].data, of)
        assert (random.min(), random.max()) == (-128, 127)

    def test_smooth_inputs_have_like_neighbours(self) -> None:
        of = tensor((1, 64, 64, 3))
        smooth = values(default_inputs(of, 0, 8)[7].data, of).astype(int)
        assert np.abs(np.diff(smooth, axis=1)).max() < 20
        assert smooth.max() - smooth.min() > 100

    def test_the_first_ones_do_not_depend_on_the_count(self) -> None:
        assert default_inputs(tensor(), 3, 13)[:8] == default_inputs(tensor(), 3, 8)
        assert len(default_inputs(tensor(), 3, 13)) == 13

    def test_the_seed_changes_the_random_ones_only(self) -> None:
        a, b = default_inputs(tensor(), 1, 8), default_inputs(tensor(), 2, 8)
        assert [x.data == y.data for x, y in zip(a, b, strict=True)] == [True] * 6 + [False] * 2
        assert default_inputs(tensor(), 1, 8) == a

    def test_random_ones_differ_among_themselves(self) -> None:
        inputs = default_inputs(tensor(), 0, 14)
        assert len({one.data for one in inputs[6:]}) == 8

    @pytest.mark.parametrize("shape", [(1, 10), (1, 1), (7,), (1, 1, 1, 1), (1, 490)])
    def test_any_shape(self, shape: tuple[int, ...]) -> None:
        of = tensor(shape)
        assert {len(one.data) for one in default_inputs(of, 0, 9)} == {of.nbytes}

    def test_uint8(self) -> None:
        of = tensor(dtype=DType.UINT8, scale=1 / 255, zero_point=3)
        inputs = default_inputs(of, 0, 3)
        assert [set(values(one.data, of).flat) for one in inputs] == [{0}, {255}, {3}]

    def test_float32_holds_what_the_integers_stand_for(self) -> None:
        of, integer = tensor(dtype=DType.FLOAT32), tensor()
        for real, quantised in zip(
            default_inputs(of, 0, 8), default_inputs(integer, 0, 8), strict=True
        ):
            steps = np.rint(values(real.data, of).astype(float) / ON_127_5) - 1
            assert (steps == values(quantised.data, integer)).all()

    @pytest.mark.parametrize("scale", [1e-40, 1e-12, 1.0, 1e37, 3e38])
    def test_float32_stays_where_quantize_is_defined(self, scale: float) -> None:
        of = tensor(dtype=DType.FLOAT32, scale=float(np.float32(scale)), zero_point=127)
        for one in default_inputs(of, 0, 8):
            real = values(one.data, of)
            assert np.isfinite(real).all()
            assert (np.abs(real / np.float32(scale)) < 2**31).all()

    def test_no_inputs_are_refused(self) -> None:
        with pytest.raises(UsageError, match="U006"):
            default_inputs(tensor(), 0, 0)


class TestArrays:
    def test_int8_as_it_stands(self, tmp_path: Path) -> None:
        array = np.arange(-30, 30, dtype=np.int8).reshape(1, 4, 5, 3)
        one = load_input(save(tmp_path / "a.npy", array), tensor())
        assert (one.name, one.data) == ("a.npy", array.tobytes())
        assert one.note == "int8 [1, 4, 5, 3], as it stands"

    def test_fortran_order_and_missing_batch(self, tmp_path: Path) -> None:
        array = np.arange(-30, 30, dtype=np.int8).reshape(4, 5, 3)
        path = save(tmp_path / "a.npy", np.asfortranarray(array))
        assert load_input(path, tensor()).data == array.tobytes()

    def test_big_endian_float32(self, tmp_path: Path) -> None:
        array = np.linspace(-1, 1, 60, dtype=np.float32).reshape(1, 4, 5, 3)
        path = save(tmp_path / "a.npy", array.astype(">f4"))
        assert load_input(path, tensor(dtype=DType.FLOAT32)).data == array.tobytes()

    def test_float32_is_quantised_half_away_from_zero_and_clamped(self, tmp_path: Path) -> None:
        of = tensor((1, 6), scale=0.5, zero_point=10)
        array = np.array([[0.25, -0.25, 0.24, 1.0, 1000.0, -1000.0]], np.float32)
        one = load_input(save(tmp_path / "a.npy", array), of)
        assert values(one.data, of).tolist() == [[11, 9, 10, 12, 127, -128]]
        assert one.note == "float32 [1, 6], quantised with scale 0.5, zero point 10"

    def test_wrong_shape_names_both(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.npy", np.zeros((1, 3, 4, 5), np.int8))
        with pytest.raises(UsageError, match="U002") as caught:
            load_input(path, tensor())
        assert "[1, 3, 4, 5]" in caught.value.what
        assert "[1, 4, 5, 3]" in caught.value.what

    @pytest.mark.parametrize("name", ["uint8", "int32", "complex64", "bool", "U4"])
    def test_wrong_type(self, tmp_path: Path, name: str) -> None:
        path = save(tmp_path / "a.npy", np.zeros((1, 4, 5, 3), name))
        with pytest.raises(UsageError, match="U002"):
            load_input(path, tensor())

    def test_int8_for_a_float_model(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.npy", np.zeros((1, 4, 5, 3), np.int8))
        with pytest.raises(UsageError, match="U002"):
            load_input(path, tensor(dtype=DType.FLOAT32))

    def test_not_finite(self, tmp_path: Path) -> None:
        array = np.zeros((1, 4, 5, 3), np.float32)
        array[0, 1, 2, 0] = np.nan
        with pytest.raises(UsageError, match="U002"):
            load_input(save(tmp_path / "a.npy", array), tensor())

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2.0**31 * 0.5, -3e38])
    def test_a_float_that_quantize_is_undefined_for_is_named(
        self, tmp_path: Path, value: float
    ) -> None:
        array = np.zeros((1, 4, 5, 3), np.float32)
        array[0, 1, 2, 0] = value
        with pytest.raises(UsageError, match="U002") as caught:
            load_input(save(tmp_path / "a.npy", array), tensor(dtype=DType.FLOAT32, scale=0.5))
        assert f"the value {np.float32(value)} at [0, 1, 2, 0]" in caught.value.what
        assert caught.value.where.endswith("a.npy")

    def test_the_largest_float_that_quantize_is_defined_for(self, tmp_path: Path) -> None:
        array = np.full((1, 4, 5, 3), np.nextafter(np.float32(2**30), np.float32(0)))
        path = save(tmp_path / "a.npy", array)
        of = tensor(dtype=DType.FLOAT32, scale=0.5)
        assert load_input(path, of).data == array.tobytes()

    def test_every_truncation_is_an_error(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.npy", np.zeros((1, 4, 5, 3), np.int8))
        sound = path.read_bytes()
        for length in range(len(sound)):
            path.write_bytes(sound[:length])
            with pytest.raises(UsageError, match="U001"):
                load_input(path, tensor())

    def test_pickled_objects_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npy"
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
        with pytest.raises(UsageError, match="U001"):
            load_input(path, tensor())

    def test_a_header_that_claims_a_huge_array(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.npy", np.zeros((1, 4, 5, 3), np.int8))
        path.write_bytes(path.read_bytes().replace(b"(1, 4, 5, 3), }   ", b"(1, 1<<40, 5), } "))
        with pytest.raises(UsageError, match="U001"):
            load_input(path, tensor())


class TestPictures:
    @pytest.mark.parametrize("channels", [1, 3])
    def test_minus_one_to_one_maps_pixels_one_to_one(self, tmp_path: Path, channels: int) -> None:
        pixels = all_pixels(channels)
        of = tensor((1, 16, 16, channels))
        one = load_input(save_picture(tmp_path / "a.png", pixels), of)
        assert (values(one.data, of)[0] == pixels.reshape(16, 16, -1).astype(int) - 128).all()
        kind = {1: "grey", 3: "RGB"}[channels]
        assert one.note == (
            f"16x16 {kind}, pixel/127.5 - 1, quantised with scale 0.00784314, zero point -1"
        )

    @pytest.mark.parametrize(
        ("dtype", "scale", "zero_point", "words", "offset"),
        [
            (DType.INT8, 1 / 255, -128, "pixel/255", -128),
            (DType.INT8, 1.0, -128, "pixel", -128),
            (DType.UINT8, 1 / 255, 0, "pixel/255", 0),
            (DType.UINT8, 1.0, 0, "pixel", 0),
            (DType.UINT8, ON_127_5, 127, "pixel/127.5 - 1", 0),
            (DType.UINT8, ON_127_5, 128, "pixel/127.5 - 1", 1),
        ],
    )
    def test_other_ranges(
        self,
        tmp_path: Path,
        dtype: DType,
        scale: float,
        zero_point: int,
        words: str,
        offset: int,
    ) -> None:
        of = tensor((1, 16, 16, 3), dtype, float(np.float32(scale)), zero_point)
        one = load_input(save_picture(tmp_path / "a.png", all_pixels(3)), of)
        top = 255 if dtype is DType.UINT8 else 127
        assert (
            values(one.data, of)[0] == np.minimum(all_pixels(3).astype(int) + offset, top)
        ).all()
        assert f", {words}, quantised" in one.note

    def test_a_calibrated_range_is_rounded_to_nearest(self, tmp_path: Path) -> None:
        of = tensor((1, 16, 16, 1), scale=0.0076, zero_point=2)
        one = load_input(save_picture(tmp_path / "a.png", all_pixels(1)), of)
        real = all_pixels(1).astype(float) / 127.5 - 1
        error = np.abs((values(one.data, of)[0, :, :, 0].astype(int) - 2) * 0.0076 - real)
        inside = np.abs(real) < 0.94
        assert error[inside].max() <= 0.0038 + 1e-6

    def test_float32(self, tmp_path: Path) -> None:
        of = tensor((1, 16, 16, 3), DType.FLOAT32)
        one = load_input(save_picture(tmp_path / "a.png", all_pixels(3)), of)
        expected = all_pixels(3).astype(np.float32) / 127.5 - 1
        np.testing.assert_allclose(values(one.data, of)[0], expected, atol=1e-6)
        assert one.note == "16x16 RGB, pixel/127.5 - 1, as float32"

    def test_unknown_range(self, tmp_path: Path) -> None:
        path = save_picture(tmp_path / "a.png", all_pixels(3))
        with pytest.raises(UsageError, match="U002") as caught:
            load_input(path, tensor((1, 16, 16, 3), scale=0.02, zero_point=-14))
        assert ".npy file of shape [1, 16, 16, 3]" in caught.value.hint

    def test_a_model_that_takes_no_picture(self, tmp_path: Path) -> None:
        path = save_picture(tmp_path / "a.png", all_pixels(3))
        for shape in ((1, 490), (1, 16, 16, 2)):
            with pytest.raises(UsageError, match="U002"):
                load_input(path, tensor(shape))

    def test_resized(self, tmp_path: Path) -> None:
        pixels = np.zeros((20, 40, 3), np.uint8)
        pixels[:, 20:] = 255
        of = tensor((1, 10, 10, 3))
        one = load_input(save_picture(tmp_path / "a.png", pixels), of)
        assert one.note.startswith("40x20 RGB resized to 10x10, ")
        assert (values(one.data, of)[0, :, :4] == -128).all()
        assert (values(one.data, of)[0, :, 6:] == 127).all()

    def test_rgb_for_a_grey_model_and_the_reverse(self, tmp_path: Path) -> None:
        red = np.zeros((4, 4, 3), np.uint8)
        red[..., 0] = 255
        grey = load_input(save_picture(tmp_path / "a.bmp", red), tensor((1, 4, 4, 1)))
        assert set(values(grey.data, tensor((1, 4, 4, 1))).flat) == {76 - 128}
        plane = np.full((4, 4), 200, np.uint8)
        rgb = load_input(save_picture(tmp_path / "b.png", plane), tensor((1, 4, 4, 3)))
        assert set(values(rgb.data, tensor((1, 4, 4, 3))).flat) == {200 - 128}

    def test_a_jpeg_is_turned_upright(self, tmp_path: Path) -> None:
        pixels = np.zeros((16, 16), np.uint8)
        pixels[:8] = 255
        exif = Image.Exif()
        exif[0x0112] = 3  # the camera was upside down
        Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=100)
        of = tensor((1, 16, 16, 1))
        upright = values(load_input(tmp_path / "a.jpg", of).data, of)[0, :, :, 0]
        assert upright[:8].max() < -120
        assert upright[8:].min() > 120

    def test_sixteen_bits_a_sample_are_refused(self, tmp_path: Path) -> None:
        Image.fromarray(np.full((4, 4), 40000, np.uint16)).save(tmp_path / "a.png")
        with pytest.raises(UsageError, match="U002"):
            load_input(tmp_path / "a.png", tensor((1, 4, 4, 1)))

    @pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
    def test_truncated_pictures(self, tmp_path: Path, suffix: str) -> None:
        path = save_picture(tmp_path / f"a.{suffix}", all_pixels(3))
        sound = path.read_bytes()
        for length in (0, 1, 2, 10, 60, len(sound) // 2):
            path.write_bytes(sound[:length])
            with pytest.raises(UsageError, match="U001"):
                load_input(path, tensor((1, 16, 16, 3)))

    @pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
    def test_damaged_pictures_are_read_or_refused(self, tmp_path: Path, suffix: str) -> None:
        path = save_picture(tmp_path / f"a.{suffix}", all_pixels(3))
        sound = path.read_bytes()
        rng = np.random.default_rng(5)
        refused = 0
        for _ in range(300):
            damaged = bytearray(sound)
            for place in rng.integers(0, min(len(sound), 400), 3):
                damaged[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            try:
                load_input(path, tensor((1, 16, 16, 3)))
            except UsageError:
                refused += 1
        assert refused > 0

    def test_a_decompression_bomb_is_refused(self, tmp_path: Path) -> None:
        header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
        path = tmp_path / "bomb.png"
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + b"".join(
                struct.pack(">I", len(body))
                + kind
                + body
                + struct.pack(">I", zlib.crc32(kind + body))
                for kind, body in chunks
            )
        )
        with pytest.raises(UsageError, match="U001") as caught:
            load_input(path, tensor((1, 16, 16, 3)))
        assert "too many pixels" in caught.value.what


class TestFiles:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="U001"):
            load_input(tmp_path / "none.npy", tensor())

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="U001"):
            load_input(tmp_path, tensor())

    def test_neither_array_nor_picture(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_text("hello")
        with pytest.raises(UsageError, match="U001") as caught:
            load_input(tmp_path / "a.png", tensor())
        assert "neither" in caught.value.what


class TestModelInput:
    def test_integer(self) -> None:
        graph = Graph("m", (tensor(),), (), (0,), (0,))
        assert model_input(graph) is graph.tensors[0]

    def test_float_takes_the_quantisation_of_its_quantize(self) -> None:
        quant = Quant((ON_127_5,), (-1,))
        real = Tensor(0, "real", (1, 4), DType.FLOAT32)
        graph = Graph(
            "m",
            (real, Tensor(1, "q", (1, 4), DType.INT8, quant)),
            (Op(0, "QUANTIZE", (0,), (1,), None),),
            (0,),
            (1,),
        )
        assert model_input(graph).quant == quant
        assert model_input(graph).dtype is DType.FLOAT32

    def test_float_behind_a_reshape_takes_the_finest_of_several(self) -> None:
        coarse, fine = Quant((1.0,), (0,)), Quant((ON_127_5,), (-1,))
        tensors = (
            Tensor(0, "real", (1, 4), DType.FLOAT32),
            Tensor(1, "flat", (4,), DType.FLOAT32),
            Tensor(2, "coarse", (1, 4), DType.INT8, coarse),
            Tensor(3, "fine", (4,), DType.INT8, fine),
        )
        ops = (
            Op(0, "QUANTIZE", (0,), (2,), None),
            Op(1, "RESHAPE", (0,), (1,), None),
            Op(2, "QUANTIZE", (1,), (3,), None),
        )
        assert model_input(Graph("m", tensors, ops, (0,), (2, 3))).quant == fine

    def test_two_inputs(self) -> None:
        first, second = tensor(), Tensor(1, "b", (1, 4), DType.INT8)
        with pytest.raises(UsageError, match="U002"):
            model_input(Graph("m", (first, second), (), (0, 1), (0,)))


@pytest.mark.skipif(not MODELS.is_dir(), reason="needs ../shared/models")
class TestRealFiles:
    def test_stopwatch(self) -> None:
        path = MODELS / "stopwatch_128.png"
        one = load_input(path, tensor((1, 128, 128, 3)))
        pixels = np.asarray(Image.open(path)).astype(int)
        assert one.data == (pixels - 128).astype(np.int8).tobytes()

    def test_person_bytes_as_an_array(self, tmp_path: Path) -> None:
        """Those files hold int8 bytes, not pixels: a .npy of them is the way to give them."""
        stored = np.asarray(Image.open(MODELS / "person.bmp")).view(np.int8)
        path = save(tmp_path / "person.npy", stored.reshape(1, 96, 96, 1))
        assert load_input(path, tensor((1, 96, 96, 1))).data == stored.tobytes()
