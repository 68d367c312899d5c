"""Pages of whatever size, filtered or not, give one and the same sequence."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import CURSOR_LIFE, REFILLS, Cursors, Filled, fill
from api.problems import Problem
from api.signing import Sealer

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def page(rows: list[int], hidden: set[int], limit: int, start) -> Filled[int]:
    async def fetch(key, count):
        after = -1 if key is None else key[0]
        return [row for row in rows if row > after][:count]

    async def choose(found):
        return [None if row in hidden else row for row in found]

    return asyncio.run(fill(limit, start, fetch=fetch, key_of=lambda row: [row], choose=choose))


def walk(rows: list[int], hidden: set[int], limit: int) -> list[Filled[int]]:
    pages, key = [], None
    while True:
        pages.append(page(rows, hidden, limit, key))
        key = pages[-1].key
        if key is None:
            return pages


lists = st.sets(st.integers(0, 400), max_size=150).map(sorted)


@given(rows=lists, data=st.data(), limit=st.sampled_from([1, 7, 100]))
def test_pages_of_any_size_give_one_sequence(rows, data, limit) -> None:
    hidden = set(data.draw(st.lists(st.sampled_from(rows)))) if rows else set()
    pages = walk(rows, hidden, limit)
    assert [item for part in pages for item in part.items] == [row for row in rows if row not in hidden]
    assert all(len(part.items) <= limit for part in pages)


@given(rows=lists, data=st.data(), limit=st.sampled_from([1, 7, 100]))
def test_a_short_page_ends_the_list_or_was_refilled_ten_times(rows, data, limit) -> None:
    hidden = set(data.draw(st.lists(st.sampled_from(rows)))) if rows else set()
    for part in walk(rows, hidden, limit):
        if len(part.items) < limit and part.key is not None:
            behind = [row for row in rows if row <= part.key[0]]
            assert len(behind) >= (limit + 1) * (REFILLS + 1)


def test_the_cursor_is_null_on_a_page_that_ends_exactly_where_the_list_does() -> None:
    assert page([1, 2, 3], set(), 3, None) == Filled([1, 2, 3], None)
    assert page([1, 2, 3, 4], {4}, 3, None) == Filled([1, 2, 3], None)
    assert page([1, 2, 3, 4], {3}, 2, None) == Filled([1, 2], [2])


def test_what_is_hidden_behind_the_last_item_can_be_shown_on_the_next_page() -> None:
    first = page([1, 2, 3, 4], {3}, 2, None)
    assert page([1, 2, 3, 4], set(), 2, first.key).items == [3, 4]


def test_after_ten_refills_a_page_may_be_empty_but_has_a_cursor() -> None:
    rows = list(range(60))
    first = page(rows, set(range(59)), 1, None)
    assert first.items == []
    assert first.key is not None
    assert [item for part in walk(rows, set(range(59)), 1) for item in part.items] == [59]


def cursors(now: datetime = NOW, secret: bytes = b"s" * 32) -> Cursors:
    return Cursors(Sealer(secret), lambda: now)


def refused(made: Cursors, scope: tuple[str, ...], text: str) -> bool:
    with pytest.raises(Problem) as raised:
        made.read(scope, text)
    return (raised.value.status, raised.value.code) == (400, "cursor_invalid")


def test_a_cursor_is_read_for_the_list_that_it_was_made_for_only() -> None:
    text = cursors().write(("likes", "photo1"), ["key"])
    assert cursors().read(("likes", "photo1"), text) == ["key"]
    assert refused(cursors(), ("likes", "photo2"), text)
    assert refused(cursors(), ("comments", "photo1"), text)
    assert refused(cursors(secret=b"t" * 32), ("likes", "photo1"), text)


def test_a_cursor_is_valid_for_a_day_at_least_and_not_for_ever() -> None:
    text = cursors().write(("feed",), ["key"])
    assert cursors(NOW + timedelta(days=1)).read(("feed",), text) == ["key"]
    assert refused(cursors(NOW + CURSOR_LIFE + timedelta(seconds=1)), ("feed",), text)


@given(place=st.integers(0, 200), letter=st.sampled_from("AZaz09-_=%, é\0"))
def test_a_cursor_with_one_letter_changed_is_refused(place, letter) -> None:
    text = cursors().write(("feed", "latest"), ["0akkzp7jbe319"])
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        assert refused(cursors(), ("feed", "latest"), changed)


@given(st.text())
def test_no_text_is_a_cursor(text) -> None:
    assert refused(cursors(), ("feed",), text)
