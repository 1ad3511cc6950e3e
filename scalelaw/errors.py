"""Errors a user can meet. Each is one sentence that says what is wrong and what to do."""


class ScalelawError(ValueError):
    """Base of every error that a user can mend; the shell prints it and exits with 1."""


class RunsError(ScalelawError):
    """A runs table that cannot be used; ``faults`` names every fault found, not only the first."""

    def __init__(self, faults: str | list[str] | tuple[str, ...]):
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))


class LawError(ScalelawError):
    """A law that cannot be read, is unknown, or does not suit the columns at hand."""


class FitError(ScalelawError):
    """A fit that cannot be done or did not converge; ``fit`` holds the marked result where there is one."""

    def __init__(self, message: str, fit: object | None = None):
        super().__init__(message)
        self.fit = fit


class MissingExtra(ScalelawError):
    """A package that only some of the toolkit needs is not installed; the message names the extra that brings it."""


class HarnessError(ScalelawError):
    """A corpus, cell or sweep that cannot be used, or a training run that could not be finished."""


class Diverged(HarnessError):
    """A training run whose loss or gradient became infinite or NaN; ``step`` says when."""

    def __init__(self, message: str, step: int):
        super().__init__(message, step)
        self.step = step

    def __str__(self) -> str:
        return str(self.args[0])


class Stopped(HarnessError):
    """A training run that was asked to stop and left a checkpoint to go on from."""


class PretrainedError(ScalelawError):
    """A pre-trained model, a set of streams, or a call of them that cannot be used."""
