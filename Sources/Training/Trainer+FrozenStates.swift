import Classification
import Files
import Models
import NN

// States after the frozen first blocks, which are kept between epochs if asked.
extension Trainer {
    /// Creates the store of states.
    ///
    /// - Returns: An empty store; nil unless the arguments ask for one.
    /// - Throws: ``TrainingError`` if the first block is trained.
    func frozenStates() throws(TrainingError) -> FrozenStates? {
        guard arguments.keepsFrozenStates else { return nil }
        let parameters = classifier.model.parameters.parameters
        let blocks = (parameters.compactMap(\.block).max() ?? -1) + 1
        let frozen = parameters.filter(\.isTrainable).compactMap(\.block).min() ?? blocks
        guard frozen > 0 else {
            throw TrainingError(
                .badArgument,
                "--cache-frozen-states: nothing is frozen below the first trained block; train fewer blocks with "
                    + "--layers-to-transform or --freeze-layers"
            )
        }
        // Half of the free memory, because steps need the rest.
        return FrozenStates(blockCount: frozen, byteLimit: (ProcessMemory.available() ?? 0) / 2)
    }

    /// Throws an error if the first step showed that states cannot be kept.
    ///
    /// - Throws: ``TrainingError`` that names the reason.
    func requireKept(_ states: FrozenStates?) throws(TrainingError) {
        switch states?.fault {
        case nil: return
        case .dropout:
            throw TrainingError(
                .badArgument,
                "--cache-frozen-states: the model's frozen blocks drop out other elements in every epoch; leave it out, or set "
                    + "the dropout in the model's config.json to 0"
            )
        case .trained:
            throw TrainingError(
                .badArgument,
                "--cache-frozen-states: embeddings below the frozen blocks are trained; leave it out, or freeze them with "
                    + "--freeze"
            )
        }
    }
}
