extension Recipe {
    /// A teacher: a trained classifier whose scores a student learns, on texts with a label and on texts without one.
    public struct Teacher: Sendable, Equatable {
        /// The classifier; its labels become those of the student.
        public var model: ModelSource
        /// T, by which logits are divided before their scores are compared.
        ///
        /// The higher, the more the less likely labels count.
        public var temperature = 2.0
        /// A, the teacher's share of the loss; the rest is the loss of the labels.
        ///
        /// 1 ignores labels.
        public var alpha = 0.5
        /// The folder that keeps the teacher's logits; nil keeps them in the output folder.
        public var logitsFolder: String?

        /// Creates a teacher with the usual temperature and share.
        ///
        /// - Parameter model: The classifier.
        public init(_ model: ModelSource) { self.model = model }
    }

    /// The settings of a teacher.
    static let teacherSettings: [Setting] = [
        Setting(
            "teacher",
            .distillation,
            \.teacherModel,
            """
            Learn the scores of this classifier, too: a folder, a .gguf or .attune file, or an id of the Hub. Its labels become \
            those of the model. Rows then need no label, and neither does the dataset.
            """,
            placeholder: "model"
        ),
        Setting(
            "distillation_temperature",
            .distillation,
            \.distillationTemperature,
            "Divide logits by this before scores are compared; the higher, the more the less likely labels count.",
            placeholder: "temperature",
            unless: withoutTeacher,
            allowed: ("a number above 0", { $0 > 0 && $0.isFinite })
        ),
        Setting(
            "distillation_alpha",
            .distillation,
            \.distillationAlpha,
            "The teacher's share of the loss; the rest is the loss of the labels. 1 ignores labels.",
            placeholder: "share",
            unless: withoutTeacher,
            allowed: ("a number from 0 to 1", { (0...1).contains($0) })
        ),
        Setting(
            "teacher_logits",
            .distillation,
            \.teacherLogits,
            """
            A folder that keeps the teacher's logits, so that runs with the same teacher and texts compute them once. Default: \
            teacher-logits in the output folder.
            """,
            placeholder: "folder",
            unless: withoutTeacher
        ),
    ]

    private static let withoutTeacher: @Sendable (Recipe) -> Setting.Need? = {
        $0.teacher == nil ? Setting.Need("teacher") : nil
    }
}

// Each setting of a teacher as one property.
extension Recipe {
    var teacherModel: ModelSource? {
        get { teacher?.model }
        set {
            guard let newValue else { return teacher = nil }
            var changed = teacher ?? Teacher(newValue)
            changed.model = newValue
            teacher = changed
        }
    }

    var distillationTemperature: Double {
        get { teacher?.temperature ?? 2 }
        set { teacher?.temperature = newValue }
    }

    var distillationAlpha: Double {
        get { teacher?.alpha ?? 0.5 }
        set { teacher?.alpha = newValue }
    }

    var teacherLogits: String? {
        get { teacher?.logitsFolder }
        set { teacher?.logitsFolder = newValue }
    }
}
