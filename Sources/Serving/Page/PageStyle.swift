/// The style sheet of the page, in the colours of Attune's reports.
enum PageStyle {
    /// The rules.
    static let text = """
        \(colours)
        \(page)
        \(form)
        \(results)
        \(media)
        """

    /// The reports' palette, and shades of words: `f1` to `f4` for a label, `g1` to `g4` against it.
    ///
    /// The contrast of `ink` on each is at least 5.3.
    private static let colours = """
        :root{color-scheme:light dark;--page:#f6f6f3;--panel:#fff;--ink:#1a1c21;--muted:#565c69;--line:#dedfdb;--axis:#7c828f;--link:#1f4fb4;--on-link:#fff;--bad:#b3261e;--s0:#858b98;--s1:#2456c4;--f1:#e5ebf8;--f2:#cad6f1;--f3:#b0c2ea;--f4:#9ab1e4;--g1:#f6eae2;--g2:#eed5c5;--g3:#e5c0a8;--g4:#deaf8f}
        @media (prefers-color-scheme:dark){:root{--page:#111317;--panel:#1a1d23;--ink:#eceef2;--muted:#a9b0be;--line:#31363f;--axis:#7f8796;--link:#8db0ff;--on-link:#111317;--bad:#ff9a90;--s0:#747c8b;--s1:#7ea6ff;--f1:#262d3d;--f2:#323e58;--f3:#3e4e72;--f4:#485c88;--g1:#342d2a;--g2:#4e3d31;--g3:#684d38;--g4:#7d5a3d}}
        """

    private static let page = """
        *{box-sizing:border-box}
        [hidden]{display:none!important}
        html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
        body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        a{color:var(--link);text-underline-offset:.15em}
        :focus-visible{outline:3px solid var(--link);outline-offset:2px}
        #results:focus{outline:none}
        .skip{position:absolute;left:-999rem;top:0;padding:.6rem 1rem;background:var(--panel)}
        .skip:focus{left:.5rem;top:.5rem;z-index:1}
        .wrap{max-width:68rem;margin:0 auto;padding:0 1.25rem}
        header{padding:2rem 0 1rem}
        .eyebrow{margin:0;color:var(--muted);font-size:.875rem}
        h1{margin:.1rem 0 .25rem;font-size:clamp(1.6rem,4.5vw,2.25rem);line-height:1.2;letter-spacing:-.015em}
        .subtitle{margin:0;color:var(--muted);overflow-wrap:anywhere}
        h2{margin:2.5rem 0 .5rem;padding-top:1rem;border-top:2px solid var(--ink);font-size:1.35rem;line-height:1.3}
        h3,h4{margin:0;font-size:1rem;line-height:1.35;overflow-wrap:anywhere}
        p{margin:.4rem 0}
        .small{color:var(--muted);font-size:.875rem;line-height:1.5}
        .card{padding:1rem 1.1rem;background:var(--panel);border:1px solid var(--line);border-radius:.5rem;min-width:0}
        .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem;margin:.75rem 0}
        .title{display:flex;justify-content:space-between;align-items:center;gap:1rem;margin-bottom:.5rem}
        pre{margin:0;overflow:auto;max-height:22rem;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
        footer{margin:3rem 0 2rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.875rem}
        """

    private static let form = """
        .field{margin:0 0 .75rem;min-width:0}
        .field>label{display:block;margin-bottom:.2rem;font-weight:600}
        .check{margin:0 0 .75rem}
        .row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr));gap:0 1rem}
        textarea,select,input[type=password]{width:100%;padding:.55rem .65rem;color:var(--ink);background:var(--page);border:1px solid var(--axis);border-radius:.35rem;font:inherit}
        textarea{resize:vertical;min-height:5rem}
        input[type=checkbox]{width:1.1rem;height:1.1rem;margin:0 .35rem 0 0;vertical-align:-.15rem;accent-color:var(--link)}
        button{min-height:2.75rem;padding:.5rem 1.1rem;color:var(--on-link);background:var(--link);border:1px solid var(--link);border-radius:.35rem;font:inherit;font-weight:600;cursor:pointer}
        button.quiet{min-height:2rem;padding:.2rem .7rem;color:var(--link);background:transparent;font-size:.875rem}
        button[aria-disabled=true]{cursor:progress}
        .fault{color:var(--bad);font-weight:600;overflow-wrap:anywhere}
        """

    private static let results = """
        #list>*{margin:.75rem 0}
        #list>.card>.pair{margin:.75rem 0 0}
        #list summary{cursor:pointer;overflow-wrap:anywhere}
        .quote{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext}
        .short{display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden}
        .answer{font-size:1.3rem;font-weight:600;line-height:1.35;overflow-wrap:anywhere;unicode-bidi:plaintext}
        .answer .small{font-weight:400}
        .facts{margin:.3rem 0;padding:0;list-style:none}
        .facts li{overflow-wrap:anywhere}
        .note{font-weight:600}
        table{width:100%;border-collapse:collapse;font-size:.875rem;line-height:1.4;font-variant-numeric:tabular-nums}
        caption{padding:.4rem 0 .3rem;text-align:left;color:var(--muted)}
        th,td{padding:.3rem .5rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
        tbody th{font-weight:500;overflow-wrap:anywhere;unicode-bidi:isolate}
        thead th{color:var(--muted);font-weight:600}
        .num{width:4.5rem;text-align:right;white-space:nowrap}
        .bars td:last-child,.bars th:last-child{width:40%;padding:.3rem 0 .3rem .5rem}
        tbody tr:last-child>*{border-bottom:0}
        .bar{position:relative;height:.8rem;margin:.2rem 0;border-left:1px solid var(--axis)}
        .fill{height:100%;background:var(--s0);border-radius:0 .15rem .15rem 0}
        .given .fill{background:var(--s1)}
        .mark{position:absolute;top:-.2rem;bottom:-.2rem;width:0;border-left:2px dashed var(--ink)}
        .explain{margin-top:.75rem;padding-top:.75rem;border-top:1px solid var(--line)}
        .explain .ask{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end}
        .explain .ask .field{flex:1 1 10rem;margin:0}
        .explain .ask select{padding:.2rem .4rem;min-height:2rem;font-size:.875rem}
        .explain .ask label{font-size:.875rem}
        .words{margin:.6rem 0;line-height:2;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;max-height:24rem;overflow:auto}
        .words .for,.words .against,.key .for,.key .against{color:var(--ink);border-radius:.15rem;padding:.1rem 0;text-underline-offset:.25em;text-decoration-thickness:2px}
        .for{text-decoration:underline solid}
        .against{text-decoration:underline wavy}
        .words .unread{color:var(--muted);text-decoration:line-through}
        \((1...4).map { ".for.l\($0){background:var(--f\($0))}.against.l\($0){background:var(--g\($0))}" }.joined())
        details{margin-top:.6rem;font-size:.875rem}
        details.card{margin:.75rem 0;font-size:1rem}
        details:not(.card)>summary{color:var(--link);width:fit-content;cursor:pointer}
        """

    private static let media = """
        @media (max-width:34rem){.num{width:3.2rem}.bars td:last-child,.bars th:last-child{width:24%}.wrap{padding:0 .9rem}header{padding-top:1.2rem}.card{padding:.85rem}#submit{width:100%}}
        @media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
        @media (forced-colors:active){.fill{background:CanvasText;forced-color-adjust:none}.mark{border-color:Highlight}.bar{border-color:CanvasText}}
        @media print{form,.skip,.quiet,.ask{display:none}.card{break-inside:avoid}pre,.words{max-height:none;overflow:visible;white-space:pre-wrap}}
        """
}
