import Files
import JSON

/// Files that hold people's rows and are not read here: what they are, and what to do.
enum UnreadFormat: CaseIterable {
    case zip, archive, xz, spreadsheet, pickle, arff, statistics, hdf, numpy, orc, avro, database, document,
        markup, compressed

    /// The format that a name's ending tells; nil for others.
    init?(path: String) {
        let name = path.split(separator: "/").last?.lowercased() ?? ""
        let endings = name.split(separator: ".").dropFirst().map(String.init)
        guard let last = endings.last else { return nil }
        if endings.suffix(2).first == "tar", endings.count > 1 {
            self = .archive
            return
        }
        let isCompressed = ByteInput.Compression.allCases.contains { $0.endings.contains(last) }
        if isCompressed, endings.count == 1 {
            self = .compressed
            return
        }
        let ending = isCompressed ? endings[endings.count - 2] : last
        guard let found = Self.allCases.first(where: { $0.endings.contains(ending) }) else { return nil }
        self = found
    }

    private var endings: [String] {
        switch self {
        case .zip: ["zip"]
        case .archive: ["tar", "tgz", "tbz", "tbz2", "txz", "tzst", "7z", "rar"]
        case .xz: ["xz", "lzma", "br", "z"]
        case .spreadsheet: ["xlsx", "xls", "xlsm", "xlsb", "ods", "numbers"]
        case .pickle: ["pkl", "pickle", "pck", "p", "joblib", "pt", "pth"]
        case .arff: ["arff"]
        case .statistics: ["sav", "dta", "sas7bdat", "xpt", "rds", "rda", "rdata"]
        case .hdf: ["h5", "hdf", "hdf5"]
        case .numpy: ["npy", "npz", "mat"]
        case .orc: ["orc"]
        case .avro: ["avro"]
        case .database: ["db", "sqlite", "sqlite3", "duckdb", "mdb", "accdb"]
        case .document: ["pdf", "doc", "docx", "odt", "rtf"]
        case .markup: ["html", "htm", "xml", "yaml", "yml", "toml", "md"]
        case .compressed: []
        }
    }

    /// What the file is and what to do, as a sentence without its full stop.
    ///
    /// - Parameter path: The file.
    /// - Returns: The sentence.
    func advice(for path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let stem = file.split(separator: ".").first.map(String.init) ?? file
        /// A name between quotation marks as Python reads it.
        func literal(_ name: String) -> String { JSONValue.string(name).compact }
        func pandas(_ reader: String) -> String {
            "in Python, pandas.\(reader)(\(literal(file))).to_parquet(\(literal(stem + ".parquet")))"
        }
        switch self {
        case .zip: return "a ZIP archive; unpack it (unzip \(shellQuoted(file))) and name the file in it"
        case .archive:
            return
                "an archive; unpack it (tar -xf \(shellQuoted(file)), or the program that made it) and name the file in it"
        case .xz:
            return
                "compressed in an unsupported way; decompress it (xz -d \(shellQuoted(file))), or use .gz, .zst, .bz2 or .lz4"
        case .spreadsheet:
            return "a spreadsheet; save its sheet as CSV in UTF-8, or " + pandas("read_excel")
        case .pickle:
            return "a Python pickle, which can run any code when opened; if you trust it, "
                + pandas("read_pickle")
        case .arff: return "a Weka ARFF file; save it as CSV in Weka"
        case .statistics: return "a file of a statistics program; save it as CSV in that program"
        case .hdf: return "an HDF5 file; " + pandas("read_hdf")
        case .numpy:
            return "a file of arrays without texts; write texts and labels as .csv, .jsonl or .parquet"
        case .orc: return "an ORC file; " + pandas("read_orc")
        case .avro: return "an Avro file; write its rows as .jsonl or .parquet"
        case .database: return "a database; write the rows of a query as .csv, .jsonl or .parquet"
        case .document: return "a document, not a table; write its texts as .txt, .csv or .jsonl"
        case .markup: return "markup, not a table; write its rows as .csv, .jsonl or .parquet"
        case .compressed:
            return
                "compressed, but its name does not say what it holds; rename it, for example to data.csv.gz or data.jsonl.gz"
        }
    }
}
