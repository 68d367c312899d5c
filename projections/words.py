"""Words: how texts are cut and folded so that they can be found, the same for every engine.

Documents and queries are both reduced to plain words (no case, no accents), so an engine needs no analysis of its own,
and what is found never depends on which engine looks. A query's term finds a word that is equal, that begins with it,
or that is a slip of the finger away and begins with the same letter.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

MOST_TERMS: Final = 8
"""What a query says beyond so many words is ignored."""
LONGEST: Final = 40
"""Letters of a word that count."""
EXPANSIONS: Final = 500
"""At most so many words are tried as misspellings of a term."""
_FORGIVING: Final = ((3, 0), (6, 1))
_MOST_EDITS: Final = 2

_WORD: Final = re.compile(r"[^\W_]+")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)


def fold(word: str) -> str:
    """A word without case and accents; letters that don't decompose get their usual plain spelling."""
    plain = unicodedata.normalize("NFKD", word.casefold()).translate(_LETTERS)
    return "".join(letter for letter in plain if letter.isalnum() and not unicodedata.combining(letter))


def terms(query: str) -> tuple[str, ...]:
    """The words that a query asks for, each once."""
    return tuple(dict.fromkeys(word[:LONGEST] for _, word in _words(query)))[:MOST_TERMS]


def storable(text: str) -> str:
    """The text with a question mark for every half of a broken character, which no store takes."""
    return text.encode(errors="replace").decode()


def indexed(*texts: str) -> str:
    """The words under which texts are found, each once, joined by spaces.

    Scripts that are written without spaces are found from any letter on.
    """
    return " ".join(dict.fromkeys(part for text in texts for _, word in _words(text) for part in _parts(word)))


def edits(term: str) -> int:
    """How many slips are forgiven in a term: none in the shortest, two from six letters on."""
    return next((count for below, count in _FORGIVING if len(term) < below), _MOST_EDITS)


def misspelt(term: str, candidates: Iterable[str]) -> list[str]:
    """Those of the words that the term may have been meant for, the nearest first."""
    limit = edits(term)
    near = ((_distance(term, word, limit), word) for word in candidates if _may_be(term, word, limit))
    return [word for distance, word in sorted(near) if 0 < distance <= limit][:EXPANSIONS]


def finds(term: str, word: str) -> bool:
    """Whether a term finds a folded word."""
    return word.startswith(term) or bool(misspelt(term, (word,))) or any(part.startswith(term) for part in _parts(word))


def highlight(text: str, asked: tuple[str, ...]) -> str | None:
    """The text as safe HTML with the words that were found in `<em>`; None where there are none."""
    composed = unicodedata.normalize("NFC", text)
    made: list[str] = []
    end = 0
    for match, word in _words(composed):
        if any(finds(term, word) for term in asked):
            made += [escape(composed[end : match.start()]), f"<em>{escape(match.group())}</em>"]
            end = match.end()
    return "".join((*made, escape(composed[end:]))) if made else None


def _words(text: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in _WORD.finditer(unicodedata.normalize("NFC", text)):
        if word := fold(match.group()):
            yield match, word if _UNSPACED.search(word) else word[:LONGEST]


def _parts(word: str) -> Iterator[str]:
    """The word itself, or each of its endings where no spaces tell its words apart."""
    if _UNSPACED.search(word):
        yield from (word[at : at + LONGEST] for at in range(len(word)))
    else:
        yield word


def _may_be(term: str, word: str, limit: int) -> bool:
    return limit > 0 and word[:1] == term[:1] and abs(len(word) - len(term)) <= limit


def _distance(one: str, other: str, limit: int) -> int:
    """Slips between two words: letters added, left out, changed or swapped with the next (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, against in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        if min(now) > limit:
            return limit + 1
        before, last = last, now
    return last[-1]
