//! Recognises RSA moduli of the kind that CVE-2017-15361 ("ROCA") factors: made by a faulty chip
//! of which many smart cards were built, those of care professionals among them.

/// Primes for which the faulty moduli, being powers of 65537 modulo each, leave a gap that others
/// mostly do not. All of them together mistake one good modulus in 2^27 or so.
const PRIMES: [u32; 17] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

/// Whether the big-endian modulus `n` bears the fingerprint.
pub(crate) fn is_weak(n: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| {
        let residue = n
            .iter()
            .fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime);
        powers_of_65537(prime).any(|power| power == residue)
    })
}

/// The powers of 65537 modulo `prime`; there are at most `prime` different ones.
fn powers_of_65537(prime: u32) -> impl Iterator<Item = u32> {
    let start = 1;
    std::iter::successors(Some(start), move |power| Some(power * 65_537 % prime))
        .take(prime as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_65537_is_weak_and_a_neighbour_is_not() {
        // 65537^7 as 16-byte number
        let weak = 65_537_u128.pow(7);
        assert!(is_weak(&weak.to_be_bytes()));
        assert!(!is_weak(&(weak + 2).to_be_bytes()));
    }
}
