"""What the object store does by itself as time goes by: the S3 lifecycle configuration of the bucket.

Originals share their folders with rendered files, so rules know them by a tag (`Bucket.mark`). There is no rule for
uploads that nobody published: they lie where the published ones do, and which is which the events alone know, so
`filmroll media sweep` ends them.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from domain.errors import Refused
from domain.tiers import Tier
from infra.minio.bucket import MARK, Bucket

OURS: Final = "filmroll-"
"""What the names of the product's own rules begin with; rules of other names are the operator's, and stay."""
_UNJOINED_DAYS: Final = 2
"""An hour to upload and a day to publish are over by then."""
_REMOVED_DAYS: Final = 30
"""So long a bucket that keeps versions may keep what was removed, or erased: as long as backups of keys live."""
_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it: rules that the store took, tiers whose storage class it doesn't know, parts of rules it dropped."""

    rules: tuple[str, ...]
    unknown: tuple[Tier, ...]
    dropped: tuple[str, ...]


def document(tiers: Sequence[Tier], classes: Mapping[str, str]) -> dict[str, Any]:
    """The product's rules: leftovers end, and originals go to the storage class of each tier that has one.

    In the form that `aws s3api put-bucket-lifecycle-configuration` takes.
    """
    leftovers = {
        "ID": f"{OURS}leftovers",
        "Status": "Enabled",
        "Filter": {"Prefix": "photos/"},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _UNJOINED_DAYS},
        "NoncurrentVersionExpiration": {"NoncurrentDays": _REMOVED_DAYS},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    }
    key, value = MARK
    transitions = [
        {
            "ID": f"{OURS}{tier.name}",
            "Status": "Enabled",
            "Filter": {"Tag": {"Key": key, "Value": value}},
            "Transitions": [{"Days": tier.days, "StorageClass": classes[tier.name]}],
        }
        for tier in tiers
        if tier.name in classes
    ]
    return {"Rules": [leftovers, *transitions]}


def apply(bucket: Bucket, tiers: Sequence[Tier], classes: Mapping[str, str]) -> Applied:
    """Have the bucket follow the rules, beside those of other names; done again, it changes nothing.

    A storage class that the store doesn't know costs its own tier alone. `Refused` where the store takes none of it.
    """
    kept = [rule for rule in _held(bucket) if not _name(rule).startswith(OURS)]
    try:
        bucket.set_lifecycle(_written(document(tiers, classes), kept))
        known = [tier for tier in tiers if tier.name in classes]
    except Refused:
        bucket.set_lifecycle(_written(document((), {}), kept))
        known = []
        for tier in tiers:
            if tier.name in classes and _taken(bucket, document([*known, tier], classes), kept):
                known.append(tier)
    ours = [rule for rule in _held(bucket) if _name(rule).startswith(OURS)]
    held = {_name(rule): {_plain(part.tag) for part in rule} for rule in ours}
    return Applied(
        tuple(held),
        tuple(tier for tier in tiers if tier.name in classes and tier not in known),
        tuple(
            f"{rule['ID']}: {part}"
            for rule in document(known, classes)["Rules"]
            for part in rule
            if part.rstrip("s") not in {each.rstrip("s") for each in held.get(rule["ID"], set())}
        ),
    )


def _taken(bucket: Bucket, rules: dict[str, Any], kept: Sequence[ET.Element]) -> bool:
    try:
        bucket.set_lifecycle(_written(rules, kept))
    except Refused:
        return False
    return True


def _held(bucket: Bucket) -> list[ET.Element]:
    """The rules that the bucket has, element by element: what this code doesn't know must not be lost."""
    held = bucket.lifecycle()
    return [] if held is None else [each for each in ET.fromstring(held) if _plain(each.tag) == "Rule"]  # noqa: S314 - of the operator's own store


def _name(rule: ET.Element) -> str:
    return next((each.text or "" for each in rule if _plain(each.tag) == "ID"), "")


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _written(rules: Mapping[str, Any], kept: Sequence[ET.Element]) -> bytes:
    root = ET.Element("LifecycleConfiguration", {"xmlns": _NAMESPACE})
    root.extend(map(_without_namespace, kept))
    root.extend(_elements(rules))
    return ET.tostring(root)


def _elements(said: Mapping[str, Any]) -> Iterator[ET.Element]:
    """JSON's lists are XML's repeated elements: `Rules` are many a `Rule`."""
    for name, value in said.items():
        many = isinstance(value, list)
        for one in value if many else [value]:
            element = ET.Element(name.removesuffix("s") if many else name)
            if isinstance(one, Mapping):
                element.extend(_elements(one))
            else:
                element.text = str(one).lower() if isinstance(one, bool) else str(one)
            yield element


def _without_namespace(element: ET.Element) -> ET.Element:
    copy = ET.Element(_plain(element.tag), element.attrib)
    copy.text = element.text
    copy.extend(map(_without_namespace, element))
    return copy
