"""A reviewer's morning in a real browser, without a mouse."""

import shutil
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from features.database import reading
from serving import cases
from serving.app import create_app
from serving.serve import listening
from tests.serving.console.world import NAME, PASSWORD, a_case, a_decision, assessed

playwright = pytest.importorskip("playwright.sync_api")

BINARY = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

pytestmark = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed here")


@pytest.fixture
def address(service) -> Iterator[str]:
    """Where the console answers, on a free port of this machine."""
    with listening("127.0.0.1", 0) as door:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()


@pytest.fixture
def page(address):
    """A page of a browser that stands before the log-in; what the browser complains of ends up in `complaints`."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BINARY, args=QUIET)
        page = browser.new_page(locale="en-GB", base_url=address)
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto("/console")
        yield page
        browser.close()


def press_to(page, name, *, tag):
    """Press the tabulator until the focus is on something of this name, as people without a mouse do."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(f"{tag}:focus", has_text=name).count() or page.locator(f"{tag}[id='{name}']:focus").count():
            return
    raise AssertionError(f"the keyboard does not reach {name!r}")


def log_in(page):
    # The browser gives the focus a moment after the page is there; what is typed before goes nowhere.
    page.locator("input[name=name]:focus").wait_for()
    page.keyboard.type(NAME)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Cases", exact=True).wait_for()


def test_a_case_is_resolved_by_keyboard_alone(page, engine):
    assessed(engine)
    case = a_case(engine, decision_id=a_decision(engine))
    log_in(page)
    press_to(page, "Suspected counterfeits", tag="a")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Resolve it").wait_for()
    press_to(page, "Take this case", tag="button")
    while not page.locator("input[type=radio]:focus").count():
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("The listing never existed.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    with reading(engine) as tx:
        ended = cases.find(tx, case)
    assert (ended.state, ended.outcome, ended.reason) == ("resolved", "dismissed", "The listing never existed.")
    assert page.complaints == []


def test_the_first_thing_the_keyboard_reaches_leads_past_the_navigation(page, engine):
    log_in(page)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(page, engine, width):
    assessed(engine, "m" * 64)
    case = a_case(engine, "m" * 64, decision_id=a_decision(engine, "m" * 64))
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page)
    for path in ("cases", f"cases/{case}", "merchants", f"merchants/{'m' * 64}"):
        page.goto(f"/console/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_texts_stand_out_from_what_is_behind_them(page, engine):
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3), measured on what the browser paints."""
    assessed(engine)
    log_in(page)
    case = a_case(engine, decision_id=a_decision(engine), priority=1)
    for path in ("cases", f"cases/{case}", "merchants/m1", "cases/c_none", "merchants?q=zzz"):
        page.goto(f"/console/{path}")
        assert [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5] == []


CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (c) => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => !e.closest("svg") && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .map((e) => {
      const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      return [(a + .05) / (b + .05), e.textContent.trim()];
    });
}"""
