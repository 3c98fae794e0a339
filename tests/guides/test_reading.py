"""How a Japanese guide gets the comments of the English one (DOC-1 to DOC-4 are proved with it)."""

from __future__ import annotations

import pytest

from tests.guides.page import Commands, GuideError, Hidden, Written, parse_guide
from tests.guides.reading import read_guide, with_comments

ENGLISH = """\
<!-- start: b.md -->

```yaml title="kanmon.yml"
app: shop
```

<!-- here: rm x -->
<!-- exit: 1 -->
<!-- type: y -->

```sh
kanmon deploy
```

```text
Release r1? y
```

<!-- end of the sample -->
<!-- here: rm y -->
"""
JAPANESE = """\
```yaml title="kanmon.yml"
app: shop
language: ja
```

```sh
kanmon deploy
```

```text
r1 をリリースしますか? y
```
"""


def test_a_japanese_guide_has_its_own_outputs_and_the_comments_of_the_english_one() -> None:
    """DOC-1: hidden commands and answers stand once, and play at the same place."""
    guide = with_comments(parse_guide("ja/a.md", JAPANESE), parse_guide("a.md", ENGLISH))
    assert guide.steps == [
        Written(1, "kanmon.yml", "app: shop\nlanguage: ja\n", added=False),
        Hidden(7, "rm x"),
        Commands(6, "kanmon deploy\n", "r1 をリリースしますか? y\n", status=1, typed=("y",)),
        Hidden(20, "rm y"),
    ]
    assert (guide.name, guide.start, guide.sample) == ("ja/a.md", "ja/b.md", 3)


@pytest.mark.parametrize(
    "japanese",
    [
        "",
        "```sh\nkanmon deploy\n```\n",
        f"{JAPANESE}\n```sh\nkanmon status\n```\n",
        JAPANESE.replace("```sh", "<!-- exit: 1 -->\n```sh"),
        f"<!-- here: rm x -->\n\n{JAPANESE}",
    ],
)
def test_a_japanese_guide_that_differs_is_refused(japanese: str) -> None:
    """Less, another order, more, and comments of its own."""
    with pytest.raises(GuideError, match=r"ja/a\.md"):
        with_comments(parse_guide("ja/a.md", japanese), parse_guide("a.md", ENGLISH))


def test_a_japanese_guide_is_read_with_the_english_one() -> None:
    """DOC-1: somebody answers the questions of a deploy."""
    english, japanese = (read_guide(f"{folder}deployment-guide.md") for folder in ("", "ja/"))
    assert [step.typed for step in japanese.commands] == [step.typed for step in english.commands]
    assert japanese.sample == english.sample > 0
