/// The measured speeds of one matrix product, by route.
package struct ProductRates: Sendable, Equatable {
    /// GFLOP/s of the routes that this machine has.
    package var gigaflops: [ProbedRoute: Double]

    /// Creates rates from earlier measurements.
    ///
    /// - Parameter gigaflops: GFLOP/s by route.
    package init(gigaflops: [ProbedRoute: Double]) { self.gigaflops = gigaflops }

    /// The fastest route in a type, and its GFLOP/s; nil if no route has that type.
    ///
    /// - Parameter dtype: `.float32` or `.bfloat16`.
    /// - Returns: The route and its speed.
    package func best(in dtype: DType) -> (route: ProbedRoute, gigaflops: Double)? {
        // In the order of the cases, so that equal speeds give the same route every time.
        var best: (route: ProbedRoute, gigaflops: Double)?
        for route in ProbedRoute.allCases where route.dtype == dtype {
            guard let speed = gigaflops[route], speed > best?.gigaflops ?? 0 else { continue }
            best = (route, speed)
        }
        return best
    }

    /// Measures a product by every route that this machine has.
    ///
    /// Routes take turns, so that other programs disturb all equally. A product is repeated with the same factors, which stay in the
    /// CPU's caches if they fit: in a step it is at best as fast.
    ///
    /// - Parameters:
    ///   - shape: The product.
    ///   - seconds: The time to spend at least. Every route gets at least three turns, unless it is clearly not the fastest.
    /// - Returns: The speeds in each route's best turn, and its mean speeds over all turns. On a virtual machine the mean can be far
    ///   lower, because other guests take their share of the same cores.
    /// - Throws: `.outOfMemory`.
    package static func measured(
        _ shape: ProductShape,
        seconds: Double = 0.3
    ) throws(TorchError) -> (best: ProductRates, mean: ProductRates) {
        let factors = try ProductFactors(shape)
        var turns: [TimedRoute] = []
        for route in ProbedRoute.allCases {
            guard let probe = try ProductProbe(factors, route),
                let turn = try TimedRoute(route, probe)
            else { continue }
            turns.append(turn)
        }
        let start = ContinuousClock.now
        var rounds = 0
        while rounds < leastRounds || (ContinuousClock.now - start) / .seconds(1) < seconds {
            for index in turns.indices where rounds == 0 || isPromising(turns[index], among: turns) {
                try turns[index].take()
            }
            rounds += 1
        }
        func rates(_ seconds: (TimedRoute) -> Double) -> ProductRates {
            ProductRates(
                gigaflops: [ProbedRoute: Double](
                    uniqueKeysWithValues: turns.map { ($0.route, shape.flop / seconds($0) / 1e9) }
                )
            )
        }
        return (rates(\.best), rates(\.mean))
    }

    /// The number of turns per route, at least.
    private static let leastRounds = 3

    /// Whether a route may still be the fastest of its type: bfloat16 without instructions for it would take most of the time.
    private static func isPromising(_ turn: TimedRoute, among turns: [TimedRoute]) -> Bool {
        let best = turns.filter { $0.route.dtype == turn.route.dtype }.map(\.best).min() ?? turn.best
        let bestOfAll = turns.map(\.best).min() ?? turn.best
        return turn.best < 2 * best && turn.best < 8 * bestOfAll
    }
}

/// A route that is measured in turns of some milliseconds.
private struct TimedRoute {
    let route: ProbedRoute
    /// The seconds of one product in the best turn.
    var best: Double
    /// The mean seconds of one product over all turns, which are equally long.
    var mean: Double { turns == 0 ? best : total / Double(turns) }
    private let probe: ProductProbe
    private let repetitions: Int
    /// The sum of the turns' seconds of one product, and the number of turns.
    private var (total, turns) = (0.0, 0)

    /// The seconds of a turn, at least: long compared with a clock's resolution, short compared with disturbances.
    private static let turn = 0.005

    /// Multiplies once to fill the library's caches, and once to choose the length of a turn.
    ///
    /// Nil if the CPU lacks the route.
    init?(_ route: ProbedRoute, _ probe: ProductProbe) throws(TorchError) {
        (self.route, self.probe) = (route, probe)
        do throws(TorchError) {
            _ = try probe.seconds(1)
            let once = try probe.seconds(1)
            best = max(once, 1e-9)
        } catch {
            guard error.code == .outOfMemory else { return nil }
            throw error
        }
        repetitions = max(1, Int(Self.turn / best))
    }

    mutating func take() throws(TorchError) {
        let once = try probe.seconds(repetitions) / Double(repetitions)
        guard once > 0 else { return }
        best = min(best, once)
        total += once
        turns += 1
    }
}
