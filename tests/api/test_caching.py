"""ETags, If-None-Match, ranges, and times as they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api.answers import stamp
from api.caching import etag, matches
from api.problems import Problem
from api.ranges import asked_range


@pytest.mark.parametrize(
    ("header", "same"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ("", False),
    ],
)
def test_if_none_match_compares_weakly_over_lists(header, same) -> None:
    assert matches(header, '"a"') is same


def test_etags_differ_where_versions_do_and_only_there() -> None:
    assert etag([("p", 1), ("q", 2)]) == etag([("p", 1), ("q", 2)])
    assert len({etag([("p", 1)]), etag([("p", 2)]), etag([("p", 1), ()]), etag([("p", "1")]), etag([])}) == 5


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-9", range(10)),
        ("bytes=90-", range(90, 100)),
        ("bytes=90-1000", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-1000", range(100)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-9", None),
        ("bytes=" + "9" * 5000 + "-", None),
        ("bytes=٣-", None),
    ],
)
def test_one_range_is_served_and_what_makes_no_sense_is_ignored(header, part) -> None:
    assert asked_range(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=1000-2000", "bytes=-0"])
def test_a_range_that_the_file_does_not_have_is_416(header) -> None:
    with pytest.raises(Problem) as raised:
        asked_range(header, 100)
    assert raised.value.status == 416
    assert raised.value.headers["Content-Range"] == "bytes */100"


def test_times_are_utc_with_milliseconds() -> None:
    assert stamp(datetime(2026, 5, 1, 12, 0, 0, 999_999, UTC)) == "2026-05-01T12:00:00.999Z"
    assert stamp(datetime(2026, 5, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-04-30T23:00:00.000Z"
