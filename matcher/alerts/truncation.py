"""Cuts an alert's long texts where the whole alert would be larger than a topic takes."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

Encode = Callable[[dict[str, Any]], bytes]

_SMALLEST_CUT = 64


def fitted(document: dict[str, Any], encode: Encode, payload: bytes, max_bytes: int) -> bytes:
    """Encode the document in at most ``max_bytes``.

    Where the document is larger, the texts of the payload, the columns, the event and the reasons
    are cut, all to the same length, so that the whole fits. ``truncated`` then names each text with
    its original length in UTF-8 bytes (for the payload: the length of the event) and its SHA-256.
    An object or array that is too long becomes its JSON text, and is cut. The result is a function
    of the arguments alone.
    """
    whole = encode(document)
    keep = max_bytes
    while len(whole) > max_bytes and keep > _SMALLEST_CUT:
        keep = keep * 3 // 4
        whole = encode(_Cutter(keep).cut(document, payload))
    return whole


class _Cutter:
    """Cuts every long value of one document to ``keep`` bytes and notes what it cut."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.truncated: dict[str, dict[str, Any]] = {}

    def cut(self, document: dict[str, Any], payload: bytes) -> dict[str, Any]:
        return {
            **document,
            "event": self._section("event", document["event"]),
            "columns": self._section("columns", document["columns"]),
            "why": [
                {**reason, "value": self._value(f"why.{number}.value", reason["value"])}
                for number, reason in enumerate(document["why"])
            ],
            "payload": self._value("payload", document["payload"], payload),
            "truncated": self.truncated,
        }

    def _section(self, name: str, section: dict[str, Any]) -> dict[str, Any]:
        return {field: self._value(f"{name}.{field}", value) for field, value in section.items()}

    def _value(self, name: str, value: Any, original: bytes | None = None) -> Any:
        text = value
        if isinstance(value, (dict, list)):
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if not isinstance(text, str):
            return value
        encoded = text.encode("utf-8", "replace")
        if len(encoded) <= self.keep:
            return value
        whole = encoded if original is None else original
        self.truncated[name] = {"bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
        return encoded[: self.keep].decode("utf-8", "ignore")
