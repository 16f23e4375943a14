import pytest

from serving.errors import AddressUnavailable
from serving.serve import listening


def test_an_address_that_is_taken_is_named():
    with listening("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        with pytest.raises(AddressUnavailable, match=f"127.0.0.1 port {port}"):
            listening("127.0.0.1", port)


def test_a_host_that_is_not_this_machine_is_named():
    with pytest.raises(AddressUnavailable, match=r"no-such-host\.invalid"):
        listening("no-such-host.invalid", 0)
