"""How quickly a page of the explorer opens and follows a slider.

    python tests/browser/timing.py results/affine/explorer.html

No test: what a busy machine takes says nothing of the page.
"""

import statistics
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from chromium import CHROMIUM, FLAGS, WIDE, drawn

TRIES = 5
SLIDE = """async () => {
    const slider = document.getElementById('slide-a'), times = [];
    for (let i = 0; i < 41; i++) {
        slider.value = -0.9 + 0.04 * i;
        slider.dispatchEvent(new Event('input'));
        times.push(await new Promise(requestAnimationFrame));
    }
    return times.slice(1).map((time, i) => time - times[i]);
}"""


def main(page: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened, frames = zip(*(timed(browser, page) for _ in range(TRIES)), strict=True)
        browser.close()
    print(f"until it is drawn: {statistics.median(opened):.0f} ms (median of {TRIES}, at most {max(opened):.0f})")
    each = [frame for run in frames for frame in run]
    print(
        f"a frame while a slider moves, with a head replaced: {statistics.median(each):.1f} ms (median of {len(each)})"
    )


def timed(browser: Browser, page: str) -> tuple[float, list[float]]:
    """Milliseconds until the page is drawn, and from frame to frame while a slider moves."""
    tab = browser.new_page(viewport=WIDE)
    tab.goto(f"{Path(page).resolve().as_uri()}#replaced=L0H0:zero")
    tab.wait_for_function("performance.getEntriesByName('drawn').length > 0")
    opened = tab.evaluate("performance.getEntriesByName('drawn')[0].startTime")
    drawn(tab)
    frames = tab.evaluate(SLIDE)
    tab.close()
    return opened, frames


if __name__ == "__main__":
    main(sys.argv[1])
