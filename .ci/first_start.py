"""Follow the README in a fresh clone and check the result.

first_start.py CLONE: starts script/server, logs in, loads the first pages and every file that they reference, stops the
server with Ctrl-C, checks that no process is left, and starts it again.
"""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.demo_client import Browser, Server

COLD_SECONDS = 180
WARM_SECONDS = 10
PAGES = ("/", "/search/?q=ふりかえり", "/write/", "/my/", "/help/", "/styleguide/")


def look_round(browser: Browser) -> str:
    """Load the first pages, an item, and every file they reference; return the item's address."""
    files: set[str] = set()
    item = ""
    for page in PAGES:
        html = browser.get(page)
        external = re.findall(r'(?:src|<link[^>]+href)="(https?://[^"]+)"', html)
        if any(not url.startswith(browser.base) for url in external):
            raise SystemExit(f"{page} loads something from elsewhere: {external}")
        files |= files_of(html)
        if match := re.search(r'href="(/k/[A-Z]{1,2}-[SHR]\d{2}-\d{5,7}/)"', html):
            item = item or match[1]
    if not item:
        raise SystemExit("no item is linked from the first pages")
    files |= files_of(browser.get(item))
    for file in sorted(files):
        browser.get(file)
    print(f"  {len(PAGES)} pages, {item} and {len(files)} files loaded", flush=True)
    return item


def files_of(html: str) -> set[str]:
    return set(re.findall(r'(?:src|href)="(/(?:static|media)/[^"#?]+)', html))


def start(server: Server, limit: int) -> None:
    """The limits apply to an idle machine; on a busy one the time is only printed."""
    busy = os.getloadavg()[0] > (os.cpu_count() or 1) + 1
    seconds = server.start()
    print(
        f"  ready after {seconds:.1f} s (limit {limit} s{', not judged: the machine is busy' if busy else ''})",
        flush=True,
    )
    if seconds > limit and not busy:
        raise SystemExit(f"the start took {seconds:.1f} s; {limit} s is what we promise")


def main() -> None:
    clone = Path(sys.argv[1]).resolve()
    readme = (clone / "README.md").read_text("utf-8")
    for command in ("script/server", "script/test"):
        if command not in readme:
            raise SystemExit(f"README.md does not name {command}")
    with Server(clone) as server:
        browser = Browser(server.base)
        print("First start, from a bare checkout", flush=True)
        start(server, COLD_SECONDS)
        browser.log_in("shippitsu")
        item = look_round(browser)
        server.stop()
        print("Second start", flush=True)
        start(server, WARM_SECONDS)
        browser.get(item)  # the same data, and still logged in
        server.stop()
    print("Both ended without leaving a process", flush=True)


if __name__ == "__main__":
    main()
