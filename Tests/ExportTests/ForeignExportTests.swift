import Foundation
import TestSupport
import Testing

@testable import Export

/// Exports that other programs run, recognized by their names.
struct ForeignExportTests {
    private func write(_ names: [String], to folder: URL) throws {
        for name in names {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data().write(to: file)
        }
    }

    private func path(_ folder: URL, _ name: String) -> String {
        folder.appending(path: name).path(percentEncoded: false)
    }

    @Test func `the folder, its folder onnx and one file have the same companions`() throws {
        try withTemporaryFolder { folder in
            let names = ["onnx/model.onnx", "onnx/model_fp16.onnx", "onnx/model.onnx_data", "config.json"]
            try write(names.map { "m/\($0)" }, to: folder)
            let model = path(folder, "m")
            let files = ["\(model)/onnx/model.onnx", "\(model)/onnx/model_fp16.onnx"]
            for place in ["m", "m/", "m/onnx"] {
                let copy = try #require(ForeignExport(at: path(folder, place)), "\(place)")
                #expect(copy.format == .onnx && copy.files == files && copy.folder == model, "\(place)")
            }
            let copy = try #require(ForeignExport(at: files[1]))
            #expect(copy.files == [files[1]] && copy.folder == model)
        }
    }

    @Test func `a file without the usual layout has its own folder's companions`() throws {
        try withTemporaryFolder { folder in
            try write(["flat/model.onnx", "flat/parity.json"], to: folder)
            for place in ["flat", "flat/model.onnx"] {
                let copy = try #require(ForeignExport(at: path(folder, place)))
                #expect(copy.files == [path(folder, "flat/model.onnx")])
                #expect(copy.folder == path(folder, "flat"))
            }
        }
    }

    @Test func `a Core ML package has its companions inside`() throws {
        try withTemporaryFolder { folder in
            try write(["m.mlpackage/Manifest.json"], to: folder)
            let package = path(folder, "m.mlpackage")
            let copy = try #require(ForeignExport(at: package + "/"))
            #expect(copy.format == .coreml && copy.files == [package])
            #expect(copy.folder == CoreMLPackage.companions(of: URL(filePath: package)).path)
        }
    }

    @Test(arguments: [
        ["m/model.safetensors", "m/onnx/model.onnx"], ["m/adapter_config.json", "m/model.onnx"],
        ["m/config.json"], ["m/onnx/model.txt"],
    ])
    func `a folder that Attune opens, or without ONNX files, is none`(names: [String]) throws {
        try withTemporaryFolder { folder in
            try write(names, to: folder)
            #expect(ForeignExport(at: path(folder, "m")) == nil)
            #expect(ForeignExport(at: path(folder, "missing")) == nil)
        }
    }
}
