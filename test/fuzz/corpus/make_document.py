#!/usr/bin/env python3
"""Writes the corpora of document_fuzz and plan_fuzz: small documents of every kind, damaged in every place that is looked
at, and plans. Run in test/fuzz/corpus."""
import os, random, struct

HERE = os.path.dirname(os.path.abspath(__file__))

def out(folder, name, data):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, name), 'wb') as f:
        f.write(data)

# ---- documents

def document(flavour='c', catalog='', page='', more={}, trailer='', before=b'', after=b''):
    objects = {1: '<</Type /Catalog /Pages 2 0 R %s>>' % catalog,
               2: '<</Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800]>>',
               3: '<</Type /Page /Parent 2 0 R /Contents 4 0 R %s>>' % page,
               4: '<</Length 3>>\nstream\nq Q\nendstream'}
    objects.update(more)
    b, offsets = before + b'%PDF-1.7\n', {}
    base = len(before)
    for n, text in sorted(objects.items()):
        offsets[n] = len(b) - base
        b += b'%d 0 obj\n%s\nendobj\n' % (n, text.encode('latin-1'))
    size = max(offsets) + 1
    stm = None
    if flavour in 'sh':
        stm = offsets[size] = len(b) - base
        size += 1
        rows = b''.join(struct.pack('>BIB', n in offsets, offsets.get(n, 0), 0) for n in range(size))
        b += b'%d 0 obj\n<</Type /XRef /W [1 4 1] /Size %d /Root 1 0 R %s /Length %d>>\nstream\n%s\nendstream\nendobj\n' % (
            size - 1, size, trailer.encode(), len(rows), rows)
    at = stm
    if flavour in 'ch':
        at = len(b) - base
        b += b'xref\n0 %d\n' % size
        for n in range(size):
            b += b'%010d %05d %s\r\n' % (offsets.get(n, 0), 0 if n in offsets else 65535, b'n' if n in offsets else b'f')
        b += b'trailer\n<</Size %d /Root 1 0 R %s%s>>\n' % (size, b'/XRefStm %d ' % stm if stm else b'', trailer.encode())
    return b + b'startxref\n%d\n%%%%EOF\n' % at + after

FIELD = {5: '<</FT /Sig /T (Signature1) /Subtype /Widget /Rect [10 10 110 60] /P 3 0 R>>'}
OCG = {5: '<</Type /OCG /Name (a)>>', 6: '<</Type /OCG /Name (b) /Usage <</Print <</PrintState /OFF>>>>>>'}
JS = {5: '<</S /JavaScript /JS (x)>>', 6: '<</S /GoTo /Next [5 0 R 6 0 R]>>'}
TREE = {2: '<</Type /Pages /Kids [3 0 R 5 0 R] /Count 3 /Rotate 90>>', 5: '<</Type /Pages /Kids [6 0 R 7 0 R] /Count 2 /MediaBox [9 9 0 0]>>',
        6: '<</Type /Page>>', 7: '<</Type /Page /CropBox [1 1 5 5]>>'}
SIGNED = {5: '<</FT /Sig /T (a) /V 6 0 R>>', 6: '<</Type /Sig /ByteRange [0 %d %d %d] /Contents <00> %s>>'}

VARIANTS = [dict(), dict(flavour='s'), dict(flavour='h'), dict(before=b'junk\n'), dict(after=b'\0' * 50), dict(after=b'x' * 2000),
    dict(trailer='/Info 4 0 R /ID [<00><01>]'), dict(trailer='/ID [(a)]'), dict(trailer='/Encrypt <</Filter /Standard /V 1 /R 2 /O (x) /U (y) /P -4>>'),
    dict(trailer='/Encrypt 9 0 R'), dict(flavour='s', trailer='/Prev 9'), dict(trailer='/Prev 15'), dict(trailer='/XRefStm 15'),
    dict(catalog='/OpenAction 5 0 R', more=JS), dict(catalog='/OpenAction 6 0 R', more=JS), dict(catalog='/AA <</WC 6 0 R>>', more=JS),
    dict(catalog='/Names <</JavaScript <</Names [(a) 5 0 R]>>>>', more=JS), dict(page='/AA <</O 5 0 R>>', more=JS),
    dict(catalog='/OCProperties <</OCGs [5 0 R 6 0 R] /D <</OFF [5 0 R]>>>>', more=OCG),
    dict(catalog='/OCProperties <</OCGs [5 0 R 6 0 R] /D <</AS [<<>>]>>>>', more=OCG),
    dict(catalog='/OCProperties <</OCGs [5 0 R 6 0 R] /D <</BaseState /OFF>>>>', more=OCG), dict(more=TREE), dict(flavour='s', more=TREE),
    dict(more={2: '<</Type /Pages /Kids [2 0 R] /Count 1>>'}), dict(more={2: '<</Kids [3 0 R 3 0 R]>>'}), dict(more={2: '<</Kids []>>'}),
    dict(more={2: '<</Kids [<</Type /Page>>]>>'}), dict(more={2: '[3 0 R]'}), dict(more={2: '<</Count 99999 /Kids [3 0 R]>>'}),
    dict(page='/MediaBox [0 0 1e9 1e9]'), dict(page='/MediaBox [0 0 (a) /b]'), dict(page='/Rotate 270 /UserUnit 3'), dict(page='/Annots [5 0 R 6 0 R null]', more=FIELD),
    dict(page='/Annots 5 0 R', more={5: '[6 0 R]', 6: '<</Subtype /Link>>'}), dict(page='/Annots 5 0 R', more={5: '5 0 R'}), dict(page='/Annots (x)'),
    dict(catalog='/AcroForm <</Fields [5 0 R]>>', more=FIELD), dict(flavour='s', catalog='/AcroForm <</Fields [5 0 R] /SigFlags 3>>', more=FIELD),
    dict(catalog='/AcroForm 6 0 R', more={**FIELD, 6: '<</Fields 7 0 R /DA (x)>>', 7: '[5 0 R]'}),
    dict(catalog='/AcroForm <</Fields [6 0 R]>>', more={6: '<</FT /Sig /T (Signature1) /Kids [7 0 R]>>', 7: '<</Subtype /Widget /Rect [0 0 50 50]>>'}),
    dict(catalog='/AcroForm <</Fields [5 0 R]>>', more={5: '<</T (a) /Kids [6 0 R]>>', 6: '<</T (b) /Kids [5 0 R]>>'}),
    dict(catalog='/AcroForm <</Fields [5 0 R 5 0 R]>>', more=FIELD), dict(catalog='/AcroForm <</XFA 4 0 R>>'), dict(catalog='/AcroForm 4 0 R'),
    dict(catalog='/AcroForm <</Fields [5 0 R]>>', more={5: '<</FT /Sig /T (Signature1) /SV <</Ff 3>>>>'}),
    dict(catalog='/AcroForm <</Fields [5 0 R]>>', more={5: '<</FT /Sig /T (Signature1) /Lock <</Action /All>>>>'}),
    dict(catalog='/DSS <</Certs [4 0 R] /VRI <<>>>>'), dict(catalog='/DSS 5 0 R', more={5: '<</Certs 6 0 R>>', 6: '[4 0 R 7]'}), dict(catalog='/DSS 4 0 R'),
    dict(catalog='/DSS 99 0 R'), dict(more={1: '(x)'}), dict(more={1: '<</Pages 9 0 R>>'}), dict(more={3: 'null'}), dict(more={4: '[' * 600}),
    dict(more={3: '<</Type /Page ' + '/A <<' * 200 + '>>' * 200 + '>>'}), dict(more={1: '<</Type /Catalog /Pages 2 0 R /A#20B (x\\351) /C <41 4>>>'})]

def signed(reference, broken=0):
    text = dict(SIGNED)
    text[6] = SIGNED[6] % (11111, 22222, 33333, reference)
    b = document(catalog='/AcroForm <</Fields [5 0 R]>> /Perms <</DocMDP 6 0 R>>', more=text)
    at = b.index(b'<00>')
    return b.replace(b'11111 22222 33333', b'%05d %05d %05d' % (at + broken, at + 4, len(b) - at - 4))

def documents():
    for i, v in enumerate(VARIANTS):
        yield 'kind-%02d' % i, bytes([(4, 0, 20, 5, 16, 2)[i % 6]]) + document(**v)
    for i, v in enumerate(VARIANTS[:3]):
        for choice in (0, 1, 2, 4, 5, 7, 12, 16, 20, 0x70):
            yield 'order-%d-%02x' % (i, choice), bytes([choice]) + document(**v)
    for i, p in enumerate((1, 2, 3)):
        yield 'certified-%d' % p, b'\4' + signed('/Reference [<</TransformMethod /DocMDP /TransformParams <</P %d>>>>]' % p)
    yield 'locked', b'\0' + signed('/Reference [<</TransformMethod /FieldMDP /TransformParams <</Action /All>>>>]')
    yield 'range', b'\0' + signed('', 1)
    yield 'twice', b'\0' + document() + document('s')
    whole = document(catalog='/AcroForm <</Fields [5 0 R]>>', more=FIELD)
    r = random.Random(1)
    for i in range(24):
        yield 'cut-%02d' % i, b'\4' + whole[:len(whole) * i // 24]
    for i in range(30):
        b = bytearray(whole if i % 2 else document('s', catalog='/DSS <</Certs [4 0 R]>>'))
        for _ in range(1 + i // 6):
            b[r.randrange(len(b))] = r.randrange(256)
        yield 'noise-%02d' % i, b'\4' + bytes(b)
    for name, text in (('empty', b''), ('html', b'<html>'), ('header', b'%PDF-1.7\n'), ('end', b'%PDF-1.7\nstartxref\n0\n%%EOF')):
        yield name, b'\4' + text

# ---- plans

def run(b):
    return struct.pack('>I', len(b)) + b

def ref(n, g=0):
    return struct.pack('>IH', n, g)

def field(kind=1, signer=0, obj=21, name=b'Signature1', widget=0, appearance=22, data=b'q Q'):
    return (struct.pack('>BH', kind, signer) + ref(obj) + ref(3) + struct.pack('>Iiiii', 1, 0, -5, 7000, 90) + run(name) + run(b'/FT /Sig') +
        ref(widget) + run(b'/W' if widget else b'') + ref(appearance) + run(b'/BBox [0 0 1 1]' if appearance else b'') + run(data if appearance else b''))

def plan(xref=1, shift=0, length=5000, startxref=4000, fields=(), ids=(b'a', b'b'), dss=(b'/Type /DSS', b'1 0 R', b'', b'')):
    return (b'plan\1' + struct.pack('>BIQQI', xref, shift, length, startxref, 30) + ref(1) + ref(2) + run(ids[0]) + run(ids[1]) + ref(20) +
        b''.join(run(x) for x in dss) + struct.pack('>H', len(fields)) + b''.join(fields))

def plans():
    good = [field(), field(2, 0, 23, b'Signature1-time', appearance=0), field(1, 1, 24, 'Υπογραφή'.encode(), widget=25), field(2, 1, 26, b't', appearance=0)]
    for x in (1, 2, 3):
        for n in range(5):
            yield 'good-%d-%d' % (x, n), plan(x, fields=good[:n], shift=n)
    yield 'many', plan(fields=[field(1 + i % 2, i // 2, 100 + i) for i in range(40)])
    yield 'too-many', plan(fields=[field(1 + i % 2, i // 2 % 20, 100 + i) for i in range(41)])
    yield 'no-id', plan(ids=(b'', b''))
    yield 'half-id', plan(ids=(b'x', b''))
    yield 'long-id', plan(ids=(b'x' * 65, b'y'))
    yield 'long-list', plan(dss=(b'', b'9 0 R ' * 6000, b'', b''))
    yield 'xref-0', plan(0)
    yield 'xref-4', plan(4)
    yield 'behind', plan(startxref=5000)
    yield 'kind-3', plan(fields=[field(3)])
    yield 'signer-20', plan(fields=[field(signer=20)])
    yield 'name', plan(fields=[field(name=b'\xff')])
    yield 'large', plan(length=(1 << 64) - 1, startxref=(1 << 64) - 2, fields=good)
    whole = plan(2, fields=good)
    r = random.Random(2)
    for i in range(40):
        yield 'cut-%02d' % i, whole[:len(whole) * i // 40]
    for i in range(50):
        b = bytearray(whole)
        for _ in range(1 + i // 10):
            b[r.randrange(len(b))] = r.randrange(256)
        yield 'noise-%02d' % i, bytes(b)
    tip = struct.pack('>BQQIQI', 1, 5000, 4000, 30, 3, 2) + (b'\1' + struct.pack('>I', 31) + b'x' * 32) + (b'\3' + struct.pack('>I', 32) + b'y' * 32)
    yield 'tip', tip
    yield 'tip-cut', tip[:-1]
    yield 'tip-kind', tip.replace(b'\3\0\0\0 ', b'\4\0\0\0 ')

for name, data in documents():
    out('document', name, data)
for name, data in plans():
    out('plan', name, data)
