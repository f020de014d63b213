/// The script of the page, without any library.
///
/// It creates elements and text nodes only, so that no text, label or message is ever read as markup; the page's policy refuses
/// anything else.
enum PageScript {
    /// The script.
    static let text = """
        "use strict";
        (() => {
        \(elements)
        \(requests)
        \(words)
        \(explanation)
        \(result)
        \(results)
        \(programs)
        \(form)
        })();
        """

    /// Short forms of the document's functions.
    static let elements = #"""
        const find = (id) => document.getElementById(id);

        // An element with attributes and children; a child that is a string becomes text, null is left out.
        function make(tag, attributes, ...children) {
          const element = document.createElement(tag);
          for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
          element.append(...children.filter((child) => child !== null));
          return element;
        }

        // A button that runs a function.
        function button(label, attributes, action) {
          const element = make("button", { type: "button", ...attributes }, label);
          element.addEventListener("click", action);
          return element;
        }

        // Sets a text that is read aloud only if it changes.
        function tell(element, text) {
          if (element.textContent !== text) element.textContent = text;
        }

        let lastID = 0;
        const freshID = () => "e" + (lastID += 1);

        const counted = (count, one) => count.toLocaleString("en") + " " + one + (count === 1 ? "" : "s");
        // Isolated, so that the direction of a text does not reorder the sentence around it.
        const quoted = (text) => "\u2068“" + text + "”\u2069";

        // A probability with three decimals, which shows 0 and 1 only if it is exactly that.
        function share(value) {
          if (value > 0 && value < 0.0005) return "<0.001";
          if (value < 1 && value >= 0.9995) return ">0.999";
          return value.toFixed(3);
        }

        // A number of any size.
        const figure = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "–");
        """#

    /// Requests to the server, with the key that the user typed.
    static let requests = #"""
        class Fault extends Error {
          constructor(message, status, kind) {
            super(message);
            this.status = status;
            this.kind = kind;
          }
        }

        // The key is kept here only.
        let key = "";

        async function call(path, body, signal) {
          const headers = { Accept: "application/json" };
          if (body !== undefined) headers["Content-Type"] = "application/json";
          if (/[^\x21-\x7e]/.test(key)) throw new Fault("An API key has only ASCII characters, without spaces.", 401);
          if (key) headers.Authorization = "Bearer " + key;
          const options = { method: body === undefined ? "GET" : "POST", headers, signal, cache: "no-store" };
          if (body !== undefined) options.body = JSON.stringify(body);
          let response, text;
          try {
            response = await fetch(path, options);
            text = await response.text();
          } catch (error) {
            if (error.name === "AbortError") throw error;
            throw new Fault("The server does not answer. Check that it is running.", 0);
          }
          let answer = null;
          try {
            answer = JSON.parse(text);
          } catch {
            answer = null;
          }
          if (response.ok && answer !== null) return answer;
          throw new Fault(reason(response, answer, text), response.status, answer?.error?.kind);
        }

        // A message with a capital letter and a full stop.
        const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

        // The message of a refused request.
        function reason(response, answer, text) {
          if (response.status === 401) {
            return key ? "The server does not accept this API key." : "The server asks for an API key.";
          }
          if (response.status === 413) return "The text is too large for the server. Shorten it.";
          const seconds = Number(response.headers.get("Retry-After"));
          const later = seconds > 0 ? " Try again in " + counted(seconds, "second") + "." : "";
          if (response.status === 429) return "The server is busy." + (later || " Try again later.");
          const error = answer && (answer.error ?? answer.message);
          const message = error && typeof error === "object" ? error.message : error;
          if (typeof message === "string" && message) return sentence(message) + later;
          return "The server answered with status " + response.status + (text ? ": " + text.slice(0, 200) : ".");
        }

        const isKeyFault = (error) => error.status === 401;
        """#
}
