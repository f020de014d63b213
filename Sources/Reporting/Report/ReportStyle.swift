/// The style sheet of a report.
enum ReportStyle {
    /// The rules, within the page.
    static let text = """
        :root{color-scheme:light dark;\(ReportPalette.properties(isDark: false))}
        @media (prefers-color-scheme:dark){:root{\(ReportPalette.properties(isDark: true))}}
        \(page)
        \(figures)
        \(tables)
        \(media)
        """

    private static let page = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
        body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        a{color:var(--link);text-underline-offset:.15em}
        :focus-visible{outline:3px solid var(--link);outline-offset:2px}
        .skip{position:absolute;left:-999rem;top:0;padding:.6rem 1rem;background:var(--panel)}
        .skip:focus{left:.5rem;top:.5rem;z-index:1}
        .wrap{max-width:82rem;margin:0 auto;padding:0 1.25rem}
        header{padding:2.5rem 0 .25rem}
        .eyebrow{margin:0;color:var(--muted);font-size:.875rem}
        h1{margin:.1rem 0 .25rem;font-size:clamp(1.6rem,4.5vw,2.25rem);line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
        .subtitle{margin:0;color:var(--muted);overflow-wrap:anywhere}
        nav{margin:1.25rem 0 0}
        nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:0;padding:0;list-style:none}
        nav a{display:inline-block;padding:.25rem 0;text-decoration:none}
        nav a:hover{text-decoration:underline}
        section{margin:2.75rem 0 0}
        h2{margin:0 0 .75rem;padding-top:1rem;border-top:2px solid var(--ink);font-size:1.35rem;line-height:1.3;letter-spacing:-.01em}
        h3{margin:0;font-size:1rem;line-height:1.35}
        p{margin:.4rem 0;max-width:46rem}
        .lead{font-size:1.2rem;line-height:1.45;max-width:44rem}
        .small{color:var(--muted);font-size:.875rem;line-height:1.5}
        .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.75rem;margin:1.25rem 0}
        .tiles div{padding:.8rem 1rem;background:var(--panel);border:1px solid var(--line);border-radius:.5rem}
        .tiles dt{color:var(--muted);font-size:.875rem}
        .tiles dd{margin:0}
        .tiles .v{font-size:1.6rem;font-weight:600;line-height:1.3;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
        .tiles .i{color:var(--muted);font-size:.8125rem}
        .notes{max-width:46rem;margin:.75rem 0;padding-left:1.1rem}
        pre{margin:0;padding:1rem;overflow:auto;max-height:26rem;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
        footer{margin:3rem 0 2rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.875rem}
        """

    private static let figures = """
        .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,23rem),1fr));gap:1rem;margin:1rem 0}
        .card{margin:1rem 0}figure{margin:0}
        figure,.card{padding:1rem 1.1rem;background:var(--panel);border:1px solid var(--line);border-radius:.5rem;min-width:0}
        .grid>figure:only-child{max-width:31rem}
        figure .finding{margin:.2rem 0 .6rem;font-size:.9375rem;line-height:1.45}
        svg{display:block;width:100%;height:auto;overflow:visible}
        svg text{font-size:12.5px;fill:var(--muted);font-variant-numeric:tabular-nums;unicode-bidi:plaintext}
        svg .n{fill:var(--ink)}
        svg .k{fill:var(--ink);paint-order:stroke;stroke:var(--panel);stroke-width:3px;stroke-linejoin:round}
        .g,.a,.r,.v,.w,.l{fill:none}
        .g{stroke:var(--line)}
        .a{stroke:var(--axis)}
        .r{stroke:var(--axis);stroke-dasharray:3 4}
        .v{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 3}
        .w{stroke:var(--ink);stroke-width:1.25}
        .l{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .l.s0{stroke:var(--s0);stroke-width:1}
        .l.s1{stroke:var(--s1)}
        .l.s2{stroke:var(--s2);stroke-dasharray:7 4}
        .l.s3{stroke:var(--s3);stroke-dasharray:2 4}
        .l.s4{stroke:var(--s4);stroke-dasharray:10 4 2 4}
        .d.s0,.b.s0{fill:var(--s0)}.d.s1,.b.s1{fill:var(--s1)}.d.s2,.b.s2{fill:var(--s2)}.d.s3,.b.s3{fill:var(--s3)}.d.s4,.b.s4{fill:var(--s4)}
        .d{stroke:var(--panel);stroke-width:.75}
        .d.s0{fill:var(--panel);stroke:var(--s0);stroke-width:1.5}
        .b.s2{stroke:var(--ink);stroke-width:1}
        .legend{display:flex;flex-wrap:wrap;gap:.15rem 1rem;margin:.4rem 0 0;padding:0;list-style:none;font-size:.875rem}
        .legend li{display:flex;align-items:center;gap:.45rem;min-width:0;overflow-wrap:anywhere}
        .legend svg{flex:none;width:30px;height:12px}
        .off{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        details{margin-top:.6rem;font-size:.875rem}
        summary{cursor:pointer;color:var(--link);width:fit-content}
        """

    private static let tables = """
        .scroll{overflow:auto;max-height:34rem;margin:.5rem 0}
        .card .scroll{margin:0;max-height:44rem}
        table{border-collapse:collapse;font-size:.875rem;line-height:1.4;font-variant-numeric:tabular-nums}
        caption{padding:0 0 .4rem;text-align:left;color:var(--muted)}
        .card h3+.small{margin-top:.1rem}
        .card h3{margin-bottom:.5rem}
        th,td{padding:.32rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);unicode-bidi:isolate}
        tbody th{font-weight:500}
        thead th{position:sticky;top:0;background:var(--panel);color:var(--muted);font-weight:600;vertical-align:bottom;border-bottom:1px solid var(--axis)}
        .num{text-align:right;white-space:nowrap}
        .name{min-width:6rem;max-width:20rem;overflow-wrap:break-word}
        .long{min-width:18rem;max-width:40rem;overflow-wrap:anywhere;unicode-bidi:plaintext}
        .matrix th,.matrix td{padding:.3rem .45rem}
        .matrix td{min-width:2.6rem;text-align:right;border:1px solid var(--panel)}
        .matrix tbody th{position:sticky;left:0;background:var(--panel);text-align:right;max-width:11rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
        .matrix thead th{text-align:right;max-width:7rem;overflow-wrap:break-word}
        .matrix.tall thead th+th{padding:.3rem 0;text-align:left}
        .matrix.tall thead th+th span{display:inline-block;max-height:9.5rem;overflow:hidden;text-overflow:ellipsis;writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;vertical-align:bottom;margin-left:.7rem}
        .matrix thead th:first-child{left:0;z-index:1}
        .matrix .hit{font-weight:700;outline:1.5px solid var(--axis);outline-offset:-2px}
        \((0..<ReportPalette.shadeCount).map { ".h\($0){background:var(--h\($0));color:var(--t\($0))}" }.joined())
        .facts .card{margin:0}
        .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1rem}
        .facts dl{display:grid;grid-template-columns:minmax(6.5rem,max-content) 1fr;gap:.2rem .9rem;margin:.5rem 0 0;font-size:.875rem}
        .facts dt{color:var(--muted)}
        .facts dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
        """

    private static let media = """
        @media (min-width:72rem){.page{display:grid;grid-template-columns:11rem minmax(0,1fr);gap:0 3rem;align-items:start}nav{position:sticky;top:1.5rem;margin:3.6rem 0 0;font-size:.9375rem}nav ul{display:block}}
        @media (max-width:34rem){.wrap{padding:0 .9rem}header{padding-top:1.4rem}figure,.card{padding:.85rem}.long{min-width:13rem}.lead{font-size:1.1rem}.tiles{grid-template-columns:1fr 1fr}.tiles .v{font-size:1.35rem}}
        @media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
        @media (forced-colors:active){.l,.w,.v,.a,.g,.r{stroke:CanvasText!important}.g{stroke-opacity:.3}.l.s0{stroke-opacity:.5}.b,.d{fill:CanvasText!important}.b.s2{fill:Canvas!important;stroke:CanvasText}svg text{fill:CanvasText!important}svg .k{stroke:Canvas}.matrix td{border-color:CanvasText}}
        @media print{@page{margin:14mm}body{background:#fff;font-size:10.5pt}nav,.skip{display:none}.wrap{max-width:none;padding:0}.page{display:block}header{padding-top:0}section{margin-top:1.5rem}.chart,.tiles div,.facts>div,tr{break-inside:avoid}.tiles{grid-template-columns:repeat(4,1fr)}summary{break-after:avoid}h2,h3,caption,.card>.small{break-after:avoid}.grid{grid-template-columns:1fr 1fr}.scroll,.card .scroll,pre{overflow:visible;max-height:none}pre{white-space:pre-wrap}table{font-size:8pt}th,td{padding:.14rem .35rem}figure table{font-size:7pt}figure th,figure td{padding:.1rem .2rem}.name,.long{min-width:0}.matrix{font-size:6.5pt}.matrix th,.matrix td{min-width:0;padding:.1rem .15rem}details::details-content{content-visibility:visible;block-size:auto}details>summary{color:inherit;list-style:none}thead th,.matrix tbody th{position:static}.b,.matrix td,.legend svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}
