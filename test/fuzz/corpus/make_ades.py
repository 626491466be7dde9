#!/usr/bin/env python3
"""Writes the corpora of cms_fuzz and pdfsig_fuzz: whole signed files of our own making (from finish-one, named on the
command line), the signatures in them, small files of every structure that the reader knows, and each kind of damage.
Run in test/fuzz/corpus:  make_ades.py FINISHED.pdf..."""
import os
import random
import re
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
RANDOM = random.Random(20261122)


def put(folder, name, data):
    path = os.path.join(HERE, folder)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), 'wb') as f:
        f.write(data)


# ---- DER ----

def tlv(tag, *parts):
    body = b''.join(parts)
    n = len(body)
    head = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82, n >> 8, n & 255])
    return bytes([tag]) + head + body


def children(der):
    """Offsets of every element, outermost first."""
    out, stack = [], [(0, len(der))]
    while stack:
        at, end = stack.pop()
        while at < end:
            if at + 2 > end:
                break
            n, head = der[at + 1], 2
            if n & 0x80:
                k = n & 0x7f
                n, head = int.from_bytes(der[at + 2:at + 2 + k], 'big'), 2 + k
            out.append((at, head, n))
            if der[at] & 0x20:
                stack.append((at + head, at + head + n))
            at += head + n
    return sorted(out)


def holes(pdf):
    for m in re.finditer(rb'/Contents ?<([0-9a-fA-F]+)>', pdf):
        raw = bytes.fromhex(m.group(1).decode())
        if raw[:1] == b'0':
            n = 4 + int.from_bytes(raw[2:4], 'big')
            yield raw[:n]


def cms_corpus(files):
    seeds = []
    for data in files:
        for der in holes(data):
            seeds.append(der)
    seeds = list(dict.fromkeys(seeds))[:6]
    for i, der in enumerate(seeds):
        put('cms', 'whole-%d' % i, der)
    for i, der in enumerate(seeds[:2]):
        elements = children(der)
        for k in range(0, len(elements), max(1, len(elements) // 45)):
            at, head, n = elements[k]
            bad = bytearray(der)
            how = k % 5
            if how == 0:
                bad[at] ^= 1 << RANDOM.randrange(8)          # another tag
            elif how == 1:
                bad[at + 1] = (bad[at + 1] + 1) & 255        # another length
            elif how == 2:
                bad = bad[:at + head + n // 2]               # cut inside
            elif how == 3:
                bad[at:at + head + n] = b''                  # left out, lengths above wrong
            else:
                bad[at:at + head + n] = der[at:at + head + n] * 2  # twice
            put('cms', 'damage-%d-%03d' % (i, k), bytes(bad))
    oid = lambda h: tlv(6, bytes.fromhex(h))
    data, signed = oid('2a864886f70d010701'), oid('2a864886f70d010702')
    sha = tlv(0x30, oid('608648016503040201'))
    empty = tlv(0x30, signed, tlv(0xa0, tlv(0x30, tlv(2, b'\1'), tlv(0x31, sha), tlv(0x30, data), tlv(0x31))))
    put('cms', 'no-signer', empty)
    put('cms', 'no-digests', tlv(0x30, signed, tlv(0xa0, tlv(0x30, tlv(2, b'\1'), tlv(0x31), tlv(0x30, data), tlv(0x31)))))
    put('cms', 'deep', tlv(0x30, signed, b'\xa0\x80' * 200))
    nest = b''
    for _ in range(40):
        nest = tlv(0x30, nest)
    put('cms', 'nested', nest)
    put('cms', 'indefinite', b'\x30\x80' + signed + b'\xa0\x80\x30\x80\0\0\0\0\0\0')
    put('cms', 'empty', b'')
    put('cms', 'zeros', bytes(64))


# ---- PDF ----

SIGNATURE = b'3003020101'


class Pdf:
    """Objects, sections, revisions; any of it can be wrong."""

    def __init__(self, head=b'%PDF-1.7\n'):
        self.data = bytearray(head)
        self.at = {}
        self.start = None

    def obj(self, number, body, generation=0):
        self.at[number] = (len(self.data), generation)
        self.data += b'%d %d obj\n%s\nendobj\n' % (number, generation, body)

    def stream(self, number, entries, data):
        self.obj(number, b'<<%s /Length %d>>\nstream\n%s\nendstream' % (entries, len(data), data))

    def table(self, trailer=b'', root=1, eof=b'%%EOF\n', skip=()):
        at = len(self.data)
        self.data += b'xref\n' + (b'0 1\n0000000000 65535 f\r\n' if self.start is None else b'')
        for number, (offset, generation) in sorted(self.at.items()):
            if number not in skip:
                self.data += b'%d 1\n%010d %05d n\r\n' % (number, offset, generation)
        prev = b'' if self.start is None else b' /Prev %d' % self.start
        self.data += b'trailer\n<</Size 99 /Root %d 0 R%s%s>>\nstartxref\n%d\n%s' % (root, prev, trailer, at, eof)
        self.start, self.at = at, {}

    def xref_stream(self, number, packed=(), predictor=False, flate=True):
        at = len(self.data)
        self.at[number] = (at, 0)
        rows = {n: bytes([1]) + o.to_bytes(4, 'big') + b'\0' for n, (o, _) in self.at.items()}
        for n, stm, index in packed:
            rows[n] = bytes([2]) + stm.to_bytes(4, 'big') + bytes([index])
        index = b' '.join(b'%d 1' % n for n in sorted(rows))
        body = b''.join(rows[n] for n in sorted(rows))
        parms = b''
        if predictor:
            lines = [body[i:i + 6] for i in range(0, len(body), 6)]
            up, out = bytes(6), b''
            for line in lines:
                out += b'\2' + bytes((a - b) & 255 for a, b in zip(line, up))
                up = line
            body, parms = out, b' /DecodeParms <</Predictor 12 /Columns 6>>'
        if flate:
            body, parms = zlib.compress(body), parms + b' /Filter /FlateDecode'
        prev = b'' if self.start is None else b' /Prev %d' % self.start
        self.data += b'%d 0 obj\n<</Type /XRef /Size 99 /W [1 4 1] /Index [%s] /Root 1 0 R%s%s /Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n' % (
            number, index, prev, parms, len(body), body, at)
        self.start, self.at = at, {}

    def base(self, form=b''):
        self.obj(1, b'<</Type /Catalog /Pages 2 0 R' + form + b'>>')
        self.obj(2, b'<</Type /Pages /Kids [3 0 R] /Count 1>>')
        self.obj(3, b'<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [5 0 R]>>')
        return self

    def sign(self, field=5, number=6, contents=SIGNATURE, sub=b'ETSI.CAdES.detached', kind=b'Sig', change=None, more=b''):
        """A field and its dictionary, with a right /ByteRange unless change bends it; call fix after the section."""
        self.obj(field, b'<</FT /Sig /T (s%d) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /V %d 0 R%s>>' % (field, number, more))
        self.obj(number, b'<</Type /%s /Filter /Adobe.PPKLite /SubFilter /%s /ByteRange [0 %s]/Contents <%s>>>' % (
            kind, sub, b' ' * 32, contents))
        self.hole = self.data.rfind(b'/Contents <') + 10
        self.hole_end = self.data.find(b'>', self.hole) + 1
        self.change = change or (lambda r: r)

    def fix(self):
        values = self.change([self.hole, self.hole_end, len(self.data) - self.hole_end])
        text = (' '.join(map(str, values))).encode()[:32].ljust(32)
        at = self.data.rfind(b'/ByteRange [0 ', 0, self.hole) + 14
        self.data[at:at + 32] = text

    def done(self):
        return bytes(self.data)


FORM = b' /AcroForm <</SigFlags 3 /Fields [5 0 R]>>'


def signed(**kw):
    p = Pdf().base(FORM)
    p.sign(**kw)
    p.table()
    p.fix()
    return p


def structures():
    yield 'plain', signed().done()
    for i, change in enumerate((
            lambda r: [r[0], r[1], r[2] - 1], lambda r: [r[0] + 1, r[1], r[2]], lambda r: [r[0], r[1] + 1, r[2] - 1],
            lambda r: [0, 0, 0], lambda r: [-1, r[1], r[2]], lambda r: [r[0], r[1], 10 ** 12], lambda r: [r[1], r[0], r[2]],
            lambda r: [r[0], r[0], r[2] + 2], lambda r: [r[0], r[1]], lambda r: [r[0], r[1], r[2], 0])):
        yield 'range-%d' % i, signed(change=change).done()
    for i, contents in enumerate((b'', b'00', b'3003020101' + b'0' * 40, b'30800000', b'3003020101ff', b'30', b'zz', b'30 03 02 01 01')):
        yield 'contents-%d' % i, signed(contents=contents).done()
    for i, kw in enumerate(({'kind': b'DocTimeStamp', 'sub': b'ETSI.RFC3161'}, {'kind': b'DocTimeStamp'}, {'sub': b'adbe.pkcs7.detached'},
                            {'sub': b'adbe.x509.rsa_sha1'}, {'kind': b'Foo'}, {'more': b' /Kids [5 0 R]'}, {'more': b' /Parent 5 0 R'})):
        yield 'kind-%d' % i, signed(**kw).done()
    for i, (number, body) in enumerate((
            (3, b'<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [5 0 R 9 0 R]>>'), (1, b'<</Type /Catalog /Pages 2 0 R>>'),
            (5, b'<</FT /Sig /T (s5) /V null>>'), (6, b'<</Type /Sig>>'), (6, b'null'), (9, b'(nobody needs me)'),
            (1, b'<</Type /Catalog /Pages 2 0 R' + FORM + b' /DSS <</Certs [9 0 R] /VRI <</A <<>>>>>>>>'),
            (1, b'<</Type /Catalog /Pages 2 0 R /Metadata 9 0 R' + FORM + b'>>'),
            (1, b'<</Type /Catalog /Pages 2 0 R /AcroForm <</SigFlags 3 /DR <<>> /DA (x) /Fields [5 0 R 9 0 R]>>>>'))):
        p = signed()
        p.obj(number, body)
        p.table()
        yield 'later-%d' % i, p.done()
    p = signed()
    p.sign(field=5, number=7)
    p.table()
    p.fix()
    yield 'replaced', p.done()
    p = signed()
    p.obj(1, b'<</Type /Catalog /Pages 2 0 R /AcroForm <</SigFlags 3 /Fields [5 0 R 8 0 R]>>>>')
    p.sign(field=8, number=9)
    p.table()
    p.fix()
    yield 'second', p.done()
    p = signed()
    p.obj(1, b'<</Type /Catalog /Pages 2 0 R /AcroForm <</SigFlags 3 /Fields [5 0 R 8 0 R]>>>>')
    p.obj(8, b'<</FT /Sig /T (copy) /V 6 0 R>>')
    p.table()
    yield 'two-fields', p.done()
    for predictor in (False, True):
        for flate in (False, True):
            p = Pdf().base(FORM)
            p.sign()
            p.xref_stream(7, predictor=predictor, flate=flate)
            p.fix()
            yield 'stream-%d%d' % (predictor, flate), p.done()
    p = Pdf().base(FORM)
    packed = b'10 0 11 8 /Name (text) '
    p.stream(12, b'/Type /ObjStm /N 2 /First 10', packed)
    p.sign()
    p.xref_stream(7, packed=((10, 12, 0), (11, 12, 1)))
    p.fix()
    p.obj(12, b'<<>>')
    p.xref_stream(13)
    yield 'objects-in-streams', p.done()
    p = Pdf()
    p.stream(12, b'/Type /ObjStm /N 1 /First 5 /Extends 12 0 R', b'10 0 10 0 R')
    p.base(FORM)
    p.sign()
    p.xref_stream(7, packed=((10, 12, 0), (3, 12, 0), (99, 12, 9)))
    p.fix()
    yield 'bad-object-stream', p.done()
    p = signed()
    p.table(trailer=b' /XRefStm 100')
    yield 'hybrid-bad', p.done()
    for i, trailer in enumerate((b' /Encrypt 3 0 R', b' /Info 3 0 R', b' /Prev 1', b' /Root 2 0 R', b' /ID [<00> <01>]')):
        p = Pdf().base(FORM)
        p.sign()
        p.table(trailer=trailer)
        p.fix()
        yield 'trailer-%d' % i, p.done()
    loop = signed()
    loop.start = len(loop.data)
    loop.table()
    yield 'loop', loop.done()
    for i, body in enumerate((b'[' * 70 + b']' * 70, b'(' * 40 + b')' * 40, b'(\\101\\(\\)\\\r\n\\8)', b'/A#20B#zz', b'/A#41', b'<4142 4>', b'+1.5.5',
                              b'-.5', b'99999999999999999999', b'<</A 1 /A 2>>', b'12 0 R', b'% comment\n[1 % x\n2]', b'true', b'nul',
                              b'595.2799999999999727', b'4294967316 0 R', b'<</Nul#00Name 1 /A' + b'b' * 70 + b' 2>>')):
        p = Pdf().base(FORM + b' /X 9 0 R')
        p.obj(9, body)
        p.sign()
        p.table()
        p.fix()
        p.obj(9, body + b' ')
        p.table()
        yield 'token-%02d' % i, p.done()
    whole = signed().done()
    for i in range(20):
        yield 'cut-%02d' % i, whole[:len(whole) * (i + 1) // 21]
    for i in range(24):
        bad = bytearray(whole)
        for _ in range(3):
            bad[RANDOM.randrange(len(bad))] = RANDOM.choice(b'\0 0129<>[]()/%RendobjxrfPv')
        yield 'noise-%02d' % i, bytes(bad)
    for i, tail in enumerate((b'\n', b'%%EOF', b'\r\n%%EOF\r\n', b'startxref\n9\n%%EOF\n', b'<!-- x -->', bytes(9), b' \n', b'\n' * 600)):
        yield 'tail-%d' % i, whole + tail
    for i, (space, end) in enumerate(((b'\n', b'%%EOF\n\n'), (b'\r\n', b'%%EOF \n'), (b'\n\n\n', b'%%EOF\n'))):
        p = Pdf().base(FORM)
        p.data += space
        p.sign()
        p.at[5] = (p.at[5][0] - len(space), 0)
        p.data += space
        p.table(eof=end)
        at = p.data.rindex(b'startxref') + 10
        p.data[at:at + len(str(p.start))] = b'%d' % (p.start - len(space))
        p.fix()
        yield 'spaced-%d' % i, p.done()
    yield 'empty', b''
    yield 'head-only', b'%PDF-1.7\n'


def main():
    files = [open(name, 'rb').read() for name in sys.argv[1:]]
    cms_corpus(files)
    for name, data in structures():
        put('pdfsig', name, data)
    for i, data in enumerate(files):
        put('pdfsig', 'finished-%d' % i, data)


if __name__ == '__main__':
    main()
