"""Write and publish in the demo as a person does, through its forms."""

import re

from demo_client import Browser


def publish_kpt(browser: Browser, *, subject: str) -> str:
    """Publish a short KPT retrospective to one's own unit; return its address."""
    raise NotImplementedError
