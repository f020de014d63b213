/// Valid bodies of every family.
extension Family {
    static let predictSeeds = [
        #"{"inputs": "good news"}"#,
        #"{"inputs": ["good news"], "truncate": true, "truncation_direction": "Left", "raw_scores": false}"#,
        #"{"inputs": ["good news", "bad news"], "truncate": null}"#,
        #"{"inputs": [["good news"], ["bad", "news"], ["caf\u00e9 \ud83d\ude00 é"]], "truncation_direction": "right"}"#,
        #"{"inputs": "\"quoted\" \\ \/ \b\f\n\r\t", "unknown": {"a": [1, 2.5e-3, -0, null]}}"#,
    ]
    static let tokenizeSeeds = [
        #"{"inputs": "good news"}"#,
        #"{"inputs": ["good", "bad news"], "add_special_tokens": false, "prompt_name": null}"#,
    ]
    static let decodeSeeds = [
        #"{"ids": [1, 2, 3]}"#,
        #"{"ids": [[1, 2], [4294967295]], "skip_special_tokens": false}"#,
    ]
    static let huggingFaceSeeds = [
        #"{"inputs": "good news", "parameters": {}}"#,
        #"{"inputs": "good news", "parameters": {"top_k": 2, "function_to_apply": "sigmoid"}}"#,
        #"{"inputs": ["a", {"text": "b", "text_pair": "c"}], "parameters": {"truncation": true, "max_length": 80}}"#,
    ]
    static let vllmSeeds = [
        #"{"model": "plain", "input": "good news", "truncate_prompt_tokens": -1, "truncation_side": "left"}"#,
        #"{"input": ["good", "bad"], "add_special_tokens": false, "use_activation": null, "user": "x", "priority": 0}"#,
        #"{"input": [2, 5, 9, 3], "request_id": "r"}"#,
        #"{"input": [[2, 3], [2, 7, 3]], "encoding_format": "base64", "embed_dtype": "float32", "endianness": "big"}"#,
    ]
    static let inferSeeds = [
        #"{"id": "7", "inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["good", "bad"]}]}"#,
        #"{"inputs": [{"name": "text", "shape": [1, 2], "datatype": "BYTES", "data": [["a", "b"]]}], "outputs": [{"name": "scores", "parameters": {"classification": 2}}]}"#,
        #"{"inputs": [{"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": ["a", "b"], "parameters": {}}], "parameters": {"top_k": 3, "binary_data_output": true}}"#,
    ]
    static let binarySeeds = [
        #"{"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 15}}]}"#
            + "\u{4}\0\0\0good\u{3}\0\0\0bad",
        #"{"inputs": [{"name": "text", "shape": [1, 2], "datatype": "BYTES", "parameters": {"binary_data_size": 10}}]}"#
            + "\u{1}\0\0\0a\u{1}\0\0\0b",
    ]
    static let moderationSeeds = [
        #"{"input": "good news", "model": "plain"}"#,
        #"{"input": ["good", "bad"]}"#,
        #"{"input": [{"type": "text", "text": "good"}]}"#,
    ]
    static let classifySeeds = [
        #"{"text": "good news"}"#,
        #"{"texts": ["good", {"text": "a", "text_pair": "b", "id": 7}, 5], "model": "plain", "top_k": 2, "logits": true}"#,
        #"{"pairs": [["a", "b"], ["c"]], "models": ["plain", "other"], "raw": true, "stream": true}"#,
        #"{"text": "good", "truncate": false, "long_text": "head-tail:128", "max_tokens": 64}"#,
        #"{"text": "good", "long_text": "window:32"}"#,
    ]
    static let lineSeeds = [
        "\"good\"\n{\"text\": \"a\", \"text_pair\": \"b\", \"id\": \"x\"}\r\n\n  \n\"bad news\"",
        "{\"text\": \"a\", \"other\": [1, 2]}\n{\"text\": \"\"}\n",
    ]

    /// Values that the decoders interpret.
    static let words: [[UInt8]] = [
        "0", "-1", "1", "2", "-0", "0.5", "1.0", "1e3", "1e999", "-1e-999", "4294967295", "4294967296",
        "9223372036854775807", "9223372036854775808", "99999999999999999999", "null", "true", "false", "[]",
        "{}",
        "[[]]", "[\"\"]", "[[\"a\"]]", "[\"a\",\"b\"]", "\"\"", "\"a\"", "\"\\u0000\"", "\"\\ud800\"",
        "\"\\ud83d\\ude00\"", "\"\\udc00\\ud800\"", "\"e\u{301}\"", "\"inputs\"", "\"parameters\"",
        "\"text\"",
        "\"texts\"", "\"pairs\"", "\"input\"", "\"ids\"", "\"data\"", "\"shape\"", "\"left\"", "\"Right\"",
        "\"BYTES\"", "\"FP32\"", "\"base64\"", "\"head\"", "\"head-tail:1\"", "\"window:0\"", "\"window\"",
        "\"softmax\"", "[1,1]", "[9223372036854775807]", "[4611686018427387904,2]", "[-1]", "[0]", "[0,2]",
    ].map { Array($0.utf8) }
}
