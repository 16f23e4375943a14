import os
import re
import signal
import subprocess
import sys

import httpx
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


def test_several_processes_answer_and_tell_their_figures_together(tmp_path):
    command = [sys.executable, "-m", "goodfaith", "serve", "--port", "0", "--workers", "2"]
    told = {**os.environ, "GOODFAITH_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
        url = re.search(r"http://\S+", served.stdout.readline()).group()
        try:
            answers = [httpx.get(f"{url}/healthz", timeout=60).status_code for _ in range(20)]
            figures = httpx.get(f"{url}/metrics", timeout=60).text
        finally:
            served.send_signal(signal.SIGTERM)

    assert answers == [200] * 20
    assert 'goodfaith_request_seconds_count{method="GET",route="/healthz",status="200"} 20.0' in figures
    assert served.returncode == 0
