"""What people write: cleaned, limited, and read for names and tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import texts
from domain.errors import Invalid


def test_usernames_are_folded_before_they_are_judged():
    assert texts.username("Ana.B_3") == "ana.b_3"


@pytest.mark.parametrize("name", ["ab", "a" * 31, "ana b", "ana-b", "änä", "ana\n", "", "ana\0"])
def test_what_is_no_username(name):
    with pytest.raises(Invalid) as refusal:
        texts.username(name)
    assert refusal.value.field == "username"


@pytest.mark.parametrize("address", ["a@b", "@b.org", "a b@c.org", "a@@b.org", "", "a@b..org", "x" * 250 + "@b.org"])
def test_what_is_no_address(address):
    with pytest.raises(Invalid):
        texts.email(address)


def test_mentions_and_tags_are_found_once_each_in_order():
    said = "With @Ana and @ben., not me@example.org or #a-b; #Sunset #sunset #été @ana"
    assert texts.mentions(said) == ("ana", "ben")
    assert texts.tags(("#Given", "two"), said) == ("given", "two", "a", "sunset", "été")


@pytest.mark.parametrize("tag", ["", "two words", "#", "a" * 65, "no!"])
def test_what_is_no_tag(tag):
    with pytest.raises(Invalid):
        texts.tags((tag,))


@given(st.text(st.characters(categories=("Cc", "Cs"))).filter(lambda text: text.strip()))
def test_control_characters_are_refused_in_a_line(text):
    with pytest.raises(Invalid):
        texts.line(f"a{text}b", "field", most=1000)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_a_cleaned_text_stays_as_it_is_when_cleaned_again(text):
    cleaned = texts.block(text, "field", most=10**6)
    assert texts.block(cleaned, "field", most=10**6) == cleaned
