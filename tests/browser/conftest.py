"""A real browser for the tests of this folder: Debian's Chromium, without a window, driven by Playwright."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from chromium import CHROMIUM, FLAGS, WIDE
from pages import Explorer, make_explorer

OWN = ("file:", "data:", "blob:")  # addresses of the page itself, and of what it makes


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def explorer(tmp_path_factory) -> Callable[[str], Explorer]:
    """The page of an experiment of pages.EXPERIMENTS, made once."""
    made: dict[str, Explorer] = {}

    def get(name: str) -> Explorer:
        if name not in made:
            made[name] = make_explorer(tmp_path_factory.mktemp(name), name)
        return made[name]

    return get


@pytest.fixture
def watched(browser) -> Iterator[Callable[[dict], Page]]:
    """Makes an empty page in a window of a size.

    A message in the console, an error, or a request for anything but the page itself fails the test.
    """
    contexts, wrong = [], []

    def get(size: dict) -> Page:
        context = browser.new_context(viewport=size, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: request.url.startswith(OWN) or wrong.append(request.url))
        return page

    yield get
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def opened(watched, explorer) -> Callable[..., Page]:
    """Opens a page of the explorer from the disk and waits until it is drawn; `address` is what follows the #."""

    def get(name: str = "default", address: str = "", size: dict = WIDE) -> Page:
        page = watched(size)
        page.goto(f"{explorer(name).path.as_uri()}#{address}")
        page.wait_for_function("performance.getEntriesByName('drawn').length > 0")
        return page

    return get
