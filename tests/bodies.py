"""Pages compared as a whole: what is forbidden must look like what is missing, to the last character.

A page differs from the next by its form token and by the minute that stands in its printed head (a comparison across
the turn of a minute once failed); what else is its own, its address for one, a test names.
"""

import re

from django.http import HttpResponse

OWN = re.compile(r'csrfmiddlewaretoken" value="[^"]*"|<time data-print-time>[^<]*</time>')


def alike(response: HttpResponse, *own: str) -> str:
    """The page without what differs at every request, and without each of `own`."""
    body = OWN.sub("", response.content.decode())
    for text in own:
        body = body.replace(text, "")
    return body
