"""The browser that the tests of this folder drive: Debian's Chromium, without a window."""

import shutil

from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# Chromium's own sandbox refuses to run as root, as CI does. The others keep it from the network.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
WIDE, NARROW = {"width": 1600, "height": 1000}, {"width": 400, "height": 800}  # pixels


def drawn(page: Page) -> None:
    """Wait until the page has drawn what it was told last."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def follow(page: Page, address: str) -> None:
    """Open a link to a state of the page that is open, and wait until it is drawn."""
    page.evaluate(
        "(address) => { history.replaceState(null, '', address); dispatchEvent(new Event('hashchange')); }",
        f"#{address}",
    )
    drawn(page)
