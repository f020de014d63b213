import JSON
import Models
import NN
import TestSupport
import Testing

struct ParameterGroupTests {
    // Scripts/fixtures/training/groups.py: `Trainer.get_decay_parameter_names` over `named_parameters`.
    @Test func `decayed parameters and the optimizer's order equal transformers' in every family`() throws {
        let cases = try Fixture.cases("training/groups.json")
        #expect(cases.count > 10)
        for fixture in cases {
            let name = try #require(fixture["model"].string)
            let (model, _) = try ReferenceModel.load(name)
            let groups = parameterGroups(model.parameters.parameters, weightDecay: 0.1)
            #expect(groups.map(\.weightDecay) == [0.1, 0], "\(name)")
            for (group, key) in try paired(groups, ["decayed", "others"]) {
                #expect(try group.parameters.map(\.name) == fixture[key].strings(), "\(name)")
            }
        }
    }
}
