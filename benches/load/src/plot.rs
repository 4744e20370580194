//! A plot of a run: a bar for each scenario, requests per CPU-second of the server.

use std::fmt::Write as _;

use crate::report::Measured;

/// Pixels.
const BAR: f64 = 18.0;
const GAP: f64 = 8.0;
const LEFT: f64 = 400.0;
const WIDE: f64 = 420.0;
const TOP: f64 = 44.0;

/// The plot as SVG, readable by whoever hears it too: each bar has its words beside it.
pub(crate) fn svg(title: &str, measured: &[Measured]) -> String {
    let most = measured.iter().map(|line| line.requests_per_cpu_s);
    let most = most.fold(1.0, f64::max);
    let mut bars = String::new();
    let mut at = TOP;
    for line in measured {
        let (long, middle) = (WIDE * line.requests_per_cpu_s / most, at + BAR * 0.75);
        // Writing to a String cannot fail.
        let _ = writeln!(
            bars,
            "<text x=\"{}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{at:.1}\" width=\"{long:.1}\" height=\"{BAR}\" fill=\"#154273\"/>\
             <text x=\"{:.1}\" y=\"{middle:.1}\">{:.0}</text>",
            LEFT - 8.0,
            line.name,
            LEFT + long + 6.0,
            line.requests_per_cpu_s,
        );
        at += BAR + GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>{title}</title>\n\
         <text x=\"8\" y=\"24\" font-size=\"16\">{title}</text>\n\
         {bars}</svg>\n",
        LEFT + WIDE + 80.0,
        at + GAP,
    )
}
