/// The fixed part of the page.
enum PageMarkup {
    /// The content of `<body>` before the script.
    static let body = #"""
        <a class="skip" href="#results">Skip to the results</a>
        <div class="wrap">
        <header>
        <p class="eyebrow">Attune</p>
        <h1>Try a classifier</h1>
        <p class="subtitle" id="state" role="status">Asking the server for its models …</p>
        </header>
        <main>
        <noscript><p class="fault">This page needs JavaScript. The API works without it: see <a href="docs">its documentation</a>.</p></noscript>
        <form id="form" class="card" novalidate>
        <div class="field">
        <label for="text">Text</label>
        <textarea id="text" rows="5" spellcheck="false" autocomplete="off" aria-describedby="text-help"></textarea>
        <p class="small" id="text-help">Control + Enter (⌘ + Enter on a Mac) classifies.</p>
        </div>
        <div class="check">
        <input type="checkbox" id="lines"> <label for="lines">Each line is a text</label>
        </div>
        <div class="row">
        <div class="field">
        <label for="model">Model</label>
        <select id="model" disabled></select>
        </div>
        <div class="field" id="other-field" hidden>
        <label for="other">Compare with</label>
        <select id="other"></select>
        </div>
        </div>
        <div class="field" id="key-field" hidden>
        <label for="key">API key</label>
        <input type="password" id="key" autocomplete="off" spellcheck="false" aria-describedby="key-help">
        <p class="small" id="key-help">This server asks for a key. The page keeps it until it is closed and stores it nowhere.</p>
        </div>
        <p class="fault" id="fault" role="alert" hidden></p>
        <button type="submit" id="submit">Classify</button>
        </form>
        <section id="results" tabindex="-1" aria-labelledby="results-title">
        <h2 id="results-title">Results</h2>
        <p class="small" id="summary" role="status">There are no results yet.</p>
        <div id="list"></div>
        </section>
        <section aria-labelledby="programs-title">
        <h2 id="programs-title">From a program</h2>
        <p class="small">The request for the text and the model above.</p>
        <div class="pair">
        <div class="card">
        <div class="title"><h3 id="curl-title">curl</h3><button type="button" class="quiet" id="copy-curl" aria-label="Copy the curl command" hidden>Copy</button></div>
        <pre id="curl" role="region" tabindex="0" aria-labelledby="curl-title"></pre>
        </div>
        <div class="card">
        <div class="title"><h3 id="python-title">Python</h3><button type="button" class="quiet" id="copy-python" aria-label="Copy the Python program" hidden>Copy</button></div>
        <pre id="python" role="region" tabindex="0" aria-labelledby="python-title"></pre>
        </div>
        </div>
        </section>
        </main>
        <footer><a href="docs">API documentation</a> · <a href="metrics">Metrics</a></footer>
        </div>
        """#
}
