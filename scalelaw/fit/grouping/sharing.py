"""A test of what groups share: against the same law with every parameter each group's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.deviance import deviance_test
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.fitting import fit
from scalelaw.fit.grouping.view import group_function
from scalelaw.fit.resampling import numbered
from scalelaw.laws.grouped import COLUMN, grouped, own_name

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.grouping.fitting import GroupFit


def sharing(groups: GroupFit, *, refits: int | None = None, rng: int | np.random.Generator | None = 0) -> pd.DataFrame:
    """Test the sharing; see `GroupFit.test`.

    Returns
    -------
    DataFrame
        ``shared``, ``objective`` of the fit by groups and ``separate``, the sum of those of the groups alone, ``df``,
        ``spare``, ``statistic``, ``p``, ``p_by`` and ``f_p`` (see `scalelaw.nested_test`); ``verdict``.
    """
    import pandas as pd

    joint, function = groups.fit, group_function(groups.fit)
    settings = joint.settings
    freed = [name for name in function.shared if name not in settings.fixed]
    if not freed:
        raise FitError("the groups share no free parameter, so there is nothing to test; name some in shared")
    law = grouped(function.law, function.groups, by=function.by)
    spread: dict[str, Any] = {
        kind: {
            each: value
            for name, value in given.items()
            for each in ([own_name(name, group) for group in function.groups] if name in function.shared else [name])
        }
        for kind, given in (("fixed", settings.fixed), ("bounds", settings.bounds))
    }
    if settings.delta is not None:
        spread["delta"] = settings.delta
    separate = fit(
        law,
        joint.table,
        loss=settings.loss,
        space=settings.space,
        overestimate=settings.overestimate,
        weights=joint.weights,
        thorough=settings.thorough,
        throw=False,
        **spread,
    )
    found = deviance_test(
        Entrant.of(joint),
        Entrant.of(separate),
        refits=refits,
        rng=rng,
        strata=np.asarray(joint.columns[COLUMN]),
        runs=None if joint.checkpoints_of is None else numbered(joint.checkpoints_of),
    )
    p = found.p
    names = ", ".join(freed)
    verdict = (
        f"the groups differ in {names}: p = {p:.2g}"
        if p < 0.05
        else f"these runs do not show that the groups differ in {names}: p = {p:.2g}"
    )
    row = {"shared": names, "objective": joint.objective, "separate": separate.objective}
    return pd.DataFrame([{**row, **asdict(found), "verdict": verdict}])
