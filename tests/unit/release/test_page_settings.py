"""Pages get the values of the stacks in their settings, and keep them (ADP-4)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kanmon.model import Result
from tests.fakes.app import make_config
from tests.fakes.runs import release, roll_back

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from tests.fakes.cloud import Cloud


def _config(text: str) -> Config:
    return make_config(web={"directory": "dist", "settings": {"VALUE": text}})


def _value(cloud: Cloud) -> str:
    block = re.search(rb'id="kanmon">(.*?)</script>', cloud.pages()["index.html"])
    assert block
    found: dict[str, Any] = json.loads(block[1])
    return str(found["settings"]["VALUE"])


def test_a_page_has_the_values_of_the_stacks(cloud: Cloud) -> None:
    """ADP-4: also in the first release, which makes the stacks."""
    text = "https://${edge.Domain}/${kanmon.Environment} ${!kept}"
    assert release(cloud, "one", config=_config(text)).result is Result.STABLE
    assert _value(cloud) == "https://edge.test/test ${kept}"


def test_a_release_keeps_its_values(cloud: Cloud) -> None:
    """ADP-4, CD-10: a rollback writes the same bytes, whatever the stacks' outputs are by then."""
    release(cloud, "one", config=_config("${edge.Domain} one"))
    release(cloud, "two", config=_config("${edge.Domain} two"))
    assert _value(cloud) == "edge.test two"
    record = cloud.ledger.release("r1")
    assert record
    assert record.settings == {"VALUE": "edge.test one"}
    assert roll_back(cloud).result is Result.ROLLED_BACK
    assert _value(cloud) == "edge.test one"
