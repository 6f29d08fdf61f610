"""Customers who move between states, such as the time since their last purchase."""


import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_discount_rate, check_positive
from crmlib.errors import DataError


def _chain(transition, rewards, **more):
    """Return the transition matrix, the rewards (and more of them) in its order, and the labels of its states."""
    labels = None
    if isinstance(transition, pd.DataFrame):
        labels = transition.index
        if set(labels) != set(transition.columns) or not (labels.is_unique and transition.columns.is_unique):
            raise DataError("rows and columns of transition must name the same states, each once")
        transition = transition[labels]
    p = np.asarray(transition)
    if p.dtype.kind not in "iuf" or p.ndim != 2 or p.shape[0] != p.shape[1] or p.size == 0:
        raise DataError(f"transition must be a square table of numbers, not {p.dtype} of shape {p.shape}")
    p = p.astype(float)
    if labels is None:
        labels = rewards.index if isinstance(rewards, pd.Series) else pd.RangeIndex(len(p))
    if not np.isfinite(p).all() or (p < 0).any():
        state = labels[np.flatnonzero((~np.isfinite(p) | (p < 0)).any(axis=1))[0]]
        raise DataError(f"transition has a negative or missing probability in the row of state {state}")
    off = np.flatnonzero(np.abs(p.sum(axis=1) - 1) > 1e-8)
    if off.size:
        raise DataError(
            f"{off.size} of {len(p)} rows of transition do not add up to 1 (state {labels[off[0]]}: "
            f"{p[off[0]].sum():.6g}): rows are the states customers come from"
        )
    vectors = []
    for name, vector in {"rewards": rewards, **more}.items():
        if isinstance(vector, pd.Series):
            if len(vector) != len(p) or set(vector.index) != set(labels):
                raise DataError(f"{name} must name the same {len(p)} states as transition")
            vector = vector[labels]
        vector = np.asarray(vector)
        if vector.dtype.kind not in "iuf" or not np.isfinite(vector).all():
            raise DataError(f"{name} must be finite numbers")
        if vector.shape != (len(p),):
            raise DataError(f"{name} has shape {vector.shape}, but transition has {len(p)} states: give one each")
        vectors.append(vector.astype(float))
    return p, labels, *vectors


def markov_lifetime_value(transition, rewards, discount_rate: float, *, horizon: int | None = None) -> pd.Series:
    """Return the value of a customer in each state of a Markov chain.

    Without horizon ``V = (I - P / (1 + d))^-1 R``; otherwise ``V = Σ_{t=0…horizon} (P / (1 + d))^t R``.

    Source: Pfeifer, P. E. & Carraway, R. L. (2000), "Modeling Customer Relationships as Markov Chains".

    Parameters
    ----------
    transition : DataFrame or array of shape (n_states, n_states)
        P: probability of moving from the row's state to the column's in one period.
    rewards : Series or array of shape (n_states,)
        R: money received (or spent, negative) on being in a state.
    discount_rate : float
        Effective rate d per period.
    horizon : int, optional
        The last t counted. The first reward is now, so there are horizon + 1 of them.

    Returns
    -------
    pandas.Series
        Money per state, with the labels of `transition` (or of `rewards`).

    Raises
    ------
    DataError
        If rows do not add up to 1, probabilities are negative, or lengths and labels do not fit.
    ValueError
        If the value is infinite: no discounting, and customers who never reach a final state worth 0.

    Examples
    --------
    >>> stay_or_leave = [[0.8, 0.2], [0, 1]]
    >>> markov_lifetime_value(stay_or_leave, [100, 0], 0.1).round(2).tolist()  # as timing="immediate"
    [366.67, 0.0]
    """
    p, labels, r = _chain(transition, rewards)
    d = check_discount_rate("discount rate", discount_rate)
    if horizon is not None:
        value = np.zeros(len(p))
        for _ in range(check_count("horizon", horizon, minimum=0) + 1):
            value = r + p @ value / (1 + d)
    elif d > 0:
        value = np.linalg.solve(np.eye(len(p)) - p / (1 + d), r)
    else:
        final = (np.diag(p) == 1) & (r == 0)
        reaches = final.copy()
        for _ in range(len(p)):
            reaches = reaches | (p @ reaches > 0)
        if not reaches.all():
            raise ValueError(
                f"at a discount rate of 0 the value is infinite or undefined: state {labels[np.argmin(reaches)]} "
                "never leads to a final state worth 0; discount, or give a horizon"
            )
        value, move = np.zeros(len(p)), ~final
        value[move] = np.linalg.solve(np.eye(move.sum()) - p[np.ix_(move, move)], r[move])
    return pd.Series(value, index=labels, name="lifetime_value")


def best_stopping(transition, rewards, discount_rate: float, *, stop_rewards=None) -> pd.DataFrame:
    """Return the rule of when to stop marketing to a customer that makes every state worth most.

    ``V = max(stop reward, R + P V / (1 + d))``, solved by policy iteration: value the rule, drop the states in
    which stopping is worth more, repeat. Who is dropped does not come back.

    Source: Pfeifer, P. E. & Carraway, R. L. (2000), "Modeling Customer Relationships as Markov Chains".

    Parameters
    ----------
    transition, rewards, discount_rate
        As in `markov_lifetime_value`, marketing in every state; the discount rate above 0.
    stop_rewards : Series or array of shape (n_states,), optional
        Money on being in a state if marketing stops there, once; zero if not given.
        If a reward is margin less marketing cost, the margin itself still comes in.

    Returns
    -------
    pandas.DataFrame
        Per state: ``value_without_stopping``, ``value`` under the best rule,
        ``action`` ("continue" or "stop"; "stop" if both are worth the same).

    Raises
    ------
    DataError, ValueError
        As in `markov_lifetime_value`.

    Examples
    --------
    >>> best_stopping([[0.5, 0.5, 0], [0.1, 0, 0.9], [0, 0, 1]], [10, -4, 0], 0.1)["action"].tolist()
    ['continue', 'stop', 'stop']
    """
    p, labels, r, stop_value = _chain(
        transition, rewards, stop_rewards=np.zeros(np.size(rewards)) if stop_rewards is None else stop_rewards
    )
    d = check_positive("discount rate", check_discount_rate("discount rate", discount_rate))
    without = value = np.linalg.solve(np.eye(len(p)) - p / (1 + d), r)
    tie = 1e-12 * (1 + np.abs(value).max())
    while True:
        stop = stop_value >= r + p @ value / (1 + d) - tie
        rule = np.where(stop[:, None], 0.0, p) / (1 + d)
        improved = np.linalg.solve(np.eye(len(p)) - rule, np.where(stop, stop_value, r))
        if (improved <= value + tie).all():  # each round raises the values, so this ends
            break
        value = improved
    return pd.DataFrame(
        {"value_without_stopping": without, "value": improved, "action": np.where(stop, "stop", "continue")},
        index=labels,
    )
