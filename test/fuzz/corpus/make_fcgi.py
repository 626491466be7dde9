#!/usr/bin/env python3
"""Writes the corpus of fcgi_fuzz: requests as fronts send them, and each kind of damage. Run in test/fuzz/corpus."""
import os, struct

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'fcgi')
os.makedirs(OUT, exist_ok=True)

def record(kind, content=b'', rid=1, pad=0, version=1):
    return struct.pack('>BBHHBB', version, kind, rid, len(content), pad, 0) + content + bytes(pad)

def length(n):
    return bytes([n]) if n < 128 else struct.pack('>I', n | 1 << 31)

def pairs(items):
    return b''.join(length(len(k)) + length(len(v)) + k + v for k, v in items)

def begin(flags=1, role=1, rid=1):
    return record(1, struct.pack('>HB5x', role, flags), rid)

BASE = [(b'REQUEST_METHOD', b'POST'), (b'REQUEST_URI', b'/v1/requests?a=1&b=2'), (b'CONTENT_LENGTH', b'11'),
        (b'CONTENT_TYPE', b'application/json'), (b'REMOTE_ADDR', b'192.0.2.7'), (b'HTTPS', b'on'),
        (b'HTTP_HOST', b'sign.example'), (b'HTTP_IDEMPOTENCY_KEY', b'0123')]
BODY = b'{"a":"bcd"}'

def request(items=BASE, body=BODY, rid=1, pad=0, cut=None, flags=1):
    p = pairs(items)
    cut = cut or len(p) or 1
    out = begin(flags, 1, rid)
    for at in range(0, len(p), cut):
        out += record(4, p[at:at + cut], rid, pad)
    out += record(4, b'', rid, pad)
    for at in range(0, len(body), 4):
        out += record(5, body[at:at + 4], rid, pad)
    return out + record(5, b'', rid, pad)

def put(items, name, value):
    return [(k, value if k == name else v) for k, v in items]

cases = []
for pad in (0, 1, 7, 255):
    for rid in (1, 2, 65535):
        cases.append(request(pad=pad, rid=rid))
for cut in (1, 2, 3, 7, 50):
    cases.append(request(cut=cut))
for m in (b'GET', b'HEAD', b'PUT', b'PATCH', b'DELETE', b'OPTIONS', b'BREW', b'', b'get'):
    cases.append(request(put(BASE, b'REQUEST_METHOD', m)))
for t in (b'/', b'', b'x', b'*', b'/a//b', b'/../x', b'/a/./b', b'/%2e%2e/', b'/a%2fb', b'/a%5Cb', b'/%00', b'/%', b'/%4', b'/%zz',
          b'/%c3%a9', b'/%ff', b'/a b', b'/a\r\nb', b'/\xc3\xa9', b'http://h/', b'/?', b'/?a', b'/?a=%zz', b'/?a=1&a=2', b'/?&&&', b'/?a=+%2B',
          b'/a?b?c', b'/#', b'/ocsp/issuing/MEkwRzBFMEMwQTAJBgUrDgMCGgUABBR%2F', b'/' + b'a' * 8191, b'/' + b'a' * 8192):
    cases.append(request(put(BASE, b'REQUEST_URI', t)))
for n in (b'', b'0', b'10', b'12', b'-1', b'+11', b' 11', b'11 ', b'0x0b', b'99999999999999999999', b'9223372036854775807'):
    cases.append(request(put(BASE, b'CONTENT_LENGTH', n)))
for k in (b'HTTP_HOST', b'HTTP_', b'', b'HTTP-X', b'http_host', b'HTTP_X\0', b'A' * 127, b'A' * 128, b'A' * 300):
    cases.append(request(BASE + [(k, b'twice')]))
for v in (b'', b'x' * 127, b'x' * 128, b'x' * 60000, b'\xff\xfe', b'a\nb', b'\x1b[31m'):
    cases.append(request(BASE + [(b'HTTP_X', v)]))
for n in (120, 121, 200):
    cases.append(request(BASE + [(b'HTTP_%d' % i, b'') for i in range(n)]))
cases += [record(9, pairs([(b'FCGI_MAX_CONNS', b'')]), 0) + request(), record(42, b'', 0) + request(), record(9, b'', 0, 255),
          begin() + record(2), begin() + record(4, pairs(BASE)) + record(2), request() + request(), request() + record(2),
          request()[:-8] + record(2), begin() + begin(), begin(role=2), begin(role=3), begin(role=0), begin(flags=0),
          begin() + record(4, b'x', 2), begin() + record(5), record(5), record(4), record(2), record(3), record(6), record(7), record(8),
          record(1, b'\0\1'), record(1, bytes(9)), record(1), record(1, b'\0\1\1\0\0\0\0\0', version=0), record(1, version=2),
          begin() + record(4, b'\x80') + record(4), begin() + record(4, b'\xff\xff\xff\xff\xff\xff\xff\xff') + record(4),
          begin() + record(4, b'\x05\x05abc') + record(4), begin() + record(4) + record(5, b'x'), begin() + record(4, bytes(65535)) + record(4, b'\0') + record(4),
          begin() + record(4, bytes(65535)) + record(4, b'\0\0') + record(4), b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', bytes(8), b'\xff' * 64,
          request(body=b''), request(body=bytes(5000)), request(flags=0), request([]), request(BASE[1:]), request(BASE[:1])]
whole = request(pad=2)
for at in range(1, len(whole), max(1, len(whole) // 20)):
    cases.append(whole[:at])

for i, case in enumerate(cases):
    with open(os.path.join(OUT, '%03d' % i), 'wb') as f:
        f.write(bytes([(i * 7) % 61]) + case)
