"""Compare pages as a whole: a forbidden page must look like a missing page, to the last character.

Two responses always differ in the form token and in the minute of the printed head (a comparison once failed because
the minute changed). A test names everything else that may differ, such as the address.
"""

import re

from django.http import HttpResponse

OWN = re.compile(r'csrfmiddlewaretoken" value="[^"]*"|<time data-print-time>[^<]*</time>')


def alike(response: HttpResponse, *own: str) -> str:
    """The page without the parts that differ at every request, and without each of the texts `own`."""
    body = OWN.sub("", response.content.decode())
    for text in own:
        body = body.replace(text, "")
    return body
