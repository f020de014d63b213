public import HTTPTypes
public import Hummingbird
public import JSON
import NIOCore

extension Response {
    /// A response with a JSON body, on one line without spaces.
    ///
    /// - Parameters:
    ///   - value: The body.
    ///   - status: The status.
    ///   - headers: More header fields; they may replace the content type.
    /// - Returns: The response.
    public static func json(
        _ value: JSONValue,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        text(value.compact, status: status, headers: headers, contentType: "application/json")
    }

    /// A response with a body of text.
    ///
    /// - Parameters:
    ///   - text: The body.
    ///   - status: The status.
    ///   - headers: More header fields; they may replace the content type.
    ///   - contentType: The content type.
    /// - Returns: The response.
    public static func text(
        _ text: String,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:],
        contentType: String = "text/plain; charset=utf-8"
    ) -> Response {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = contentType }
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}

extension HTTPFields {
    /// The value of a field by its name; setting does nothing if the name is not valid.
    ///
    /// - Parameter name: The name, such as `x-compute-time`.
    subscript(named name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set { if let name = HTTPField.Name(name) { self[name] = newValue } }
    }
}
