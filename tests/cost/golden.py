"""What the paper's released script printed for 192 settings, as arrays."""

from pathlib import Path

import numpy as np

from scalelaw.cost import PAPER

FILE = Path(__file__).parents[1] / "golden" / "parscale_cost_a100.csv"
TABLE = np.genfromtxt(FILE, delimiter=",", names=True)
_BY_WIDTH = {shape.width: shape for shape in PAPER.values()}
SHAPES = [_BY_WIDTH[int(width)] for width in TABLE["hidden_size"]]
SERVED = {
    "batch": TABLE["batch_size"].astype(int),
    "input_tokens": TABLE["input_tokens"].astype(int),
    "output_tokens": TABLE["output_tokens"].astype(int),
}
STREAMS = TABLE["streams"].astype(int)
