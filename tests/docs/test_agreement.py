"""The structure test itself: it sees differences of every kind, and not those of languages."""

import pytest

from tools.docs.agreement import differences
from tools.docs.links import mistakes
from tools.docs.pages import parsed

ENGLISH = """\
# Train { #train }

Read [tables](other.md#columns) and [this](#more) first.

```python
'''Three classes.'''
net = pl.mlp([4, 3])  # three classes
names = {"a digit": 3}
print("done, accuracy", f"{net.accuracy:.2f}", names)
```

```text
accuracy 0.95 done
```

## More { #more }

| a | b |
| --- | --- |
| 1 | 2 |

- one
- two

![a plot](../pictures/gallery/roc-en-light.png)

```sh
pellucid train --quick  # a second
```

<!-- not run: needs a server -->
```sh
pellucid open
```

::: pellucid.mlp
"""
KOREAN = """\
# 학습 { #train }

먼저 [이것](#more)과 [표](other.md#columns)를 읽으세요.

```python
'''클래스 세 개.'''
net = pl.mlp([4, 3])  # 클래스 세 개
names = {"숫자": 3}
print(f"끝: 정확도는 {net.accuracy:.2f}", names, "입니다")
```

```text
정확도는 0.95 끝
```

## 더 { #more }

| 가 | 나 |
| --- | --- |
| 1 | 2 |

- 하나
- 둘

![그림](../pictures/gallery/roc-ko-light.png)

```sh
pellucid train --quick  # 1초
```

<!-- not run: 서버가 필요합니다 -->
```sh
pellucid open
```

::: pellucid.mlp
"""


def compare(korean: str) -> list[str]:
    return list(differences(parsed("en", "a.md", ENGLISH), parsed("ko", "a.md", korean)))


def test_a_translation_agrees() -> None:
    assert compare(KOREAN) == []


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("{ #more }", "{ #else }", 16),
        ("## 더", "### 더", 16),
        ("other.md#columns", "other.md#rows", 3),
        ("[4, 3]", "[4, 2]", 5),
        ("net.accuracy", "net.loss", 5),
        ("```text\n정확도는 0.95 끝\n```\n", "", 12),
        ("| 1 | 2 |\n", "", 18),
        ("| 가 | 나 |\n| --- | --- |\n| 1 | 2 |", "| 가 |\n| --- |\n| 1 |", 18),
        ("- 둘\n", "", 22),
        ("roc-ko-light", "roc-ko-dark", 25),
        ("--quick", "--seed 1", 27),
        ("not run:", "integration:", 31),
        ("pellucid.mlp", "pellucid.load", 36),
        ("```python", "```py", 5),
    ],
)
def test_a_difference_is_seen(before: str, after: str, line: int) -> None:
    assert KOREAN.count(before) == 1
    (told,) = compare(KOREAN.replace(before, after))
    assert f"docs/en/a.md:{line}" in told or f"docs/ko/a.md:{line}" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# A { #a }\n\n[x](gone.md)", ":3: no page of that name"),
        ("# A { #a }\n\n[x](#gone)", ":3: no heading gone there"),
        ("# A { #a }\n\n[x](b.md#gone)", ":3: no heading gone there"),
        ("# A { #a }\n\n![x](../pictures/gone.png)", ":3: no file of that name"),
        ("# A { #a }\n\n![x](https://example.org/x.png)", ":3: an image of another host"),
        ('# A { #a }\n\n<img src="../pictures/gone.png">', ":3: no file of that name"),
        ("# A { #a }\n\n[x](../architecture.md)", ":3: no page of that name"),
        ("# A\n", ":1: a heading without an id"),
        ("# A { #a }\n\n## B { #a }\n", ":3: the id a is taken"),
        ("# A { #a }\n\n# B { #b }\n", ":1: one # heading"),
        ("# A { #a }\n\n### B { #b }\n", ":3: a heading of level 3"),
        ("# A { #a }\n\n```\nx\n```\n", ":3: code without a language"),
    ],
)
def test_a_mistake_is_seen(text: str, told: str) -> None:
    other = parsed("en", "b.md", "# B { #b }\n\n[a](a.md), [live](../live/index.html)")
    (found,) = mistakes({"en": {"a.md": parsed("en", "a.md", text), "b.md": other}})
    assert found.startswith(f"docs/en/a.md{told}")
