"""What the log leaves out. A refusal (403) is an answer and no fault: its one line names the address, and a trace of our
own code would only hide the faults between many of them. It refuses to drop a line."""

from __future__ import annotations

import logging
from http import HTTPStatus


class RefusalsInOneLine(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == HTTPStatus.FORBIDDEN:
            record.exc_info = record.exc_text = None
        return True
