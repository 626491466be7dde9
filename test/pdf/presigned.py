"""Files that somebody else has signed already: made by pyHanko, with throw-away keys, when the tests run.

Run with the Python of test/foreign/pyhanko (`judge --python`). Each case needs a fresh key pair and fresh times, so these
files differ from run to run.
"""
from io import BytesIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, SigSeedSubFilter
from testpki import LocalTsa, Pki

from build import form, signature_field, simple, text_field, update
from cases import Case
from ordinary import linearized

PKI = Pki(tsa_under_root=True)


def signed(data, field='Earlier', box=None, level='B', new_field=None, **meta):
    """`data` signed by pyHanko; `meta` goes to PdfSignatureMetadata, `new_field` to the field made for it."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    lta = level == 'LTA'
    signer = PdfSigner(
        PdfSignatureMetadata(
            field_name=field, md_algorithm='sha256', subfilter=SigSeedSubFilter.PADES, embed_validation_info=lta,
            use_pades_lta=lta, validation_context=PKI.context() if lta else None, **meta),
        signer=PKI.cms_signer(), timestamper=LocalTsa(PKI.tsa, []) if level != 'B' else None,
        new_field_spec=SigFieldSpec(sig_field_name=field, box=box, on_page=0, **(new_field or {})))
    return signer.sign_pdf(writer, output=BytesIO()).getvalue()


def plain(name, kind='classic', pages=2):
    return getattr(simple(name, pages), kind)()


def twice_signed():
    return signed(signed(plain('signed-twice')), 'Second', (300, 60, 500, 110))


def certified(permission, **more):
    return signed(plain('certified', 'object_streams'), 'Author', certify=True, docmdp_permissions=permission, **more)


def certified_with_empty_field():
    doc = simple('certified-empty-field')
    form(doc, [signature_field(doc, b'Tenant')], b'/SigFlags 1')
    return signed(doc.classic(), 'Author', certify=True, docmdp_permissions=MDPPerm.FILL_FORMS)


def with_two_fields(name):
    doc = simple(name)
    form(doc, [text_field(doc, b'rent', b'900', b'900'), text_field(doc, b'note', b'x', b'x', 560)])
    return doc.classic()


def with_the_next_field():
    """A form for two signers: the first signature locks all but the field of the second."""
    doc = simple('locked-but-the-next')
    form(doc, [signature_field(doc, b'Tenant')], b'/SigFlags 1')
    return signed(doc.classic(), 'Landlord', new_field=field_lock(FieldMDPAction.EXCLUDE, ['Tenant']))


def field_lock(action, names=None):
    return {'field_mdp_spec': FieldMDPSpec(action, fields=names)}


def locked_document():
    """[ISO 32000-2 12.7.5.5]: a SigFieldLock with /P 1 allows no change at all after this signature."""
    return {'field_mdp_spec': FieldMDPSpec(FieldMDPAction.ALL), 'doc_mdp_update_value': MDPPerm.NO_CHANGES}


def damaged(change):
    data = bytearray(signed(plain('signed-damaged')))
    change(data)
    return bytes(data)


def flip_text(data):
    data[data.index(b'Test document')] ^= 1


def flip_signature(data):
    """At level B the CMS ends with the signature value; zeros fill the rest of the hole."""
    start = data.index(b'/Contents <') + 11
    at = start + len(data[start:data.index(b'>', start)].rstrip(b'0')) - 20
    data[at] = ord('1') if data[at] != ord('1') else ord('2')


def changed_later():
    """After the signature somebody changed the page's content: the earlier signature's verdict is bad already."""
    doc = simple('signed-changed', 2)
    data = signed(doc.classic())
    size = int(data[data.rindex(b'/Size ') + 6:].split()[0])
    doc.objects[size] = (0, b'')
    doc.ids = b''
    body = b'BT /F1 30 Tf 72 500 Td (added) Tj ET'
    return update(data, doc, {doc.pages[0] - 1: b'<< /Length %d >>\nstream\n%s\nendstream' % (len(body), body), size: b'null'})


def cases():
    """Case by name, for generate --signed. All are asked for with an invisible signature unless said otherwise."""
    permitted = {
        'signed-b': lambda: signed(plain('signed-b')),
        'signed-b-visible': lambda: signed(plain('signed-b-visible'), box=(60, 60, 260, 110)),
        'signed-t': lambda: signed(plain('signed-t'), level='T'),
        'signed-lta': lambda: signed(plain('signed-lta'), level='LTA'),
        'signed-lta-streams': lambda: signed(plain('signed-lta-streams', 'object_streams'), level='LTA'),
        'signed-lta-linearized': lambda: signed(linearized(), level='LTA'),
        'signed-twice': twice_signed,
        'certified-p2': lambda: certified(MDPPerm.FILL_FORMS),
        'certified-p2-lta': lambda: certified(MDPPerm.FILL_FORMS, level='LTA'),
        'certified-p3': lambda: certified(MDPPerm.ANNOTATE),
        'certified-p2-empty-field': certified_with_empty_field,
        'locked-other-fields': lambda: signed(with_two_fields('locked-other'), new_field=field_lock(FieldMDPAction.INCLUDE, ['rent'])),
    }
    refused = {
        'certified-p1': (lambda: certified(MDPPerm.NO_CHANGES), ('pdf-certified',)),
        'locked-all-fields': (lambda: signed(with_two_fields('locked-all'), new_field=field_lock(FieldMDPAction.ALL)), ('pdf-locked',)),
        'locked-all-but-one': (lambda: signed(with_two_fields('locked-but'), new_field=field_lock(FieldMDPAction.EXCLUDE, ['note'])),
                               ('pdf-locked',)),
        'locked-document': (lambda: signed(with_two_fields('locked-doc'), new_field=locked_document()), ('pdf-locked', 'pdf-certified')),
        # What is signed is the file as it is: a broken earlier signature stays broken, whether we add ours or decline.
        'signed-flipped-text': (lambda: damaged(flip_text), ('signed', 'pdf-signature-damaged', 'pdf-damaged')),
        'signed-flipped-signature': (lambda: damaged(flip_signature), ('signed', 'pdf-signature-damaged')),
        'signed-changed-later': (changed_later, ('signed', 'pdf-signature-damaged')),
    }
    table = {name: Case(name, make, ('signed',), (), {'visible': False}) for name, make in permitted.items()}
    table['signed-b-then-visible'] = Case('signed-b-then-visible', permitted['signed-b'], ('signed',), (), {})
    table['certified-p2-visible'] = Case('certified-p2-visible', permitted['certified-p2'], ('pdf-certified',), (), {'visible': True})
    table['certified-p2-field'] = Case('certified-p2-field', certified_with_empty_field, ('signed',), (), {'field': 'Tenant'})
    table['locked-all-but-the-next'] = Case('locked-all-but-the-next', with_the_next_field, ('signed',), (), {'field': 'Tenant'})
    table.update({name: Case(name, make, expect, (), {'visible': False}) for name, (make, expect) in refused.items()})
    return table


def root_pem():
    return PKI.root_pem
