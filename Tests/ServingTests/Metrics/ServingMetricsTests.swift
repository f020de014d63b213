import Classification
import Models
import TestSupport
import Testing

@testable import Serving

@Suite struct ServingMetricsTests {
    private func page(_ metrics: ServingMetrics) throws -> PrometheusPage {
        try PrometheusPage(parsing: metrics.rendered())
    }

    private func answer(tokens: Int, isTruncated: Bool = false, queue: Double = 0) -> ServedAnswer {
        ServedAnswer(
            logits: [0, 1],
            tokens: tokens,
            isTruncated: isTruncated,
            windows: 1,
            timing: ItemTiming(tokenization: .zero, queue: .seconds(queue), inference: .milliseconds(4))
        )
    }

    @Test func `the page has all counters at zero before the first request`() throws {
        let page = try page(ServingMetrics())
        #expect(page["te_request_count", ["method": "single"]] == 0)
        #expect(page["te_request_success", ["method": "batch"]] == 0)
        for reason in FailureReason.allCases {
            #expect(page["te_request_failure", ["err": reason.rawValue]] == 0)
        }
        #expect(page["te_request_duration_bucket", ["le": "+Inf"]] == 0)
        #expect(page.samples.filter { $0.name == "te_request_duration_bucket" }.count == 36)
        #expect(page["te_batch_next_size_bucket", ["le": "4096"]] == 0)
        #expect(page["te_batch_next_tokens_bucket", ["le": "1048576"]] == 0)
        #expect(page["te_queue_size"] == 0)
    }

    @Test func `single and batch requests are counted once each`() throws {
        let metrics = ServingMetrics()
        let single = RequestRecord()
        single.note(model: "m", answers: [.success(answer(tokens: 3))], isBatch: false)
        let batch = RequestRecord()
        batch.note(
            model: "m",
            answers: [
                .success(answer(tokens: 3, queue: 1)), .success(answer(tokens: 5, queue: 3)),
                .failure(.nonFinite),
            ],
            isBatch: true
        )
        let refused = RequestRecord()
        refused.note(failure: .overloaded)
        for (record, status) in [(single, 200), (batch, 200), (refused, 429), (RequestRecord(), 200)] {
            metrics.requestStarted()
            metrics.requestFinished(
                route: "/predict",
                method: "POST",
                status: status,
                seconds: 0.02,
                record: record
            )
        }
        let page = try page(metrics)
        #expect(page["te_request_count", ["method": "single"]] == 2)
        #expect(page["te_request_count", ["method": "batch"]] == 1)
        #expect(page["te_request_success", ["method": "single"]] == 1)
        #expect(page["te_request_success", ["method": "batch"]] == 1)
        #expect(page["te_request_failure", ["err": "overloaded"]] == 1)
        #expect(page["te_request_failure", ["err": "inference"]] == 1)
        #expect(page["te_predict_count"] == 4)
        #expect(page["te_request_duration_count"] == 2)
        // The mean of one and three seconds; the single request did not wait.
        #expect(page["te_request_queue_duration_sum"] == 2)
        let labels = ["http_route": "/predict", "http_request_method": "POST"]
        func status(_ code: String) -> [String: String] {
            labels.merging(["http_response_status_code": code]) { _, new in new }
        }
        #expect(page["http_server_request_duration_seconds_count", status("200")] == 3)
        #expect(page["http_server_request_duration_seconds_count", status("429")] == 1)
        #expect(page["http_server_active_requests"] == 0)
    }

    @Test func `unusual methods share one label`() throws {
        let metrics = ServingMetrics()
        for method in ["BREW", "WHEN"] {
            metrics.requestFinished(
                route: "unmatched",
                method: method,
                status: 404,
                seconds: 0,
                record: RequestRecord()
            )
        }
        let labels = [
            "http_route": "unmatched", "http_request_method": "_OTHER", "http_response_status_code": "404",
        ]
        #expect(try page(metrics)["http_server_request_duration_seconds_count", labels] == 2)
    }

    @Test func `queue and batches`() throws {
        let metrics = ServingMetrics()
        metrics.batchDone(model: "m", items: 3, tokens: 512, budget: 1024, seconds: 0.01)
        metrics.queueChanged(items: 7, tokens: 70, oldestSeconds: 0.5)
        metrics.dropped(2)
        let page = try page(metrics)
        #expect(page["te_batch_next_size_bucket", ["le": "2"]] == 0)
        #expect(page["te_batch_next_size_bucket", ["le": "4"]] == 1)
        #expect(page["te_batch_next_tokens_bucket", ["le": "512"]] == 1)
        #expect(page["attune_batch_fill_ratio_bucket", ["le": "0.5"]] == 1)
        #expect(page["attune_batch_duration_seconds_count", ["model": "m"]] == 1)
        #expect(page["te_queue_size"] == 7)
        #expect(page["attune_queue_tokens"] == 70)
        #expect(page["attune_queue_age_seconds"] == 0.5)
        #expect(page["te_request_failure", ["err": "dropped"]] == 2)
    }

    @Test func `a model's answers are counted by label and compared with training`() throws {
        let metrics = ServingMetrics()
        let labels = ["ham", "say \"spam\""]
        let training = TrainingReference(labelShares: [0.75, 0.25], meanConfidence: 0.9, meanTokens: 12)
        let model = try ServedModel.forTests(name: "m", labels: labels, training: training)
        metrics.register(model)
        metrics.loaded(model, seconds: 1.5)
        var page = try page(metrics)
        #expect(page["attune_predictions_total", ["model": "m", "label": labels[1]]] == 0)
        #expect(page["attune_label_share", ["model": "m", "label": "ham", "source": "training"]] == 0.75)
        #expect(page["attune_mean_tokens", ["model": "m", "source": "serving"]] == nil)
        #expect(page["attune_model_load_seconds", ["model": "m"]] == 1.5)
        #expect(
            page.samples.contains {
                $0.name == "attune_model_info" && $0.value == 1 && $0.labels["dtype"] == "float32"
            }
        )

        let sure = Prediction(logits: [0, 9], labels: labels)
        var unsure = Prediction(logits: [0.1, 0], labels: labels)
        metrics.answered(answer(tokens: 4), sure, model: model, seconds: 0.01)
        (unsure.isRejected, unsure.labels) = (true, [])
        metrics.answered(answer(tokens: 6, isTruncated: true), unsure, model: model, seconds: 0.01)
        page = try self.page(metrics)
        #expect(page["attune_predictions_total", ["model": "m", "label": labels[1]]] == 1)
        #expect(page["attune_predictions_total", ["model": "m", "label": "ham"]] == 0)
        #expect(page["attune_rejected_total", ["model": "m"]] == 1)
        #expect(page["attune_truncated_total", ["model": "m"]] == 1)
        #expect(page["attune_tokens_total", ["model": "m"]] == 10)
        #expect(page["attune_score_count", ["model": "m"]] == 2)
        #expect(page["te_predict_success"] == 2)
        #expect(page["te_request_input_length_bucket", ["le": "4"]] == 1)
        #expect(page["attune_label_share", ["model": "m", "label": labels[1], "source": "serving"]] == 0.5)
        #expect(page["attune_mean_tokens", ["model": "m", "source": "serving"]] == 5)

        metrics.unregister("m")
        #expect(try !self.page(metrics).samples.contains { $0.labels["model"] == "m" })
    }

    @Test func `numbers of a regression are no scores`() throws {
        let metrics = ServingMetrics()
        let model = try ServedModel.forTests(name: "r", labels: ["stars"], problemType: .regression)
        metrics.register(model)
        let prediction = Prediction(logits: [4.5], labels: ["stars"], problemType: .regression)
        metrics.answered(answer(tokens: 4), prediction, model: model, seconds: 0.01)
        let page = try page(metrics)
        #expect(page["attune_score_count", ["model": "r"]] == 0)
        #expect(page["te_predict_success"] == 1)
    }

    @Test func `the process's own values are plausible`() throws {
        let page = try page(ServingMetrics())
        #expect(try #require(page["process_cpu_seconds_total"]) > 0)
        #if os(Linux)
        #expect(try #require(page["process_resident_memory_bytes"]) > 1_000_000)
        #endif
        #expect(try #require(page["process_start_time_seconds"]) > 1_500_000_000)
    }

    @Test func `old items fade from the means of served items`() {
        var drift = ServedDrift(labels: 2)
        for _ in 0..<1000 { drift.add(labels: [0], confidence: 1, tokens: 10) }
        drift.add(labels: [1], confidence: 0, tokens: 10)
        #expect(abs(drift.labelShares[1] - 1 / 1001) < 1e-12)
        for _ in 0..<100_000 { drift.add(labels: [1], confidence: 0.5, tokens: 20) }
        #expect(drift.labelShares[0] < 1e-3)
        #expect(abs(drift.meanTokens - 20) < 1e-2)
        #expect(abs(drift.meanConfidence - 0.5) < 1e-3)
    }
}
