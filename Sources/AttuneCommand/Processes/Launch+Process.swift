import Foundation
import ProcessGroups

extension Launch {
    /// The group that a launcher started this process for; nil without a launcher.
    ///
    /// - Returns: The launch.
    /// - Throws: `DistributedError` with code `.badLaunch` if the launcher's variables are incomplete or contradict each other.
    static func ofProcess() throws(DistributedError) -> Launch? {
        let launch = try Launch.detect(in: ProcessInfo.processInfo.environment)
        if launch?.launcher == .torchrun { endWithParent() }
        return launch
    }

    /// Asks the system for SIGTERM when the launcher ends, because a killed torchrun leaves its processes behind.
    private static func endWithParent() {
        #if os(Linux)
        // Swift cannot call functions with a variable number of arguments, so prctl is called with all five.
        typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
        guard let symbol = dlsym(nil, "prctl") else { return }
        let parentDeathSignal: Int32 = 1  // PR_SET_PDEATHSIG
        _ = unsafeBitCast(symbol, to: Control.self)(parentDeathSignal, UInt(SIGTERM), 0, 0, 0)
        #endif
    }

    /// The launcher's name for messages.
    var launcherName: String {
        switch launcher {
        case .torchrun: "torchrun"
        case .environment: "RANK and WORLD_SIZE"
        case .slurm: "Slurm"
        case .openMPI: "Open MPI"
        case .mpich: "MPICH"
        }
    }
}
