"""What the memory of a process holds of a one-time code."""
import re

LONGER = re.compile(rb"[0-9A-Fa-f]{9,}")
AROUND = 32


def places(data, code):
    """The surroundings of each place that holds the code. Six digits inside a longer run of digits or hexadecimal ones are a digest,
    a time or an offset that happens to contain them (seen: about one run in a hundred), and behind a point they are microseconds; a
    code that was sent or typed has a quote or the edge of a field beside it."""
    found = [data[max(0, m.start() - AROUND):m.end() + AROUND] for m in re.finditer(rb"(?<!\.)" + re.escape(code), data)]
    return [hit for hit in found if not any(code in run for run in LONGER.findall(hit))]
