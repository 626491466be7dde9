"""Builds PDF files byte by byte, so that each oddity is put there on purpose.

`Doc` collects numbered objects and writes them as one of the four kinds of file: classic cross-reference table,
cross-reference stream, object streams, hybrid. `update` appends an incremental update. The same input always gives
the same bytes. Nothing here checks that the result makes sense.
"""
import hashlib
import zlib

BINARY = b'%\xe2\xe3\xcf\xd3\n'
FONT = b'<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'


def file_id(seed):
    one = hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest().upper().encode()
    return b'[<%s> <%s>]' % (one, one)


def flate(data):
    return zlib.compress(data, 9)


def flate_repeated(head, block, times):
    """A zlib stream of `head` and then `times` copies of `block`, at the cost of compressing one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    again = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = again.compress(block) + again.flush(zlib.Z_FULL_FLUSH)
    check = zlib.adler32(head)
    for _ in range(times):
        check = zlib.adler32(block, check)
    return b'\x78\xda' + start + piece * times + b'\x03\x00' + check.to_bytes(4, 'big')


class Doc:
    def __init__(self, name, version=b'1.7'):
        self.name, self.version = name, version
        self.objects = {}      # number -> (generation, body)
        self.trailer = b''     # further entries of the trailer
        self.ids = b'/ID ' + file_id(name)
        self.root = None
        self.eol = b'\n'
        self.start = b''       # bytes before the header
        self.free = []         # numbers listed as free

    def reserve(self):
        number = max(self.objects, default=0) + 1
        self.objects[number] = (0, b'null')
        return number

    def put(self, number, body, generation=0):
        self.objects[number] = (generation, body)
        return number

    def add(self, body):
        return self.put(self.reserve(), body)

    def stream(self, data, entries=b'', number=None):
        body = b'<< /Length %d %s>>\nstream\n%s\nendstream' % (len(data), entries + b' ' if entries else b'', data)
        return self.put(number, body) if number else self.add(body)

    def tail(self, size):
        return b'/Size %d /Root %d 0 R %s%s' % (size, self.root, self.ids, b' ' + self.trailer if self.trailer else b'')

    def head(self):
        return bytearray(self.start + b'%PDF-' + self.version + self.eol + BINARY)

    # --- the four kinds -------------------------------------------------------

    def write_objects(self, out, numbers):
        offsets = {}
        for number in numbers:
            generation, body = self.objects[number]
            offsets[number] = len(out)
            out += b'%d %d obj%s%s%sendobj%s' % (number, generation, self.eol, body, self.eol, self.eol)
        return offsets

    def classic(self):
        out = self.head()
        offsets = self.write_objects(out, sorted(self.objects))
        start = len(out)
        out += self.table(offsets)
        out += b'trailer%s<< %s >>%s' % (self.eol, self.tail(max(self.objects) + 1), self.eol)
        return bytes(out + b'startxref%s%d%s%%%%EOF%s' % (self.eol, start, self.eol, self.eol))

    def table(self, offsets, hidden=()):
        """A whole table; numbers without an offset are free."""
        end = b' \n' if self.eol == b'\n' else (b'\r\n' if self.eol == b'\r\n' else b' \r')
        size = max(list(offsets) + list(hidden)) + 1
        holes = [n for n in range(1, size) if n not in offsets]
        following = dict(zip([0] + holes, holes + [0]))
        rows = [b'xref' + self.eol + b'0 %d' % size + self.eol]
        for number in range(size):
            if number in offsets:
                rows.append(b'%010d %05d n%s' % (offsets[number], self.objects[number][0], end))
            else:
                rows.append(b'%010d %05d f%s' % (following[number], 65535 if number == 0 else 1, end))
        return b''.join(rows)

    def xref_stream(self, predictor=False, compressed=None):
        """All objects in the body, or those in `compressed` ({number: (stream, index)}) inside object streams."""
        compressed = compressed or {}
        out = self.head()
        offsets = self.write_objects(out, [n for n in sorted(self.objects) if n not in compressed])
        return self.xref_stream_end(out, offsets, compressed, predictor)

    def xref_stream_end(self, out, offsets, compressed, predictor=False, more=b'', size=None):
        number = max(self.objects) + 1
        start = len(out)
        offsets = dict(offsets)
        offsets[number] = start
        rows = []
        for one in range(number + 1):
            if one in compressed:
                rows.append(b'\x02' + compressed[one][0].to_bytes(4, 'big') + compressed[one][1].to_bytes(2, 'big'))
            elif one in offsets:
                rows.append(b'\x01' + offsets[one].to_bytes(4, 'big') + self.objects.get(one, (0,))[0].to_bytes(2, 'big'))
            else:
                rows.append(b'\x00' + bytes(4) + (b'\xff\xff' if one == 0 else b'\x00\x01'))
        data, parms = b''.join(rows), b''
        if predictor:
            before, lines = bytes(7), []
            for row in rows:
                lines.append(b'\x02' + bytes((a - b) & 255 for a, b in zip(row, before)))
                before = row
            data, parms = b''.join(lines), b' /DecodeParms << /Predictor 12 /Columns 7 >>'
        packed = flate(data)
        out += b'%d 0 obj\n<< /Type /XRef /W [1 4 2] /Filter /FlateDecode%s /Length %d %s%s >>\nstream\n' % (
            number, parms, len(packed), self.tail(size or number + 1), more)
        out += packed + b'\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n' % start
        return bytes(out)

    def pack(self, numbers, extends=None):
        """Puts these objects into one object stream; returns the map for xref_stream()."""
        pairs, bodies, at = [], [], 0
        for number in numbers:
            body = self.objects[number][1] + b' '
            pairs.append(b'%d %d' % (number, at))
            bodies.append(body)
            at += len(body)
        first = b' '.join(pairs) + b'\n'
        link = b' /Extends %d 0 R' % extends if extends else b''
        holder = self.stream(flate(first + b''.join(bodies)), b'/Type /ObjStm /N %d /First %d%s /Filter /FlateDecode' % (
            len(pairs), len(first), link))
        return {number: (holder, index) for index, number in enumerate(numbers)}

    def plain_numbers(self):
        return [n for n in sorted(self.objects) if b'stream' not in self.objects[n][1] and self.objects[n][0] == 0]

    def object_streams(self, each=100, predictor=True, chained=False):
        numbers, compressed, last = self.plain_numbers(), {}, None
        for at in range(0, len(numbers), each):
            part = self.pack(numbers[at:at + each], last if chained else None)
            last = next(iter(part.values()))[0]
            compressed.update(part)
        return self.xref_stream(predictor, compressed)

    def hybrid(self, hide):
        """A table for old readers that lists `hide` as free, and a stream (XRefStm) that finds them."""
        compressed = self.pack(hide)
        shown = [n for n in sorted(self.objects) if n not in compressed]
        out = self.head()
        offsets = self.write_objects(out, shown)
        number = max(self.objects) + 1
        at = len(out)
        rows = b''.join(b'\x02' + compressed[n][0].to_bytes(4, 'big') + compressed[n][1].to_bytes(2, 'big') for n in sorted(hide))
        index = b' '.join(b'%d 1' % n for n in sorted(hide))
        out += b'%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [%s] /Length %d %s >>\nstream\n%s\nendstream\nendobj\n' % (
            number, index, len(rows), self.tail(number + 1), rows)
        self.objects[number] = (0, b'')
        start = len(out)
        offsets[number] = at
        out += self.table(offsets)
        out += b'trailer\n<< %s /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n' % (self.tail(number + 1), at, start)
        return bytes(out)


def last_start(data):
    at = data.rindex(b'startxref')
    return int(data[at + 9:].split()[0])


def update(data, doc, changes, more=b''):
    """Appends a classic update; `changes` is {number: body}."""
    out, offsets = bytearray(data), {}
    for number, body in sorted(changes.items()):
        offsets[number] = len(out)
        out += b'%d 0 obj\n%s\nendobj\n' % (number, body)
    start, size = len(out), max(max(doc.objects), max(changes)) + 1
    out += b'xref\n'
    for number, offset in offsets.items():
        out += b'%d 1\n%010d 00000 n \n' % (number, offset)
    out += b'trailer\n<< %s /Prev %d%s >>\nstartxref\n%d\n%%%%EOF\n' % (doc.tail(size), last_start(data), more, start)
    return bytes(out)


def update_stream(data, doc, changes):
    """Appends an update with a cross-reference stream."""
    out, offsets = bytearray(data), {}
    for number, body in sorted(changes.items()):
        offsets[number] = len(out)
        out += b'%d 0 obj\n%s\nendobj\n' % (number, body)
    number = max(max(doc.objects), max(changes)) + 20
    offsets[number] = start = len(out)
    rows = b''.join(b'\x01' + at.to_bytes(4, 'big') + b'\0\0' for _, at in sorted(offsets.items()))
    index = b' '.join(b'%d 1' % n for n in sorted(offsets))
    out += b'%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [%s] /Length %d /Prev %d %s >>\nstream\n%s\nendstream\nendobj\n' % (
        number, index, len(rows), last_start(data), doc.tail(number + 1), rows)
    return bytes(out + b'startxref\n%d\n%%%%EOF\n' % start)


# --- ordinary documents ---------------------------------------------------------

def text(lines, x=72, y=760, size=14):
    shown = b' '.join(b'(%s) Tj T*' % one.replace(b'\\', b'\\\\').replace(b'(', b'\\(').replace(b')', b'\\)') for one in lines)
    return b'q 0.8 w 36 36 523 770 re S Q BT /F1 %d Tf %d TL %d %d Td %s ET' % (size, size + 4, x, y, shown)


def simple(name, pages=1, version=b'1.7', page_entries=b'', root_entries=b'', page_text=None, box=b'/MediaBox [0 0 595 842]'):
    """A document of `pages` A4 pages below one flat page tree. doc.pages holds the page numbers."""
    doc = Doc(name, version)
    doc.root, tree, font = doc.reserve(), doc.reserve(), doc.add(FONT)
    doc.root, doc.tree, doc.font, doc.pages = 1, tree, font, []
    for index in range(pages):
        content = doc.stream(page_text or text([b'Test document: ' + name.encode(), b'Page %d of %d' % (index + 1, pages)]))
        doc.pages.append(doc.add(
            b'<< /Type /Page /Parent %d 0 R %s /Contents %d 0 R /Resources << /Font << /F1 %d 0 R >> >>%s >>' % (
                tree, box, content, font, b' ' + page_entries if page_entries else b'')))
    doc.put(tree, b'<< /Type /Pages /Kids [%s] /Count %d >>' % (b' '.join(b'%d 0 R' % n for n in doc.pages), pages))
    doc.put(1, catalog(doc, root_entries))
    return doc


def catalog(doc, entries=b''):
    return b'<< /Type /Catalog /Pages %d 0 R%s >>' % (doc.tree, b' ' + entries if entries else b'')


def add_to_page(doc, entries, index=0):
    number = doc.pages[index]
    generation, body = doc.objects[number]
    doc.put(number, body[:-2] + entries + b' >>', generation)


def form(doc, fields, entries=b''):
    """Makes these field numbers the document's form and the first page's annotations."""
    refs = b' '.join(b'%d 0 R' % n for n in fields)
    acroform = doc.add(b'<< /Fields [%s] /DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv %d 0 R >> >>%s >>' % (
        refs, doc.font, b' ' + entries if entries else b''))
    doc.put(1, catalog(doc, b'/AcroForm %d 0 R' % acroform))
    add_to_page(doc, b'/Annots [%s]' % refs)
    return acroform


def text_field(doc, name, value, shown=None, y=600):
    """A text field; `shown` is what its appearance says (None: no appearance at all)."""
    look = b''
    if shown is not None:
        ap = doc.stream(b'/Tx BMC q BT /Helv 12 Tf 2 6 Td (%s) Tj ET Q EMC' % shown,
                        b'/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /Helv %d 0 R >> >>' % doc.font)
        look = b' /AP << /N %d 0 R >>' % ap
    return doc.add(b'<< /Type /Annot /Subtype /Widget /FT /Tx /T (%s) /V (%s) /F 4 /Rect [72 %d 272 %d] /P %d 0 R'
                   b' /DA (/Helv 12 Tf 0 g)%s >>' % (name, value, y, y + 20, doc.pages[0], look))


def signature_field(doc, name, rect=b'[72 400 272 460]', entries=b''):
    return doc.add(b'<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /F 132 /Rect %s /P %d 0 R%s >>' % (
        name, rect, doc.pages[0], b' ' + entries if entries else b''))
