"""scalelaw: from a table of training runs to a scaling law, an honest interval and a figure.

>>> import numpy as np
>>> import scalelaw as sl
>>> runs = sl.load("parscale-pile")                      # or sl.read("runs.csv")
>>> fit = sl.fit(sl.laws.parscale, runs, bootstrap=1000, rng=0)
>>> print(f"two streams are worth {1 + fit.params['k'] * np.log(2):.3f} times the parameters, R2 = {fit.r2:.4f}")
two streams are worth 1.232 times the parameters, R2 = 0.9987
>>> fit.predict({"N": 1.6e9, "P": 8}).round(4)
            N  P    loss
0  1600000000  8  1.8865

A law of one's own is a function: columns, then a star, then parameters.

>>> def mine(N, P, *, E, A, alpha, b):
...     "E + A / (N P^b)^alpha"
...     return E + A / (N * P**b) ** alpha
>>> own = sl.fit(sl.Law("mine", mine), runs)
>>> print(f"b = {own.params['b']:.3f}")
b = 0.254
"""

from typing import TYPE_CHECKING, Any

from scalelaw import laws, runs
from scalelaw._version import __version__ as __version__
from scalelaw.errors import FitError, LawError, RunsError, ScalelawError
from scalelaw.fit import Fit, compare, fit
from scalelaw.laws import Law
from scalelaw.runs import check, read, write

if TYPE_CHECKING:
    from scalelaw import analysis, cost, datasets, explore, importers, plot
