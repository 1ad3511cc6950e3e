"""Rotary positions, read from configurations of transformers 4 and 5."""

import pytest

from scalelaw.harness.rope import Rope, rope_of

DEFAULT = {"rope_theta": 1e6, "rope_type": "default"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Rope(None, "default")),
        ({"rope_theta": 1e6}, Rope(1e6, "default")),
        ({"rope_theta": 1e6, "rope_scaling": None}, Rope(1e6, "default")),
        ({"rope_theta": 1e6, "rope_scaling": {"type": "linear", "factor": 2.0}}, Rope(1e6, "linear")),
        ({"rope_theta": 1e6, "rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, Rope(1e6, "yarn")),
        ({"rope_parameters": None, "rope_theta": 1e6}, Rope(1e6, "default")),
        ({"rope_parameters": DEFAULT}, Rope(1e6, "default")),
        ({"rope_parameters": DEFAULT, "rope_theta": 1e4}, Rope(1e6, "default")),
        ({"rope_parameters": {"rope_type": "yarn"}, "rope_theta": 1e4}, Rope(1e4, "yarn")),
        ({"rope_parameters": DEFAULT, "rope_scaling": {"rope_type": "yarn"}}, Rope(1e6, "yarn")),
        ({"rope_parameters": {"full_attention": DEFAULT, "sliding_attention": DEFAULT}}, Rope(None, "by layer")),
    ],
)
def test_both_versions_words_are_read(config, expected):
    assert rope_of(config) == expected


@pytest.mark.parametrize(
    "config", [{"rope_theta": 1e6}, {"rope_theta": 1e6, "rope_scaling": {"type": "linear", "factor": 2.0}}]
)
def test_it_is_what_transformers_takes(config):
    transformers = pytest.importorskip("transformers", reason="the extra pretrained is not installed")
    taken = transformers.Qwen2Config(**config).to_dict()
    assert rope_of(taken) == rope_of(config)
