"""Files that must be refused with a reason, and odd ones where refusing or signing are both defensible."""
from build import (add_to_page, catalog, flate, flate_repeated, form, last_start, signature_field, simple, text, text_field, update)
from cases import case
from ordinary import new_content, through_qpdf

DAMAGED = 'pdf-damaged'
FORM = 'pdf-form-damaged'
COMPLEX = 'pdf-too-complex'


# --- not a document at all ------------------------------------------------------------

@case('bad-empty', 'pdf-empty', 'pdf-not-a-pdf')
def empty():
    return b''


STRANGERS = {
    'text': b'Dear tenant,\nplease sign.\n', 'png': b'\x89PNG\r\n\x1a\n' + bytes(200), 'zip': b'PK\x03\x04' + bytes(500),
    'html': b'<!DOCTYPE html><html><body>%PDF</body></html>', 'zeros': bytes(4096), 'postscript': b'%!PS-Adobe-3.0\nshowpage\n',
    'one-byte': b'%', 'high-bytes': bytes(range(256)) * 8,
}
for name, data in STRANGERS.items():
    @case('bad-' + name, 'pdf-not-a-pdf')
    def stranger(data=data):
        return data


@case('bad-header-only', DAMAGED, 'pdf-truncated', 'pdf-not-a-pdf')
def header_only():
    return b'%PDF-1.7\n'


@case('bad-header-and-end', DAMAGED, 'pdf-truncated', 'pdf-not-a-pdf')
def header_and_end():
    return b'%PDF-1.7\nstartxref\n0\n%%EOF\n'


# --- cut and damaged ---------------------------------------------------------------------

for percent in (10, 50, 90, 99):
    @case('bad-truncated-%d' % percent, 'pdf-truncated', DAMAGED)
    def truncated(percent=percent):
        data = simple('truncated', 5).classic()
        return data[:len(data) * percent // 100]


@case('bad-truncated-streams', 'pdf-truncated', DAMAGED)
def truncated_streams():
    data = simple('truncated-streams', 5).object_streams()
    return data[:len(data) * 60 // 100]


@case('bad-cut-front', 'pdf-not-a-pdf', DAMAGED)
def cut_front():
    return simple('cut-front').classic()[100:]


def damaged(name, change, *expect):
    @case('bad-' + name, *(expect or (DAMAGED,)))
    def make():
        doc = simple(name, 3)
        return change(doc.classic(), doc)
    make.__doc__ = change.__doc__


def replaced(old, new, count=1):
    return lambda data, doc: data.replace(old, new, count)


def shift_xref(data, doc):
    """Every offset in the table is seven bytes too high."""
    head, tail = data.split(b'xref\n0', 1)
    rows = tail.split(b'\n')
    moved = [b'%010d%s' % (int(row[:10]) + 7, row[10:]) if row.endswith(b' n ') else row for row in rows]
    return head + b'xref\n0' + b'\n'.join(moved)


def swap_xref(data, doc):
    """Two entries of the table are exchanged, so objects are found under each other's number."""
    at = data.index(b'xref\n0')
    rows = data[at:].split(b'\n')
    rows[3], rows[4] = rows[4], rows[3]
    return data[:at] + b'\n'.join(rows)


def wild_start(data, doc):
    at = data.rindex(b'startxref')
    return data[:at] + b'startxref\n99999999\n%%EOF\n'


def length_set(data, value):
    at = data.index(b'/Length ') + 8
    old = data[at:data.index(b' ', at)]
    return data[:at] + value.rjust(len(old)) + data[at + len(old):] if len(value) <= len(old) else data.replace(
        b'/Length ' + old, b'/Length ' + value, 1)


damaged('xref-shifted', shift_xref)
damaged('xref-swapped', swap_xref)
damaged('xref-all-free', lambda data, doc: data[:data.index(b'xref\n0')] + data[data.index(b'xref\n0'):].replace(b' 00000 n', b' 00000 f'))
damaged('xref-size-huge', replaced(b'/Size ', b'/Size 99999999'), DAMAGED, COMPLEX, 'signed')
damaged('xref-count-huge', lambda data, doc: data.replace(b'xref\n0 ', b'xref\n0 2147483648', 1))
damaged('xref-count-negative', lambda data, doc: data.replace(b'xref\n0 ', b'xref\n0 -', 1))
damaged('startxref-wild', wild_start, DAMAGED, 'pdf-truncated')
damaged('startxref-missing', lambda data, doc: data[:data.rindex(b'startxref')] + b'%%EOF\n', DAMAGED, 'pdf-truncated')
damaged('startxref-zero', lambda data, doc: data[:data.rindex(b'startxref')] + b'startxref\n0\n%%EOF\n', DAMAGED, 'pdf-truncated')
damaged('startxref-negative', lambda data, doc: data[:data.rindex(b'startxref')] + b'startxref\n-5\n%%EOF\n', DAMAGED, 'pdf-truncated')
damaged('startxref-overflow', lambda data, doc: data[:data.rindex(b'startxref')] + b'startxref\n%s\n%%%%EOF\n' % (b'9' * 40), DAMAGED,
        'pdf-truncated')
damaged('trailer-missing', replaced(b'trailer\n<<', b'traller\n<<'))
damaged('root-missing', replaced(b'/Root 1 0 R', b'/Ruut 1 0 R'))
damaged('root-is-page', replaced(b'/Root 1 0 R', b'/Root 5 0 R'), DAMAGED, 'pdf-no-pages')
damaged('root-is-free', replaced(b'/Root 1 0 R', b'/Root 999 0 R'), DAMAGED, 'pdf-no-pages')
damaged('root-is-integer', replaced(b'/Root 1 0 R', b'/Root 42'), DAMAGED, 'pdf-no-pages')
damaged('prev-to-itself', lambda data, doc: data.replace(b'trailer\n<< ', b'trailer\n<< /Prev %d ' % last_start(data), 1))
damaged('prev-wild', replaced(b'trailer\n<< ', b'trailer\n<< /Prev 123456789 '))
damaged('prev-negative', replaced(b'trailer\n<< ', b'trailer\n<< /Prev -1 '))
damaged('object-header-wrong', replaced(b'2 0 obj', b'9 0 obj'))
# A reader that follows /Length never sees these two; one that scans does.
damaged('endobj-missing', replaced(b'endobj\n2 0 obj', b'      \n2 0 obj'), DAMAGED, 'signed')
damaged('length-short', lambda data, doc: length_set(data, b'10'), DAMAGED, 'signed')
damaged('length-beyond-end', lambda data, doc: length_set(data, b'999999'), DAMAGED, 'signed')
damaged('length-negative', lambda data, doc: length_set(data, b'-10'), DAMAGED, 'signed')
damaged('catalog-cut', replaced(b'/Type /Catalog /Pages', b'/Type /Catalog <<<<<<'), DAMAGED, 'pdf-no-pages')


# --- pages --------------------------------------------------------------------------------

def tree(name, body, *expect, more=None):
    @case('bad-' + name, *expect)
    def make():
        doc = simple(name, 2)
        doc.put(doc.tree, body % {b'one': doc.pages[0], b'two': doc.pages[1], b'tree': doc.tree})
        if more:
            more(doc)
        return doc.classic()


tree('no-pages', b'<< /Type /Pages /Kids [] /Count 0 >>', 'pdf-no-pages')
tree('no-kids', b'<< /Type /Pages /Count 2 >>', 'pdf-no-pages', DAMAGED)
tree('kids-null', b'<< /Type /Pages /Kids [null null] /Count 2 >>', 'pdf-no-pages', DAMAGED)
tree('kids-missing-objects', b'<< /Type /Pages /Kids [900 0 R 901 0 R] /Count 2 >>', 'pdf-no-pages', DAMAGED)
tree('kids-self', b'<< /Type /Pages /Kids [%(tree)d 0 R] /Count 1 >>', DAMAGED, 'pdf-no-pages', COMPLEX)
tree('kids-cycle', b'<< /Type /Pages /Kids [%(one)d 0 R %(two)d 0 R] /Count 2 >>', DAMAGED, 'pdf-no-pages', COMPLEX,
     more=lambda doc: doc.put(doc.pages[1], b'<< /Type /Pages /Parent %d 0 R /Kids [%d 0 R] /Count 1 >>' % (doc.tree, doc.tree)))
tree('kids-repeated', b'<< /Type /Pages /Kids [%(one)d 0 R %(one)d 0 R] /Count 2 >>', DAMAGED, 'signed')
tree('count-wrong', b'<< /Type /Pages /Kids [%(one)d 0 R %(two)d 0 R] /Count 17 >>', DAMAGED, 'signed')
tree('count-negative', b'<< /Type /Pages /Kids [%(one)d 0 R %(two)d 0 R] /Count -2 >>', DAMAGED, 'signed')
tree('count-huge', b'<< /Type /Pages /Kids [%(one)d 0 R %(two)d 0 R] /Count 4000000000 >>', DAMAGED, COMPLEX, 'signed')
tree('kids-direct', b'<< /Type /Pages /Kids [<< /Type /Page /MediaBox [0 0 9 9] /Parent %(tree)d 0 R >>] /Count 1 >>', DAMAGED, 'signed')
tree('tree-is-array', b'[%(one)d 0 R %(two)d 0 R]', DAMAGED, 'pdf-no-pages')


@case('bad-tree-deep', COMPLEX, DAMAGED, 'signed')
def tree_deep():
    """Five thousand levels of page tree above one page."""
    doc = simple('tree-deep')
    above = doc.tree
    for _ in range(5000):
        node = doc.reserve()
        doc.put(above, b'<< /Type /Pages %s/Kids [%d 0 R] /Count 1 >>' % (doc.objects[above][1] if above != doc.tree else b'', node))
        doc.objects[node] = (0, b'/Parent %d 0 R ' % above)
        above = node
    doc.put(above, b'<< /Type /Pages %s/Kids [%d 0 R] /Count 1 >>' % (doc.objects[above][1], doc.pages[0]))
    doc.put(doc.pages[0], doc.objects[doc.pages[0]][1].replace(b'/Parent %d 0 R' % doc.tree, b'/Parent %d 0 R' % above))
    return doc.classic()


BOXES = {
    'mediabox-missing': b'', 'mediabox-empty': b'/MediaBox [0 0 0 0]', 'mediabox-three': b'/MediaBox [0 0 595]',
    'mediabox-names': b'/MediaBox [/a /b /c /d]', 'mediabox-huge': b'/MediaBox [0 0 1e30 1e30]',
    'mediabox-overflow': b'/MediaBox [0 0 %s 842]' % (b'9' * 400), 'mediabox-nan': b'/MediaBox [0 0 1.2.3 --5]',
}
for name, box in BOXES.items():
    # Readers fall back to Letter for a box that makes no sense; refusing is as good.
    @case('bad-' + name, 'signed', DAMAGED)
    def odd_box(name=name, box=box):
        return simple(name, box=box).classic()


# --- encryption, XFA, certification, locks ------------------------------------------------

ENCRYPTED = {
    'rc4-40': ('40',), 'rc4-128': ('128', '--use-aes=n'), 'aes-128': ('128', '--use-aes=y'), 'aes-256': ('256',),
}
for name, form_of in ENCRYPTED.items():
    @case('bad-encrypted-' + name, 'pdf-encrypted', tools=('qpdf',))
    def encrypted(form_of=form_of):
        weak = () if form_of[0] == '256' else ('--allow-weak-crypto',)
        return through_qpdf(simple('encrypted').classic(), *weak, '--static-aes-iv', '--static-id', '--encrypt', 'secret', 'owner', *form_of, '--')


@case('bad-encrypted-no-password', 'pdf-encrypted', tools=('qpdf',))
def encrypted_open():
    """Opens without a password, but is encrypted all the same: an update would have to be encrypted too."""
    return through_qpdf(simple('encrypted-open').classic(), '--allow-weak-crypto', '--static-aes-iv', '--static-id',
                        '--encrypt', '', 'owner', '128', '--use-aes=y', '--')


@case('bad-encrypt-nonsense', 'pdf-encrypted', DAMAGED)
def encrypt_nonsense():
    doc = simple('encrypt-nonsense')
    doc.trailer = b'/Encrypt << /Filter /Unheard /V 99 >>'
    return doc.classic()


@case('bad-xfa', 'pdf-xfa')
def xfa():
    doc = simple('xfa')
    packet = doc.stream(b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template/></xdp:xdp>')
    doc.put(1, catalog(doc, b'/AcroForm << /Fields [] /XFA %d 0 R >>' % packet))
    return doc.classic()


@case('bad-xfa-array', 'pdf-xfa')
def xfa_array():
    doc = simple('xfa-array')
    packet = doc.stream(b'<template/>')
    form(doc, [text_field(doc, b'name', b'', b'')], b'/XFA [(template) %d 0 R]' % packet)
    return doc.object_streams()


@case('bad-xfa-needs-rendering', 'pdf-xfa')
def xfa_dynamic():
    doc = simple('xfa-needs-rendering')
    packet = doc.stream(b'<template/>')
    doc.put(1, catalog(doc, b'/NeedsRendering true /AcroForm << /Fields [] /XFA %d 0 R >>' % packet))
    return doc.classic()


def unsigned_certification(name, level, *expect):
    """A certification by its dictionaries alone: the signature in it is rubbish, the demand stands."""
    @case('bad-' + name, *expect, visible=True)
    def make():
        doc = simple(name)
        transform = b'<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>' % level
        sig = doc.add(b'<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /ByteRange [0 10 20 10]'
                      b' /Contents <%s> /Reference [%s] >>' % (b'00' * 64, transform))
        acroform = form(doc, [signature_field(doc, b'Author', b'[0 0 0 0]', b'/V %d 0 R' % sig)], b'/SigFlags 3')
        doc.put(1, catalog(doc, b'/AcroForm %d 0 R /Perms << /DocMDP %d 0 R >>' % (acroform, sig)))
        return doc.classic()


unsigned_certification('certified-p1-broken', 1, 'pdf-certified', 'pdf-signature-damaged')
unsigned_certification('certified-p2-broken', 2, 'pdf-certified', 'pdf-signature-damaged')


# --- bombs ----------------------------------------------------------------------------------

def tenfold(data, times=10):
    for _ in range(times):
        data = flate(data)
    return data


FILTERS = b'/Filter [%s]' % (b'/FlateDecode ' * 10)


@case('bomb-content', 'signed', COMPLEX)
def bomb_content():
    """A page's content of 100 MB behind ten Flate filters; who only appends never needs to unpack it."""
    doc = simple('bomb-content')
    doc.stream(tenfold(flate_repeated(b'', b'0 0 m\n' * 200_000, 90), 9), FILTERS, doc.pages[0] - 1)
    return doc.classic()


@case('bomb-object-stream', COMPLEX, DAMAGED)
def bomb_object_stream():
    """The catalog lies in an object stream of 600 MB."""
    doc = simple('bomb-object-stream')
    head = b'1 0 %d %d ' % (doc.tree, len(doc.objects[1][1]) + 1)
    bodies = doc.objects[1][1] + b' ' + doc.objects[doc.tree][1] + b' '
    body = flate_repeated(head + bodies, b' ' * (1 << 20), 600)
    holder = doc.stream(flate(flate(body)), b'/Type /ObjStm /N 2 /First %d /Filter [/FlateDecode /FlateDecode /FlateDecode]' % len(head))
    return doc.xref_stream(compressed={1: (holder, 0), doc.tree: (holder, 1)})


@case('bomb-xref-stream', COMPLEX, DAMAGED)
def bomb_xref_stream():
    """A cross-reference stream of 500 MB for ten objects."""
    doc = simple('bomb-xref-stream')
    out = doc.head()
    doc.write_objects(out, sorted(doc.objects))
    start, number = len(out), max(doc.objects) + 1
    body = flate_repeated(b'', bytes(1 << 20), 500)
    packed = flate(flate(body))
    out += b'%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [0 70000000] /Filter [/FlateDecode /FlateDecode /FlateDecode] /Length %d %s >>\nstream\n' % (
        number, len(packed), doc.tail(70000000))
    return bytes(out + packed + b'\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n' % start)


@case('bomb-predictor', COMPLEX, DAMAGED)
def bomb_predictor():
    """Columns of two thousand million in the cross-reference stream's predictor."""
    data = simple('bomb-predictor').xref_stream(predictor=True)
    return data.replace(b'/Columns 7', b'/Columns 2000000000', 1)


@case('bomb-lzw-runlength', 'signed', COMPLEX)
def bomb_runlength():
    doc = simple('bomb-lzw-runlength')
    doc.stream(flate(b'\x81\x20' * 5_000_000 + b'\x80'), b'/Filter [/FlateDecode /RunLengthDecode]', doc.pages[0] - 1)
    return doc.classic()


@case('object-stream-in-itself', DAMAGED, COMPLEX)
def stream_in_itself():
    """The cross-reference says that the object stream lies inside itself."""
    doc = simple('object-stream-in-itself')
    compressed = doc.pack(doc.plain_numbers())
    holder = next(iter(compressed.values()))[0]
    compressed[holder] = (holder, 0)
    return doc.xref_stream(compressed=compressed)


@case('object-stream-extends-itself', 'signed', DAMAGED, COMPLEX)
def extends_itself():
    doc = simple('object-stream-extends-itself')
    numbers = doc.plain_numbers()
    holder = max(doc.objects) + 1
    return doc.xref_stream(compressed=doc.pack(numbers, extends=holder))


@case('object-stream-length-inside', DAMAGED, COMPLEX, 'signed')
def length_inside():
    """The length of the object stream is an object inside this object stream."""
    doc = simple('object-stream-length-inside')
    number = doc.add(b'0')
    compressed = doc.pack(doc.plain_numbers())
    holder = next(iter(compressed.values()))[0]
    body = doc.objects[holder][1]
    start = body.index(b'/Length ')
    end = body.index(b' ', start + 8)
    doc.put(holder, body[:start] + b'/Length %d 0 R' % number + body[end:])
    return doc.xref_stream(compressed=compressed)


@case('object-stream-lies', DAMAGED, COMPLEX)
def stream_lies():
    """N and First point far outside."""
    doc = simple('object-stream-lies')
    compressed = doc.pack(doc.plain_numbers())
    holder = next(iter(compressed.values()))[0]
    body = doc.objects[holder][1]
    doc.put(holder, body.replace(b'/N ', b'/N 99999', 1).replace(b'/First ', b'/First 9999', 1))
    return doc.xref_stream(compressed=compressed)


@case('many-objects', 'signed', COMPLEX, huge=True)
def many_objects():
    """300,000 objects in 50 MB."""
    doc = simple('many-objects')
    body = b'<< /Kind (filler) /Value [%s] >>' % (b'1 2 3 4 5 6 7 8 9 0 ' * 6)
    for number in range(max(doc.objects) + 1, 300_001):
        doc.objects[number] = (0, body)
    return doc.classic()


def nested(name, opening, closing, depth, *expect):
    @case(name, *expect)
    def make():
        doc = simple(name)
        doc.put(1, catalog(doc, b'/PieceInfo << /Test << /Private %s%s >> >>' % (opening * depth, closing * depth)))
        return doc.classic()


nested('nested-arrays-50', b'[', b']', 50, 'signed', COMPLEX)
nested('nested-arrays-100000', b'[', b']', 100_000, COMPLEX, DAMAGED)
nested('nested-dictionaries-100000', b'<< /A ', b'>>', 100_000, COMPLEX, DAMAGED)


@case('nested-elsewhere', 'signed', COMPLEX, DAMAGED)
def nested_elsewhere():
    """A hundred thousand brackets in an object that nobody needs."""
    doc = simple('nested-elsewhere')
    doc.add(b'[' * 100_000 + b']' * 100_000)
    return doc.classic()


@case('long-name', 'signed', COMPLEX, DAMAGED)
def long_name():
    doc = simple('long-name')
    doc.put(1, catalog(doc, b'/' + b'N' * 1_000_000 + b' null'))
    return doc.classic()


@case('long-string', 'signed', COMPLEX)
def long_string():
    doc = simple('long-string')
    doc.trailer = b'/Info %d 0 R' % doc.add(b'<< /Title (%s) >>' % (b'x' * 5_000_000))
    return doc.classic()


@case('reference-chain', 'signed', COMPLEX, DAMAGED)
def reference_chain():
    """MediaBox is a reference to a reference to a reference, in a circle."""
    doc = simple('reference-chain')
    one, two = doc.reserve(), doc.reserve()
    doc.put(one, b'%d 0 R' % two)
    doc.put(two, b'%d 0 R' % one)
    number = doc.pages[0]
    doc.put(number, doc.objects[number][1].replace(b'/MediaBox [0 0 595 842]', b'/MediaBox %d 0 R' % one))
    return doc.classic()


@case('field-cycle', DAMAGED, FORM, COMPLEX, 'signed')
def field_cycle():
    doc = simple('field-cycle')
    one, two = doc.reserve(), doc.reserve()
    doc.put(one, b'<< /T (one) /Kids [%d 0 R] /Parent %d 0 R >>' % (two, two))
    doc.put(two, b'<< /T (two) /Kids [%d 0 R] /Parent %d 0 R >>' % (one, one))
    doc.put(1, catalog(doc, b'/AcroForm << /Fields [%d 0 R] >>' % one))
    return doc.classic()


@case('fields-in-themselves', DAMAGED, FORM, COMPLEX, 'signed')
def fields_array_cycle():
    doc = simple('fields-in-themselves')
    one = doc.reserve()
    doc.put(one, b'[%d 0 R]' % one)
    doc.put(1, catalog(doc, b'/AcroForm << /Fields %d 0 R >>' % one))
    add_to_page(doc, b'/Annots %d 0 R' % one)
    return doc.classic()


@case('fields-not-an-array', DAMAGED, FORM, 'signed')
def fields_odd():
    return simple('fields-not-an-array', root_entries=b'/AcroForm << /Fields (none) >>').classic()


@case('form-not-a-dictionary', DAMAGED, FORM, 'signed')
def form_odd():
    return simple('form-not-a-dictionary', root_entries=b'/AcroForm [1 2 3]').classic()


@case('annots-not-an-array', DAMAGED, FORM, 'signed')
def annots_odd():
    return simple('annots-not-an-array', page_entries=b'/Annots (none)').classic()


@case('dss-not-a-dictionary', DAMAGED, 'signed')
def dss_odd():
    return simple('dss-not-a-dictionary', root_entries=b'/DSS [1 2 3]').classic()


@case('dss-entries-odd', DAMAGED, 'signed')
def dss_entries():
    return simple('dss-entries-odd', root_entries=b'/DSS << /Certs 17 /OCSPs [null 99 0 R] /VRI [] >>').classic()


# --- what the signer could be shown differently ---------------------------------------------

SCRIPTS = {
    'script-open': b'/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>',
    'script-names': b'/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (this.getField\\("x"\\)) >>] >> >>',
    'script-will-save': b'/AA << /WS << /S /JavaScript /JS (1) >> >>',
    'launch-open': b'/OpenAction << /S /Launch /F (calc.exe) >>',
    'script-chained': b'/OpenAction << /S /GoTo /D [5 0 R /Fit] /Next << /S /JavaScript /JS (1) >> >>',
    'script-behind-forty-actions': b'/OpenAction << /S /GoTo /D [5 0 R /Fit] /Next [%s << /S /JavaScript /JS (1) >>] >>' % (
        b'<< /S /GoTo /D [5 0 R /Fit] >> ' * 40),
}
for name, entries in SCRIPTS.items():
    @case(name, 'pdf-scripts')
    def script(name=name, entries=entries):
        return simple(name, root_entries=entries).classic()


@case('script-on-page', 'pdf-scripts')
def script_on_page():
    return simple('script-on-page', page_entries=b'/AA << /O << /S /JavaScript /JS (app.alert\\(1\\)) >> >>').classic()


@case('script-when-annotation-is-seen', 'pdf-scripts')
def script_when_seen():
    doc = simple('script-when-annotation-is-seen')
    note = doc.add(b'<< /Type /Annot /Subtype /Screen /Rect [0 0 10 10] /AA << /PV << /S /JavaScript /JS (app.alert\\(1\\)) >> >> >>')
    add_to_page(doc, b'/Annots [%d 0 R]' % note)
    return doc.classic()


@case('annotations-shared-by-pages', 'signed')
def shared_annotations():
    """Two pages, one list of annotations: the signature box belongs to one of them."""
    doc = simple('annotations-shared-by-pages', pages=2)
    shared = doc.add(b'[]')
    add_to_page(doc, b'/Annots %d 0 R' % shared, 0)
    add_to_page(doc, b'/Annots %d 0 R' % shared, 1)
    return doc.classic()


# These two run only when somebody clicks or fills in: refusing is permitted, not demanded.
@case('script-in-annotation', 'pdf-scripts', 'signed')
def script_in_annotation():
    doc = simple('script-in-annotation')
    note = doc.add(b'<< /Type /Annot /Subtype /Link /Rect [72 500 272 520] /A << /S /JavaScript /JS (app.alert\\(1\\)) >> >>')
    add_to_page(doc, b'/Annots [%d 0 R]' % note)
    return doc.classic()


@case('script-in-field', 'pdf-scripts', 'signed')
def script_in_field():
    doc = simple('script-in-field')
    field = text_field(doc, b'total', b'1', b'1')
    doc.put(field, doc.objects[field][1][:-2] + b'/AA << /C << /S /JavaScript /JS (event.value = 2) >> >> >>')
    form(doc, [field])
    return doc.object_streams()


@case('open-action-destination', 'signed')
def open_destination():
    """Opening at a page is no script."""
    return simple('open-action-destination', root_entries=b'/OpenAction [5 0 R /FitH null]').classic()


def layers(name, configuration, *expect):
    @case(name, *expect)
    def make():
        doc = simple(name, page_text=b'/OC /L1 BDC ' + text([b'Rent: 900 EUR']) + b' EMC /OC /L2 BDC ' + text([b'Rent: 9,000 EUR'], y=700) + b' EMC')
        one, two = doc.add(b'<< /Type /OCG /Name (one) >>'), doc.add(b'<< /Type /OCG /Name (two) >>')
        doc.put(1, catalog(doc, b'/OCProperties << /OCGs [%d 0 R %d 0 R] %s >>' % (one, two, configuration % {b'one': one, b'two': two})))
        number = doc.pages[0]
        doc.put(number, doc.objects[number][1].replace(b'/Resources <<', b'/Resources << /Properties << /L1 %d 0 R /L2 %d 0 R >>' % (one, two)))
        return doc.classic()


layers('layer-off', b'/D << /OFF [%(two)d 0 R] >>', 'pdf-hidden-layers')
layers('layer-base-off', b'/D << /BaseState /OFF /ON [%(one)d 0 R] >>', 'pdf-hidden-layers')
layers('layer-base-off-named-twice', b'/D << /BaseState /OFF /ON [%(one)d 0 R %(one)d 0 R] >>', 'pdf-hidden-layers')
layers('layer-by-zoom-and-print', b'/D << /AS [<< /Event /Print /Category [/Print] /OCGs [%(two)d 0 R] >>] >>', 'pdf-hidden-layers', 'signed')
layers('layer-other-configuration', b'/D << >> /Configs [<< /Name (x) /OFF [%(one)d 0 R] >>]', 'pdf-hidden-layers', 'signed')


@case('field-without-appearance', 'signed')
def field_without_appearance():
    """A value that each reader draws in its own way."""
    doc = simple('field-without-appearance')
    form(doc, [text_field(doc, b'rent', b'900 EUR')], b'/NeedAppearances true')
    return doc.classic()


@case('field-appearance-differs', 'signed')
def field_differs():
    """The field says 9000, its appearance shows 900 (a shadow attack's first step)."""
    doc = simple('field-appearance-differs')
    form(doc, [text_field(doc, b'rent', b'9000 EUR', b'900 EUR')])
    return doc.classic()


@case('shadow-hidden-page', 'signed', DAMAGED)
def shadow_hide():
    """Another catalog and page tree wait, unreferenced, for a forged update."""
    doc = simple('shadow-hidden-page')
    content = doc.stream(text([b'Another contract']))
    page, node = doc.reserve(), doc.reserve()
    doc.put(page, b'<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 %d 0 R >> >> >>' % (
        node, content, doc.font))
    doc.put(node, b'<< /Type /Pages /Kids [%d 0 R] /Count 1 >>' % page)
    doc.add(b'<< /Type /Catalog /Pages %d 0 R >>' % node)
    return doc.classic()


@case('duplicate-object', 'signed', DAMAGED)
def duplicate_object():
    """One number, two bodies; the table names the second, a reader that repairs may take the first."""
    doc = simple('duplicate-object')
    number = doc.pages[0] - 1
    other = text([b'Rent: 9,000 EUR'])
    data = doc.classic()
    twin = b'%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n' % (number, len(other), other)
    at = data.index(b'xref\n0')
    return data[:at] + twin + data[at:].replace(b'startxref\n%d' % at, b'startxref\n%d' % (at + len(twin)))


@case('duplicate-key', 'signed', DAMAGED)
def duplicate_key():
    """The catalog names two page trees; the second one counts for most readers."""
    doc = simple('duplicate-key')
    doc.put(1, b'<< /Type /Catalog /Pages %d 0 R /Pages %d 0 R >>' % (doc.pages[0], doc.tree))
    return doc.classic()


# --- the ends of the file ---------------------------------------------------------------------

@case('garbage-before-header', 'signed', DAMAGED)
def garbage_before():
    """Junk before the header; offsets count from the header, as most readers allow."""
    return b'GARBAGE LINE\r\n\r\n' + simple('garbage-before-header').classic()


@case('garbage-before-counted', 'signed', DAMAGED)
def garbage_counted():
    """Junk before the header; offsets count from the first byte."""
    doc = simple('garbage-before-counted')
    doc.start = b'GARBAGE LINE\n\n'
    return doc.classic()


@case('garbage-2000-before', 'pdf-not-a-pdf', DAMAGED)
def garbage_far():
    doc = simple('garbage-2000-before')
    doc.start = b'x' * 1999 + b'\n'
    return doc.classic()


@case('garbage-after', 'signed', DAMAGED)
def garbage_after():
    return simple('garbage-after').classic() + b'<html>appended by a mail gateway</html>\n' * 3


@case('garbage-5000-after', DAMAGED, 'signed', 'pdf-truncated')
def garbage_long():
    return simple('garbage-5000-after').classic() + b'z' * 5000


@case('nul-after', 'signed', DAMAGED)
def nul_after():
    return simple('nul-after').classic() + bytes(512)


@case('eof-missing', DAMAGED, 'signed', 'pdf-truncated')
def eof_missing():
    return simple('eof-missing').classic().replace(b'%%EOF', b'')


@case('eof-in-content', 'signed')
def eof_in_content():
    return simple('eof-in-content', page_text=b'%%EOF\nstartxref\n0\n%%EOF\n' + text([b'still here'])).classic()


@case('eof-in-trailer', DAMAGED, 'signed')
def eof_in_trailer():
    """A comment in the trailer looks like the end of the file."""
    data = simple('eof-in-trailer').classic()
    return data.replace(b'trailer\n<<', b'trailer\n<<\n%%EOF\n', 1)


@case('eof-twice', 'signed', DAMAGED)
def eof_twice():
    return simple('eof-twice').classic() + b'%%EOF\n%%EOF\n'


@case('startxref-twice', DAMAGED, 'signed')
def startxref_twice():
    """A second startxref that points to nothing."""
    return simple('startxref-twice').classic() + b'startxref\n1\n%%EOF\n'


@case('two-documents', DAMAGED, 'signed')
def two_documents():
    """Two whole files in one; the second's offsets count from its own header."""
    return simple('two-documents-a').classic() + simple('two-documents-b').classic()


@case('linearization-appended', 'signed', DAMAGED, tools=('qpdf',))
def linearization_appended():
    """A linearization dictionary in an update, where none belongs."""
    doc = simple('linearization-appended')
    data = doc.classic()
    return update(data, doc, {doc.reserve(): b'<< /Linearized 1 /L %d /H [0 0] /O 5 /E 100 /N 1 /T 100 >>' % len(data)})


@case('hybrid-disagrees', DAMAGED, 'signed')
def hybrid_disagrees():
    """Old readers and new ones see a different page tree."""
    doc = simple('hybrid-disagrees', 2)
    doc.put(doc.tree, b'<< /Type /Pages /Kids [%d 0 R] /Count 1 >>' % doc.pages[0])
    plain = doc.classic()
    doc.put(doc.tree, b'<< /Type /Pages /Kids [%d 0 R] /Count 1 >>' % doc.pages[1])
    doc.pack([doc.tree])
    number, at = max(doc.objects), last_start(plain)
    stream_at = len(plain[:at])
    part = b'%d 0 obj\n%s\nendobj\n' % (number, doc.objects[number][1])
    row = b'\x02' + number.to_bytes(4, 'big') + b'\0\0' + b'\x01' + stream_at.to_bytes(4, 'big') + b'\0\0'
    xref_at = stream_at + len(part)
    part += b'%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [%d 1 %d 1] /Length %d %s >>\nstream\n%s\nendstream\nendobj\n' % (
        number + 1, doc.tree, number, len(row), doc.tail(number + 2), row)
    end = plain[at:].replace(b'/Size %d' % number, b'/Size %d' % (number + 2)).replace(b'>>\nstartxref\n%d' % at, b'/XRefStm %d >>\nstartxref\n%d' % (xref_at, at + len(part)))
    return plain[:at] + part + end


@case('updated-over-nothing', DAMAGED)
def updated_over_nothing():
    """An update whose /Prev points into the middle of an object."""
    doc = simple('updated-over-nothing')
    data = doc.classic()
    full = update(data, doc, new_content(doc, b'x'))
    return full.replace(b'/Prev %d' % last_start(data), b'/Prev %d' % 30)


@case('nul-in-names', 'signed', DAMAGED)
def nul_in_names():
    doc = simple('nul-in-names')
    doc.put(1, catalog(doc, b'/Nul#00Name (x) /AcroForm#00 << /Fields [] >>'))
    return doc.classic()


@case('field-name-nul', 'signed', DAMAGED, FORM)
def field_name_nul():
    doc = simple('field-name-nul')
    form(doc, [signature_field(doc, b'Ten\\000ant')], b'/SigFlags 1')
    return doc.classic()


@case('id-not-an-array', DAMAGED, 'signed')
def id_odd():
    doc = simple('id-not-an-array')
    doc.ids = b'/ID 17'
    return doc.classic()


@case('version-unheard', 'signed', DAMAGED, 'pdf-not-a-pdf')
def version_unheard():
    return simple('version-unheard', version=b'9.9').classic()


@case('version-cut', 'signed', DAMAGED, 'pdf-not-a-pdf')
def version_cut():
    return simple('version-cut', version=b'').classic()
