"""transformers' Trainer as stages use it: rows in their order, rates by group, checkpoints of what is trained alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from scalelaw import harness
from scalelaw.errors import Diverged, PretrainedError
from scalelaw.files import write_atomically
from scalelaw.harness import torchrun
from scalelaw.harness.schedule import rate_share
from scalelaw.pretrained.model import is_streams
from scalelaw.pretrained.training.packing import Sequences
from scalelaw.pretrained.training.plan import Plan, Stage

WEIGHTS = "trained.safetensors"


class StageTrainer(Trainer):
    """A stage of a plan.

    Checkpoints hold the parameters that are trained and not the frozen base; sharded ones are written as accelerate
    does, whole.
    """

    optimizer: Any
    lr_scheduler: Any

    def __init__(self, plan: Plan, stage: Stage, model: Any, rows: Tensor, folder: Path, **options: Any):
        self.plan, self.stage = plan, stage
        super().__init__(
            model=model,
            args=arguments(plan, stage, model, folder, **options),
            train_dataset=Sequences(rows),
            callbacks=[RefuseDivergence(plan.model)],
        )
        self.remove_callback(PrinterCallback)  # it prints to standard output

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW in groups: streams have a rate of their own and do not decay, nor do vectors."""
        if self.optimizer is None:
            recipe = self.plan.recipe
            groups: dict[tuple[float, float], list[Tensor]] = {}
            for name, value in (self.model if model is None else model).named_parameters():
                if not value.requires_grad:
                    continue
                own = is_streams(name)
                decays = value.ndim > 1 and not own and ".lora_" not in name
                key = (recipe.stream_rate if own else recipe.rate, recipe.weight_decay if decays else 0.0)
                groups.setdefault(key, []).append(value)
            self.optimizer = torch.optim.AdamW(
                [{"params": each, "lr": rate, "weight_decay": decay} for (rate, decay), each in groups.items()],
                betas=(0.9, 0.95),
            )
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The harness's schedules: transformers' own take their first step of a warm-up at a rate of 0."""
        warmup = self.plan.recipe.warmup
        recipe = harness.Recipe(schedule=self.stage.schedule, warmup=warmup, decay=1 - warmup, final=0.0)
        if self.lr_scheduler is None:
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                self.optimizer if optimizer is None else optimizer,
                lambda step: rate_share(min(step, num_training_steps - 1), num_training_steps, recipe),
            )
        return self.lr_scheduler

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if not self.args.should_save:
            return
        place = Path(output_dir or str(self.args.output_dir))
        place.mkdir(parents=True, exist_ok=True)
        model: Any = self.accelerator.unwrap_model(self.model, keep_torch_compile=False)
        save_trained(model, place / WEIGHTS, state_dict)
        model.config.save_pretrained(place)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            load_trained(self.model, Path(resume_from_checkpoint) / WEIGHTS)

    def whole_state(self) -> Any:
        """The model's tensors in one piece on the first process; all must ask."""
        return self.accelerator.get_state_dict(self.model) if self.is_fsdp_enabled else None


class RefuseDivergence(TrainerCallback):
    """End with one sentence where the loss or the gradient is no longer a number."""

    def __init__(self, name: str):
        self.name = name

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Look at what was logged."""
        for what in ("loss",) if args.fp16 else ("loss", "grad_norm"):  # float16 scales, overflows and scales again
            value = (logs or {}).get(what, 0.0)
            if not torch.isfinite(torch.tensor(float(value))):
                raise Diverged(
                    f"training {self.name} diverged at step {state.global_step} of {state.max_steps}: {what} {value}; "
                    f"lower the rates (at most {max(map(float, _rates(state, logs)), default=0):g}) in a new folder",
                    int(state.global_step),
                )


def _rates(state: Any, logs: Any) -> list[float]:
    return [each for row in (*state.log_history, logs or {}) if (each := row.get("learning_rate")) is not None]


def arguments(
    plan: Plan, stage: Stage, model: Any, folder: Path, *, device: torch.device, shard: bool = False
) -> TrainingArguments:
    """The settings of a stage as transformers has them.

    Raises
    ------
    PretrainedError
        If the batch cannot be shared alike by the processes.
    """
    recipe, processes = plan.recipe, torchrun.processes()
    if recipe.batch % (recipe.accumulate * processes):
        raise PretrainedError(
            f"a batch of {recipe.batch} sequences in {recipe.accumulate} passes cannot be shared alike by {processes} "
            f"processes; choose a multiple of {recipe.accumulate * processes}"
        )
    if shard and processes == 1:
        raise PretrainedError("a model is sharded over several processes; start them with torchrun --nproc-per-node")
    on_cpu = device.type == "cpu"
    spread: dict[str, Any] = {}
    if shard:
        layers = sorted({type(each).__name__ for each in _layers(model)})
        spread = {"fsdp": True, "fsdp_config": {"version": 2, "transformer_layer_cls_to_wrap": layers}}
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=stage.steps,
        per_device_train_batch_size=recipe.batch // (recipe.accumulate * processes),
        gradient_accumulation_steps=recipe.accumulate,
        learning_rate=recipe.rate,
        max_grad_norm=recipe.clip,
        train_sampling_strategy="sequential",
        bf16=recipe.precision == "bfloat16",
        fp16=recipe.precision == "float16",
        activation_checkpointing=recipe.checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False} if recipe.checkpointing else None,
        logging_steps=max(1, stage.steps // 50),
        logging_nan_inf_filter=False,
        save_strategy="no",  # by the clock, and on a stop
        save_total_limit=1,
        include_num_input_tokens_seen="all",
        seed=plan.seed,
        report_to=[],
        disable_tqdm=True,
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        ddp_find_unused_parameters=plan.settings.nested and stage.streams > 1,
        remove_unused_columns=False,
        **({"ddp_backend": "gloo"} if on_cpu and processes > 1 else {}),
        **spread,
    )


def _layers(model: Any) -> Any:
    return next(each for each in model.get_decoder().children() if isinstance(each, nn.ModuleList))


def save_trained(model: Any, path: Path, state: Any = None) -> None:
    """What is trained of a model, and how far its prefix has faded in, whole or not at all."""
    from safetensors.torch import save

    state = dict(model.state_dict()) if state is None else state
    kept = {name for name, value in model.named_parameters() if value.requires_grad}
    kept |= {name for name, _ in model.named_buffers() if name.endswith("prefix_passes")}
    tensors = {name: state[name].detach().cpu().contiguous().clone() for name in sorted(kept)}
    write_atomically(path, save(tensors, metadata={"format": "pt"}))


@torch.no_grad()
def load_trained(model: Any, path: Path) -> None:
    """Put into a model what :func:`save_trained` wrote of it.

    Raises
    ------
    PretrainedError
        If the file cannot be read or does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise PretrainedError(f"cannot read {path} ({error}); delete the folder it is in to train anew") from None
    own = model.state_dict()
    for name, value in tensors.items():
        if name not in own or own[name].shape != value.shape:
            raise PretrainedError(f"{path} holds {name}, which does not fit this model; train in another folder")
        own[name].copy_(value)


def last_checkpoint(folder: Path) -> Path | None:
    """The latest checkpoint of a stage that was written to its end: the state is what the Trainer writes last."""
    found = []
    for place in folder.glob("checkpoint-*"):
        try:
            state = json.loads((place / "trainer_state.json").read_text(encoding="utf-8"))
            found.append((int(state["global_step"]), place))
        except (OSError, ValueError, KeyError):
            continue  # torn: the process was ended while it wrote
    return max(found)[1] if found else None


def barrier() -> None:
    """Wait for the other processes, where there are any."""
    if torchrun.processes() > 1 and torch.distributed.is_initialized():
        torch.distributed.barrier()
