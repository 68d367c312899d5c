"""EXIF: what a camera wrote, as independent readers read it; and whatever is broken, left out."""

import struct
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from domain.images import Camera
from infra.images.facts import Facts, read_facts
from infra.images.render import Rendered, render
from tests.infra.images.samples import GPS_IFD, MAKE, MODEL, encoded, exif, jpeg, picture

TAKEN, OFFSET, SUBSEC = 0x9003, 0x9011, 0x9291
ROME = {1: "N", 2: (41.0, 53.0, 24.75), 3: "E", 4: (12.0, 29.0, 32.5)}


def facts(main=None, camera=None, gps=None) -> Facts:
    return read_facts(exif(main, camera, gps).tobytes())


def ratio(over: int, under: int) -> TiffImagePlugin.IFDRational:
    return TiffImagePlugin.IFDRational(over, under)


def test_the_camera_is_read() -> None:
    camera = {
        0xA434: "Summilux 1:1.4/50",
        0x920A: ratio(83, 20),
        0x829D: ratio(11, 5),
        0x829A: ratio(1, 391),
        0x8827: 320,
    }
    assert facts({MAKE: "Leica", MODEL: "M10"}, camera).camera == Camera(
        "Leica", "M10", "Summilux 1:1.4/50", 4.15, 2.2, pytest.approx(1 / 391), 320
    )


def test_padding_and_nul_bytes_are_stripped() -> None:
    camera = facts({MAKE: "PENTAX Corporation \0\0\0", MODEL: "K10D\0\0hidden   "}).camera
    assert camera is not None
    assert (camera.make, camera.model) == ("PENTAX Corporation", "K10D")


def test_text_is_cut_to_a_sane_length_and_printable() -> None:
    camera = facts({MAKE: "x" * 5000, MODEL: "\x1b[31mred\r\nline"}).camera
    assert camera is not None
    assert camera.make == "x" * 128
    assert camera.model == "[31mred line"


def test_a_picture_without_metadata_has_no_facts() -> None:
    result = render(jpeg())
    assert isinstance(result, Rendered)
    assert result.facts == Facts(None, None, None)


@pytest.mark.parametrize(
    ("camera", "gps", "expected"),
    [
        ({TAKEN: "2021:04:11 15:47:53", OFFSET: "-05:00", SUBSEC: "054"}, {}, (2021, 4, 11, 20, 47, 53, 54_000)),
        ({TAKEN: "2022:08:14 14:12:31", OFFSET: "+03:00"}, {}, (2022, 8, 14, 11, 12, 31)),
        ({TAKEN: "2022:08:14 14:12:31", OFFSET: "+05:45"}, {}, (2022, 8, 14, 8, 27, 31)),
        ({TAKEN: "2022:08:14 14:12:31"}, {}, (2022, 8, 14, 14, 12, 31)),
        ({TAKEN: "2022:08:14 14:12:31", OFFSET: "   :  "}, {}, (2022, 8, 14, 14, 12, 31)),
        # GPS tells the zone, to a quarter of an hour, though its fix is some minutes older
        ({TAKEN: "2015:04:10 20:12:23"}, {7: (18.0, 12.0, 23.0), 29: "2015:04:10"}, (2015, 4, 10, 18, 12, 23)),
        ({TAKEN: "2015:04:10 20:12:23"}, {7: (18.0, 9.0, 1.0), 29: "2015:04:10"}, (2015, 4, 10, 18, 12, 23)),
        ({TAKEN: "2015:04:11 00:12:23"}, {7: (18.0, 27.0, 23.0), 29: "2015:04:10"}, (2015, 4, 10, 18, 27, 23)),
        # a stated zone goes before GPS, and a zone that doesn't exist is no zone
        ({TAKEN: "2015:04:10 20:12:23", OFFSET: "+00:00"}, {7: (18.0, 12.0, 0.0), 29: "2015:04:10"}, (2015, 4, 10, 20, 12, 23)),
        ({TAKEN: "2008:10:22 16:28:39"}, {7: (14.0, 27.0, 7.0), 29: "2008:10:23"}, (2008, 10, 22, 16, 28, 39)),
    ],
)  # fmt: skip
def test_when_it_was_taken(camera, gps, expected) -> None:
    assert facts(camera=camera, gps=gps).taken_at == datetime(*expected, tzinfo=UTC)


@pytest.mark.parametrize(
    ("camera", "gps", "hours"),
    [
        ({TAKEN: "2021:04:11 15:47:53", OFFSET: "-05:00"}, {}, -5),
        ({TAKEN: "2015:04:10 20:12:23"}, {7: (18.0, 9.0, 1.0), 29: "2015:04:10"}, 2),
        ({TAKEN: "2022:08:14 14:12:31"}, {}, 0),
    ],
)
def test_the_zone_is_kept_where_it_is_known(camera, gps, hours) -> None:
    taken_at = facts(camera=camera, gps=gps).taken_at
    assert taken_at is not None
    assert taken_at.utcoffset() == timedelta(hours=hours)
    assert f"{taken_at:%Y:%m:%d %H:%M:%S}" == camera[TAKEN]


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2021:13:45 99:99:99", "", "yesterday"])
def test_a_time_that_is_none_is_left_out(text: str) -> None:
    assert facts({MAKE: "x"}, {TAKEN: text}).taken_at is None


@pytest.mark.parametrize("north", ["N", "S"])
@pytest.mark.parametrize("east", ["E", "W"])
def test_gps_equals_an_independent_reading_in_all_four_quarters_of_the_world(north: str, east: str) -> None:
    content = encoded(picture(), exif=exif(gps={**ROME, 1: north, 3: east}))
    with Image.open(BytesIO(content)) as image:
        gps = image.getexif().get_ifd(GPS_IFD)
    latitude, longitude = (float(d + m / 60 + s / 3600) for d, m, s in (gps[2], gps[4]))
    result = render(content)
    assert isinstance(result, Rendered)
    location = result.facts.location
    assert location is not None
    assert location.latitude == pytest.approx(-latitude if gps[1] == "S" else latitude, abs=1e-8)
    assert location.longitude == pytest.approx(-longitude if gps[3] == "W" else longitude, abs=1e-8)
    assert location.altitude is None


@pytest.mark.parametrize(("reference", "expected"), [(b"\0", 260.5), (b"\1", -260.5), (None, 260.5)])
def test_altitude_has_the_sign_of_its_reference(reference, expected) -> None:
    gps = {**ROME, 6: ratio(521, 2)} | ({} if reference is None else {5: reference})
    location = facts(gps=gps).location
    assert location is not None
    assert location.altitude == expected


@pytest.mark.parametrize(
    "change",
    [
        {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)},
        {2: (91.0, 0.0, 0.0)},
        {4: (180.0, 1.0, 0.0)},
        {2: (ratio(1, 0), ratio(0, 0), ratio(0, 0))},
        {2: (41.0, 53.0)},
        {1: "X"},
        {3: ""},
    ],
)
def test_a_place_that_is_none_is_left_out(change) -> None:
    assert facts({MAKE: "x"}, gps={**ROME, **change}).location is None


@pytest.mark.parametrize("name", [1, 2, 3, 4])
def test_half_a_place_is_no_place(name: int) -> None:
    assert facts(gps={key: value for key, value in ROME.items() if key != name}).location is None


def test_numbers_that_are_none_are_left_out() -> None:
    camera = facts({MAKE: "x"}, {0x829A: ratio(1, 0), 0x829D: ratio(0, 1), 0x920A: ratio(0, 0), 0x8827: 0}).camera
    assert camera == Camera("x", None, None, None, None, None, None)


def looping() -> bytes:
    """A directory whose EXIF and GPS directories, and whose next directory, are itself."""
    entries = struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x8825, 4, 1, 8)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 8)


def test_directories_that_loop_end() -> None:
    assert read_facts(looping()) == Facts()


@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_metadata_cut_anywhere_never_fails_a_photo(cut: int) -> None:
    block = exif({MAKE: "Leica"}, {TAKEN: "2022:08:14 14:12:31"}, ROME).tobytes()[:cut]
    assert isinstance(render(encoded(picture(), exif=block)), Rendered)


@given(st.data())
def test_metadata_damaged_anywhere_is_read_or_left_out(data) -> None:
    block = bytearray(exif({MAKE: "Leica"}, {TAKEN: "2022:08:14 14:12:31", 0x8827: 100}, ROME).tobytes())
    for at in data.draw(st.lists(st.integers(6, len(block) - 1), max_size=8)):
        block[at] = data.draw(st.integers(0, 255))
    read = read_facts(bytes(block))
    assert read.taken_at is None or read.taken_at.utcoffset() is not None
    assert read.location is None or -90 <= read.location.latitude <= 90
    if read.camera and read.camera.make:
        read.camera.make.encode()
        assert "\0" not in read.camera.make


@given(st.binary(max_size=400))
def test_rubbish_has_no_facts_that_could_hurt(content: bytes) -> None:
    read_facts(b"Exif\0\0II*\0" + content)
    read_facts(content)
