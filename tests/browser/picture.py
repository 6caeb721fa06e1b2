"""Take the README's picture of the explorer: python tests/browser/picture.py results/affine/explorer.html"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from chromium import CHROMIUM, FLAGS, drawn

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "figures" / "explorer.png"
SHOWN = "seed=0&model=trained&a=-0.87&b=1.7&x0=2.3&noise=0&position=5"  # with all negative heads replaced by zero


def main(page: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1600, "height": 900})
        tab.goto(f"{Path(page).resolve().as_uri()}#{SHOWN}")
        tab.locator("#negative button").first.click()
        drawn(tab)
        tab.mouse.move(0, 0)
        tab.screenshot(path=PICTURE, full_page=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
