"""Do the pages look as before, but for the signature? Both files are rendered by poppler and compared pixel by pixel."""
import math
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'foreign'))

from judges import Verdict, need, run  # noqa: E402


def read_pgm(path):
    """(width, height, rows) of a binary PGM as pdftoppm writes it."""
    data, fields, at = path.read_bytes(), [], 0
    while len(fields) < 4:
        end = at
        while data[end] not in b' \n\t\r':
            end += 1
        fields.append(data[at:end])
        at = end + 1
    width, height = int(fields[1]), int(fields[2])
    return width, height, [data[at + y * width:at + (y + 1) * width] for y in range(height)]


def render(pdf, folder, dpi, last, timeout):
    need('pdftoppm')
    folder.mkdir()
    answer = run('pdftoppm', '-gray', '-cropbox', '-r', dpi, '-l', last, pdf, folder / 'p', timeout=timeout)
    return {int(path.stem.split('-')[-1]): path for path in folder.glob('*.pgm')}, 'Syntax Error' in answer.stderr


def masked(row, y, boxes, width):
    for left, top, right, bottom in boxes:
        if top <= y < bottom:
            left, right = max(0, left), min(width, right)
            row = row[:left] + bytes(max(0, right - left)) + row[right:]
    return row


def page_differs(before, after, boxes):
    width, height, old = read_pgm(before)
    if (width, height) != read_pgm(after)[:2]:
        return 'another size'
    new = read_pgm(after)[2]
    wrong = [y for y in range(height) if old[y] != new[y] and masked(old[y], y, boxes, width) != masked(new[y], y, boxes, width)]
    return f'{len(wrong)} rows of pixels, from row {wrong[0]}' if wrong else None


def unchanged(original, signed, fields=(), unit=1.0, dpi=50, last=20, timeout=120):
    """Verdict: outside `fields` the first `last` pages are the same. detail: pages compared.

    fields: (page, x, y, w, h) in points from the top left of the page as displayed; unit: its /UserUnit, which poppler leaves
    out. Where poppler finds the original's syntax wrong it guesses, and may guess otherwise when the file grows: nothing is
    compared then.
    """
    scale, reasons = dpi / 72 / unit, []
    with tempfile.TemporaryDirectory() as name:
        try:
            before, guessed = render(original, Path(name, 'before'), dpi, last, timeout)
            if guessed:
                return Verdict('pixels', True, [], 0)
            after, _ = render(signed, Path(name, 'after'), dpi, last, timeout)
        except subprocess.TimeoutExpired:
            return Verdict('pixels', False, [f'poppler needs more than {timeout} s'])
        if sorted(before) != sorted(after):
            reasons.append(f'{len(before)} pages before, {len(after)} after')
        for page in sorted(set(before) & set(after)):
            boxes = [(math.floor(x * scale) - 1, math.floor(y * scale) - 1, math.ceil((x + w) * scale) + 1, math.ceil((y + h) * scale) + 1)
                     for number, x, y, w, h in fields if number == page]
            what = page_differs(before[page], after[page], boxes)
            if what:
                reasons.append(f'page {page}: {what}')
    return Verdict('pixels', not reasons, reasons, len(before))
