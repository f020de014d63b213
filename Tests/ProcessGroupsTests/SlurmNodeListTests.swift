import Testing

@testable import ProcessGroups

/// Slurm's node lists, with the results of `scontrol show hostnames`.
struct SlurmNodeListTests {
    @Test(arguments: [
        (
            "gpu[08-10,12],r[1-2]n[3-4]",
            ["gpu08", "gpu09", "gpu10", "gpu12", "r1n3", "r1n4", "r2n3", "r2n4"]
        ),
        ("vm", ["vm"]), ("a,b", ["a", "b"]), ("node-1.example.org", ["node-1.example.org"]),
        ("n[9-11]", ["n9", "n10", "n11"]), ("n[099-101]", ["n099", "n100", "n101"]), ("n[7]", ["n7"]),
        ("n[1-2]-ib", ["n1-ib", "n2-ib"]),
    ])
    func `lists are expanded in order, and zeros are kept`(list: String, names: [String]) throws {
        #expect(try SlurmNodeList.expand(list) == names)
    }

    @Test(arguments: [
        "", ",", "a,", "n[", "n]", "n[1", "n[1]]", "n[[1]]", "n[]", "n[1,]", "n[a-b]", "n[2-1]", "n[1-2-3]",
        "n[-1]",
        "a b", "n[1-99999999]", "n[1-400]m[1-400]", "n[1-99999999999999999999]",
    ])
    func `a malformed or enormous list is an error that contains it`(list: String) throws {
        let error = try #require(
            #expect(throws: DistributedError.self) { try SlurmNodeList.expand(list) }
        )
        #expect(error.code == .badLaunch)
        #expect(error.message.contains("\"\(list)\""), "\(error)")
    }
}
