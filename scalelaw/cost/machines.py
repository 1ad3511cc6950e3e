"""Machines by name, with the vendors' figures and where these stand.

Rates are of dense matrix products, without the factor two of structured sparsity that data sheets like to include. A
gigabyte is taken as 10^9 bytes, the smaller reading. What a vendor does not state is named in ``derived``.

A source names the vendor's document, and in brackets the public pages on which every figure that is not ``derived`` was
read, where those are others. The rates of Qualcomm's GPU and of the Raspberry Pi's processor are reckoned: no page that
states them was found. At batch 1 they matter little, since bandwidth decides how fast tokens come.
"""

from __future__ import annotations

from collections.abc import Mapping

from scalelaw.cost.hardware import Hardware

T, G = 1e12, 1e9

_TENSOR_H = {"fp32": 67 * T, "tf32": 494.7 * T, "bf16": 989.4 * T, "fp16": 989.4 * T, "fp8": 1978.9 * T}
_APPLE = "fp16 at the rate of fp32, which Apple does not state"
_KLOCKWOOD = "glennklockwood.com/garden/processors"

_ALL = (
    Hardware(
        name="a100",
        peak={"fp32": 19.5 * T, "tf32": 156 * T, "bf16": 312 * T, "fp16": 312 * T, "int8": 624 * T, "int4": 1248 * T},
        bandwidth=2039 * G,
        memory=80 * G,
        source=f"NVIDIA A100 Tensor Core GPU data sheet, A100 80GB SXM ({_KLOCKWOOD}/A100; "
        "thundercompute.com/blog/nvidia-a100-specs-full-guide)",
    ),
    Hardware(
        name="h100",
        peak={**_TENSOR_H, "int8": 1978.9 * T},
        bandwidth=3350 * G,
        memory=80 * G,
        source="NVIDIA H100 Tensor Core GPU data sheet, H100 SXM5: half of the sparse rates "
        f"(archive-lib.hpctech.co.jp/gpuproduct/nvidia-h100.html; {_KLOCKWOOD}/h100)",
    ),
    Hardware(
        name="h200",
        peak={**_TENSOR_H, "int8": 1978.9 * T},
        bandwidth=4800 * G,
        memory=141 * G,
        source="NVIDIA H200 Tensor Core GPU data sheet, H200 SXM: memory and bandwidth, the rest as H100 SXM5 "
        "(geektopia.es, news of 13 November 2023)",
    ),
    Hardware(
        name="rtx-4090",
        peak={
            "fp32": 82.6 * T,
            "tf32": 82.6 * T,
            "bf16": 165.2 * T,
            "fp16": 165.2 * T,
            "fp8": 330.3 * T,
            "int8": 660.6 * T,
            "int4": 1321.2 * T,
        },
        bandwidth=1008 * G,
        memory=24 * G,
        source="NVIDIA Ada GPU architecture white paper, GeForce RTX 4090; products of 16 and 8 bits summed in 32 bits "
        "(waredb.com/processor/nvidia-geforce-rtx-4090)",
    ),
    Hardware(
        name="apple-m2",
        peak={"fp32": 3.6 * T, "fp16": 3.6 * T},
        bandwidth=100 * G,
        memory=24 * G,
        source="Apple, 6 June 2022: M2, 10-core GPU, 100 GB/s, up to 24 GB "
        "(macrumors.com/2022/06/06/apple-announces-m2-chip-with-support-for-up-to-24gb-memory)",
        derived={
            "peak['fp32']": "1280 lanes, a multiply and an add a cycle, 1.4 GHz: the 3.6 teraflops it is quoted with",
            "peak['fp16']": _APPLE,
        },
    ),
    Hardware(
        name="apple-m1-max",
        peak={"fp32": 10.4 * T, "fp16": 10.4 * T},
        bandwidth=400 * G,
        memory=64 * G,
        source="Apple, 18 October 2021: M1 Max, 32-core GPU of 10.4 teraflops, 400 GB/s, up to 64 GB "
        "(italy24news.com/News/228490; trustedreviews.com/news/apple-m1-max-specs-performance-tdp-4174187)",
        derived={"peak['fp16']": _APPLE},
    ),
    Hardware(
        name="apple-m2-ultra",
        peak={"fp32": 27.2 * T, "fp16": 27.2 * T},
        bandwidth=800 * G,
        memory=192 * G,
        source="Apple, Mac Pro of June 2023: M2 Ultra, 76-core GPU of up to 27.2 teraflops, 800 GB/s, up to 192 GB "
        "(apple.com/pl/mac-pro; tomshardware.com/news/m2-ultra-mac-studio-specs-price-release-date)",
        derived={"peak['fp16']": _APPLE},
    ),
    Hardware(
        name="jetson-orin",
        peak={"fp32": 5.32 * T, "fp16": 42.5 * T, "int8": 85 * T},
        bandwidth=204.8 * G,
        memory=64 * G,
        source="NVIDIA Jetson AGX Orin data sheet DS-10662-001 v1.6, 64 GB module: GPU of 5.32 fp32 TFLOPS, 85 sparse "
        "fp16 TFLOPS, 170 sparse int8 TOPS, 204.8 GB/s",
        derived={"peak['int8']": "half of the sparse rate", "peak['fp16']": "half of the sparse rate"},
    ),
    Hardware(
        name="jetson-orin-nano",
        peak={"fp32": 1.28 * T, "fp16": 10 * T, "int8": 20 * T},
        bandwidth=68 * G,
        memory=8 * G,
        source="NVIDIA Jetson Orin Nano data sheet, 8 GB module before its Super mode: 1024 cores at 625 MHz, 40 "
        "sparse int8 TOPS, 68 GB/s (scribd.com/document/673174036; brojogopalsapui.com, Jetson Orin Nano)",
        derived={
            "peak['fp32']": "a multiply and an add a core and cycle",
            "peak['int8']": "half of the sparse rate",
            "peak['fp16']": "half of the dense int8 rate",
        },
    ),
    Hardware(
        name="snapdragon-8-gen-3",
        peak={"fp32": 2.8 * T, "fp16": 5.6 * T},
        bandwidth=76.8 * G,
        memory=12 * G,
        source="Qualcomm Snapdragon 8 Gen 3 product brief: LPDDR5X at 4800 MHz "
        "(droidholic.com/snapdragon-8-gen-3-launched)",
        derived={
            "peak": "an estimate of its GPU: Qualcomm states no operations a second",
            "bandwidth": "64 bits, twice a cycle, at 4800 MHz",
            "memory": "what many phones of its class have",
        },
    ),
    Hardware(
        name="raspberry-pi-5",
        peak={"fp32": 153.6 * G, "fp16": 307.2 * G, "int8": 614.4 * G},
        bandwidth=17.1 * G,
        memory=8 * G,
        source="Raspberry Pi 5 product brief: four Cortex-A76 at 2.4 GHz, 32-bit LPDDR4X-4267, 8 GB "
        "(circuitdigest.com/news/the-new-raspberry-pi-5-is-here-faster-than-ever)",
        derived={
            "peak": "reckoned: two 128-bit vector pipes a core, a multiply and an add a lane and cycle, four of int8",
            "bandwidth": "32 bits at 4267 MT/s",
        },
    ),
)

MACHINES: Mapping[str, Hardware] = {machine.name: machine for machine in _ALL}
"""Machines by name; any other is a :class:`~scalelaw.cost.Hardware` of one's own."""
