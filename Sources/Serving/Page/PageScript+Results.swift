extension PageScript {
    /// The answer for one text by one model.
    static let result = #"""
        const firstRows = 10;

        // The names of the labels that a result gives the text.
        function givenLabels(result) {
          if (Array.isArray(result.labels)) return result.labels;
          return result.rejected ? [] : [result.label];
        }

        const isNumber = (result, model) =>
          model.problem_type === "regression" || result.scores.some(({ score }) => !(score >= 0 && score <= 1));

        // The answer in a few words.
        function shortAnswer(result, model) {
          if (result.error) return "error";
          if (isNumber(result, model)) return figure(result.score);
          return givenLabels(result).join(", ") || (Array.isArray(result.labels) && !result.rejected ? "no label" : "no answer");
        }

        // The headline of a result.
        function headline(result, model) {
          const note = (text) => make("span", { class: "small" }, " " + text);
          if (isNumber(result, model)) return make("p", { class: "answer" }, figure(result.score), note(result.label));
          if (givenLabels(result).length) {
            const isSingle = !Array.isArray(result.labels);
            return make("p", { class: "answer" }, shortAnswer(result, model), isSingle ? note(share(result.score)) : null);
          }
          const likeliest = "The most likely label is " + quoted(result.label) + " with " + share(result.score) + ".";
          const answer = shortAnswer(result, model);
          return make("p", { class: "answer" }, answer[0].toUpperCase() + answer.slice(1) + ". ", note(likeliest));
        }

        // Facts about the reading of the text and about the decision.
        function facts(result) {
          const list = make("ul", { class: "facts small" });
          if (Array.isArray(result.set)) {
            const set = result.set.length ? result.set.join(", ") : "empty";
            list.append(make("li", {}, "Prediction set, which contains the true label with the demanded probability: " + set));
          }
          if (result.rejected) list.append(make("li", { class: "note" }, "Rejected: the model's settings ask for more certainty."));
          if (typeof result.tokens === "number") {
            const windows = result.windows > 1 ? ", read in " + counted(result.windows, "window") : "";
            list.append(make("li", {}, counted(result.tokens, "token") + windows));
          }
          if (result.truncated) {
            list.append(make("li", { class: "note" }, "Truncated: the text has more tokens than the model reads."));
          }
          return list;
        }

        // A label's threshold, a number or "never": the model lists those of all labels, an answer has only one.
        function thresholdOf(label, result, model) {
          const all = model.decisions?.thresholds ?? {};
          if (Object.hasOwn(all, label)) return all[label];
          return label === result.label ? (result.threshold ?? null) : null;
        }

        // The row of a label: name, score, threshold and a bar.
        function scoreRow({ label, score }, result, model, hasThresholds) {
          const threshold = thresholdOf(label, result, model);
          const row = make("tr", {}, make("th", { scope: "row" }, label), make("td", { class: "num" }, share(score)));
          if (givenLabels(result).includes(label)) row.className = "given";
          if (hasThresholds) row.append(make("td", { class: "num" }, threshold === null ? "" : typeof threshold === "number" ? share(threshold) : threshold));
          const fill = make("div", { class: "fill" });
          fill.style.width = 100 * Math.min(Math.max(score, 0), 1) + "%";
          const bar = make("div", { class: "bar", "aria-hidden": "true" }, fill);
          if (typeof threshold === "number") {
            const mark = make("div", { class: "mark" });
            mark.style.left = 100 * Math.min(Math.max(threshold, 0), 1) + "%";
            bar.append(mark);
          }
          row.append(make("td", {}, bar));
          return row;
        }

        // The scores of all labels as bars in a table, the first ones at once.
        function scoreTable(result, model) {
          const hasThresholds = result.scores.some(({ label }) => thresholdOf(label, result, model) !== null);
          const titles = [["Label"], ["Score", "num"], ...(hasThresholds ? [["Threshold", "num"]] : []), ["From 0 to 1"]];
          const head = make("tr");
          for (const [title, kind] of titles) head.append(make("th", { scope: "col", ...(kind ? { class: kind } : {}) }, title));
          const body = make("tbody");
          const add = (scores) => body.append(...scores.map((score) => scoreRow(score, result, model, hasThresholds)));
          add(result.scores.slice(0, firstRows));
          const caption = "Scores" + (hasThresholds ? "; a dashed line marks a threshold" : "");
          const table = make("table", { class: "bars" }, make("caption", {}, caption), make("thead", {}, head), body);
          if (result.scores.length <= firstRows) return [table];
          const more = button("Show all " + counted(result.scores.length, "label"), { class: "quiet" }, () => {
            add(result.scores.slice(firstRows));
            more.remove();
            body.rows[firstRows].tabIndex = -1;
            body.rows[firstRows].focus();
          });
          return [table, more];
        }

        // The panel of one model for one text.
        function panel(result, text, model, level, isNamed) {
          const box = make("div", {}, isNamed ? make(level, {}, model.id) : null);
          if (result.error) {
            box.append(make("p", { class: "fault" }, result.error.message || String(result.error)));
            return box;
          }
          box.append(headline(result, model), facts(result));
          if (!isNumber(result, model)) box.append(...scoreTable(result, model));
          box.append(explainer(text, model, result, isNamed));
          return box;
        }
        """#

    /// The list of answers, one for each text.
    static let results = #"""
        const mostTexts = 100;

        // The panels of one text, next to each other if there are two models.
        function panels(text, answers, level) {
          const boxes = answers.map(({ model, result }) => panel(result, text, model, level, answers.length > 1));
          return answers.length > 1 ? make("div", { class: "pair" }, ...boxes) : boxes[0];
        }

        // Shows the answers: `answers[i]` has the results of one model for all texts.
        function showResults(texts, answers) {
          const list = find("list");
          const ofText = (index) => answers.map(({ model, results }) => ({ model, result: results[index] }));
          if (texts.length === 1) {
            const quote = make("p", { class: "quote short small" }, texts[0]);
            list.replaceChildren(make("div", { class: "card" }, quote, panels(texts[0], ofText(0), "h3")));
            return;
          }
          const cards = texts.map((text, index) => {
            const found = ofText(index).map(({ model, result }) => shortAnswer(result, model));
            const areLabels = ofText(index).every(({ model, result }) => !result.error && !isNumber(result, model));
            const differs = areLabels && new Set(found).size > 1 ? " (they differ)" : "";
            const preview = [...text].slice(0, 80).join("") + ([...text].length > 80 ? "…" : "");
            const card = make(
              "details",
              { class: "card" },
              make("summary", {}, make("strong", {}, found.join(" · ") + differs), " – " + preview),
            );
            // Filled when it is opened, because there may be a hundred.
            card.addEventListener("toggle", () => {
              if (!card.open || card.children.length > 1) return;
              card.append(make("p", { class: "quote small" }, text), panels(text, ofText(index), "h3"));
            });
            return card;
          });
          list.replaceChildren(...cards);
        }

        // Tells the number of answers, their time, and for one text the answer itself.
        function summarize(texts, answers, milliseconds, left) {
          const time = " in " + Math.max(1, Math.round(milliseconds)).toLocaleString("en") + " ms";
          const first = answers.map(({ model, results }) => {
            const name = answers.length > 1 ? model.id + ": " : "";
            return name + shortAnswer(results[0], model);
          });
          const cut = left > 0 ? " The page shows the first " + mostTexts + " lines; " + left + " more were not sent." : "";
          const failed = answers.reduce((sum, { results }) => sum + results.filter((result) => result.error).length, 0);
          const errors = failed ? " " + counted(failed, "error") + "." : "";
          const answer = texts.length === 1 ? ": " + first.join("; ") : "";
          tell(find("summary"), counted(texts.length, "text") + " classified" + time + answer + "." + errors + cut);
        }
        """#
}
