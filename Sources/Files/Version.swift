/// The version of Attune.
public let attuneVersion = "0.1.0"
