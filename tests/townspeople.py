"""A made-up table of people, what they bought and what they spent."""

from typing import Any

import numpy as np


def townspeople() -> dict[str, list[Any]]:
    """Return 200 people: two columns, a target of classes and one of values."""
    rng = np.random.default_rng(0)
    age, city = rng.integers(18, 80, 200), rng.choice(["Busan", "Jeju", "Seoul"], 200)
    return {
        "age": age.tolist(),
        "city": city.tolist(),
        "bought": np.where(age / 20 + 2 * (city == "Seoul") > 3, "yes", "no").tolist(),
        "spent": (30 * age + 200 * (city == "Seoul")).tolist(),
    }
