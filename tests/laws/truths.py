"""Plausible parameters and a plausible run for every built-in law; a new law needs a line here."""

TRUTHS: dict[str, dict[str, float]] = {
    "parscale": {"E": 0.69124, "A": 1.1306e7, "alpha": 0.18937, "k": 0.39345},
    "parscale_data": {"E": 1.2, "A": 1.1306e7, "alpha": 0.19, "k": 0.39, "B": 400.0, "beta": 0.28},
    "parscale_ensemble": {"E": 0.69, "A": 1.13e7, "alpha": 0.19, "rho": 0.89},
    "additive_streams": {"E": 0.6, "A": 20.0, "B": 0.1, "alpha": 0.19, "beta": 0.4},
    "power_streams": {"E": 0.69, "A": 20.0, "alpha": 0.19, "b": 0.29},
    "log2_streams": {"E": 0.69, "A": 20.0, "alpha": 0.19, "beta": 0.1},
    "chinchilla": {"E": 1.817, "A": 482.0, "B": 2085.0, "alpha": 0.348, "beta": 0.366},
    "kaplan": {"Nc": 8.8e13, "Dc": 5.4e13, "alpha_N": 0.076, "alpha_D": 0.095},
    "coupled": {"E": 1.6, "A": 60.0, "B": 100.0, "a": 0.25, "b": 0.22, "g": 1.3},
    "overtrained": {"E": 1.8, "a": 200.0, "b": 300.0, "eta": 0.17},
    "data_constrained": {
        "E": 1.87,
        "A": 521.0,
        "B": 1488.0,
        "alpha": 0.353,
        "beta": 0.353,
        "R_N": 5.31,
        "R_D": 15.39,
    },
    "power_n": {"E": 1.7, "A": 400.0, "alpha": 0.34},
    "power_d": {"E": 1.7, "B": 410.0, "beta": 0.28},
    "power_c": {"E": 1.7, "A": 2000.0, "gamma": 0.16},
    "broken_power": {"E": 1.0, "A": 100.0, "alpha": 0.2, "Nb": 5e8, "gamma": 0.1, "f": 0.3},
}
RUN = {"N": 1.6e9, "P": 4.0, "D": 4.2e10, "U": 2e10, "C": 4e18}
