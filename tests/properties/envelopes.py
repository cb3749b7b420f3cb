"""Envelopes of every kind that is opened, for nesting inside each other."""

import base64
import gzip
import json
import random
import string


def in_text(raw: bytes, chance: random.Random) -> bytes:
    """The text as a JSON string: plain, in ASCII, or with escapes that are not needed."""
    text = raw.decode("utf-8", "replace")
    if chance.random() < 0.6:
        return json.dumps(text, ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace")
    out = []
    for character in text:
        plain = json.dumps(character)[1:-1]
        if character == "/" and chance.random() < 0.5:
            plain = r"\/"
        elif character.isascii() and chance.random() < 0.02:
            plain = f"\\u{ord(character):04{chance.choice('xX')}}"
        out.append(plain)
    return ('"' + "".join(out) + '"').encode()


def _base64(raw: bytes, chance: random.Random) -> bytes:
    written = base64.b64encode(raw)
    if chance.random() < 0.3:  # line breaks, also inside the first four letters
        at = chance.randrange(1, len(written))
        written = written[:at] + chance.choice((b"\\n", b" ", b"\\t")) + written[at:]
    return written


def _zipped(raw: bytes, chance: random.Random) -> bytes:
    return gzip.compress(raw, chance.choice((1, 9)), mtime=chance.randrange(1 << 31))


def _in_utf16(raw: bytes, chance: random.Random) -> bytes:
    mark, codec = chance.choice(
        ((b"", "utf-16"), (b"\xfe\xff", "utf-16-be"), (b"", "utf-16-be"), (b"", "utf-16-le"))
    )
    return mark + raw.decode("utf-8", "replace").encode(codec, "replace")


OF_JSON = {
    "records": lambda raw, _: b'{"Records":[%b]}' % raw,
    "others": lambda raw, _: b'{"records":[{"a":1}, %b ,{"b":"\\""}]}' % raw,
    "value": lambda raw, _: b'{"value":[%b],"nextLink":null}' % raw,
    "array": lambda raw, _: b"[%b]" % raw,
    "line": lambda raw, _: b"{}\n%b\n{}" % raw.replace(b"\n", b" "),
    "cut": lambda raw, _: b'{"Records":[%b,{"eventName":"Cr' % raw,
    "eventbridge": lambda raw, _: b'{"detail-type":"x","source":"y","detail":%b}' % raw,
    "stream": lambda raw, _: b"{LogStreamName: x,Timestamp: 1,Message: %b}" % raw,
    "sns": lambda raw, c: b'{"Type":"Notification","Message":%b}' % in_text(raw, c),
    "sqs": lambda raw, c: b'{"MessageId":"1","Body":%b}' % in_text(raw, c),
    "lambda": lambda raw, c: (
        b'{"messageId":"1","eventSource":"aws:sqs","body":%b}' % in_text(raw, c)
    ),
    "logs": lambda raw, c: (
        b'{"messageType":"DATA_MESSAGE","logEvents":[{"message":%b}]}' % in_text(raw, c)
    ),
    "lookup": lambda raw, c: b'{"EventId":"1","CloudTrailEvent":%b}' % in_text(raw, c),
    "lookups": lambda raw, c: b'{"Events":[{"CloudTrailEvent":%b}]}' % in_text(raw, c),
    "beats": lambda raw, c: b'{"message":%b}' % in_text(raw, c),
    "original": lambda raw, c: b'{"event":{"original":%b}}' % in_text(raw, c),
    "splunk": lambda raw, c: b'{"result":{"_raw":%b}}' % in_text(raw, c),
    "hec": lambda raw, _: b'{"event":%b}' % raw,
    "fluent": lambda raw, c: b'{"log":%b}' % in_text(raw, c),
    "awslogs": lambda raw, c: b'{"awslogs":{"data":"%b"}}' % _base64(_zipped(raw, c), c),
    "escaped awslogs": lambda raw, c: (
        b'{"\\u0061wslogs":{"data":"%b"}}' % _base64(_zipped(raw, c), c)
    ),
    "pushed": lambda raw, c: b'{"message":{"data":"%b"},"subscription":"s"}' % _base64(raw, c),
    "pulled": lambda raw, c: b'{"data":"%b","publishTime":"t"}' % _base64(raw, c),
    "alert": lambda raw, _: (
        b'{"schemaId":"Microsoft.Insights/activityLogs",'
        b'"data":{"context":{"activityLog":%b}}}' % raw
    ),
}
OF_TEXT = {
    "gzip": _zipped,
    "base64": lambda raw, c: base64.b64encode(_zipped(raw, c)),
    "utf-16": _in_utf16,
    "blanks": lambda raw, _: b" \r\n" + raw + b"\n",
    "bom": lambda raw, _: b"\xef\xbb\xbf" + raw,
}


def enveloped(event: bytes, names: list[str], chance: random.Random) -> bytes:
    """The event in these envelopes, the innermost first; envelopes that do not fit are left out."""
    record = event
    for name in names:
        if name in OF_TEXT:
            record = OF_TEXT[name](record, chance)
        elif record.lstrip(string.whitespace.encode())[:1] in (b"{", b"["):
            record = OF_JSON[name](record, chance)
    return record


NAMES = sorted(OF_JSON | OF_TEXT)
