//! The only place that draws randomness (apart from the libraries that make keys for themselves).

use verdict::Entropy;

/// 32 fresh bytes, once per run; every secret of the run is derived from them.
pub fn entropy() -> Entropy {
    Entropy::new(bytes())
}

/// Fresh bytes from the library's random source, for what no rule decides about and no test repeats: a
/// nonce, the number of a commit.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that draws randomness"
    )]
    let filled = aws_lc_rs::rand::fill(&mut bytes);
    if filled.is_err() {
        // Without randomness every secret would be a guess: nothing may go on.
        std::process::abort();
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_draw_differs() {
        let (a, b) = (super::entropy(), super::entropy());
        assert_ne!(a.bytes::<16>("test"), b.bytes::<16>("test"));
        assert_ne!(super::bytes::<16>(), super::bytes::<16>());
    }
}
