from dataclasses import replace

import pytest

from serving.app import create_app
from tests.serving.console.world import Browser, readings, somebody
from tests.serving.world import FakeClock, a_service


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def service(engine, clock):
    """A service where Anna may log in."""
    somebody(engine)
    return replace(a_service(engine), clock=clock, readings=readings)


@pytest.fixture
def stranger(service):
    """A browser in which nobody is logged in."""
    return Browser(create_app(service))


@pytest.fixture
def anna(service):
    """A browser in which Anna is logged in."""
    browser = Browser(create_app(service))
    assert browser.log_in().status_code == 303
    return browser
