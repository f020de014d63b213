import Testing

@testable import Torch

@Suite struct AvailableCPUsTests {
    private func quota(_ groups: String, _ files: [String: String]) -> Double? {
        AvailableCPUs.quota(groups: groups) { files[$0] }
    }

    @Test("a container whose own group is the root reads its limit there")
    func container() { #expect(quota("0::/\n", ["/sys/fs/cgroup/cpu.max": "50000 100000\n"]) == 0.5) }

    @Test("the smallest limit of all ancestors counts")
    func nested() {
        let files = [
            "/sys/fs/cgroup/batch/job/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/batch/cpu.max": "150000 100000\n",
            "/sys/fs/cgroup/cpu.max": "400000 100000\n",
        ]
        #expect(quota("0::/batch/job\n", files) == 1.5)
    }

    @Test("cgroup version 1")
    func versionOne() {
        let groups = "12:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n"
        let files = [
            "/sys/fs/cgroup/cpu/docker/a/cpu.cfs_quota_us": "25000\n",
            "/sys/fs/cgroup/cpu/docker/a/cpu.cfs_period_us": "100000\n",
            // No limit.
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        ]
        #expect(quota(groups, files) == 0.25)
    }

    @Test(
        "no limit, missing files and invalid content mean unlimited",
        arguments: ["max 100000\n", "", "a b\n", "0 100000\n", "1\n"]
    )
    func none(text: String) {
        #expect(quota("0::/\n", ["/sys/fs/cgroup/cpu.max": text]) == nil)
        #expect(quota(text, [:]) == nil)
    }

    @Test("this process has at least one CPU and one thread")
    func here() {
        #expect(AvailableCPUs.count >= 1)
        #expect((1...AvailableCPUs.count).contains(AvailableCPUs.usefulThreads))
    }
}
