"""What goes wrong, said so that the reader can mend it.

Every message answers four questions: what is wrong, where, how many, and what to do about it.
"""


class DataError(ValueError):
    """The data handed in cannot be used as it is.

    Raised with all the problems found, not only the first one.
    """


class ConvergenceError(RuntimeError):
    """A model could not be fitted: the optimiser stopped where the likelihood has no maximum."""


class CrmWarning(UserWarning):
    """A result that is computed, but should not be read without the caveat in the message."""
