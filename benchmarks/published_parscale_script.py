"""The ParScale paper's fit of one corpus as a script: 300 starts of L-BFGS-B, then parameters and R2.

Usage: python published_parscale_script.py [RUNS.csv]

The table has the columns N, P and loss; without a path it is ``parscale_pile.csv`` beside this file. The script stands
alone, as a published script does, so that its whole process can be timed.
"""

import csv
import itertools
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

DELTA = 1e-3
STARTS = itertools.product(
    np.exp([-1.0, -0.5, 0.0]),  # E
    np.exp([-4.0, -2.0, 0.0, 2.0, 4.0]),  # A, in billions of parameters
    [0.0, 0.5, 1.0, 1.5, 2.0],  # alpha
    [0.2, 0.4, 0.6, 0.8],  # k
)


def predict(theta, N, P):
    """E + (A 1e9 / (N (k ln P + 1)))^alpha."""
    E, A, alpha, k = theta
    return E + (A * 1e9 / (N * (k * np.log(P) + 1))) ** alpha


def objective(theta, N, P, loss):
    """Sum of Huber(1e-3) of log observed - log predicted."""
    residual = np.log(loss) - np.log(predict(theta, N, P))
    size = np.abs(residual)
    return np.sum(np.where(size <= DELTA, 0.5 * residual**2, DELTA * (size - 0.5 * DELTA)))


def main() -> None:
    """Fit the table and print the best end point."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("parscale_pile.csv")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    N, P, loss = (np.array([float(row[name]) for row in rows]) for name in ("N", "P", "loss"))
    best = None
    with np.errstate(over="ignore", invalid="ignore"):
        for start in STARTS:
            end = minimize(objective, start, args=(N, P, loss), method="L-BFGS-B", bounds=[(1e-8, None)] * 4)
            if best is None or end.fun < best.fun:
                best = end
    E, A, alpha, k = best.x
    r2 = 1 - np.sum((loss - predict(best.x, N, P)) ** 2) / np.sum((loss - loss.mean()) ** 2)
    print(f"E={E:.6g} A={A * 1e9:.6g} alpha={alpha:.6g} k={k:.6g}")
    print(f"R2={r2:.6f} objective={best.fun:.9g}")


if __name__ == "__main__":
    main()
