"""Log filter: removes the traceback from 403 responses.

A 403 is an answer, not a failure. Its single line names the address; many tracebacks would hide real failures. No line
is dropped.
"""

from __future__ import annotations

import logging
from http import HTTPStatus


class RefusalsInOneLine(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == HTTPStatus.FORBIDDEN:
            record.exc_info = record.exc_text = None
        return True
