"""Files that are no PDF, or one that is cut, damaged, put together wrongly or ends oddly; some of these may be signed too."""
from build import catalog, form, last_start, signature_field, simple, text, update
from cases import COMPLEX, DAMAGED, FORM, case
from ordinary import new_content


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
