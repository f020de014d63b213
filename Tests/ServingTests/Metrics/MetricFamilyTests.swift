import Testing

@testable import Serving

@Suite struct MetricFamilyTests {
    @Test func `a metric without labels is written before its first value`() throws {
        let text = PrometheusText.text([MetricFamily("a_total", .counter, "Things.")])
        #expect(text == "# HELP a_total Things.\n# TYPE a_total counter\na_total 0\n")
    }

    @Test func `metrics and series are sorted`() throws {
        let metric = MetricFamily("b", .gauge, labels: ["x", "y"], "B.")
        metric.set(2.5, "q", "z")
        metric.set(-1, "q", "a")
        metric.set(1e-7, "p", "z")
        let text = PrometheusText.text([metric, MetricFamily("a", .gauge, "A.")])
        #expect(
            text.split(separator: "\n").filter { !$0.hasPrefix("#") } == [
                "a 0", #"b{x="p",y="z"} 1e-07"#, #"b{x="q",y="a"} -1"#, #"b{x="q",y="z"} 2.5"#,
            ]
        )
    }

    @Test func `a value equal to a bound is in its bucket`() throws {
        let metric = MetricFamily("h", .histogram([1, 2, 4]), labels: ["m"], "H.")
        for value in [0.5, 1, 1.5, 2, 4, 5, .infinity, .nan] { metric.observe(value, "x") }
        let page = try PrometheusPage(parsing: PrometheusText.text([metric]))
        let counts = ["1", "2", "4", "+Inf"].map { page["h_bucket", ["m": "x", "le": $0]] }
        #expect(counts == [2, 4, 5, 7])
        #expect(page["h_count", ["m": "x"]] == 7)
    }

    @Test func `hostile label values are escaped by Unicode scalar`() throws {
        // The last one is a quote with a combining accent, which is one character.
        let values = ["a\"b", "a\\b", "a\nb", "</script>", "🙂", "x\"\u{301}"]
        let metric = MetricFamily("a", .gauge, labels: ["label"], "With \\ and \n.")
        for (index, value) in values.enumerated() { metric.set(Double(index), value) }
        let page = try PrometheusPage(parsing: PrometheusText.text([metric]))
        #expect(page.samples.count == values.count)
        for (index, value) in values.enumerated() { #expect(page["a", ["label": value]] == Double(index)) }
    }

    @Test func `series of an unloaded model are removed`() throws {
        let metric = MetricFamily("a", .counter, labels: ["model", "label"], "A.")
        metric.add(1, "one", "x")
        metric.add(1, "two", "x")
        metric.remove(where: "model", is: "one")
        metric.remove(where: "other", is: "two")
        #expect(metric.sorted.map(\.labels) == [["two", "x"]])
    }

    @Test func `increases from many tasks are all counted`() async {
        let metric = MetricFamily("a", .histogram([1]), "A.")
        await withTaskGroup { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { metric.observe(1) } } }
        }
        #expect(metric.sorted[0].series.value == 8000)
        #expect(metric.sorted[0].series.buckets == [8000, 0])
    }
}
