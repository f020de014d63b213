extension PageScript {
    /// The request as a command and as a program.
    static let programs = #"""
        const shellQuoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

        function showPrograms() {
          const { texts } = typedTexts();
          const body = { texts: texts.length ? texts : ["A text to classify"] };
          const model = find("model").value;
          const all = model && models.length > 1 ? { model, ...body } : body;
          const url = new URL("v1/classify", document.baseURI).href;
          const hasKey = !find("key-field").hidden;
          const curl = ["curl -s " + shellQuoted(url), "-H 'Content-Type: application/json'"];
          if (hasKey) curl.push('-H "Authorization: Bearer $ATTUNE_API_KEY"');
          curl.push("-d " + shellQuoted(JSON.stringify(all)));
          tell(find("curl"), curl.join(" \\\n  "));
          const headers = ['"Content-Type": "application/json"'];
          if (hasKey) headers.push('"Authorization": "Bearer " + os.environ["ATTUNE_API_KEY"]');
          // A JSON string is a Python string.
          const members = Object.entries(all).map(([name, value]) => "    " + JSON.stringify(name) + ": " + listed(value) + ",");
          const python = [
            "import json",
            ...(hasKey ? ["import os"] : []),
            "import urllib.request",
            "",
            "body = {",
            ...members,
            "}",
            "request = urllib.request.Request(",
            "    " + JSON.stringify(url) + ",",
            "    json.dumps(body).encode(),",
            "    {" + headers.join(", ") + "},",
            ")",
            "with urllib.request.urlopen(request) as response:",
            '    for result in json.load(response)["results"]:',
            // In two parts, because Scripts/check takes it for Swift otherwise.
            "        print" + '(result.get("label"), result.get("score"))',
          ];
          tell(find("python"), python.join("\n"));
        }

        // A string or a list of strings in Python.
        function listed(value) {
          if (typeof value === "string") return JSON.stringify(value);
          return "[" + value.map((text) => JSON.stringify(text)).join(", ") + "]";
        }

        // Shows a button that copies an element's text, if the browser allows it.
        function offerCopy(id) {
          if (!navigator.clipboard) return;
          const copy = find("copy-" + id);
          copy.hidden = false;
          copy.addEventListener("click", async () => {
            try {
              await navigator.clipboard.writeText(find(id).textContent);
              tell(copy, "Copied");
            } catch {
              tell(copy, "Not copied");
            }
            setTimeout(() => tell(copy, "Copy"), 2000);
          });
        }
        """#

    /// The form, and the start of the page.
    static let form = #"""
        let models = [];
        let running = null;
        let poll = 0;

        // The texts to send, and the number of lines that are too many.
        function typedTexts() {
          const text = find("text").value;
          const whole = text.isWellFormed && !text.isWellFormed() ? text.toWellFormed() : text;
          const texts = find("lines").checked ? whole.split("\n") : [whole];
          const filled = texts.filter((text) => text.trim());
          return { texts: filled.slice(0, mostTexts), left: Math.max(0, filled.length - mostTexts) };
        }

        function showFault(message) {
          const fault = find("fault");
          fault.hidden = !message;
          tell(fault, message);
        }

        // Shows the field for the key, and why.
        function askForKey(message) {
          find("key-field").hidden = false;
          showPrograms();
          showFault(message);
          find("key").focus();
        }

        // Fills the choices of models, and keeps those made before.
        function showModels() {
          const [choice, other] = [find("model"), find("other")];
          const before = [choice.value, other.value];
          const options = () => models.map(({ id }, index) => make("option", { value: id }, id + (index ? "" : " (default)")));
          choice.replaceChildren(...options());
          other.replaceChildren(make("option", { value: "" }, "No other model"), ...options());
          if (models.some(({ id }) => id === before[0])) choice.value = before[0];
          if (models.some(({ id }) => id === before[1])) other.value = before[1];
          choice.disabled = !models.length;
          find("other-field").hidden = models.length < 2;
          showState();
          showPrograms();
        }

        // One line about the chosen model.
        function showState() {
          const model = chosenModels()[0];
          const parts = [counted(models.length, "model") + " loaded"];
          if (model && Array.isArray(model.labels)) parts.push(model.id + ": " + counted(model.labels.length, "label"));
          const most = model && (model.max_tokens ?? model.max_model_len);
          if (typeof most === "number") parts.push("at most " + counted(most, "token") + " of a text");
          tell(find("state"), parts.join(" · "));
        }

        // The one or two chosen models.
        function chosenModels() {
          const names = [find("model").value, find("other-field").hidden ? "" : find("other").value];
          return [...new Set(names)].filter((name) => name).map((name) => models.find(({ id }) => id === name));
        }

        // Asks for the loaded models; again after two seconds while the server loads them.
        async function loadModels() {
          try {
            const answer = await call("v1/models");
            const listed = answer.data || answer.models || [];
            models = listed.map((model) => (typeof model === "string" ? { id: model } : { ...model, id: String(model.id ?? model.name) }));
            showModels();
          } catch (error) {
            if (isKeyFault(error)) {
              tell(find("state"), "The server asks for an API key.");
              askForKey(error.message);
              return;
            }
            tell(find("state"), error.message);
            clearTimeout(poll);
            if (error.status === 503 || error.status === 0) poll = setTimeout(loadModels, 2000);
          }
        }

        async function classify() {
          key = find("key").value.trim();
          const { texts, left } = typedTexts();
          find("text").setAttribute("aria-invalid", String(!texts.length));
          if (!texts.length) {
            showFault("Enter a text first.");
            find("text").focus();
            return;
          }
          running?.abort();
          const own = (running = new AbortController());
          showFault("");
          setBusy(true);
          try {
            if (!models.length) await loadModels();
            const chosen = chosenModels();
            if (!chosen.length) {
              if (find("fault").hidden) showFault(find("state").textContent);
              return;
            }
            const start = performance.now();
            const answers = await Promise.all(
              chosen.map(async (model) => {
                const body = { model: model.id, texts, logits: false };
                const { results } = await call("v1/classify", body, own.signal);
                return { model, results };
              }),
            );
            showResults(texts, answers);
            summarize(texts, answers, performance.now() - start, left);
            // On a phone, the results may be below the window.
            if (find("list").getBoundingClientRect().top > innerHeight - 80) find("results").scrollIntoView();
          } catch (error) {
            if (error.name === "AbortError") return;
            // The results of an earlier text would pass for those of this one.
            find("list").replaceChildren();
            tell(find("summary"), "There are no results.");
            if (isKeyFault(error)) askForKey(error.message);
            else showFault(error.message);
            if (error.status === 404) loadModels();
          } finally {
            if (running === own) setBusy(false);
          }
        }

        // The button keeps the focus, so it is not disabled.
        function setBusy(isBusy) {
          find("submit").textContent = isBusy ? "Classifying …" : "Classify";
          find("list").setAttribute("aria-busy", String(isBusy));
        }

        find("form").addEventListener("submit", (event) => {
          event.preventDefault();
          classify();
        });
        find("text").addEventListener("keydown", (event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            classify();
          }
        });
        find("form").addEventListener("input", () => {
          showPrograms();
          if (models.length) showState();
        });
        offerCopy("curl");
        offerCopy("python");
        showPrograms();
        loadModels();
        """#
}
