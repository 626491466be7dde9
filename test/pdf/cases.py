"""The register of generated files: every case says what a signing service has to make of it.

`expect` is a tuple of permitted outcomes: `signed`, or slugs of src/base/err.def. More than one is permitted only where
two careful programs may differ; the comment beside the case says why.
"""
CASES = {}

# The slugs that more than a few cases name.
DAMAGED = 'pdf-damaged'
FORM = 'pdf-form-damaged'
COMPLEX = 'pdf-too-complex'


class Case:
    def __init__(self, name, make, expect, tools, options):
        self.name, self.make, self.expect, self.tools, self.options = name, make, expect, tools, options


def case(name, *expect, tools=(), **options):
    """Registers a function of no arguments that returns the bytes of NAME.pdf.

    `tools` are programs or modules it needs; `options` tell the sweep how to ask, e.g. visible=False.
    """
    def register(make):
        assert name not in CASES, name
        CASES[name] = Case(name, make, expect or ('signed',), tools, options)
        return make
    return register
