#!/usr/bin/env python3
"""Writes the corpus of wire_fuzz from src/wire/*.proto: every message of every protocol, and each kind of damage.

Values come from a fixed seed, so that the same files come out as long as the protocols stay.
"""
import pathlib
import random
import re
import struct

HERE = pathlib.Path(__file__).resolve().parent
WIRE = HERE.parents[2] / "src/wire"
KINDS = ["Control", "Keys", "Status", "StatusKeys", "Document", "Courier"]  # as in wire_fuzz.c
FIELD = re.compile(r"^(repeated\s+)?([A-Za-z0-9_.]+)\s+([a-z0-9_]+)\s*=\s*([0-9]+)\s*(\[[^\]]*\])?$")
RANDOM = random.Random(1)


def messages():
    """{message: [(repeated, type, number, most octets or None)]}, the members of a oneof among the fields."""
    found = {}
    for path in sorted(WIRE.glob("*.proto")):
        text = re.sub(r"//[^\n]*", "", path.read_text())
        text = re.sub(r"enum\s+\w+\s*\{[^}]*\}", "", text)
        for name, body in re.findall(r"message\s+(\w+)\s*\{((?:[^{}]|\{[^{}]*\})*)\}", text):
            body = re.sub(r"oneof\s+\w+\s*\{([^{}]*)\}", r"\1", body)
            fields = [FIELD.match(" ".join(part.split())) for part in body.split(";") if part.strip()]
            found[name] = [(bool(f[1]), f[2], int(f[4]), int(m[1]) if (m := re.search(r"max_size = (\d+)", f[5] or "")) else None)
                           for f in fields if f]
    return found


def varint(v):
    out = b""
    while v > 127:
        out, v = out + bytes([v & 127 | 128]), v >> 7
    return out + bytes([v])


def field(number, kind, value):
    return varint(number << 3 | kind) + (varint(len(value)) + value if kind == 2 else value)


def scalar(kind, most):
    if kind == "bytes":
        return 2, RANDOM.randbytes(RANDOM.randint(0, min(most or 16, 40)))
    if kind == "string":
        return 2, ("Zoë Ω 漢 a@example.org" * 3)[: RANDOM.randint(0, min((most or 16) // 3, 40))].encode()
    if kind in ("fixed64", "sfixed64", "double"):
        return 1, struct.pack("<Q", RANDOM.getrandbits(64))
    if kind in ("fixed32", "sfixed32", "float"):
        return 5, struct.pack("<I", RANDOM.getrandbits(32))
    return 0, varint(RANDOM.choice([0, 1, 2, 127, 128, 65535, RANDOM.getrandbits(32), RANDOM.getrandbits(63)] if kind != "bool" else [0, 1]))


def body(table, name, depth=0):
    out = b""
    for repeated, kind, number, most in table[name]:
        for _ in range(RANDOM.randint(0, 2) if repeated else 1):
            if kind in table:
                out += field(number, 2, body(table, kind, depth + 1) if depth < 4 else b"")
            else:
                out += field(number, *scalar(kind, most))
    return out


def main():
    table = messages()
    out = HERE / "wire"
    out.mkdir(exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    whole = []
    for index, kind in enumerate(KINDS):
        for repeated, member, number, most in table[kind][2:]:
            value = field(number, 2, body(table, member)) if member in table else field(number, *scalar(member, most))
            data = bytes([index]) + field(1, 0, varint(7)) + field(2, 0, varint(1 << 40)) + value
            (out / f"{kind}-{number:02}-{member}").write_bytes(data)
            whole.append((f"{kind}-{number:02}", data))
    for name, data in RANDOM.sample(whole, min(60, len(whole))):
        cut, flip = RANDOM.randrange(1, len(data)), RANDOM.randrange(1, len(data))
        (out / f"cut-{name}").write_bytes(data[:cut])
        (out / f"flip-{name}").write_bytes(data[:flip] + bytes([data[flip] ^ 1 << RANDOM.randrange(8)]) + data[flip + 1:])
    for name, data in RANDOM.sample(whole, 12):
        (out / f"twice-{name}").write_bytes(data + data[1:])
        (out / f"long-{name}").write_bytes(data + field(99, 2, b"unknown" * 300))
    (out / "length-past-the-end").write_bytes(b"\x01\x1a\xff\xff\xff\xff\x0f")
    (out / "varint-without-end").write_bytes(b"\x01" + b"\xff" * 20)
    (out / "no-body").write_bytes(b"\x01" + field(1, 0, b"\x07"))


if __name__ == "__main__":
    main()
