"""How the blocks of a guide are executed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.guides.page import parse_guide
from tests.guides.playing import FailedError, Play
from tests.guides.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = """\
```text title="in/a.txt"
one
```

```sh
word=$(cat in/a.txt)
cd in
```

```text title="add to a.txt"
two
```

<!-- until: began -->
```sh
echo began; until [ -f end ]; do sleep 0.01; done; echo over
```

```text
began
over
```

<!-- here: touch end -->
<!-- exit: 3 -->
<!-- type: yes -->

```sh
read -rp "Sure? " answer
echo "$word $answer $(tail -1 a.txt)"
exit 3
```

```text
Sure? yes
one yes two
```

<!-- not here: no account -->
```sh
exit 1
```
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    work = tmp_path / "work"
    work.mkdir()
    made = Shell(work, tmp_path / "state", {"PATH": os.environ["PATH"]})
    yield made
    made.stop()


def test_blocks_go_on_where_the_last_one_ended(shell: Shell) -> None:
    """Folder, variables, files, a person's answer, two terminals at once; and the commands are counted."""
    guide = parse_guide("a.md", GOOD)
    play = Play(guide, shell, on_step=str)
    play.play(guide.steps)
    assert (play.count.executed, play.count.commands) == (6, 7)
    assert play.count.left_out == ["a.md:40: 1 (no account)"]


@pytest.mark.parametrize(
    "block",
    [
        "```sh\nfalse\necho goes on\n```\n",
        "<!-- exit: 1 -->\n```sh\ntrue\n```\n",
        "```sh\necho one\n```\n\n```text\ntwo\n```\n",
        "<!-- until: two -->\n```sh\necho one\n```\n",
        "<!-- until: one -->\n```sh\necho one; exit 1\n```\n",
        "<!-- here: false -->\n",
    ],
)
def test_a_block_that_does_otherwise_fails(shell: Shell, block: str) -> None:
    """Each with its place."""
    guide = parse_guide("a.md", block)
    with pytest.raises(FailedError, match=r"a\.md:\d"):
        Play(guide, shell, on_step=str).play(guide.steps)
