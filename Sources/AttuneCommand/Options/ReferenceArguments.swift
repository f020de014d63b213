/// Arguments of transformers' `TrainingArguments` without a flag here, with advice on what to do instead.
///
/// Source: `TrainingArguments` of transformers 5.23, the names in versions 4 (training_args.py), and the arguments of its example
/// scripts run_classification.py and run_glue.py.
enum ReferenceArguments {
    /// The advice on an argument that is not supported.
    ///
    /// - Parameter name: The argument without dashes, in kebab-case.
    /// - Returns: The second half of a sentence, `is not needed: …`; nil for a name that transformers does not know either.
    static func advice(on name: String) -> String? {
        if let advice = advice[name] { return advice }
        for (prefix, advice) in advicePerPrefix where name.hasPrefix(prefix) { return advice }
        return nil
    }

    private static let notNeeded = "is not needed: leave it out"
    private static let packed = "is not needed: batches are packed without padding, in any order"
    private static let noToken =
        "is not supported, because recipes would contain it: use `attune hub login`, the variable HF_TOKEN or a .env file"
    private static let launched =
        "is not needed: the launcher's variables say it (torchrun, srun, mpirun)"
    private static let firstOnly = "is not supported: rank 0 writes for all processes"
    private static let sharded =
        "is not supported: --zero-stage 1 divides the optimizer state among processes, --zero-stage 3 also the weights"

    private static let advice: [String: String] = [
        "activation-checkpointing": "is called --gradient-checkpointing here",
        "activation-checkpointing-kwargs":
            "has no options here; --gradient-checkpointing recomputes whole blocks",
        "adafactor": "is called --optim adafactor here",
        "auto-find-batch-size":
            "is not supported: --max-tokens-per-batch bounds a step's memory without changing its result",
        "average-tokens-across-devices":
            "is not needed: a step's loss is the mean over the examples of all processes",
        "batch-eval-metrics": "is not needed: an evaluation's memory does not grow",
        "debug": "is not supported",
        "ddp-backend": "is not needed: processes on CPUs exchange by Gloo",
        "ddp-broadcast-buffers": "is not needed: training changes no buffers",
        "ddp-find-unused-parameters": "is not needed: a parameter without a gradient counts as 0",
        "ddp-static-graph": notNeeded,
        "deepspeed": sharded,
        "disable-tqdm":
            "is not needed: progress is a plain line every few seconds if standard error is not a terminal",
        "do-eval": "is not needed: --test-size or --eval-dataset turns evaluation on",
        "do-predict": "is a separate command: attune predict",
        "do-train": "is not needed: attune train always trains",
        "eval-do-concat-batches": notNeeded,
        "eval-use-gather-object": notNeeded,
        "fp16": "is not supported, because float16 overflows: --precision bf16 is as fast and does not",
        "full-determinism": "is not needed: the same seed and thread count always give the same bytes",
        "group-by-length": packed,
        "gradient-checkpointing-kwargs":
            "has no options here; --gradient-checkpointing recomputes whole blocks",
        "hub-always-push":
            "is not needed: a newer push replaces a waiting one; --hub-strategy all_checkpoints sends all",
        "hub-revision": "is part of the name: --hub-model-id org/name@branch",
        "hub-token": noToken,
        "push-to-hub-model-id": "is called --hub-model-id",
        "push-to-hub-organization": "is part of the name: --hub-model-id org/name",
        "push-to-hub-token": noToken,
        "ignore-data-skip": "is not needed: skipping the data of a resumed run takes no time",
        "include-for-metrics": notNeeded,
        "include-num-input-tokens-seen": notNeeded,
        "jit-mode-eval": notNeeded,
        "length-column-name": packed,
        "local-rank": launched,
        "logging-dir": "is not supported: --report-to tensorboard writes to runs/ in the output folder",
        "logging-nan-inf-filter":
            "is not supported: a NaN or infinite loss stops the run and names its origin",
        "no-cuda": "is called --device cpu here",
        "neftune-noise-alpha": "is not supported",
        "optim-target-modules": "is not supported",
        "per-gpu-train-batch-size": "is called --per-device-train-batch-size",
        "per-gpu-eval-batch-size": "is called --per-device-eval-batch-size",
        "prediction-loss-only": notNeeded,
        "remove-unused-columns": "is not needed: only the named columns are read",
        "restore-callback-states-from-checkpoint": "is not needed: early stopping resumes where it was",
        "run-name": "is not supported: --output-dir identifies a run",
        "save-on-each-node": firstOnly,
        "save-safetensors": "is not needed: weights are always saved as safetensors",
        "skip-memory-metrics": notNeeded,
        "torch-empty-cache-steps": notNeeded,
        "use-cache": "is not needed: training keeps no cache",
        "use-cpu": "is called --device cpu here",
        "use-dora": "is called --adapter dora here",
        "use-lora": "is called --adapter lora here",
        "use-peft": "is called --adapter lora here",
        "use-ipex": notNeeded,
        "use-liger-kernel": "is not needed: fused kernels are built in",
        "use-mps-device": "is called --device mps here",
        "cache-dir": "is not supported: the variable HF_HUB_CACHE names the folder of downloads",
        "config-name": "is not supported: the configuration is read from --model",
        "tokenizer-name": "is not supported: the tokenizer is read from --model",
        "cpu": "is called --device cpu here",
        "cuda": "is called --device cuda here",
        "gpu": "is called --device cuda here",
        "do-regression": "is called --problem-type regression here",
        "fp32": "is called --precision fp32 here",
        "ignore-mismatched-sizes": "is called --reinit-head here",
        "max-train-samples": "is called --sample here; it draws the rows at random",
        "max-eval-samples":
            "is not supported: --test-size or --eval-dataset chooses the rows of the evaluation",
        "metric-name":
            "is not needed: all metrics are computed; --metric-for-best-model chooses the best model by one",
        "mixed-precision": "is called --precision here",
        "model-revision": "is part of the name: --model org/name@revision",
        "num-labels": "is not needed: the labels are those of the data",
        "overwrite-cache": "is called --no-token-cache here",
        "padding": packed,
        "pad-to-max-length": packed,
        "pad-to-multiple-of": packed,
        "preprocessing-num-workers": "is not needed: texts are tokenized on all cores",
        "shuffle-train-dataset": "is not needed: training draws the rows in a random order",
        "shuffle-seed": "is called --data-seed here",
        "task-name": "is not supported: --dataset names the data",
        "trust-remote-code": "is not supported: Attune runs no code of repositories",
        "truncation": "is not needed: texts longer than --max-length are cut",
        "use-auth-token": noToken,
        "use-fast-tokenizer": notNeeded,
        "use-fast": notNeeded,
        "warmup-proportion": "is called --warmup-ratio here",
    ]

    private static let advicePerPrefix = [
        ("dataloader-", "is not needed: texts are tokenized before the first step"),
        ("fsdp", sharded), ("tpu-", "is not supported"), ("accelerator-", launched),
        ("parallelism-", sharded), ("log-level", "is not supported"),
        ("log-on-each-node", "is not supported: --log-ranks chooses the ranks that write messages"),
        ("torch-compile", "is not needed: fused kernels are built in"),
        ("fp16-", "is not supported, because float16 overflows: --precision bf16 is as fast and does not"),
        ("bf16-full-eval", "is not needed: --precision applies to evaluations, too"),
        ("half-precision-backend", notNeeded),
        ("trackio-", "is not supported; --report-to lists the supported reports"),
    ]
}
