extension RunFacts {
    /// The settings of a recipe by name, without those that are null.
    ///
    /// A recipe that cannot be read leaves facts out; the report shows its text anyway.
    ///
    /// - Parameter yaml: The recipe.
    /// - Returns: The settings' values as text.
    static func settings(_ yaml: String) -> [String: String] {
        let entries = try? RecipeEntry.read(
            yaml,
            name: "recipe.yaml",
            known: { name in (try? Recipe.setting(name))?.name }
        )
        return Dictionary((entries ?? []).map { ($0.name, $0.value.text) }) { first, _ in first }
    }
}
