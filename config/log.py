"""A log filter that removes the traceback from 403 responses.

A 403 is a normal answer and not a failure. One log line names the address, and that is enough: many tracebacks would
hide real failures. No log line is dropped.
"""

from __future__ import annotations

import logging
from http import HTTPStatus


class RefusalsInOneLine(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == HTTPStatus.FORBIDDEN:
            record.exc_info = record.exc_text = None
        return True
