"""Files that mean harm, or cannot be signed safely: refused with a reason; where refusing or signing are both defensible, both are named."""
from build import add_to_page, catalog, flate, flate_repeated, form, signature_field, simple, text, text_field
from cases import COMPLEX, DAMAGED, FORM, case
from ordinary import through_qpdf


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
    'hide-open': b'/OpenAction << /S /Hide /T (rent) >>',
    'layers-switched-open': b'/OpenAction << /S /SetOCGState /State [/OFF 5 0 R] >>',
    'form-reset-open': b'/OpenAction << /S /GoTo /D [5 0 R /Fit] /Next << /S /ResetForm >> >>',
    'form-filled-on-close': b'/AA << /WC << /S /ImportData /F (other.fdf) >> >>',
    'embedded-open': b'/OpenAction << /S /GoToE /T << /R /C /N (other) >> >>',
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


OPENING = {
    'open-at-a-page': b'/OpenAction << /S /GoTo /D [5 0 R /Fit] >>', 'open-first-page': b'/OpenAction << /S /Named /N /FirstPage >>',
    'open-and-print': b'/OpenAction << /S /Named /N /Print >>', 'open-without-kind': b'/OpenAction << /D [5 0 R /Fit] >>',
}
for name, entries in OPENING.items():
    @case(name, 'signed')
    def opening(name=name, entries=entries):
        """What only goes somewhere, or prints, is ordinary."""
        return simple(name, root_entries=entries).classic()


@case('reset-button', 'signed')
def reset_button():
    """A button that empties the form does so when somebody presses it."""
    doc = simple('reset-button')
    button = doc.add(b'<< /Type /Annot /Subtype /Widget /FT /Btn /Ff 65536 /T (reset) /F 4 /Rect [72 500 172 520] /P %d 0 R'
                     b' /MK << /CA (Reset) >> /A << /S /ResetForm >> >>' % doc.pages[0])
    form(doc, [text_field(doc, b'name', b'Jane', b'Jane'), button])
    return doc.classic()


@case('open-action-destination', 'signed')
def open_destination():
    """Opening at a page is no script."""
    return simple('open-action-destination', root_entries=b'/OpenAction [5 0 R /FitH null]').classic()


def layers(name, configuration, *expect, usage=b''):
    @case(name, *expect)
    def make():
        doc = simple(name, page_text=b'/OC /L1 BDC ' + text([b'Rent: 900 EUR']) + b' EMC /OC /L2 BDC ' + text([b'Rent: 9,000 EUR'], y=700) + b' EMC')
        one, two = doc.add(b'<< /Type /OCG /Name (one) >>'), doc.add(b'<< /Type /OCG /Name (two)%s >>' % usage)
        doc.put(1, catalog(doc, b'/OCProperties << /OCGs [%d 0 R %d 0 R] %s >>' % (one, two, configuration % {b'one': one, b'two': two})))
        number = doc.pages[0]
        doc.put(number, doc.objects[number][1].replace(b'/Resources <<', b'/Resources << /Properties << /L1 %d 0 R /L2 %d 0 R >>' % (one, two)))
        return doc.classic()


layers('layer-off', b'/D << /OFF [%(two)d 0 R] >>', 'pdf-hidden-layers')
layers('layer-base-off', b'/D << /BaseState /OFF /ON [%(one)d 0 R] >>', 'pdf-hidden-layers')
layers('layer-base-off-named-twice', b'/D << /BaseState /OFF /ON [%(one)d 0 R %(one)d 0 R] >>', 'pdf-hidden-layers')
layers('layer-by-zoom-and-print', b'/D << /AS [<< /Event /Print /Category [/Print] /OCGs [%(two)d 0 R] >>] >>', 'pdf-hidden-layers', 'signed')
layers('layer-by-zoom', b'/D << /AS [<< /Event /View /Category [/Zoom] /OCGs [%(two)d 0 R] >>] >>', 'pdf-hidden-layers',
       usage=b' /Usage << /Zoom << /min 8 >> >>')
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
