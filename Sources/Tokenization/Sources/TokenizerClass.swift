/// The classes of transformers that can build a tokenizer from bare vocabulary files.
///
/// A folder names its class in `tokenizer_config.json`, or its model type in `config.json` implies one.
///
/// Source: [`AutoTokenizer.from_pretrained`](https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/auto/tokenization_auto.py)
enum TokenizerClass: String, CaseIterable {
    case albert = "AlbertTokenizer"
    case bert = "BertTokenizer"
    case camembert = "CamembertTokenizer"
    case clip = "CLIPTokenizer"
    case deberta = "DebertaTokenizer"
    case debertaV2 = "DebertaV2Tokenizer"
    case gemma = "GemmaTokenizer"
    case gpt2 = "GPT2Tokenizer"
    case gptNeoX = "GPTNeoXTokenizer"
    case llama = "LlamaTokenizer"
    case mpnet = "MPNetTokenizer"
    case qwen2 = "Qwen2Tokenizer"
    case roberta = "RobertaTokenizer"
    case t5 = "T5Tokenizer"
    case xlmRoberta = "XLMRobertaTokenizer"
    case xlnet = "XLNetTokenizer"
    /// No specific class: the vocabulary file alone determines the tokenizer.
    case generic = "TokenizersBackend"

    /// Other names of these classes, and names of classes that build the same tokenizer.
    private static let aliases: [String: TokenizerClass] = [
        "BartTokenizer": .roberta, "LEDTokenizer": .roberta, "LongformerTokenizer": .roberta,
        "MvpTokenizer": .roberta, "ConvBertTokenizer": .bert, "DistilBertTokenizer": .bert,
        "DPRContextEncoderTokenizer": .bert, "DPRQuestionEncoderTokenizer": .bert,
        "DPRReaderTokenizer": .bert, "ElectraTokenizer": .bert, "LayoutLMTokenizer": .bert,
        "LxmertTokenizer": .bert, "MobileBertTokenizer": .bert, "SqueezeBertTokenizer": .bert,
        "PreTrainedTokenizer": .generic, "PreTrainedTokenizerFast": .generic, "PythonBackend": .generic,
    ]

    /// The class that a model type is registered with.
    private static let ofModelType: [TokenizerClass: String] = [
        .albert: "albert yoso",
        .bert:
            "align bark bert blip bros chinese_clip convbert distilbert electra ernie flava git grounding-dino "
            + "layoutlm lxmert megatron-bert mm-grounding-dino mobilebert nezha nomic_bert qdqbert realm "
            + "squeezebert tvp vilt visual_bert dpr",
        .camembert: "camembert",
        .clip: "aimv2 clip clipseg groupvit omdet-turbo oneformer owlv2 owlvit sam3 sam3_video xclip",
        .deberta: "deberta",
        .debertaV2: "deberta-v2",
        .gemma:
            "diffusion_gemma gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 "
            + "t5gemma zaya",
        .gpt2:
            "blip-2 codegen dbrx emu3 gpt2 gpt_neo gptj instructblip instructblipvideo jais2 opt phi starcoder2",
        .gptNeoX: "falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe rwkv xlstm",
        .llama: "idefics idefics2",
        .mpnet: "mpnet",
        .qwen2:
            "colqwen2 internvl ovis2 qwen2_5_omni qwen2_5_vl qwen2_audio qwen2_moe qwen2_vl qwen3 qwen3_asr "
            + "qwen3_moe qwen3_next qwen3_omni_moe qwen3_vl qwen3_vl_moe qwen2",
        .roberta:
            "bart bridgetower clap data2vec-text ibert lilt longformer mega mra roberta roberta-prelayernorm",
        .t5: "mt5 musicgen musicgen_melody switch_transformers t5",
        .xlmRoberta: "gte jina_embeddings_v3 metaclip_2 trocr xlm-roberta xmod",
        .xlnet: "xlnet",
        .generic:
            "aria beam bigbird_pegasus flex_olmo glm glm4 glm4_moe glm4v gpt_bigcode granite granitemoe "
            + "granitemoehybrid granitemoeshared ministral ministral3 mistral mistral3 mixtral nystromformer "
            + "olmo2 olmo3 olmo_hybrid pegasus_x persimmon pix2struct pixtral stablelm umt5 xlm-roberta-xl "
            + "arctic chatlm ernie4_5 ernie4_5_moe fuyu internlm2 internlm3 jamba llava llava_next minicpm3 "
            + "minicpmv minimax_m2 modernbert modernbert-decoder molmo nemotron phi3 phi3_v phimoe smolvlm "
            + "vipllava",
    ]

    private static let modelTypes: [String: TokenizerClass] = {
        var result: [String: TokenizerClass] = [:]
        for (known, types) in ofModelType {
            for type in types.split(separator: " ") { result[String(type)] = known }
        }
        return result
    }()

    /// Model types whose registered class counts even if their files name another.
    static let overrulesFiles: Set<String> = ["qwen2"]

    /// The class that a model type is registered with; nil for an unknown type.
    static func registered(for modelType: String) -> TokenizerClass? { modelTypes[modelType] }

    /// Finds the class with a name, with or without `Fast` at its end.
    init?(named name: String) {
        let name = name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
        guard let found = Self.aliases[name] ?? Self.aliases[name + "Fast"] ?? Self(rawValue: name) else {
            return nil
        }
        self = found
    }

    /// Finds the class of a model's folder.
    ///
    /// - Parameters:
    ///   - name: The class that its files name; nil if they name none.
    ///   - modelType: `model_type` of its `config.json`; nil without one.
    ///   - source: The vocabulary file, for the message.
    /// - Throws: `.unsupported` for an unknown class, `.corrupt` if nothing names one.
    init(name: String?, modelType: String?, source: String) throws(TokenizerError) {
        let registered = modelType.flatMap { Self.modelTypes[$0] }
        let overrules = registered == .generic || modelType.map(Self.overrulesFiles.contains) == true
        if let modelType, !modelType.isEmpty, name == nil || overrules {
            self = registered ?? .generic
            return
        }
        let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
        guard let name else {
            throw TokenizerError(
                .corrupt,
                "\(source) alone does not say how to read it: give tokenizer_config.json a \"tokenizer_class\" "
                    + "(one of \(known)), or put the model's config.json next to it."
            )
        }
        guard let named = Self(named: name) else {
            throw TokenizerError(
                .unsupported,
                "tokenizer_class '\(name)' cannot be built from \(source). Known: \(known). "
                    + "Save the tokenizer as tokenizer.json with transformers."
            )
        }
        self = named
    }

    /// The default special tokens of the class, used if its files name no others.
    var defaultTokens: [(name: String, content: String)] {
        switch self {
        case .bert: Self.named(unk: "[UNK]", sep: "[SEP]", pad: "[PAD]", cls: "[CLS]", mask: "[MASK]")
        case .mpnet:
            Self.named(
                bos: "<s>",
                eos: "</s>",
                unk: "[UNK]",
                sep: "</s>",
                pad: "<pad>",
                cls: "<s>",
                mask: "<mask>"
            )
        case .roberta, .xlmRoberta, .camembert:
            Self.named(
                bos: "<s>",
                eos: "</s>",
                unk: "<unk>",
                sep: "</s>",
                pad: "<pad>",
                cls: "<s>",
                mask: "<mask>"
            )
        case .xlnet:
            Self.named(
                bos: "<s>",
                eos: "</s>",
                unk: "<unk>",
                sep: "<sep>",
                pad: "<pad>",
                cls: "<cls>",
                mask: "<mask>"
            )
        case .deberta, .debertaV2:
            Self.named(
                bos: "[CLS]",
                eos: "[SEP]",
                unk: "[UNK]",
                sep: "[SEP]",
                pad: "[PAD]",
                cls: "[CLS]",
                mask: "[MASK]"
            )
        case .albert:
            Self.named(
                bos: "[CLS]",
                eos: "[SEP]",
                unk: "<unk>",
                sep: "[SEP]",
                pad: "<pad>",
                cls: "[CLS]",
                mask: "[MASK]"
            )
        case .gpt2: Self.named(bos: Self.endOfText, eos: Self.endOfText, unk: Self.endOfText)
        case .gptNeoX:
            Self.named(bos: Self.endOfText, eos: Self.endOfText, unk: Self.endOfText, pad: "<|padding|>")
        case .qwen2: Self.named(eos: Self.endOfText, unk: Self.endOfText, pad: Self.endOfText)
        case .clip:
            Self.named(
                bos: "<|startoftext|>",
                eos: Self.endOfText,
                unk: Self.endOfText,
                pad: Self.endOfText
            )
        case .llama: Self.named(bos: "<s>", eos: "</s>", unk: "<unk>")
        case .gemma:
            Self.named(bos: "<bos>", eos: "<eos>", unk: "<unk>", pad: "<pad>", mask: "<mask>")
        case .t5: Self.named(eos: "</s>", unk: "<unk>", pad: "<pad>")
        case .generic: []
        }
    }

    /// Whether its vocabulary spells bytes as characters.
    var isByteLevel: Bool { [.gpt2, .gptNeoX, .qwen2, .roberta, .deberta, .clip].contains(self) }

    /// Whether it replaces the post-processor of a tokenizer.json with its own.
    var replacesPostProcessor: Bool {
        [.bert, .mpnet, .roberta, .clip, .deberta, .debertaV2, .t5, .xlmRoberta, .camembert, .xlnet].contains(
            self
        )
    }

    private static let endOfText = "<|endoftext|>"

    private static func named(
        bos: String? = nil,
        eos: String? = nil,
        unk: String? = nil,
        sep: String? = nil,
        pad: String? = nil,
        cls: String? = nil,
        mask: String? = nil
    ) -> [(name: String, content: String)] {
        zip(TokenizerSettings.names, [bos, eos, unk, sep, pad, cls, mask]).compactMap { name, content in
            content.map { (name, $0) }
        }
    }
}
