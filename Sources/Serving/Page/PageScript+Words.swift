extension PageScript {
    /// From scores of tokens to scores of words, and their drawing.
    static let words = #"""
        // The place in the string of each UTF-8 byte at which a character begins; the length at the end.
        function placesOfBytes(text) {
          const places = new Map();
          let bytes = 0;
          let place = 0;
          for (const character of text) {
            places.set(bytes, place);
            const code = character.codePointAt(0);
            bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
            place += character.length;
          }
          places.set(bytes, place);
          return places;
        }

        // Ranges of words, marks and spaces that cover the text.
        function segments(text) {
          if (typeof Intl === "object" && Intl.Segmenter) {
            const found = [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)];
            return found.map((part) => ({ start: part.index, end: part.index + part.segment.length }));
          }
          return [...text.matchAll(/\s+|\S+/g)].map((part) => ({
            start: part.index,
            end: part.index + part[0].length,
          }));
        }

        // The words of a text, each with the sum over its tokens; `score` is null for a part that no token covers. Words that share
        // a token are one. Added tokens follow, without a range.
        function wordScores(text, tokens) {
          const places = placesOfBytes(text);
          const parts = segments(text).map((part) => ({ ...part, score: null, joins: false }));
          const partOf = new Int32Array(text.length);
          parts.forEach((part, index) => partOf.fill(index, part.start, part.end));
          const added = [];
          for (const token of tokens) {
            let start = places.get(token.start);
            let end = places.get(token.end);
            if (start === undefined || end === undefined || start >= end) {
              added.push({ text: token.text, score: token.score });
              continue;
            }
            while (start < end - 1 && /\s/.test(text[start])) start += 1;
            while (end > start + 1 && /\s/.test(text[end - 1])) end -= 1;
            const first = partOf[start];
            const last = partOf[end - 1];
            parts[first].score = (parts[first].score ?? 0) + token.score;
            for (let index = first + 1; index <= last; index += 1) parts[index].joins = true;
          }
          const words = [];
          for (const part of parts) {
            const word = words[words.length - 1];
            if (part.joins && word) {
              word.end = part.end;
              if (part.score !== null) word.score = (word.score ?? 0) + part.score;
            } else {
              words.push({ start: part.start, end: part.end, score: part.score });
            }
          }
          for (const word of words) word.text = text.slice(word.start, word.end);
          return { words, added };
        }

        // The class of a word: for or against the label, in four shades relative to the strongest; none if it hardly matters.
        function shadeOf(score, strongest) {
          const level = strongest > 0 ? Math.ceil((4 * Math.abs(score)) / strongest - 0.2) : 0;
          return level < 1 ? "" : (score > 0 ? "for" : "against") + " l" + Math.min(level, 4);
        }

        // The text with its words in shades.
        function drawnWords(words, strongest) {
          const box = make("p", { class: "words", tabindex: "0", role: "group", "aria-label": "The text with its words marked" });
          for (const word of words) {
            const isBlank = /^\s*$/.test(word.text);
            const kind = word.score === null ? (isBlank ? "" : "unread") : shadeOf(word.score, strongest);
            box.append(kind ? make("span", { class: kind }, word.text) : word.text);
          }
          return box;
        }
        """#

    /// The part of a result that explains it on request.
    static let explanation = #"""
        const strongestRows = 20;

        // The controls that ask for the words that mattered for a label, and the place for the answer.
        function explainer(text, model, result, isNamed) {
          const id = freshID();
          const choice = make("select", { id });
          for (const { label } of result.scores.slice(0, 500)) choice.append(make("option", { value: label }, label));
          choice.value = result.label;
          // Only the first sentence is read aloud at once.
          const status = make("p", { role: "status" });
          const answer = make("div");
          const about = isNamed ? " (" + model.id + ")" : "";
          const ask = button("Which words mattered", { class: "quiet" }, async () => {
            if (ask.getAttribute("aria-disabled") === "true") return;
            ask.setAttribute("aria-disabled", "true");
            status.className = "small";
            tell(status, "Computing …");
            answer.replaceChildren();
            try {
              const body = { model: model.id, text, label: choice.value };
              const { summary, elements } = explained(text, await call("v1/explain", body));
              status.className = "";
              tell(status, summary);
              answer.replaceChildren(...elements);
            } catch (error) {
              status.className = "fault";
              const isLong = error.kind === "too_many_characters";
              tell(status, isLong ? "The text is too long to explain. Classify a part of it, then explain that." : error.message);
              if (isKeyFault(error)) askForKey(error.message);
            }
            ask.removeAttribute("aria-disabled");
          });
          return make(
            "div",
            { class: "explain" },
            make(
              "div",
              { class: "ask" },
              make("div", { class: "field" }, make("label", { for: id }, "Explain the label" + about), choice),
              ask,
            ),
            status,
            answer,
          );
        }

        // An explanation in a sentence, and the elements that show it.
        function explained(text, answer) {
          const tokens = answer.tokens || [];
          if (!tokens.length || !tokens.every((token) => Number.isFinite(token.score))) {
            return { summary: "The model computes no finite scores for this text.", elements: [] };
          }
          const { words, added } = wordScores(text, tokens);
          const read = words.filter((word) => word.score !== null && !/^\s*$/.test(word.text));
          const strongest = Math.max(0, ...read.map((word) => Math.abs(word.score)));
          const byStrength = [...read, ...added].sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
          const names = (isFor) =>
            read
              .filter((word) => (isFor ? word.score > 0 : word.score < 0) && shadeOf(word.score, strongest))
              .sort((a, b) => Math.abs(b.score) - Math.abs(a.score))
              .slice(0, 3)
              .map((word) => quoted(word.text))
              .join(", ") || "none";
          const label = quoted(String(answer.label));
          const summary = "Most for " + label + ": " + names(true) + ". Most against it: " + names(false) + ".";
          const elements = [
            make(
              "p",
              { class: "small key" },
              "Blue with a straight line: ",
              make("span", { class: "for l3" }, "for the label"),
              ". Orange with a wavy line: ",
              make("span", { class: "against l3" }, "against it"),
              ". Struck through: not read. The scores are gradient × input, a hint and no proof.",
            ),
            drawnWords(words, strongest),
            wordTable(byStrength, added),
          ];
          return { summary, elements };
        }

        // The words with the largest scores as a table.
        function wordTable(words, added) {
          const body = make("tbody");
          for (const word of words.slice(0, strongestRows)) {
            const note = added.includes(word) ? " (added by the tokenizer)" : "";
            const side = word.score > 0 ? "for" : word.score < 0 ? "against" : "neither";
            body.append(
              make(
                "tr",
                {},
                make("th", { scope: "row" }, word.text + note),
                make("td", {}, side),
                make("td", { class: "num" }, figure(word.score)),
              ),
            );
          }
          const head = make(
            "tr",
            {},
            make("th", { scope: "col" }, "Word"),
            make("th", { scope: "col" }, "Side"),
            make("th", { scope: "col", class: "num" }, "Score"),
          );
          const count = Math.min(words.length, strongestRows);
          const caption = words.length > count ? "The " + count + " largest scores" : "All scores";
          return make(
            "details",
            {},
            make("summary", {}, "The scores as a table"),
            make("table", {}, make("caption", {}, caption), make("thead", {}, head), body),
          );
        }
        """#
}
