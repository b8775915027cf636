"""Over 300 hostile uploads and addresses: each is refused in one line, and the server goes on and writes nothing."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from maskgan_jax.web import uploads
from tests.web.exchange import BAD_TEXTS, SIZE, check_refused, encode, open_sample

NOISE = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
"""A photo whose files are small and have no redundancy."""
IMAGES = {
    "PNG": encode(NOISE, "PNG"),
    "JPEG": encode(NOISE, "JPEG"),
    "progressive JPEG": encode(NOISE, "JPEG", progressive=True),
    "WebP": encode(NOISE, "WEBP"),
    "lossless WebP": encode(NOISE, "WEBP", lossless=True),
}


@pytest.fixture(scope="module")
def photo(client) -> str:
    return open_sample(client, 0)


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty current folder, which stays empty."""
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


def upload(client: TestClient, body: bytes) -> httpx.Response:
    return client.post("/api/photos?aligned=1", content=body)


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, colour: int = 2) -> bytes:
    """Return a PNG of this header and these chunks, with correct checksums."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for name, content in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        file += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return file


def jpeg(width: int, height: int) -> bytes:
    """Return the noise as a JPEG whose header states another size."""
    file = bytearray(IMAGES["JPEG"])
    place = file.index(b"\xff\xc0") + 5
    file[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(file)


def webp(width: int, height: int) -> bytes:
    """Return the noise as a WebP whose canvas has another size."""
    file = bytearray(encode(np.dstack([NOISE, NOISE[..., 0]]), "WEBP"))  # with transparency it has a canvas
    place = file.index(b"VP8X") + 12
    file[place : place + 6] = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return bytes(file)


def deflated_zeros(size: int) -> bytes:
    """Return zeros compressed a thousandfold, without holding them."""
    compress = zlib.compressobj(9)
    parts = [compress.compress(bytes(2**20)) for _ in range(size // 2**20)]
    return b"".join([*parts, compress.flush()])


BOMBS = {
    "PNG of 4 billion pixels": png(65535, 65535),
    "PNG of 2**31 columns": png(2**31 - 1, 1),
    "PNG of 2**62 pixels": png(2**31 - 1, 2**31 - 1),
    "PNG of 100 million pixels": png(10_000, 10_000),
    "PNG of 51 million pixels": png(10_000, 5_100, (b"IDAT", deflated_zeros(2**20))),
    "whole PNG of 64 million pixels": png(8000, 8000, (b"IDAT", deflated_zeros(8 * 2**20)), depth=1, colour=0),
    "whole PNG of 200 million pixels": png(20_000, 10_000, (b"IDAT", deflated_zeros(24 * 2**20)), depth=1, colour=0),
    "PNG without pixels": png(20, 24),
    "PNG of too few pixels": png(2000, 2000, (b"IDAT", zlib.compress(bytes(1000)))),
    "PNG of no columns": png(0, 24, (b"IDAT", zlib.compress(b""))),
    "PNG of no rows": png(20, 0, (b"IDAT", zlib.compress(b""))),
    "PNG of one pixel that is missing": png(1, 1),
    "PNG of an unknown colour type": png(20, 24, (b"IDAT", zlib.compress(bytes(2000))), colour=5),
    "PNG of an unknown depth": png(20, 24, (b"IDAT", zlib.compress(bytes(2000))), depth=7),
    "PNG with a text of 16 MiB": png(20, 24, (b"zTXt", b"Comment\0\0" + deflated_zeros(16 * 2**20))),
    "PNG with an international text of 16 MiB": png(
        20, 24, (b"iTXt", b"Comment\0\x01\0\0\0" + deflated_zeros(16 * 2**20))
    ),
    "PNG with a colour profile of 16 MiB": png(20, 24, (b"iCCP", b"Profile\0\0" + deflated_zeros(16 * 2**20))),
    "PNG with a chunk of 2 GiB": png(20, 24)[:33] + b"\x7f\xff\xff\xffIDAT",
    "animated PNG of 2**31 frames": png(20, 24, (b"acTL", struct.pack(">II", 2**31 - 1, 0))),
    "JPEG of 4 billion pixels": jpeg(65535, 65535),
    "JPEG of 400 million pixels": jpeg(20_000, 20_000),
    "JPEG of 51 million pixels": jpeg(10_200, 5_000),
    "JPEG of no columns": jpeg(0, 24),
    "JPEG of no rows": jpeg(20, 0),
    "WebP of 268 million pixels": webp(16_383, 16_383),
    "WebP of 2**48 pixels": webp(2**24, 2**24),
    "WebP of 51 million pixels": webp(10_200, 5_000),
    "WebP of a canvas that is too small": webp(2, 2),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_decompression_bomb_is_refused(client, bomb):
    check_refused(client, upload(client, BOMBS[bomb]))


@pytest.mark.parametrize("bomb", [png(10_000, 5_100), jpeg(10_200, 5_000)], ids=["PNG", "JPEG"])
def test_too_many_pixels_are_refused_before_they_are_decoded(client, monkeypatch, bomb):
    monkeypatch.setattr(Image.Image, "load", None)
    answer = upload(client, bomb)
    assert answer.status_code == 400
    assert "more than 25 million; scale the image down first" in answer.json()["error"]


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("part", [0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
def test_a_truncated_image_is_refused(client, name, part):
    image = IMAGES[name]
    check_refused(client, upload(client, image[: round(part * len(image))]))


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("bits", [1, 4, 30])
def test_an_image_with_flipped_bits_is_opened_or_refused(client, name, bits):
    rng = np.random.default_rng(bits)
    for _ in range(10):
        flipped = bytearray(IMAGES[name])
        for place in rng.integers(0, len(flipped), bits):
            flipped[place] ^= 1 << rng.integers(0, 8)
        answer = upload(client, bytes(flipped))
        if answer.status_code != 200:
            check_refused(client, answer)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_corrupt_exif_data_are_refused(client, file_format):
    image = encode(NOISE, file_format, exif=b"Exif\0\0MM\0j\0\0\0\x08\0\0")  # the magic number is 42, not 106
    answer = upload(client, image)
    check_refused(client, answer)
    assert "corrupt EXIF data" in answer.json()["error"]


def zipped() -> bytes:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("../../photo.png", IMAGES["PNG"])
        return stream.getvalue()


OTHER_FILES = {
    "nothing": b"",
    "a byte": b"\0",
    "zeros": bytes(100_000),
    "text": b"a photo of me\n" * 100,
    "the beginning of a PNG": b"\x89PNG\r\n\x1a\n",
    "the beginning of a JPEG": b"\xff\xd8\xff",
    "the beginning of a WebP": b"RIFF\xff\xff\xff\xffWEBP",
    "GIF": encode(NOISE, "GIF"),
    "TIFF": encode(NOISE, "TIFF"),
    "BMP": encode(NOISE, "BMP"),
    "ICO": encode(NOISE, "ICO"),
    "PPM": encode(NOISE, "PPM"),
    "PDF": encode(NOISE, "PDF"),
    "PostScript that Pillow would run": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) run\n",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "XML that expands": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "ZIP": zipped(),
    "gzip": zlib.compress(bytes(1000), wbits=31),
    "ELF": b"\x7fELF\x02\x01\x01" + bytes(57),
    "Python's pickle": b"cos\nsystem\n(S'touch it'\ntR.",
    "a JSON of base64": b'{"image": "iVBORw0KGgo="}',
    "a form": b'--x\r\nContent-Disposition: form-data; name="photo"; filename="../a.png"\r\n\r\n' + IMAGES["PNG"],
}


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_another_kind_of_file_is_refused(client, kind):
    check_refused(client, upload(client, OTHER_FILES[kind]))


def test_the_name_and_type_that_a_client_states_are_not_read(client):
    headers = {"Content-Type": "text/html", "Content-Disposition": "attachment; filename=../../photo.exe"}
    answer = client.post("/api/photos?aligned=1", content=IMAGES["PNG"], headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("address", ["/api/photos", "/api/photos/{photo}/mask", "/api/photos/{photo}/edit"])
@pytest.mark.parametrize("stated", [True, False], ids=["length", "chunks"])
def test_a_huge_body_is_refused(client, photo, address, stated):
    size = uploads.MAX_BYTES + 1
    body = bytes(size) if stated else (bytes(2**16) for _ in range(size // 2**16 + 1))
    method = "PUT" if address.endswith("mask") else "POST"
    answer = client.request(method, address.format(photo=photo), content=body)
    check_refused(client, answer)
    assert answer.status_code == 413


@pytest.mark.parametrize("shape", [(1, 1), (1, 9000), (9000, 1), (2, 3)])
@pytest.mark.parametrize("query", ["", "?aligned=1"])
def test_the_smallest_photos_are_opened(client, shape, query):
    answer = client.post(f"/api/photos{query}", content=encode(np.zeros((*shape, 3), np.uint8)))
    assert (answer.json()["height"], answer.json()["width"]) == shape


@pytest.mark.parametrize("text", BAD_TEXTS, ids=lambda text: ascii(text[:10]))
@pytest.mark.parametrize(
    "address",
    [
        "/api/photos?sample=",
        "/api/masks/random?seed=",
        "/api/photos/{photo}/edit?feather=",
        "/api/photos/{photo}/edit?reference={photo}&strength=",
        "/api/photos/{photo}/interpolate?amount=",
        "/api/photos/{photo}/transfer?parts=",
        "/api/photos/{photo}/edit?strength=1&reference=",
    ],
)
def test_a_query_that_is_no_number_part_or_token_is_refused(client, photo, address, text):
    path, _, query = address.format(photo=photo).partition("?")
    *others, last = query.split("&")
    parameters = dict(each.split("=") for each in others) | {last.removesuffix("="): text}
    check_refused(client, client.post(path, params=parameters, content=bytes(SIZE * SIZE)))


@pytest.mark.parametrize("token", ["x", "..", "%2e%2e", "..%2f..%2fetc", "%00", "%ff", "a" * 5000, "💥", "' OR 1=1"])
def test_a_token_that_no_photo_has_is_refused(client, token):
    for call in ("image", "mask"):
        check_refused(client, client.get(f"/api/photos/{token}/{call}"))
    check_refused(client, client.post(f"/api/photos/{token}/edit", content=bytes(SIZE * SIZE)))


@pytest.mark.parametrize("number", ["-1", "x", "1", "1.0", "9" * 5000, "%00", "٣"])
def test_a_number_that_no_face_has_is_refused(client, photo, number):
    check_refused(client, client.post(f"/api/photos/{photo}/face/{number}"))


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "//etc/passwd",
        "/%2fetc/passwd", "/js/..%2f..%2fapi.py", "/js/%2e%2e/%2e%2e/api.py", "/..%5c..%5capi.py", "/%252e%252e/api.py",
        "/api.py", "/page/index.html", "/js", "/js/", "/%00", "/index.html%00.png", "/.git/config", "/~root",
        "/C:%5cWindows", "/%ff%fe", "/" + "a" * 5000, "/" + "a/" * 2000, "/api", "/api/", "/api/photos",
        "/api/../api.py", "/💥",
    ],
    ids=lambda path: ascii(path[:30]),
)  # fmt: skip
def test_an_address_outside_the_page_is_refused(client, path):
    check_refused(client, client.get(path))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_methods_that_no_address_has_are_refused(client, method):
    for path in ("/", "/api/health", "/api/photos"):
        check_refused(client, client.request(method, path))
