"""A whole class: thirty devices send drawings to a real `pellucid open --class`, and the teacher
trains on them.
"""

import contextlib
import http.client
import io
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from pellucid.data import digit
from tests import handwriting
from tests.web.kinds import PATIENCE, Visit
from tests.web.test_page import by_mouse, path_of
from tests.web.test_server import started

pytestmark = pytest.mark.integration
DEVICES, EACH = 30, 10


@pytest.fixture
def addresses() -> Iterator[tuple[str, str]]:
    """The teacher's address and the pupils', as the command prints them."""
    with started("open", "--class", "--address", "127.0.0.1", "--no-browser") as process:
        assert process.stdout is not None
        said = ""
        while "not encrypted" not in said:
            said += process.stdout.readline()
        teacher, pupils = re.findall(r"http://\S+", said)
        yield teacher, pupils
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE)[1] == ""
        assert process.returncode == 0


def send_all(link: str, device: int, drawings: list[bytes]) -> list[int]:
    """Send drawings from a device with an address of its own; return the statuses."""
    place, statuses = urlsplit(link), []
    for drawing in drawings:
        connection = http.client.HTTPConnection(
            place.hostname or "", place.port, PATIENCE, source_address=(f"127.0.0.{device + 2}", 0)
        )
        with contextlib.closing(connection):
            connection.request("POST", f"{place.path}digit", drawing)
            with connection.getresponse() as answer:
                statuses.append(answer.status)
    return statuses


def test_thirty_devices(addresses: tuple[str, str], visit: Visit) -> None:
    """Each with a hand of its own; what the class writes is read better after the training."""
    teacher, pupils = addresses
    samples = handwriting.fonts(n=DEVICES * EACH, seed=4)
    contents = []
    for sample in samples:
        with Image.open(io.BytesIO(sample.content)) as image:
            contents.append(bytes([sample.label]) + digit(np.asarray(image.convert("L"))).tobytes())
    tab = visit(f"{teacher}#p=class&lang=en")
    with ThreadPoolExecutor(DEVICES) as pool:
        parts = [contents[EACH * device : EACH * (device + 1)] for device in range(DEVICES)]
        statuses = list(pool.map(send_all, [pupils] * DEVICES, range(DEVICES), parts))
    assert statuses == [[200] * EACH] * DEVICES
    count = f"Drawings: {DEVICES * EACH}, devices: {DEVICES}"
    tab.get_by_test_id("class-count").filter(has_text=count).wait_for()
    assert tab.locator(".tally td").all_inner_texts() == [str(DEVICES)] * 10
    tab.get_by_test_id("class-train").click()
    result = tab.get_by_test_id("class-result")
    result.locator("p").first.wait_for()
    found = re.search(r"Before (\d+) / (\d+) .* after (\d+) / (\d+)", result.inner_text())
    assert found is not None
    before, held_out, after, again = map(int, found.groups())
    assert held_out == again == DEVICES * EACH // 3
    # The order of arrival decides which are held out: 81 to 86 before, 99 or 100 after
    assert before + 5 < after and after > 0.9 * held_out, found[0]
    print(f"\n{found[0]}")  # for `pytest -s`
    tab.get_by_role("button", name="Delete all 10 drawings of device").first.click()
    tab.get_by_test_id("class-count").filter(has_text="Drawings: 290").wait_for()


def test_a_pupils_browser(addresses: tuple[str, str], visit: Visit) -> None:
    """Draw, save, send; the teacher's page shows it with its nickname."""
    teacher, pupils = addresses
    phone = visit(pupils, 390, 844, locale="ko-KR")
    for label in (3, 7):
        phone.get_by_test_id("drawing").scroll_into_view_if_needed()
        by_mouse(phone, path_of(label))
        phone.get_by_test_id(f"save-{label}").click()
        phone.get_by_test_id("clear").click()
    phone.get_by_label("별명").fill("하늘\u202e 3반")
    phone.get_by_test_id("send").click()
    phone.get_by_test_id("sent").filter(has_text="2개를 보냈습니다").wait_for()
    assert phone.get_by_test_id("send").is_disabled()
    tab = visit(f"{teacher}#p=class&lang=en")
    tab.get_by_test_id("class-count").filter(has_text="Drawings: 2, devices: 1").wait_for()
    assert tab.locator(".saved .note").first.inner_text() == "하늘 3반"
    assert phone.locator("[data-testid=panel-class]").count() == 0
    assert phone.locator("[data-testid=train-play]").count() == 0
