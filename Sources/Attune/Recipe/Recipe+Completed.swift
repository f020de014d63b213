extension Recipe {
    /// The recipe with values in the place of "not set" if they follow from other settings.
    ///
    /// - Parameter maxLength: The model's limit of tokens; nil without a limit.
    /// - Returns: The same run, described without defaults that could change.
    package func completed(maxLength: Int?) -> Recipe {
        var recipe = self
        recipe.evaluates.steps = evaluates.steps ?? logging.steps
        recipe.dataSeed = dataSeed ?? seed
        recipe.maxLength = maxLength
        return recipe
    }

    /// The recipe with the settings that follow from the data.
    ///
    /// - Parameter settings: Found by the run.
    /// - Returns: The same run, described without defaults that could change.
    package func completed(_ settings: ResolvedSettings) -> Recipe {
        var recipe = self
        if case .holdOut(let size, _, let seed) = evaluation {
            let column = settings.stratifiedBy.map(Stratification.column)
            recipe.evaluation = .holdOut(size, stratification: column ?? .nothing, seed: seed)
        }
        return recipe
    }
}
