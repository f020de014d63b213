import Attune

extension TrainingCommandLine {
    /// Remarks on settings whose effect may surprise.
    ///
    /// - Parameter recipe: The settings.
    /// - Returns: Lines for standard error.
    func remarks(_ recipe: Recipe) -> [String] {
        var remarks: [String] = []
        if !gives("eval_strategy"), gives("eval_steps"), let steps = recipe.evaluates.steps {
            remarks.append(
                "--eval-steps \(steps) without --eval-strategy: evaluating every \(counted(steps, "step"))"
            )
        }
        let givesWarmup = isNotZero("warmup_steps") || isNotZero("warmup_ratio")
        if givesWarmup, [.constant, .reduceOnPlateau].contains(recipe.schedule.type) {
            let schedule = recipe.schedule.type
            let instead = schedule == .constant ? "; use constant_with_warmup" : ""
            remarks.append("warning: warmup has no effect with the schedule \(schedule.rawValue)\(instead)")
        }
        return remarks
    }
}
