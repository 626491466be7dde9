"""Files that any signing service must sign."""
import subprocess
import tempfile
from pathlib import Path

from build import (FONT, Doc, add_to_page, catalog, flate, form, signature_field, simple, text, text_field, update,
                   update_stream)
from cases import case


def through_qpdf(data, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, 'in.pdf'), Path(folder, 'out.pdf')
        source.write_bytes(data)
        subprocess.run(['qpdf', *arguments, source, target], check=True)
        return target.read_bytes()


# --- kinds of cross-reference -----------------------------------------------------

@case('classic')
def classic():
    return simple('classic').classic()


@case('classic-crlf')
def classic_crlf():
    doc = simple('classic-crlf')
    doc.eol = b'\r\n'
    return doc.classic()


@case('classic-cr')
def classic_cr():
    doc = simple('classic-cr')
    doc.eol = b'\r'
    return doc.classic()


@case('xref-stream')
def xref_stream():
    return simple('xref-stream').xref_stream()


@case('xref-stream-predictor')
def xref_stream_predictor():
    return simple('xref-stream-predictor', 3).xref_stream(predictor=True)


@case('object-streams')
def object_streams():
    """The catalog, the pages and the page tree are all inside an object stream."""
    return simple('object-streams', 5).object_streams()


@case('object-streams-chained')
def object_streams_chained():
    return simple('object-streams-chained', 20).object_streams(each=7, chained=True)


@case('hybrid')
def hybrid():
    doc = simple('hybrid', 2)
    extra = [doc.add(b'<< /Title (Chapter one) >>'), doc.add(b'[1 2 3]')]
    doc.put(1, catalog(doc, b'/PieceInfo << /Test %d 0 R /More %d 0 R >>' % tuple(extra)))
    return doc.hybrid(extra)


@case('hybrid-form')
def hybrid_form():
    """The form's dictionaries are visible only to readers that know cross-reference streams."""
    doc = simple('hybrid-form')
    field = text_field(doc, b'name', b'Jane', b'Jane')
    acroform = form(doc, [field])
    return doc.hybrid([field, acroform])


@case('linearized', tools=('qpdf',))
def linearized():
    return through_qpdf(simple('linearized', 4).classic(), '--deterministic-id', '--linearize', '--object-streams=disable')


@case('linearized-object-streams', tools=('qpdf',))
def linearized_object_streams():
    return through_qpdf(simple('linearized-object-streams', 4).classic(), '--deterministic-id', '--linearize', '--object-streams=generate')


@case('linearized-updated', tools=('qpdf',))
def linearized_updated():
    """An update after linearization: the first-page table no longer describes the file."""
    doc = simple('linearized-updated', 2)
    data = through_qpdf(doc.classic(), '--deterministic-id', '--linearize', '--object-streams=disable', '--preserve-unreferenced')
    number, size = root_of(data)
    doc.root, doc.ids = number, b''
    doc.objects[size] = (0, b'')
    return update(data, doc, {size: b'<< /Note (added later) >>'})


def root_of(data):
    trailer = data[data.index(b'/Root'):]
    number = int(trailer.split()[1])
    at = data.index(b'/Size')
    return number, int(data[at:].split()[1])


@case('print-when-opened')
def print_when_opened():
    """The print dialog opens with the document, twice; nothing that is seen changes."""
    script = b'<< /S /JavaScript /JS (this.print\\({bUI:true,bSilent:false}\\);) >>'
    return simple('print-when-opened', root_entries=b'/OpenAction %s /Names << /JavaScript << /Names [(auto) %s] >> >>' % (script, script)).classic()


# --- versions, identifiers, titles --------------------------------------------------

for version in (b'1.0', b'1.3', b'1.4', b'1.5', b'1.6', b'2.0'):
    @case('version-' + version.decode())
    def old_version(version=version):
        return simple('version-' + version.decode(), version=version).classic()


@case('version-in-catalog')
def version_in_catalog():
    return simple('version-in-catalog', version=b'1.4', root_entries=b'/Version /1.7').classic()


IDS = {
    'id-none': b'',
    'id-literal': rb'/ID [(a\(b\)c\\d) (\000\001\377\r\n0123456)]',
    'id-empty': b'/ID [<> <>]',
    'id-long': b'/ID [<%s> <%s>]' % (b'ab' * 200, b'cd' * 200),
    'id-odd-hex': b'/ID [<ABC> <0 1 2 3\n4 5>]',
    'id-different': b'/ID [<00112233445566778899AABBCCDDEEFF> <FFEEDDCCBBAA99887766554433221100>]',
}
for name, ids in IDS.items():
    @case(name)
    def identifier(name=name, ids=ids):
        doc = simple(name)
        doc.ids = ids
        return doc.classic()


@case('id-indirect')
def id_indirect():
    doc = simple('id-indirect')
    number = doc.add(doc.ids[4:])
    doc.ids = b'/ID %d 0 R' % number
    return doc.classic()


TITLES = {
    'title-utf16': b'<FEFF' + 'Bail d’habitation, Ωμέγα, договор, 契約書'.encode('utf-16-be').hex().encode() + b'>',
    'title-utf16-surrogates': b'<FEFF' + 'Contract \U0001F600 \U00020000'.encode('utf-16-be').hex().encode() + b'>',
    'title-utf8': b'<EFBBBF' + 'Договор аренды'.encode().hex().encode() + b'>',
    'title-pdfdoc': rb'(R\351sum\351 \220 \(draft\))',
    'title-nul': rb'(Contract\000 hidden)',
    'title-long': b'(' + b'Long title ' * 800 + b')',
}
for name, title in TITLES.items():
    @case(name)
    def titled(name=name, title=title):
        doc = simple(name, version=b'2.0' if 'utf8' in name else b'1.7')
        info = doc.add(b'<< /Title %s /Producer (test) >>' % title)
        doc.trailer = b'/Info %d 0 R' % info
        return doc.classic()


# --- pages ----------------------------------------------------------------------------

for count in (2, 100):
    @case('pages-%d' % count)
    def some_pages(count=count):
        return simple('pages-%d' % count, count).classic()


@case('pages-2000-flat')
def pages_flat():
    return simple('pages-2000-flat', 2000).object_streams()


@case('pages-2000')
def pages_tree():
    """Two thousand pages in a tree of three levels, with everything inherited."""
    doc = Doc('pages-2000')
    doc.root, doc.tree = doc.reserve(), doc.reserve()
    doc.font, middle = doc.add(FONT), []
    for part in range(20):
        node, kids = doc.reserve(), []
        for index in range(100):
            content = doc.stream(text([b'Page %d of 2000' % (part * 100 + index + 1)]))
            kids.append(doc.add(b'<< /Type /Page /Parent %d 0 R /Contents %d 0 R >>' % (node, content)))
        doc.put(node, b'<< /Type /Pages /Parent %d 0 R /Count 100 /Kids [%s] >>' % (
            doc.tree, b' '.join(b'%d 0 R' % n for n in kids)))
        middle.append(node)
    doc.put(doc.tree, b'<< /Type /Pages /Count 2000 /MediaBox [0 0 595 842] /Resources << /Font << /F1 %d 0 R >> >>'
            b' /Kids [%s] >>' % (doc.font, b' '.join(b'%d 0 R' % n for n in middle)))
    doc.put(1, catalog(doc))
    return doc.classic()


@case('inherited')
def inherited():
    doc = simple('inherited', 2, box=b'')
    kids = b' '.join(b'%d 0 R' % n for n in doc.pages)
    doc.put(doc.tree, b'<< /Type /Pages /Kids [%s] /Count 2 /MediaBox [0 0 595 842] /CropBox [20 20 575 822]'
            b' /Rotate 90 /Resources << /Font << /F1 %d 0 R >> >> >>' % (kids, doc.font))
    for number in doc.pages:
        doc.put(number, b'<< /Type /Page /Parent %d 0 R /Contents %d 0 R >>' % (doc.tree, number - 1))
    return doc.classic()


@case('inherited-indirect')
def inherited_indirect():
    """MediaBox, Resources and Rotate are references; the rectangle's numbers are references too."""
    doc = simple('inherited-indirect', box=b'')
    numbers = [doc.add(b'%d' % n) for n in (0, 0, 595, 842)]
    box = doc.add(b'[%s]' % b' '.join(b'%d 0 R' % n for n in numbers))
    rotate, resources = doc.add(b'270'), doc.add(b'<< /Font << /F1 %d 0 R >> >>' % doc.font)
    doc.put(doc.tree, b'<< /Type /Pages /Kids [%d 0 R] /Count 1 /MediaBox %d 0 R /Rotate %d 0 R /Resources %d 0 R >>' % (
        doc.pages[0], box, rotate, resources))
    doc.put(doc.pages[0], b'<< /Type /Page /Parent %d 0 R /Contents %d 0 R >>' % (doc.tree, doc.pages[0] - 1))
    return doc.classic()


PAGES = {
    'rotate-90': b'/Rotate 90', 'rotate-180': b'/Rotate 180', 'rotate-270': b'/Rotate 270', 'rotate-minus-90': b'/Rotate -90',
    'rotate-450': b'/Rotate 450', 'cropbox-offset': b'/CropBox [100 200 400 700]', 'user-unit': b'/UserUnit 2.5',
    'cropbox-outside': b'/CropBox [-50 -50 900 1000]',
}
for name, entries in PAGES.items():
    @case(name)
    def page_entries(name=name, entries=entries):
        return simple(name, page_entries=entries).classic()


BOXES = {
    'mediabox-negative': b'/MediaBox [-300 -400 295 442]', 'mediabox-reversed': b'/MediaBox [595 842 0 0]',
    'mediabox-real': b'/MediaBox [0.5 .25 595.275591 841.88976378]', 'mediabox-offset': b'/MediaBox [1000 2000 1595 2842]',
    'mediabox-letter-landscape': b'/MediaBox [0 0 792 612]', 'mediabox-poster': b'/MediaBox [0 0 14400 14400]',
}
for name, box in BOXES.items():
    @case(name)
    def boxed(name=name, box=box):
        return simple(name, box=box).classic()


@case('mediabox-stamp', visible=False)
def small_page():
    """A page smaller than a signature field of usual size."""
    return simple('mediabox-stamp', box=b'/MediaBox [0 0 100 60]').classic()


@case('contents-array')
def contents_array():
    """The page's content is in three streams that are not balanced one by one, and leaves the matrix changed."""
    doc = simple('contents-array')
    parts = [doc.stream(b'q 0.5 0 0 0.5 100 100 cm q'), doc.stream(flate(text([b'scaled'])), b'/Filter /FlateDecode'), doc.stream(b'Q')]
    add_to_page(doc, b'')
    number = doc.pages[0]
    body = doc.objects[number][1].replace(b'/Contents %d 0 R' % (number - 1), b'/Contents [%s]' % b' '.join(b'%d 0 R' % n for n in parts))
    doc.put(number, body)
    return doc.classic()


@case('contents-none')
def contents_none():
    doc = simple('contents-none')
    number = doc.pages[0]
    doc.put(number, doc.objects[number][1].replace(b'/Contents %d 0 R' % (number - 1), b''))
    return doc.classic()


# --- what else a document may hold --------------------------------------------------------

@case('form-fields')
def form_fields():
    doc = simple('form-fields')
    form(doc, [text_field(doc, b'name', b'Jane Doe', b'Jane Doe'), text_field(doc, b'city', b'Paris', b'Paris', 560)])
    return doc.classic()


@case('form-in-catalog')
def form_in_catalog():
    """The form dictionary and its list of fields are direct in the catalog."""
    doc = simple('form-in-catalog')
    field = text_field(doc, b'name', b'Jane', b'Jane')
    doc.put(1, catalog(doc, b'/AcroForm << /Fields [%d 0 R] /SigFlags 0 /DA (/Helv 0 Tf 0 g) >>' % field))
    add_to_page(doc, b'/Annots [%d 0 R]' % field)
    return doc.classic()


@case('form-indirect-lists')
def form_indirect_lists():
    """Fields and Annots are references to arrays, shared by nobody."""
    doc = simple('form-indirect-lists')
    field = text_field(doc, b'name', b'Jane', b'Jane')
    fields, annots = doc.add(b'[%d 0 R]' % field), doc.add(b'[%d 0 R]' % field)
    doc.put(1, catalog(doc, b'/AcroForm %d 0 R' % doc.add(b'<< /Fields %d 0 R >>' % fields)))
    add_to_page(doc, b'/Annots %d 0 R' % annots)
    return doc.classic()


@case('form-empty')
def form_empty():
    return simple('form-empty', root_entries=b'/AcroForm << /Fields [] >>').classic()


@case('form-in-object-stream')
def form_in_object_stream():
    doc = simple('form-in-object-stream')
    form(doc, [text_field(doc, b'name', b'Jane', b'Jane')])
    return doc.object_streams()


@case('field-tree')
def field_tree():
    """Names in three levels, one of them with a dot-free name like a signature field of ours."""
    doc = simple('field-tree')
    leaf, middle, top = text_field(doc, b'street', b'1 Main', b'1 Main'), doc.reserve(), doc.reserve()
    doc.put(leaf, doc.objects[leaf][1][:-2] + b'/Parent %d 0 R >>' % middle)
    doc.put(middle, b'<< /T (address) /Kids [%d 0 R] /Parent %d 0 R >>' % (leaf, top))
    doc.put(top, b'<< /T (Signature1) /Kids [%d 0 R] >>' % middle)
    form(doc, [top])
    number = doc.pages[0]
    doc.put(number, doc.objects[number][1].replace(b'/Annots [%d 0 R]' % top, b'/Annots [%d 0 R]' % leaf))
    return doc.classic()


for title in (b'Signature1', b'Tenant', b'Sig\\344ture'):
    @case('empty-field-' + ''.join(c for c in title.decode() if c.isalnum()).lower())
    def empty_field(title=title):
        doc = simple('empty-field')
        form(doc, [signature_field(doc, title)], b'/SigFlags 1')
        return doc.classic()


@case('empty-fields-two')
def empty_fields():
    doc = simple('empty-fields-two', 2)
    form(doc, [signature_field(doc, b'Landlord'), signature_field(doc, b'Tenant', b'[300 400 500 460]')], b'/SigFlags 1')
    return doc.object_streams()


@case('empty-field-invisible')
def empty_field_invisible():
    doc = simple('empty-field-invisible')
    form(doc, [signature_field(doc, b'Hidden', b'[0 0 0 0]')], b'/SigFlags 1')
    return doc.classic()


@case('empty-field-seed')
def empty_field_seed():
    """A field with a seed value that asks for what PAdES gives anyway."""
    doc = simple('empty-field-seed')
    form(doc, [signature_field(doc, b'Seeded', entries=b'/SV << /Type /SV /Ff 2 /SubFilter [/ETSI.CAdES.detached] >>')], b'/SigFlags 1')
    return doc.classic()


@case('annotations')
def annotations():
    doc = simple('annotations')
    notes = [doc.add(b'<< /Type /Annot /Subtype /Text /Rect [%d 700 %d 720] /Contents (Note %d) >>' % (x, x + 20, x)) for x in (100, 200)]
    link = doc.add(b'<< /Type /Annot /Subtype /Link /Rect [72 500 272 520] /Border [0 0 0] /A << /S /URI /URI (https://example.com/) >> >>')
    add_to_page(doc, b'/Annots [%s]' % b' '.join(b'%d 0 R' % n for n in notes + [link]))
    return doc.classic()


@case('annotations-direct')
def annotations_direct():
    return simple('annotations-direct', page_entries=b'/Annots [<< /Type /Annot /Subtype /Text /Rect [10 10 30 30] /Contents (x) >>]').classic()


@case('outlines-and-labels')
def outlines():
    doc = simple('outlines-and-labels', 3)
    top, one = doc.reserve(), doc.reserve()
    doc.put(one, b'<< /Title (Start) /Parent %d 0 R /Dest [%d 0 R /Fit] >>' % (top, doc.pages[0]))
    doc.put(top, b'<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count 1 >>' % (one, one))
    doc.put(1, catalog(doc, b'/Outlines %d 0 R /PageLabels << /Nums [0 << /S /r >>] >> /PageMode /UseOutlines'
                       b' /Dests << /start [%d 0 R /Fit] >>' % (top, doc.pages[0])))
    return doc.classic()


@case('attachment')
def attachment():
    doc = simple('attachment')
    data = doc.stream(b'name,amount\nrent,900\n', b'/Type /EmbeddedFile /Subtype /text#2Fcsv')
    spec = doc.add(b'<< /Type /Filespec /F (data.csv) /UF (data.csv) /EF << /F %d 0 R >> >>' % data)
    doc.put(1, catalog(doc, b'/Names << /EmbeddedFiles << /Names [(data.csv) %d 0 R] >> >>' % spec))
    return doc.classic()


@case('tagged-with-metadata')
def tagged():
    doc = simple('tagged-with-metadata', page_text=b'/P << /MCID 0 >> BDC ' + text([b'A tagged paragraph.']) + b' EMC')
    tree, para = doc.reserve(), doc.reserve()
    doc.put(para, b'<< /Type /StructElem /S /P /P %d 0 R /K 0 /Pg %d 0 R >>' % (tree, doc.pages[0]))
    doc.put(tree, b'<< /Type /StructTreeRoot /K [%d 0 R] /ParentTree << /Nums [0 [%d 0 R]] >> >>' % (para, para))
    xmp = doc.stream(b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
                     b'<?xpacket end="w"?>', b'/Type /Metadata /Subtype /XML')
    doc.put(1, catalog(doc, b'/MarkInfo << /Marked true >> /StructTreeRoot %d 0 R /Metadata %d 0 R /Lang (en)' % (tree, xmp)))
    add_to_page(doc, b'/StructParents 0')
    return doc.classic()


@case('image')
def image():
    doc = simple('image', page_text=b'q 200 0 0 200 100 300 cm /Im Do Q')
    pixels = bytes((x * y) & 255 for y in range(64) for x in range(64))
    picture = doc.stream(flate(pixels), b'/Type /XObject /Subtype /Image /Width 64 /Height 64 /ColorSpace /DeviceGray'
                         b' /BitsPerComponent 8 /Filter /FlateDecode')
    number = doc.pages[0]
    doc.put(number, doc.objects[number][1].replace(b'/Resources <<', b'/Resources << /XObject << /Im %d 0 R >>' % picture))
    return doc.classic()


@case('portfolio')
def portfolio():
    doc = simple('portfolio')
    data = doc.stream(b'hello', b'/Type /EmbeddedFile')
    spec = doc.add(b'<< /Type /Filespec /F (a.txt) /UF (a.txt) /EF << /F %d 0 R >> >>' % data)
    doc.put(1, catalog(doc, b'/Collection << /Type /Collection /View /T >> /Names << /EmbeddedFiles << /Names [(a.txt) %d 0 R] >> >>' % spec))
    return doc.classic()


@case('unreferenced-objects')
def unreferenced():
    doc = simple('unreferenced-objects')
    for index in range(5):
        doc.add(b'<< /Left (over %d) >>' % index)
    return doc.classic()


@case('numbers-with-gaps')
def gaps():
    """Object numbers far apart, freed numbers between them, generations above zero."""
    doc = simple('numbers-with-gaps')
    doc.put(500, b'<< /Far (away) >>', 3)
    doc.put(1, catalog(doc, b'/PieceInfo << /Test 500 3 R >>'))
    return doc.classic()


@case('length-indirect')
def length_indirect():
    doc = simple('length-indirect')
    body = text([b'The length of this stream comes after it.'])
    length = doc.reserve()
    doc.put(length, b'%d' % len(body))
    content = doc.pages[0] - 1
    doc.put(content, b'<< /Length %d 0 R >>\nstream\n%s\nendstream' % (length, body))
    return doc.classic()


@case('names-escaped')
def names_escaped():
    """Names written with #-escapes: /P#61ges is /Pages."""
    doc = simple('names-escaped')
    generation, body = doc.objects[1]
    doc.put(1, body.replace(b'/Pages', b'/P#61g#65s').replace(b'/Type /Catalog', b'/Typ#65 /C#61talog'))
    return doc.classic()


@case('whitespace')
def whitespace():
    """Every legal kind of white space and comments between tokens."""
    doc = simple('whitespace')
    doc.put(1, b'<<\t/Type\x0c/Catalog %% a comment with >> and endobj\r/Pages\r\n\x00%d\n0\r\nR>>' % doc.tree)
    return doc.classic()


@case('strings-odd')
def strings_odd():
    doc = simple('strings-odd')
    info = doc.add(b'<</Title(a (nested (deeper)) \\\n continued \\101\\1\\0015 \\q)/Author<4a616e6>/Keywords()/Trapped/False>>')
    doc.trailer = b'/Info %d 0 R' % info
    return doc.classic()


@case('visible-layers')
def visible_layers():
    """Optional content that is on for everybody: a CAD drawing's layers."""
    doc = simple('visible-layers', page_text=b'/OC /L1 BDC ' + text([b'Layer one']) + b' EMC')
    layer = doc.add(b'<< /Type /OCG /Name (Walls) >>')
    doc.put(1, catalog(doc, b'/OCProperties << /OCGs [%d 0 R] /D << /ON [%d 0 R] /Order [%d 0 R] >> >>' % (layer, layer, layer)))
    number = doc.pages[0]
    doc.put(number, doc.objects[number][1].replace(b'/Resources <<', b'/Resources << /Properties << /L1 %d 0 R >>' % layer))
    return doc.classic()


# --- updates -----------------------------------------------------------------------------

def new_content(doc, note):
    return {doc.pages[0] - 1: b'<< /Length %d >>\nstream\n%s\nendstream' % (len(text([note])), text([note]))}


@case('updated-once')
def updated_once():
    doc = simple('updated-once')
    return update(doc.classic(), doc, new_content(doc, b'Second revision'))


@case('updated-nine-times')
def updated_often():
    doc = simple('updated-nine-times')
    data = doc.classic()
    for index in range(9):
        data = update(data, doc, new_content(doc, b'Revision %d' % (index + 2)))
    return data


@case('updated-stream-on-stream')
def updated_stream():
    doc = simple('updated-stream-on-stream', 2)
    return update_stream(doc.object_streams(), doc, {doc.pages[1] - 1: doc.objects[doc.pages[0] - 1][1]})


@case('updated-new-page')
def updated_new_page():
    doc = simple('updated-new-page')
    data = doc.classic()
    page = doc.add(doc.objects[doc.pages[0]][1])
    return update(data, doc, {page: doc.objects[page][1],
                              doc.tree: b'<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count 2 >>' % (doc.pages[0], page)})


@case('updated-freed-object')
def updated_freed():
    doc = simple('updated-freed-object')
    gone = doc.add(b'<< /Gone (soon) >>')
    data = doc.classic()
    start = len(data)
    before = data.rindex(b'xref\n0 ')
    return data + b'xref\n%d 1\n0000000000 00001 f \ntrailer\n<< %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n' % (
        gone, doc.tail(max(doc.objects) + 1), before, start)


@case('no-final-newline')
def no_final_newline():
    return simple('no-final-newline').classic().rstrip(b'\n')


@case('blank-lines-at-end')
def blank_lines():
    return simple('blank-lines-at-end').classic() + b'\r\n\n\n   \n'


def big(megabytes):
    """An ordinary document with an incompressible attachment of this size."""
    import hashlib
    doc = simple('big-%d' % megabytes)
    block = b''.join(hashlib.sha512(b'%d' % i).digest() for i in range(16384))
    data = doc.stream(block * megabytes, b'/Type /EmbeddedFile')
    spec = doc.add(b'<< /Type /Filespec /F (a.bin) /UF (a.bin) /EF << /F %d 0 R >> >>' % data)
    doc.put(1, catalog(doc, b'/Names << /EmbeddedFiles << /Names [(a.bin) %d 0 R] >> >>' % spec))
    return doc.classic()
