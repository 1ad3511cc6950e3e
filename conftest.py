"""What every test and doctest starts from."""

import pytest


@pytest.fixture(autouse=True)
def _fit_is_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep ``scalelaw.fit`` the function: pytest's importlib mode puts the subpackage of that name in its place."""
    import scalelaw
    from scalelaw.fit import fit

    monkeypatch.setattr(scalelaw, "fit", fit)
