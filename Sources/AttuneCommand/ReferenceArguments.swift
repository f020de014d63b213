/// Arguments of the reference's `TrainingArguments` that have no flag here, and what to do in their place.
///
/// Source: `TrainingArguments` of transformers 5.23 and the names that versions 4 had (training_args.py).
enum ReferenceArguments {
    /// What to say to someone who gives such an argument.
    ///
    /// - Parameter name: Without dashes, in kebab-case.
    /// - Returns: A sentence's second half, `is not needed: …`; nil for a name that the reference does not have either.
    static func advice(on name: String) -> String? {
        if let advice = advice[name] { return advice }
        for (prefix, advice) in advicePerPrefix where name.hasPrefix(prefix) { return advice }
        return nil
    }

    private static let notNeeded = "is not needed: leave it out"
    private static let packed = "is not needed: batches are packed without padding, in any order"
    private static let noToken =
        "is not there, as it would stand in recipes: `attune hub login`, the variable HF_TOKEN or a .env file give the token"
    private static let oneProcess = "is for several processes, and a run here is one"

    private static let advice: [String: String] = [
        "activation-checkpointing": "is called --gradient-checkpointing here",
        "activation-checkpointing-kwargs": "has nothing to set here; --gradient-checkpointing goes by block",
        "adafactor": "is given as --optim adafactor",
        "auto-find-batch-size": "is not there: --max-tokens-per-batch keeps a step and bounds its memory",
        "average-tokens-across-devices": oneProcess,
        "batch-eval-metrics": "is not needed: an evaluation's memory is flat",
        "debug": "is not there",
        "deepspeed": oneProcess,
        "disable-tqdm": "is not needed: progress is a line a while where standard error is no terminal",
        "do-eval": "is not needed: held-out texts are measured, by --test-size or --eval-dataset",
        "do-predict": "is a command of its own: attune predict",
        "do-train": "is not needed: attune train trains",
        "eval-do-concat-batches": notNeeded,
        "eval-use-gather-object": oneProcess,
        "fp16": "is not there, as it loses numbers: --precision bf16 is as fast and does not",
        "full-determinism": "is not needed: the same seed and thread count give the same bytes always",
        "group-by-length": packed,
        "gradient-checkpointing-kwargs": "has nothing to set here; --gradient-checkpointing goes by block",
        "hub-always-push":
            "is not needed: a push that waits is replaced by a newer one; --hub-strategy all_checkpoints sends all",
        "hub-revision": "is written into the name: --hub-model-id org/name@branch",
        "hub-token": noToken,
        "push-to-hub-model-id": "is called --hub-model-id",
        "push-to-hub-organization": "is written into the name: --hub-model-id org/name",
        "push-to-hub-token": noToken,
        "ignore-data-skip": "is not needed: going on from a checkpoint costs no time",
        "include-for-metrics": notNeeded,
        "include-num-input-tokens-seen": notNeeded,
        "jit-mode-eval": notNeeded,
        "length-column-name": packed,
        "local-rank": oneProcess,
        "logging-dir": "is not there: --report-to tensorboard writes to runs/ in the output folder",
        "logging-nan-inf-filter":
            "is not there: a loss that is no number stops the run and says where it began",
        "no-cuda": "is called --device cpu here",
        "neftune-noise-alpha": "is not there",
        "optim-target-modules": "is not there",
        "per-gpu-train-batch-size": "is called --per-device-train-batch-size",
        "per-gpu-eval-batch-size": "is called --per-device-eval-batch-size",
        "prediction-loss-only": notNeeded,
        "remove-unused-columns": "is not needed: only the columns that are named are read",
        "restore-callback-states-from-checkpoint": "is not needed: early stopping goes on where it was",
        "run-name": "is not there: a run is known by its --output-dir",
        "save-on-each-node": oneProcess,
        "save-safetensors": "is not needed: weights are saved as safetensors always",
        "skip-memory-metrics": notNeeded,
        "torch-empty-cache-steps": notNeeded,
        "use-cache": "is not needed: training keeps no cache",
        "use-cpu": "is called --device cpu here",
        "use-ipex": notNeeded,
        "use-liger-kernel": "is not needed: fused kernels are built in",
        "use-mps-device": "is called --device mps here",
    ]

    private static let advicePerPrefix = [
        ("dataloader-", "is not needed: texts are tokenized before the first step"),
        ("ddp-", oneProcess), ("fsdp", oneProcess), ("tpu-", oneProcess), ("accelerator-", oneProcess),
        ("parallelism-", oneProcess), ("log-level", "is not there"),
        ("log-on-each-node", oneProcess), ("torch-compile", "is not needed: fused kernels are built in"),
        ("fp16-", "is not there, as it loses numbers: --precision bf16 is as fast and does not"),
        ("bf16-full-eval", "is not needed: --precision holds for evaluations, too"),
        ("half-precision-backend", notNeeded), ("trackio-", "is not there; --report-to lists what is"),
    ]
}
